"""The breaker of batch sizes."""

from datetime import timedelta

import pytest

from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.testing import StoppedClock


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


def test_three_timeouts_in_a_row_reduce_the_batch_for_good(stopped_clock: StoppedClock) -> None:
    size = BatchSize(clock=stopped_clock)
    for _ in range(3):
        assert size.rows == 10_000
        size.timed_out()
    size.succeeded()
    assert size.rows == 1_000


def test_a_success_in_between_starts_the_count_again(stopped_clock: StoppedClock) -> None:
    size = BatchSize(clock=stopped_clock)
    size.timed_out()
    size.timed_out()
    size.succeeded()
    size.timed_out()
    assert size.rows == 10_000


async def test_timeouts_that_are_far_apart_do_not_add_up(stopped_clock: StoppedClock) -> None:
    size = BatchSize(clock=stopped_clock)
    for _ in range(5):
        size.timed_out()
        await stopped_clock.advance(timedelta(minutes=6))
    assert size.rows == 10_000
