"""Whatever a worker does ends its own attempt only, and ends it the right way."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson
import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.attempt import current_job, log_fields
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.outcome import Cancel, Settlement, Snooze
from revenge.infra.jobs.processes import ProcessWorkers
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.resumable import CURSORS, STEP, Cursor
from revenge.infra.jobs.retry import ExponentialRetry, LinearRetry
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.worker import NO_TIMEOUT, Worker

_ids = count(1)
Behaviour = Callable[[Job[Any]], Awaitable[object]]


class DoArgs(JobArgs, kind="do_it"):
    number: int = 0


class Doer(Worker[DoArgs]):
    """Does what the test says."""

    retry_policy = LinearRetry(step=timedelta(seconds=30))

    def __init__(self, behaviour: Behaviour, *, timeout: timedelta | None = None) -> None:
        self._behaviour = behaviour
        self.timeout = timeout

    async def work(self, job: Job[DoArgs]) -> object:
        return await self._behaviour(job)


@dataclass
class Results:
    """Keeps what the executor settles, and lets a test wait for it."""

    done: list[int] = field(default_factory=list)
    settled: dict[int, Settlement] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add_done(self, claim: Claim) -> None:
        self.done.append(claim.id)

    def add(self, settlement: Settlement) -> None:
        self.settled[settlement.id] = settlement


@dataclass
class Harness:
    executor: Executor
    results: Results
    freed: list[str]

    async def run(self, claim: Claim) -> Settlement | None:
        """Work one claim to its end; None: it simply succeeded."""
        self.executor.start([claim])
        await self.executor.wait_idle()
        return self.results.settled.get(claim.id)


def claim(**columns: Any) -> Claim:
    now = datetime.now(UTC)
    values = {
        "id": next(_ids),
        "kind": "do_it",
        "queue": "default",
        "args": '{"number": 7}',
        "attempt": 1,
        "max_attempts": 3,
        "attempted_at": now,
        "scheduled_at": now,
        "priority": 1,
        "metadata_json": None,
        "error_count": 0,
        **columns,
    }
    return Claim(values.values())


@asynccontextmanager
async def executing(*workers: Worker[Any]) -> AsyncIterator[Harness]:
    results, freed, clock = Results(), list[str](), SystemClock()
    threads, processes = ThreadWorkers(most=4), ProcessWorkers(keep=1)
    executor = Executor(
        clock=clock,
        workers=Workers(workers),
        results=results,
        verdicts=Verdicts(clock=clock, retry_policy=ExponentialRetry()),
        timeout=timedelta(seconds=30),
        threads=threads,
        processes=processes,
        on_free=freed.append,
    )
    yield Harness(executor, results, freed)
    executor.close()
    threads.close()
    await processes.close()


def error_of(settlement: Settlement | None) -> dict[str, Any]:
    assert settlement is not None
    assert settlement.error is not None
    found: dict[str, Any] = orjson.loads(settlement.error)
    return found


async def test_a_plain_success_takes_the_short_way() -> None:
    async def behave(job: Job[DoArgs]) -> None:
        assert job.args.number == 7

    async with executing(Doer(behave)) as harness:
        one = claim()
        assert await harness.run(one) is None
        assert harness.results.done == [one.id]
        assert harness.freed == ["default"]


async def test_a_returned_value_becomes_the_output() -> None:
    async def behave(_: Job[DoArgs]) -> object:
        return {"seen": 3, "at": datetime(2026, 1, 1, tzinfo=UTC)}

    async with executing(Doer(behave)) as harness:
        settlement = await harness.run(claim())
        assert settlement is not None
        assert settlement.state is JobState.COMPLETED
        assert settlement.metadata == '{"output":{"seen":3,"at":"2026-01-01T00:00:00Z"}}'


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "error", [RuntimeError("broken"), SystemExit(3), KeyboardInterrupt(), RecursionError("deep"), GeneratorExit()]
)
async def test_whatever_is_raised_fails_this_attempt_only(error: BaseException, waits: bool) -> None:
    async def behave(job: Job[DoArgs]) -> None:
        if waits:
            await asyncio.to_thread(lambda: None)
        if job.id == bad.id:
            raise error

    async with executing(Doer(behave)) as harness:
        bad, good = claim(), claim()
        harness.executor.start([bad, good])
        await harness.executor.wait_idle()
        assert harness.results.done == [good.id]
        settlement = harness.results.settled[bad.id]
        assert settlement.state is JobState.RETRYABLE
        assert error_of(settlement)["error"].startswith(type(error).__name__)
        assert "behave" in error_of(settlement)["trace"]


async def test_a_cancelled_error_that_nobody_asked_for_is_a_failure() -> None:
    async def behave(_: Job[DoArgs]) -> None:
        raise asyncio.CancelledError

    async with executing(Doer(behave)) as harness:
        settlement = await harness.run(claim())
        assert settlement is not None
        assert settlement.state is JobState.RETRYABLE
        assert await harness.run(claim(attempt=3)) is not None


async def test_the_last_attempt_is_discarded() -> None:
    async def behave(_: Job[DoArgs]) -> None:
        raise ValueError("no")

    async with executing(Doer(behave)) as harness:
        settlement = await harness.run(claim(attempt=3))
        assert settlement is not None
        assert settlement.state is JobState.DISCARDED
        assert settlement.finalized_at is not None
        assert error_of(settlement)["attempt"] == 3


async def test_a_worker_names_its_own_retry_policy() -> None:
    async def behave(_: Job[DoArgs]) -> None:
        raise ValueError("no")

    async with executing(Doer(behave)) as harness:
        before = datetime.now(UTC)
        settlement = await harness.run(claim(error_count=1))
        assert settlement is not None
        assert settlement.scheduled_at is not None
        assert timedelta(seconds=60) <= settlement.scheduled_at - before < timedelta(seconds=70)


async def test_an_unknown_kind_fails_with_rivers_text() -> None:
    async with executing() as harness:
        settlement = await harness.run(claim(kind="stranger"))
        assert error_of(settlement)["error"] == "job kind is not registered in the client's Workers bundle: stranger"


async def test_arguments_that_do_not_decode_fail_the_attempt() -> None:
    async def behave(_: Job[DoArgs]) -> None: ...

    async with executing(Doer(behave)) as harness:
        settlement = await harness.run(claim(args='{"number": "many"}'))
        assert settlement is not None
        assert "number" in error_of(settlement)["error"]


async def test_snooze_and_cancel_are_wishes_not_failures() -> None:
    async def behave(job: Job[DoArgs]) -> object:
        return Snooze(timedelta(minutes=1)) if job.attempt == 2 else Cancel("not needed")

    async with executing(Doer(behave)) as harness:
        snoozed = await harness.run(claim(attempt=2, metadata_json='{"snoozes": 4}'))
        assert snoozed is not None
        assert (snoozed.state, snoozed.new_attempt, snoozed.metadata) == (JobState.SCHEDULED, 1, '{"snoozes":5}')
        cancelled = await harness.run(claim())
        assert cancelled is not None
        assert cancelled.state is JobState.CANCELLED
        assert error_of(cancelled)["error"] == "JobCancelError: not needed"


async def test_an_output_without_a_json_form_fails_the_attempt() -> None:
    async def behave(_: Job[DoArgs]) -> object:
        return object()

    async with executing(Doer(behave)) as harness:
        settlement = await harness.run(claim())
        assert settlement is not None
        assert settlement.state is JobState.RETRYABLE
        assert "no JSON form" in error_of(settlement)["error"]


class Gate:
    """A worker that waits until it is let go."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, _: Job[Any]) -> None:
        self.entered.set()
        await self.open.wait()


