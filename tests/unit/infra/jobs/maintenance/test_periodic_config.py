"""Limits of the periodic enqueuer's settings."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from revenge.infra.jobs.maintenance.periodic import PeriodicConfig

ZERO = timedelta(0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PeriodicConfig(interval=ZERO), "interval must be positive, got 0:00:00"),
        (lambda: PeriodicConfig(standby=ZERO), "standby must be positive, got 0:00:00"),
        (lambda: PeriodicConfig(lock_timeout=ZERO), "lock_timeout must be positive, got 0:00:00"),
        (lambda: PeriodicConfig(timeout=ZERO), "timeout must be positive, got 0:00:00"),
        (
            lambda: PeriodicConfig(lease_ttl=timedelta(seconds=10)),
            "lease_ttl must be longer than interval 0:00:10, got 0:00:10",
        ),
        (lambda: PeriodicConfig(tolerance=ZERO), "tolerance must not be shorter than standby 0:00:05, got 0:00:00"),
        (lambda: PeriodicConfig(most_missed=0), "most_missed must be at least 1, got 0"),
        (lambda: PeriodicConfig(batch=0), "batch must be at least 1, got 0"),
    ],
)
def test_settings_beyond_their_limits_are_refused_by_name(make: Callable[[], PeriodicConfig], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()
