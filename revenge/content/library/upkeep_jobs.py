"""The jobs that keep libraries in order: scans that are due, scans that are over."""

from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from revenge.content.library.schedule import ScanSchedule
from revenge.content.library.upkeep import LibraryUpkeep
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker
from revenge.infra.limits import LONGEST

HOLD = timedelta(seconds=30)
"""How long the cluster waits for a node that died while it cleaned up."""
BUSY_AGAIN = timedelta(seconds=15)
"""Another job is at it: this one comes back, since it may ask for something else."""

_ONE = UniqueOpts(by_args=True, by_state=UNFINISHED)


class PeriodicLibraryScanArgs(JobArgs, kind="periodic_library_scan"):
    """No arguments: every enabled library that is due."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.DEFAULT, max_attempts=3, unique=_ONE)


class PeriodicLibraryScanWorker(Worker[PeriodicLibraryScanArgs]):
    """Starts the scans that are due, each with its row."""

    timeout = timedelta(minutes=1)

    def __init__(self, schedule: ScanSchedule) -> None:
        self._schedule = schedule

    async def work(self, job: Job[PeriodicLibraryScanArgs]) -> dict[str, Any] | Snooze:
        """Start scans, and return which."""
        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            job.report_progress(phase="starting scans")
            return (await self._schedule.scan_due()).to_dict()


class LibraryScanCleanupArgs(JobArgs, kind="library_scan_cleanup"):
    """The Go server's arguments."""

    retention_days: int = Field(0, json_schema_extra={"minimum": 0, "maximum": LONGEST.days})
    """0: what the settings say."""
    dry_run: bool = Field(False, exclude_if=lambda value: not value)

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.LOW, max_attempts=3, unique=_ONE)

    def why_never(self) -> str | None:
        """Refuse an age below nothing, or a longer one than there are dates for."""
        if 0 <= self.retention_days <= LONGEST.days:
            return None
        return f"retention_days must be 0 to {LONGEST.days}, got {self.retention_days}"


class LibraryScanCleanupWorker(Worker[LibraryScanCleanupArgs]):
    """Settles scans that nobody works, and forgets old ones."""

    timeout = timedelta(minutes=10)

    def __init__(self, upkeep: LibraryUpkeep) -> None:
        self._upkeep = upkeep

    async def work(self, job: Job[LibraryScanCleanupArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Clean up, and return the counts."""
        if (reason := job.args.why_never()) is not None:
            return Cancel(reason)
        days = job.args.retention_days

        def report(done: int, total: int) -> None:
            job.report_progress(phase="deleting", current=done, total=total)

        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            retention = timedelta(days=days) if days > 0 else None
            return (await self._upkeep.clean(retention, dry_run=job.args.dry_run, report=report)).to_dict()


class ScanReaperArgs(JobArgs, kind="library_scan_reaper"):
    """No arguments: every scan that waits or runs. A kind of our own; the Go server has none."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.LOW, max_attempts=3, unique=_ONE)


class ScanReaperWorker(Worker[ScanReaperArgs]):
    """Ends scans whose job is over, so that they stand in no later one's way."""

    timeout = timedelta(minutes=1)

    def __init__(self, upkeep: LibraryUpkeep) -> None:
        self._upkeep = upkeep

    async def work(self, job: Job[ScanReaperArgs]) -> dict[str, Any]:
        """Settle, and return how many."""
        return {"settled": await self._upkeep.settle()}


class MissingFileCleanupArgs(JobArgs, kind="library_missing_cleanup"):
    """No arguments: every library. A kind of our own; the Go server has none."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.LOW, max_attempts=3, unique=_ONE)


class MissingFileCleanupWorker(Worker[MissingFileCleanupArgs]):
    """Forgets files that have been missing for too long, where no scan does."""

    timeout = timedelta(minutes=10)

    def __init__(self, upkeep: LibraryUpkeep) -> None:
        self._upkeep = upkeep

    async def work(self, job: Job[MissingFileCleanupArgs]) -> dict[str, Any] | Snooze:
        """Forget, and return how many."""

        def report(done: int) -> None:
            job.report_progress(phase="forgetting", current=done)

        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            return {"removed": await self._upkeep.forget_missing(report=report)}