async def test_a_cancel_from_outside_reaches_code_that_waits() -> None:
    gate = Gate()
    async with executing(Doer(gate)) as harness:
        one, other = claim(), claim()
        harness.executor.start([one, other])
        await gate.entered.wait()
        assert harness.executor.cancel(one.id)
        while one.id not in harness.results.settled:
            await asyncio.to_thread(lambda: None)
        assert harness.results.settled[one.id].state is JobState.CANCELLED
        gate.open.set()
        await harness.executor.wait_idle()
        assert harness.results.done == [other.id]


async def test_a_cancel_meant_for_an_older_attempt_hits_nobody() -> None:
    gate = Gate()
    async with executing(Doer(gate)) as harness:
        one = claim()
        harness.executor.start([one])
        await gate.entered.wait()
        assert not harness.executor.cancel(one.id, attempted_at=one.attempted_at - timedelta(seconds=1))
        gate.open.set()
        await harness.executor.wait_idle()
        assert harness.results.done == [one.id]


async def test_success_after_a_cancel_is_success() -> None:
    entered = asyncio.Event()

    async def behave(_: Job[DoArgs]) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async with executing(Doer(behave)) as harness:
        one = claim()
        harness.executor.start([one])
        await entered.wait()
        harness.executor.cancel(one.id)
        await harness.executor.wait_idle()
        assert harness.results.done == [one.id]


