"""Limits of the services' settings, and the time of the nightly one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from revenge.infra.jobs.maintenance.leftover_cleaner import LeftoverCleanerConfig
from revenge.infra.jobs.maintenance.queue_cleaner import QueueCleanerConfig
from revenge.infra.jobs.maintenance.reindexer import ReindexerConfig, until_midnight
from revenge.infra.jobs.maintenance.rescuer import RescuerConfig
from revenge.infra.jobs.maintenance.scheduler import SchedulerConfig

ZERO = timedelta(0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SchedulerConfig(interval=ZERO), "interval must be positive, got 0:00:00"),
        (lambda: SchedulerConfig(lock_timeout=ZERO), "lock_timeout must be positive"),
        (lambda: RescuerConfig(interval=ZERO), "interval must be positive"),
        (lambda: RescuerConfig(rescue_after=ZERO), "rescue_after must be positive"),
        (lambda: QueueCleanerConfig(interval=ZERO), "interval must be positive"),
        (lambda: QueueCleanerConfig(retention=ZERO), "retention must be positive"),
        (lambda: LeftoverCleanerConfig(interval=ZERO), "interval must be positive"),
        (lambda: LeftoverCleanerConfig(node_retention=ZERO), "node_retention must be positive"),
        (lambda: LeftoverCleanerConfig(window=0), "window must be at least 1, got 0"),
        (lambda: ReindexerConfig(timeout=ZERO), "timeout must be positive or None, got 0:00:00"),
        (lambda: ReindexerConfig(indexes=['a"; DROP TABLE x']), "indexes must be lower-case names"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2026, 1, 2, 23, 59, 30, tzinfo=UTC), timedelta(seconds=30)),
        (datetime(2026, 1, 2, tzinfo=UTC), timedelta(days=1)),
        (datetime(2026, 1, 3, 1, 0, tzinfo=timezone(timedelta(hours=2))), timedelta(hours=1)),
    ],
)
def test_midnight_is_utc(now: datetime, left: timedelta) -> None:
    assert until_midnight(now) == left
