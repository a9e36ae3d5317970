"""Waking queues when what was promoted ahead comes due."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.maintenance.due import DueNotifier
from revenge.infra.jobs.testing import StoppedClock


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


SECOND = timedelta(seconds=1)


class Channel:
    """A store that only notifies; the first ``failures`` notifications fail."""

    def __init__(self, failures: int = 0) -> None:
        self.sent: list[list[str]] = []
        self._failures = failures

    async def notify(self, topic: str, payloads: Sequence[str]) -> None:
        assert topic == "river_insert"
        if self._failures:
            self._failures -= 1
            raise StoreError("gone", retryable=True)
        self.sent.append(list(payloads))


@asynccontextmanager
async def running(notifier: DueNotifier, clock: StoppedClock) -> AsyncIterator[None]:
    task = asyncio.create_task(notifier.run())
    await clock.advance()
    yield
    task.cancel()
    await asyncio.wait((task,))


async def test_a_queue_is_notified_when_due_and_not_before(stopped_clock: StoppedClock) -> None:
    channel = Channel()
    notifier = DueNotifier(clock=stopped_clock, store=channel)
    async with running(notifier, stopped_clock):
        notifier.add("default", 2 * SECOND)
        await stopped_clock.advance(1.99 * SECOND)
        assert channel.sent == []
        await stopped_clock.advance(0.02 * SECOND)
        # Byte for byte as Go writes it.
        assert channel.sent == [['{"queue": "default"}']]


async def test_one_that_is_due_earlier_than_the_next_moves_the_timer(stopped_clock: StoppedClock) -> None:
    channel = Channel()
    notifier = DueNotifier(clock=stopped_clock, store=channel)
    async with running(notifier, stopped_clock):
        notifier.add("late", 4 * SECOND)
        await stopped_clock.advance(SECOND)
        notifier.add("early", SECOND)
        await stopped_clock.advance(1.01 * SECOND)
        assert channel.sent == [['{"queue": "early"}']]


async def test_queues_of_one_moment_share_a_statement_and_each_is_told_once(stopped_clock: StoppedClock) -> None:
    channel = Channel()
    notifier = DueNotifier(clock=stopped_clock, store=channel)
    async with running(notifier, stopped_clock):
        for queue in ("low", "high", "low"):
            notifier.add(queue, SECOND)
        await stopped_clock.advance(2 * SECOND)
        assert channel.sent == [['{"queue": "high"}', '{"queue": "low"}']]


async def test_a_failed_notification_does_not_end_the_timer(stopped_clock: StoppedClock) -> None:
    channel = Channel(failures=1)
    notifier = DueNotifier(clock=stopped_clock, store=channel)
    async with running(notifier, stopped_clock):
        notifier.add("default", SECOND)
        notifier.add("default", 2 * SECOND)
        await stopped_clock.advance(3 * SECOND)
        assert channel.sent == [['{"queue": "default"}']]


async def test_what_is_not_due_when_leadership_ends_is_left_to_polling(stopped_clock: StoppedClock) -> None:
    channel = Channel()
    notifier = DueNotifier(clock=stopped_clock, store=channel)
    async with running(notifier, stopped_clock):
        notifier.add("default", 2 * SECOND)
    async with running(notifier, stopped_clock):
        await stopped_clock.advance(5 * SECOND)
        assert channel.sent == []
