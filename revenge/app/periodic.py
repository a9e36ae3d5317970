"""What runs on schedule. To add one: a line in ``PERIODIC`` here, and its default in ``settings/periodic.py``.

Schedules are kept in the database (docs/periodic-jobs.md), so that restarts and changes of leaders lose no run; they can
be seen, paused and changed by ``revenge periodic`` and under ``/api/v1/periodic``.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from revenge.app.settings import Settings
from revenge.app.settings.periodic import read_schedule
from revenge.content.image.jobs import ImageCleanupArgs
from revenge.content.library.upkeep_jobs import (
    LibraryScanCleanupArgs,
    MissingFileCleanupArgs,
    PeriodicLibraryScanArgs,
    ScanReaperArgs,
)
from revenge.content.metadata.answer_jobs import MetadataAnswerCleanupArgs
from revenge.content.metadata.jobs import MetadataRefreshStaleArgs
from revenge.content.search.jobs import SearchCheckArgs
from revenge.infra.jobs import Cron, Every, JobArgs, MissedPolicy, PeriodicJob, Workers
from revenge.integration.arr.jobs import FULL
from revenge.integration.radarr.jobs import RadarrSyncArgs
from revenge.integration.sonarr.jobs import SonarrSyncArgs
from revenge.service.activity.jobs import ActivityCleanupArgs
from revenge.service.auth.jobs import CleanupArgs, SessionMaintenanceArgs
from revenge.service.notification.jobs import NotificationCleanupArgs
from revenge.service.playback.jobs import PlaybackCleanupArgs
from revenge.service.statistics.jobs import StatsAggregationArgs

LONG = timedelta(hours=1)
"""A schedule whose runs are so far apart makes up for one that fell into a downtime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A periodic job: what it is called, and what each run is given."""

    id: str
    kind: type[JobArgs]
    make: Callable[[Settings], JobArgs]
    run_on_start: bool = False


PERIODIC: Sequence[Planned] = (
    # Looks which libraries are due; how often each is scanned is its own affair, and library.scan_interval.
    Planned(id="periodic_library_scan", kind=PeriodicLibraryScanArgs, make=lambda _: PeriodicLibraryScanArgs()),
    Planned(id="scan_reaper", kind=ScanReaperArgs, make=lambda _: ScanReaperArgs()),
    Planned(id="playback_health_check", kind=PlaybackCleanupArgs, make=lambda _: PlaybackCleanupArgs()),
    Planned(
        id="auth_cleanup_daily",
        kind=CleanupArgs,
        make=lambda _: CleanupArgs(target_type="all", older_than=24 * 3600 * 10**9),
        run_on_start=True,
    ),
    Planned(
        id="session_maintenance_hourly",
        kind=SessionMaintenanceArgs,
        make=lambda _: SessionMaintenanceArgs(),
        run_on_start=True,
    ),
    # On start, too: what is not indexed yet, or was for another engine, is built before anybody searches for long.
    Planned(id="search_check", kind=SearchCheckArgs, make=lambda _: SearchCheckArgs(), run_on_start=True),
    Planned(id="missing_file_cleanup_daily", kind=MissingFileCleanupArgs, make=lambda _: MissingFileCleanupArgs()),
    Planned(id="library_scan_cleanup_daily", kind=LibraryScanCleanupArgs, make=lambda _: LibraryScanCleanupArgs()),
    Planned(
        id="metadata_answer_cleanup_daily",
        kind=MetadataAnswerCleanupArgs,
        make=lambda _: MetadataAnswerCleanupArgs(),
    ),
    Planned(id="image_cleanup_daily", kind=ImageCleanupArgs, make=lambda _: ImageCleanupArgs()),
    Planned(
        id="activity_cleanup_daily",
        kind=ActivityCleanupArgs,
        make=lambda settings: ActivityCleanupArgs(retention_days=settings.activity.retention_days),
    ),
    Planned(
        id="stats_aggregation_hourly",
        kind=StatsAggregationArgs,
        make=lambda _: StatsAggregationArgs(),
        run_on_start=True,
    ),
    Planned(
        id="notification_cleanup_daily",
        kind=NotificationCleanupArgs,
        make=lambda settings: NotificationCleanupArgs(retention_days=settings.notifications.retention_days),
    ),
    # A batch each time: what is old is asked about anew, the oldest first.
    Planned(id="metadata_refresh_stale", kind=MetadataRefreshStaleArgs, make=lambda _: MetadataRefreshStaleArgs()),
)


def make_periodic(settings: Settings, workers: Workers) -> list[PeriodicJob]:
    """Return what this process declares: what is enabled, as far as its workers know the kind.

    A kind that is switched off has no worker, so that nothing inserts jobs that nobody works.

    Raises:
        InvalidSchedule: a time zone of the settings is unknown.
    """
    return [*_declared(settings, workers.kinds), *_syncs(settings, workers.kinds)]


def _declared(settings: Settings, kinds: Collection[str]) -> Sequence[PeriodicJob]:
    found = []
    for planned in PERIODIC:
        wanted = settings.periodic[planned.id]
        if not wanted.enabled or planned.kind.kind not in kinds:
            continue
        schedule = read_schedule(wanted.schedule, wanted.zone)
        missed = MissedPolicy.ONCE if _is_long(schedule) else MissedPolicy.SKIP
        args = planned.make(settings)
        found.append(PeriodicJob(planned.id, schedule, args, missed=missed, run_on_start=planned.run_on_start))
    return found


def _is_long(schedule: Every | Cron) -> bool:
    match schedule:
        case Every(interval=interval) | Cron(interval=timedelta() as interval):
            return interval >= LONG
    return True


def _syncs(settings: Settings, kinds: Collection[str]) -> Iterator[PeriodicJob]:
    """Yield the automatic syncs, whose schedule is a setting of the program that is synced with."""
    for args, arr in (
        (RadarrSyncArgs(operation=FULL), settings.integrations.radarr),
        (SonarrSyncArgs(operation=FULL), settings.integrations.sonarr),
    ):
        if arr.enabled and arr.auto_sync and args.kind in kinds:
            missed = MissedPolicy.ONCE if arr.sync_interval >= LONG else MissedPolicy.SKIP
            yield PeriodicJob(args.kind, Every(arr.sync_interval), args, missed=missed, run_on_start=True)
