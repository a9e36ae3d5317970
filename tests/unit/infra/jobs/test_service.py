"""The loop of periodic services: its rhythm, its failures, its end."""

import asyncio
import logging
from datetime import timedelta

import pytest

from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.service import Service, backoff, run_together
from revenge.infra.jobs.testing import StoppedClock


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


SECOND = timedelta(seconds=1)


class Passes:
    """Counts passes; the first ``failures`` of them fail."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.count = 0
        self._failures = failures
        self._error = error or StoreError("gone", retryable=True)

    async def run_once(self) -> int:
        self.count += 1
        if self.count <= self._failures:
            raise self._error
        return self.count


async def test_a_pass_follows_each_interval(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    service = Service("test", passes.run_once, clock=stopped_clock, interval=10 * SECOND)
    service.start()
    await stopped_clock.advance()
    assert passes.count == 1
    await stopped_clock.advance(9 * SECOND)
    assert passes.count == 1
    await stopped_clock.advance(SECOND)
    assert passes.count == 2
    await service.stop()


async def test_an_interval_may_change_from_pass_to_pass(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    intervals = iter([SECOND, 5 * SECOND, SECOND])
    service = Service("test", passes.run_once, clock=stopped_clock, interval=lambda: next(intervals))
    service.start()
    await stopped_clock.advance(SECOND)
    assert passes.count == 2
    await stopped_clock.advance(4 * SECOND)
    assert passes.count == 2
    await stopped_clock.advance(SECOND)
    assert passes.count == 3
    await service.stop()


async def test_a_service_that_is_not_at_once_waits_first(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    service = Service("test", passes.run_once, clock=stopped_clock, interval=10 * SECOND, at_once=False)
    service.start()
    await stopped_clock.advance(9 * SECOND)
    assert passes.count == 0
    await stopped_clock.advance(SECOND)
    assert passes.count == 1
    await service.stop()


async def test_the_first_pass_is_staggered(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    service = Service("test", passes.run_once, clock=stopped_clock, interval=60 * SECOND, stagger=SECOND)
    service.start()
    await stopped_clock.advance()
    assert passes.count == 0
    assert stopped_clock.slept[0] < SECOND
    await stopped_clock.advance(SECOND)
    assert passes.count == 1
    await service.stop()


async def test_waking_runs_a_pass_now(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    service = Service("test", passes.run_once, clock=stopped_clock, interval=60 * SECOND)
    service.start()
    await stopped_clock.advance()
    service.wake()
    await stopped_clock.advance()
    assert passes.count == 2
    await service.stop()


async def test_a_wake_during_a_pass_is_not_lost(stopped_clock: StoppedClock) -> None:
    passes = 0

    async def wakes_itself_once() -> None:
        nonlocal passes
        passes += 1
        if passes == 1:
            service.wake()

    service = Service("test", wakes_itself_once, clock=stopped_clock, interval=60 * SECOND)
    service.start()
    await stopped_clock.advance()
    assert passes == 2
    await service.stop()


async def test_a_failed_pass_is_tried_again_before_its_interval(
    stopped_clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    passes = Passes(failures=2)
    service = Service("test", passes.run_once, clock=stopped_clock, interval=60 * SECOND)
    with caplog.at_level(logging.WARNING, "revenge.jobs"):
        service.start()
        await stopped_clock.advance(1.2 * SECOND)
        assert passes.count == 2
        await stopped_clock.advance(2.3 * SECOND)
        assert passes.count == 3
        await service.stop()
    assert [record.message for record in caplog.records] == ["service.failed", "service.failed"]


async def test_a_failure_never_waits_longer_than_the_interval(stopped_clock: StoppedClock) -> None:
    passes = Passes(failures=50)
    service = Service("test", passes.run_once, clock=stopped_clock, interval=2 * SECOND)
    service.start()
    await stopped_clock.advance(20 * SECOND)
    assert passes.count >= 11
    await service.stop()


async def test_a_programming_error_is_logged_with_its_trace_and_does_not_end_the_service(
    stopped_clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    passes = Passes(failures=1, error=KeyError("column"))
    service = Service("test", passes.run_once, clock=stopped_clock, interval=SECOND)
    with caplog.at_level(logging.WARNING, "revenge.jobs"):
        service.start()
        await stopped_clock.advance(2 * SECOND)
        await service.stop()
    assert passes.count >= 2
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].exc_info is not None


async def test_stopping_cancels_a_pass_under_way_and_waits_for_its_end(stopped_clock: StoppedClock) -> None:
    ended = False

    async def endless() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    service = Service("test", endless, clock=stopped_clock, interval=SECOND)
    service.start()
    await stopped_clock.advance()
    await service.stop()
    assert ended


async def test_starting_and_stopping_many_times_leaves_no_task(stopped_clock: StoppedClock) -> None:
    passes = Passes()
    service = Service("test", passes.run_once, clock=stopped_clock, interval=SECOND, stagger=SECOND)
    before = len(asyncio.all_tasks())
    for _ in range(200):
        service.start()
        service.start()
        await service.stop()
        await service.stop()
    await stopped_clock.advance()
    assert len(asyncio.all_tasks()) == before


async def test_services_that_run_together_end_together(stopped_clock: StoppedClock) -> None:
    first, second = Passes(), Passes()
    together = asyncio.create_task(
        run_together(
            [
                Service("first", first.run_once, clock=stopped_clock, interval=SECOND),
                Service("second", second.run_once, clock=stopped_clock, interval=SECOND),
            ]
        )
    )
    await stopped_clock.advance()
    together.cancel()
    with pytest.raises(asyncio.CancelledError):
        await together
    assert (first.count, second.count) == (1, 1)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [backoff(failures).total_seconds() for failures in (1, 2, 3, 7, 8, 1000)]
    for pause, middle in zip(pauses, (1, 2, 4, 64, 64, 64), strict=True):
        assert 0.9 * middle <= pause <= 1.1 * middle