async def test_a_worker_that_cancels_itself_does_not_hit_the_next_job() -> None:
    async with executing() as harness:

        async def behave(job: Job[DoArgs]) -> None:
            if job.id == first.id:
                harness.executor.cancel(first.id)
                return
            await asyncio.to_thread(lambda: None)

        harness.executor._workers.add(Doer(behave))
        first, second = claim(), claim()
        harness.executor.start([first, second])
        await harness.executor.wait_idle()
        assert harness.results.done == [first.id, second.id]


async def test_the_deadline_ends_a_worker_that_waits() -> None:
    gate = Gate()
    async with executing(Doer(gate, timeout=timedelta(milliseconds=30))) as harness:
        settlement = await harness.run(claim())
        assert settlement is not None
        assert settlement.state is JobState.RETRYABLE
        assert error_of(settlement)["error"] == "TimeoutError: the attempt took longer than its 0.03 s"


@pytest.mark.parametrize(("chosen", "seconds"), [(timedelta(seconds=0.03), "0.03"), (ZeroDivisionError(), "0.02")])
async def test_a_worker_chooses_the_deadline_of_each_attempt(chosen: timedelta | Exception, seconds: str) -> None:
    """One that cannot say has the deadline of its kind."""

    class Choosy(Doer):
        def timeout_for(self, job: Job[DoArgs]) -> timedelta | None:
            assert job.args.number == 7
            if isinstance(chosen, Exception):
                raise chosen
            return chosen

    async def behave(_: Job[DoArgs]) -> None:
        await asyncio.Event().wait()

    async with executing(Choosy(behave, timeout=timedelta(seconds=0.02))) as harness:
        settlement = await harness.run(claim())
        assert error_of(settlement)["error"] == f"TimeoutError: the attempt took longer than its {seconds} s"


async def test_each_attempt_has_its_own_deadline() -> None:
    gate = asyncio.Event()

    class Patient(Doer):
        def timeout_for(self, job: Job[DoArgs]) -> timedelta | None:
            return timedelta(milliseconds=30) if job.attempt == 2 else timedelta(minutes=1)

    async def behave(_: Job[DoArgs]) -> None:
        await gate.wait()

    async with executing(Patient(behave)) as harness:
        patient, hasty = claim(), claim(attempt=2)
        harness.executor.start([patient])
        harness.executor.start([hasty])
        async with asyncio.timeout(30):
            while hasty.id not in harness.results.settled:
                await SystemClock().sleep(timedelta(milliseconds=1))
        assert "longer than its 0.03 s" in error_of(harness.results.settled[hasty.id])["error"]
        gate.set()
        await harness.executor.wait_idle()
        assert harness.results.done == [patient.id]


