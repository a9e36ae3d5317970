"""Settings of what runs on schedule: one entry a periodic job, whose arguments ``app/periodic.py`` makes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.durations import SYNTAX, parse_duration
from revenge.app.settings.section import Section
from revenge.app.settings.types import OptionalText, Switch, refuse
from revenge.infra.jobs import Cron, Every, InvalidSchedule

ALLOWED = f"{SYNTAX}, at least 1s, or a cron expression such as 30 3 * * * (in quotes)"


def _schedule(value: object) -> str:
    if not isinstance(value, str):
        refuse(ALLOWED)
    try:
        read_schedule(value)
    except (InvalidSchedule, ValueError):
        refuse(ALLOWED)
    return value.strip()


def read_schedule(text: str, zone: str | None = None) -> Every | Cron:
    """Return the schedule that ``text`` says: a duration from one run to the next, or a cron expression.

    Raises:
        InvalidSchedule: it is neither, or the zone is unknown.
    """
    try:
        interval = parse_duration(text)
    except ValueError:
        return Cron(text, zone)
    if interval < timedelta(seconds=1):
        message = f"a schedule's interval must be at least 1s, got {text}"
        raise InvalidSchedule(message)
    return Every(interval)


class Schedule(Section):
    """When a periodic job runs."""

    schedule: Annotated[str, BeforeValidator(_schedule)]
    """so long from one run to the next, or a cron expression"""
    zone: OptionalText = None
    """time zone of a cron expression, such as Europe/Berlin; null is UTC"""
    enabled: Switch = True
    """false: this process never inserts it"""


SCHEDULES: Mapping[str, str] = {
    "periodic_library_scan": "5m",
    "scan_reaper": "5m",
    "playback_health_check": "5m",
    "auth_cleanup_daily": "7 3 * * *",
    "search_check": "6h",
    "library_scan_cleanup_daily": "13 3 * * *",
    "missing_file_cleanup_daily": "16 3 * * *",
    "activity_cleanup_daily": "18 3 * * *",
    "notification_cleanup_daily": "23 3 * * *",
    "metadata_refresh_stale": "1h",
    "stats_aggregation_hourly": "7 * * * *",
    "session_maintenance_hourly": "1h",
    "image_cleanup_daily": "28 3 * * *",
    "metadata_answer_cleanup_daily": "31 3 * * *",
}
"""The default of each periodic job, by its id: dailies at night, a few minutes apart."""


def _known(value: object) -> str:
    if not isinstance(value, str) or value not in SCHEDULES:
        refuse(f"a periodic job: {', '.join(SCHEDULES)}")
    return value


PeriodicId = Annotated[str, BeforeValidator(_known)]


def default_schedules() -> dict[str, Schedule]:
    """Return every periodic job as it runs unless somebody says otherwise."""
    return {name: Schedule(schedule=text) for name, text in SCHEDULES.items()}
