"""A worker that keeps the event loop is named, with the line where it is."""

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs.job import Job
from revenge.infra.jobs.stepping import next_round
from revenge.infra.jobs.watchdog import LoopWatchdog
from tests.fakes.engine import Actor, claim
from tests.fakes.executing import executing

LIMIT_S = 30.0
BLOCKS, BLOCKED = "worker.blocks_loop", "worker.blocked_loop"


class Telling(logging.Handler):
    """Keeps log records, and lets a thread wait for the first of an event."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.told = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append({"event": record.getMessage(), **vars(record)})
        if record.getMessage() == BLOCKS:
            self.told.set()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["event"] == event]


class Watched:
    """A watchdog on the test's loop, and the first block that it counts."""

    def __init__(self, log: Telling) -> None:
        self.log = log
        self.counted: asyncio.Future[tuple[str, float]] = asyncio.get_running_loop().create_future()
        self.watchdog = LoopWatchdog(after=timedelta(milliseconds=100), on_blocked=self._count)

    def _count(self, kind: str, seconds: float) -> None:
        # A busy machine may hold up the loop before or after, too.
        if not self.counted.done() and self.log.told.is_set():
            self.counted.set_result((kind, seconds))

    async def hold_the_loop(self) -> None:
        """Hold it until that is noticed; again, where the watchdog had another one's block on its mind."""
        self.log.told.clear()
        self.log.records.clear()
        while not self.log.told.wait(LIMIT_S / 10):
            await next_round()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    log, logger = Telling(), logging.getLogger("revenge.jobs")
    logger.addHandler(log)
    watched = Watched(log)
    watched.watchdog.start()
    yield watched
    watched.watchdog.stop()
    logger.removeHandler(log)


@pytest.mark.parametrize("has_waited", [False, True])
async def test_a_worker_that_keeps_the_loop_is_named_and_counted_when_it_lets_go(
    watched: Watched, has_waited: bool
) -> None:
    async def behave(_: Job[Any]) -> None:
        if has_waited:
            await asyncio.to_thread(lambda: None)
        await watched.hold_the_loop()

    async with executing(Actor(behave)) as engine:
        one = claim()
        await engine.run([one])
        kind, seconds = await asyncio.wait_for(watched.counted, LIMIT_S)
    record = watched.log.of(BLOCKS)[0]
    assert (record["job_id"], record["kind"]) == (one.id, "act")
    # The innermost line, and below it how the worker came there.
    assert "in Condition.wait" in record["where"] or "in Event.wait" in record["where"]
    assert "hold_the_loop" in record["stack"]
    assert "test_watchdog.py" in record["stack"]
    assert "executor.py" not in record["stack"]
    over = watched.log.of(BLOCKED)[0]
    assert (over["job_id"], over["blocked_s"]) == (one.id, seconds)
    assert (kind, watched.watchdog.total > 0) == ("act", True)


async def test_a_task_that_a_worker_started_is_its_own(watched: Watched) -> None:
    async def behave(_: Job[Any]) -> None:
        await asyncio.create_task(watched.hold_the_loop())

    async with executing(Actor(behave)) as engine:
        one = claim()
        await engine.run([one])
    record = watched.log.of(BLOCKS)[0]
    assert "hold_the_loop" in record["stack"]
    if sys.version_info >= (3, 12):  # before, a task does not tell its context
        assert record["job_id"] == one.id


async def test_what_is_no_job_is_told_by_its_line_alone(watched: Watched) -> None:
    await watched.hold_the_loop()
    await asyncio.wait_for(watched.counted, LIMIT_S)
    record = watched.log.of(BLOCKS)[0]
    assert (record["job_id"], record["kind"]) == (None, "")
    assert "hold_the_loop" in record["stack"]


async def test_it_can_be_switched_off() -> None:
    before = threading.active_count()
    LoopWatchdog(after=None).start()
    assert threading.active_count() == before