async def test_without_a_timeout_there_is_no_deadline() -> None:
    gate = Gate()
    async with executing(Doer(gate, timeout=NO_TIMEOUT)) as harness:
        harness.executor.start([claim()])
        await gate.entered.wait()
        assert harness.executor._timer is None
        gate.open.set()
        await harness.executor.wait_idle()


async def test_a_stop_hands_back_without_counting_the_attempt() -> None:
    gate = Gate()
    async with executing(Doer(gate)) as harness:
        one = claim(attempt=2)
        harness.executor.start([one])
        await gate.entered.wait()
        harness.executor.interrupt_all()
        await harness.executor.wait_idle()
        settlement = harness.results.settled[one.id]
        assert (settlement.state, settlement.new_attempt, settlement.error) == (JobState.AVAILABLE, 1, None)


async def test_what_ignores_a_stop_is_abandoned_and_handed_back_once() -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def behave(_: Job[DoArgs]) -> None:
        entered.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    async with executing(Doer(behave)) as harness:
        one = claim()
        harness.executor.start([one])
        await entered.wait()
        harness.executor.interrupt_all()
        harness.executor.abandon_all()
        assert harness.results.settled[one.id].state is JobState.AVAILABLE
        let_go.set()
        while not harness.freed:
            await asyncio.to_thread(lambda: None)
        assert harness.results.done == []


async def test_many_jobs_that_never_wait_share_few_tasks() -> None:
    tasks = set()

    async def behave(_: Job[DoArgs]) -> None:
        tasks.add(asyncio.current_task())

    async with executing(Doer(behave)) as harness:
        harness.executor.start([claim() for _ in range(500)])
        await harness.executor.wait_idle()
        assert len(harness.results.done) == 500
        assert len(tasks) == 1
        assert None not in tasks


async def test_jobs_that_wait_run_side_by_side() -> None:
    meeting = asyncio.Barrier(50)

    async def behave(_: Job[DoArgs]) -> None:
        await meeting.wait()

    async with executing(Doer(behave)) as harness:
        harness.executor.start([claim() for _ in range(50)])
        await harness.executor.wait_idle()
        assert len(harness.results.done) == 50


async def test_asyncio_timeouts_and_task_groups_work_inside_a_worker() -> None:
    async def behave(job: Job[DoArgs]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(lambda: None))
        assert current_job.get() is job

    async with executing(Doer(behave)) as harness:
        harness.executor.start([claim() for _ in range(3)])
        await harness.executor.wait_idle()
        assert len(harness.results.done) == 3


async def test_context_variables_do_not_leak_from_job_to_job() -> None:
    seen: list[bool] = []

    async def behave(job: Job[DoArgs]) -> None:
        seen.append(current_job.get() is job)

    async with executing(Doer(behave)) as harness:
        harness.executor.start([claim() for _ in range(3)])
        await harness.executor.wait_idle()
        assert seen == [True] * 3
        assert current_job.get(None) is None


async def test_log_lines_of_a_worker_can_name_its_job() -> None:
    async def behave(job: Job[DoArgs]) -> None:
        expected = {"job_id": job.id, "kind": "do_it", "queue": "default", "attempt": 2}
        assert log_fields() == expected
        assert await asyncio.to_thread(log_fields) == expected

    async with executing(Doer(behave)) as harness:
        assert await harness.run(claim(attempt=2)) is None
        assert log_fields() == {}


class ThreadArgs(JobArgs, kind="in_thread"):
    pass


class InThread(Worker[ThreadArgs]):
    def __init__(self, behaviour: Callable[[Job[ThreadArgs]], object]) -> None:
        self._behaviour = behaviour

    def work(self, job: Job[ThreadArgs]) -> object:
        return self._behaviour(job)


async def test_plain_functions_run_in_threads() -> None:
    import threading

    async with executing(InThread(lambda _: threading.current_thread() is threading.main_thread())) as harness:
        settlement = await harness.run(claim(kind="in_thread", args="{}"))
        assert settlement is not None
        assert settlement.metadata == '{"output":false}'


