"""An attempt that is told to end and does not is noticed, counted and told; its slot is given away where that is wished."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.errors import JobCancelled
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.stuck import StuckJob
from revenge.infra.jobs.worker import Worker
from tests.fakes.engine import Actor, claim
from tests.fakes.executing import executing

LIMIT_S = 30
SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


class Stubborn:
    """Ignores every cancellation until it is let go."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, _: Job[Any]) -> None:
        self.entered.set()
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


class Told:
    """Is told of stuck jobs."""

    def __init__(self, *, answer: bool | None = None) -> None:
        self.jobs: asyncio.Queue[StuckJob] = asyncio.Queue()
        self._answer = answer

    def __call__(self, job: StuckJob) -> bool | None:
        self.jobs.put_nowait(job)
        return self._answer

    async def next(self) -> StuckJob:
        return await asyncio.wait_for(self.jobs.get(), LIMIT_S)


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message in ("job.stuck", "job.unstuck")]


async def test_stuck_job_detection_after_its_deadline(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "revenge.jobs")
    worker, told = Stubborn(), Told()
    async with executing(Actor(worker, timeout=SOON), stuck_after=SOON, on_stuck=told) as engine:
        one = claim()
        engine.executor.start([one])
        job = await told.next()
        assert job == StuckJob(id=one.id, kind="act", queue="default", attempt=1, total=1)
        assert engine.executor.stuck.now == 1
        # Its slot is taken while it runs.
        assert engine.freed == []
        record = next(record for record in caplog.records if record.getMessage() == "job.stuck")
        assert (vars(record)["job_id"], vars(record)["cause"]) == (one.id, "timed_out")
        worker.let_go.set()
        await engine.executor.wait_idle()
        assert (engine.executor.stuck.now, engine.executor.stuck.total, engine.freed) == (0, 1, ["default"])
        assert events(caplog) == ["job.stuck", "job.unstuck"]
        # It came to its end all the same.
        assert engine.done == [one.id]


async def test_stuck_job_detection_after_a_cancel_that_an_async_worker_swallows() -> None:
    worker, told = Stubborn(), Told()
    async with executing(Actor(worker), stuck_after=SOON, on_stuck=told) as engine:
        one, other = claim(), claim()
        engine.executor.start([one, other])
        await worker.entered.wait()
        engine.executor.cancel(one.id)
        # Once, although it is told again.
        engine.executor.cancel(one.id)
        assert (await told.next()).id == one.id
        engine.executor.cancel(other.id)
        assert (await told.next()).total == 2
        worker.let_go.set()
        await engine.executor.wait_idle()
        assert told.jobs.empty()


async def test_the_slot_of_a_stuck_job_is_given_away_once_where_the_handler_says_so() -> None:
    worker, told = Stubborn(), Told(answer=True)
    async with executing(Actor(worker, timeout=SOON), stuck_after=SOON, on_stuck=told) as engine:
        engine.executor.start([claim(queue="low")])
        await told.next()
        assert engine.freed == ["low"]
        worker.let_go.set()
        await engine.executor.wait_idle()
        assert engine.freed == ["low"]


async def test_a_handler_that_raises_frees_no_slot_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    worker, seen = Stubborn(), asyncio.Event()

    def fail(_: StuckJob) -> bool:
        seen.set()
        raise ValueError("in the handler")

    async with executing(Actor(worker, timeout=SOON), stuck_after=SOON, on_stuck=fail) as engine:
        engine.executor.start([claim()])
        await asyncio.wait_for(seen.wait(), LIMIT_S)
        worker.let_go.set()
        await engine.executor.wait_idle()
        assert engine.freed == ["default"]
    assert "job.stuck_handler_failed" in caplog.messages


async def test_who_ends_when_told_is_not_stuck(caplog: pytest.LogCaptureFixture) -> None:
    entered = asyncio.Event()

    async def obeys(_: Job[Any]) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with executing(Actor(obeys), stuck_after=NEVER) as engine:
        one = claim()
        engine.executor.start([one])
        await entered.wait()
        engine.executor.cancel(one.id)
        await engine.executor.wait_idle()
        assert engine.executor.stuck.told == {}
    assert events(caplog) == []


async def test_timeout_cancellation_is_a_failed_attempt_that_is_retried() -> None:
    async def waits(_: Job[Any]) -> None:
        await asyncio.Event().wait()

    async with executing(Actor(waits, timeout=SOON), stuck_after=NEVER) as engine:
        one = claim()
        await engine.run([one])
        settlement = engine.settled[one.id]
        assert settlement.state in (JobState.RETRYABLE, JobState.AVAILABLE)
        assert settlement.error is not None
        assert "TimeoutError: the attempt took longer than its 0.02 s" in settlement.error


class ThreadArgs(JobArgs, kind="in_thread"):
    pass


class Deaf(Worker[ThreadArgs]):
    """Looks whether it is to end only when it is let go."""

    timeout = SOON

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def work(self, job: Job[ThreadArgs]) -> None:
        self.let_go.wait(LIMIT_S)
        job.report_progress(current=1)


async def test_a_thread_that_ignores_its_deadline_is_stuck_until_it_looks() -> None:
    worker, told = Deaf(), Told()
    async with executing(worker, stuck_after=SOON, on_stuck=told) as engine:
        one = claim(kind="in_thread", args="{}")
        engine.executor.start([one])
        assert (await told.next()).id == one.id
        worker.let_go.set()
        await engine.executor.wait_idle()
        settlement = engine.settled[one.id]
        assert settlement.error is not None
        assert "longer than its 0.02 s" in settlement.error
        assert JobCancelled.__name__ not in settlement.error.partition("trace")[0]


async def test_ignored_cancellation_hard_abort_hands_the_job_back_and_watches_no_more() -> None:
    worker, told = Stubborn(), Told()
    async with executing(Actor(worker), stuck_after=SOON, on_stuck=told) as engine:
        one = claim(attempt=2)
        engine.executor.start([one])
        await worker.entered.wait()
        engine.executor.cancel(one.id)
        await told.next()
        engine.executor.interrupt_all()
        engine.executor.abandon_all()
        settlement = engine.settled[one.id]
        # A cancel request in the row makes that cancelled.
        assert (settlement.state, settlement.new_attempt, settlement.error) == (JobState.AVAILABLE, 1, None)
        assert engine.executor.stuck.told == {}
        worker.let_go.set()


async def test_without_anybody_to_ask_a_stuck_job_is_told_of_in_the_log_and_keeps_its_slot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stubborn = Stubborn()
    async with executing(Actor(stubborn), stuck_after=SOON) as found:
        one = claim()
        found.executor.start([one])
        await asyncio.wait_for(stubborn.entered.wait(), LIMIT_S)
        found.executor.cancel(one.id)
        async with asyncio.timeout(LIMIT_S):
            while not found.executor.stuck.now:
                await SystemClock().sleep(timedelta(milliseconds=1))
        assert "job.stuck" in caplog.messages
        assert found.freed == []
        stubborn.let_go.set()
        await found.executor.wait_idle()
        assert found.freed == ["default"]