@pytest.mark.parametrize("error", [SystemExit(1), StopIteration(), ValueError("x")])
async def test_a_thread_may_raise_anything(error: BaseException) -> None:
    def behave(_: Job[ThreadArgs]) -> None:
        raise error

    async with executing(InThread(behave)) as harness:
        settlement = await harness.run(claim(kind="in_thread", args="{}"))
        assert settlement is not None
        assert error_of(settlement)["attempt"] == 1


async def test_a_thread_learns_of_a_cancel_at_its_next_report() -> None:
    import threading

    started, told = threading.Event(), threading.Event()

    def behave(job: Job[ThreadArgs]) -> None:
        started.set()
        told.wait(10)
        job.report_progress(current=1)

    async with executing(InThread(behave)) as harness:
        one = claim(kind="in_thread", args="{}")
        harness.executor.start([one])
        await asyncio.to_thread(started.wait, 10)
        harness.executor.cancel(one.id)
        told.set()
        await harness.executor.wait_idle()
        assert harness.results.settled[one.id].state is JobState.CANCELLED


async def test_an_abandoned_thread_leaves_the_steps_that_it_has_done() -> None:
    import threading

    in_second, let_go = threading.Event(), threading.Event()

    def second(cursor: Cursor[int]) -> None:
        cursor.set(3)
        in_second.set()
        let_go.wait(10)

    def behave(job: Job[ThreadArgs]) -> None:
        job.step("first", lambda: None)
        job.cursor_step("second", int, second)

    async with executing(InThread(behave)) as harness:
        one = claim(kind="in_thread", args="{}")
        harness.executor.start([one])
        await asyncio.to_thread(in_second.wait, 10)
        harness.executor.interrupt_all()
        harness.executor.abandon_all()
        let_go.set()
        settlement = harness.results.settled[one.id]
        assert settlement.state is JobState.AVAILABLE
        assert orjson.loads(settlement.metadata or "") == {STEP: "first", CURSORS: {"second": 3}}


class ProcessArgs(JobArgs, kind="in_process"):
    what: str


class InProcess(Worker[ProcessArgs], runs_in="process"):
    """Runs in a process of its own."""

    @staticmethod
    def work(job: Job[ProcessArgs]) -> object:
        import os
        import signal
        import time

        match job.args.what:
            case "pid":
                job.report_progress(phase="counting", current=3, total=4)
                return os.getpid()
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                sys.exit(5)
            case "raise":
                raise ValueError("over there")
            case "snooze":
                return Snooze(timedelta(seconds=9))
            case "hang":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                job.report_progress(current=1)
                time.sleep(1000)
        return None


def process_claim(what: str) -> Claim:
    return claim(kind="in_process", args=orjson.dumps({"what": what}).decode())


async def test_process_workers_run_elsewhere_and_are_reused() -> None:
    import os

    async with executing(InProcess()) as harness:
        first = await harness.run(process_claim("pid"))
        second = await harness.run(process_claim("pid"))
        assert first is not None
        assert second is not None
        assert first.metadata == second.metadata
        assert first.metadata != f'{{"output":{os.getpid()}}}'


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("die", "worker lost: the process died with signal 9 (SIGKILL, as when memory runs out)"),
        ("exit", "SystemExit: 5"),
        ("raise", "ValueError: over there"),
    ],
)
async def test_a_process_may_die_without_hurting_others(what: str, says: str) -> None:
    async with executing(InProcess()) as harness:
        settlement = await harness.run(process_claim(what))
        assert error_of(settlement)["error"] == says
        after = await harness.run(process_claim("snooze"))
        assert after is not None
        assert after.state is JobState.SCHEDULED


async def test_a_process_that_ignores_its_deadline_is_killed() -> None:
    class Impatient(InProcess):
        timeout = timedelta(seconds=1)

    async with executing(InProcess()) as harness:
        harness.executor._timeout_s = 1.0
        settlement = await harness.run(process_claim("hang"))
        assert "longer than its 1 s" in error_of(settlement)["error"]
