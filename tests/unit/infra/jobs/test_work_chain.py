"""Plugins around the work are called in River's order, and whatever they do ends their own attempt only."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest

from revenge.infra.jobs import Cancel, Job, JobArgs, JobState, Plugin, Snooze, Worker, Workers, WorkOutcome
from revenge.infra.jobs.attempt import current_job
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.plugins import look_up
from revenge.infra.jobs.processes import ProcessWorkers
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.suspects import FREE_LOSSES, LOST, Suspects
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.work_chain import WorkChain
from tests.fakes.engine import ActArgs, Actor, Behaviour, attempt, claim, nothing

Proceed = Callable[[], Awaitable[object]]
TOLD: list[str] = []
"""What the plugins of an arguments class were called for, since a class is made once; each test begins with none."""


@pytest.fixture(autouse=True)
def _forget() -> None:
    TOLD.clear()


class Notes:
    """Notes every call."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name = name
        self._told = told

    async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
        self._told.append(f"{self._name} in, decoded: {job.is_decoded}")
        result = await proceed()
        self._told.append(f"{self._name} out, decoded: {job.is_decoded}")
        return result

    async def work_begin(self, job: Job[Any]) -> None:
        self._told.append(f"{self._name} begin, decoded: {job.is_decoded}")

    async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> None:
        self._told.append(f"{self._name} end: {outcome.error or outcome.result}")


class OwnArgs(JobArgs, kind="own"):
    number: int = 0
    plugins = (Notes("kind", TOLD),)


class OwnWorker(Worker[OwnArgs]):
    plugins = (Notes("worker", TOLD),)

    async def work(self, job: Job[OwnArgs]) -> object:
        TOLD.append(f"work {job.args.number}")
        return "done"


@dataclass
class Results:
    done: list[int] = field(default_factory=list)
    settled: dict[int, Settlement] = field(default_factory=dict)

    def add_done(self, claim: Claim) -> None:
        self.done.append(claim.id)

    def add(self, settlement: Settlement) -> None:
        self.settled[settlement.id] = settlement


@dataclass
class Bench:
    executor: Executor
    results: Results

    async def work(self, claim: Claim) -> Settlement | None:
        """Work one claim to its end; None: it simply succeeded."""
        self.executor.start([claim])
        await self.executor.wait_idle()
        return self.results.settled.get(claim.id)


@asynccontextmanager
async def working(
    *workers: Worker[Any],
    plugins: Iterable[Plugin] = (),
    limit: timedelta = timedelta(seconds=30),
    suspects: Suspects | None = None,
) -> AsyncIterator[Bench]:
    results, clock = Results(), SystemClock()
    threads, processes = ThreadWorkers(most=1), ProcessWorkers(keep=1)
    executor = Executor(
        clock=clock,
        workers=Workers(workers),
        results=results,
        verdicts=Verdicts(clock=clock, retry_policy=LinearRetry(step=timedelta(hours=1))),
        timeout=limit,
        threads=threads,
        processes=processes,
        on_free=lambda _: None,
        suspects=suspects,
        plugins=look_up(plugins),
    )
    yield Bench(executor, results)
    executor.close()
    threads.close()
    await processes.close()


def error_of(settlement: Settlement | None) -> str:
    assert settlement is not None
    assert settlement.error is not None
    return str(orjson.loads(settlement.error)["error"])


async def test_calls_around_a_job_come_in_rivers_order() -> None:
    async with working(OwnWorker(), plugins=[Notes("one", TOLD), Notes("two", TOLD)]) as bench:
        await bench.work(claim(kind="own", args='{"number": 7}'))
    assert TOLD == [
        "worker in, decoded: False",
        "one in, decoded: False",
        "two in, decoded: False",
        "kind in, decoded: False",
        "worker begin, decoded: False",
        "one begin, decoded: False",
        "two begin, decoded: False",
        "kind begin, decoded: False",
        "work 7",
        "worker end: done",
        "one end: done",
        "two end: done",
        "kind end: done",
        "kind out, decoded: True",
        "two out, decoded: True",
        "one out, decoded: True",
        "worker out, decoded: True",
    ]


async def test_plugins_of_one_kind_are_not_called_for_another() -> None:
    async with working(OwnWorker(), Actor(nothing)) as bench:
        one = claim()
        await bench.work(one)
    assert TOLD == []
    assert bench.results.done == [one.id]


class InThread(Worker[ActArgs]):
    def work(self, job: Job[ActArgs]) -> object:
        current = current_job.get()
        current.set_metadata("by_worker", current is job)
        return None


class InProcess(Worker[ActArgs], runs_in="process"):
    @staticmethod
    def work(job: Job[ActArgs]) -> object:
        job.set_metadata("by_worker", True)
        return None


class InLoop(Worker[ActArgs]):
    async def work(self, job: Job[ActArgs]) -> object:
        job.set_metadata("by_worker", True)
        return None


class Stamps:
    async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
        job.set_metadata("before", 1)
        result = await proceed()
        job.set_metadata("after", 2)
        return result


@pytest.mark.parametrize("worker", [InLoop(), InThread(), InProcess()], ids=["loop", "thread", "process"])
async def test_metadata_set_around_the_work_joins_the_worker_s_wherever_it_runs(worker: Worker[Any]) -> None:
    async with working(worker, plugins=[Stamps()]) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert settlement.state is JobState.COMPLETED
    assert orjson.loads(settlement.metadata or "") == {"before": 1, "by_worker": True, "after": 2}


async def test_metadata_is_kept_of_a_job_whose_arguments_cannot_be_read() -> None:
    async with working(Actor(nothing), plugins=[Stamps(), Notes("one", TOLD)]) as bench:
        settlement = await bench.work(claim(args='{"number": "none"}'))
    assert "ValidationError" in error_of(settlement)
    assert settlement is not None
    assert orjson.loads(settlement.metadata or "") == {"before": 1}
    assert TOLD == ["one in, decoded: False", "one begin, decoded: False"], "no work, so no end of it"


async def test_a_begin_that_raises_fails_the_attempt_with_no_work_and_no_end() -> None:
    class Refuses:
        async def work_begin(self, job: Job[Any]) -> None:
            raise PermissionError("not today")

    async with working(OwnWorker(), plugins=[Refuses()]) as bench:
        settlement = await bench.work(claim(kind="own"))
    assert error_of(settlement) == "PermissionError: not today"
    assert settlement is not None
    assert settlement.state is JobState.RETRYABLE
    assert TOLD == ["worker in, decoded: False", "kind in, decoded: False", "worker begin, decoded: False"]


class Ends:
    """Gives, or raises, what the test says at the end of work."""

    def __init__(self, answer: WorkOutcome | Exception | None) -> None:
        self.answer = answer
        self.seen: list[WorkOutcome] = []

    async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> WorkOutcome | None:
        self.seen.append(outcome)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def failing(text: str) -> Behaviour:
    async def fail(_: Job[Any]) -> object:
        raise ValueError(text)

    return fail


async def test_an_end_hook_that_returns_nothing_leaves_the_error_as_it_is() -> None:
    ends = Ends(None)
    async with working(Actor(failing("mine")), plugins=[ends]) as bench:
        settlement = await bench.work(claim())
    assert error_of(settlement) == "ValueError: mine"
    assert str(ends.seen[0].error) == "mine"


@pytest.mark.parametrize("answer", [KeyError("theirs"), WorkOutcome(error=KeyError("theirs"))])
async def test_an_end_hook_replaces_the_error_for_the_next_one_too(answer: WorkOutcome | Exception) -> None:
    second = Ends(None)
    async with working(Actor(failing("mine")), plugins=[Ends(answer), second]) as bench:
        settlement = await bench.work(claim())
    assert error_of(settlement) == "KeyError: 'theirs'"
    assert isinstance(second.seen[0].error, KeyError)


async def test_an_end_hook_may_swallow_the_error() -> None:
    async with working(Actor(failing("mine")), plugins=[Ends(WorkOutcome("fine after all"))]) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert (settlement.state, settlement.metadata) == (JobState.COMPLETED, '{"output":"fine after all"}')


@pytest.mark.parametrize(
    ("result", "state"), [(Cancel("no"), JobState.CANCELLED), (Snooze(timedelta(hours=1)), JobState.SCHEDULED)]
)
async def test_an_end_hook_may_wish_for_a_job_what_its_worker_may(result: object, state: JobState) -> None:
    async with working(Actor(failing("mine")), plugins=[Ends(WorkOutcome(result))]) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert settlement.state is state


async def test_a_worker_s_wish_passes_through_all_plugins() -> None:
    async def snooze(_: Job[Any]) -> object:
        return Snooze(timedelta(hours=1))

    ends = Ends(None)
    async with working(Actor(snooze), plugins=[ends, Stamps()]) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert settlement.state is JobState.SCHEDULED
    assert ends.seen == [WorkOutcome(Snooze(timedelta(hours=1)))]


async def test_a_middleware_that_does_not_proceed_answers_for_the_worker() -> None:
    class Cached:
        async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
            return "cached"

    async with working(OwnWorker(), plugins=[Cached()]) as bench:
        settlement = await bench.work(claim(kind="own"))
    assert settlement is not None
    assert settlement.metadata == '{"output":"cached"}'
    assert TOLD == ["worker in, decoded: False", "worker out, decoded: False"]


async def test_a_retry_delay_is_asked_for_only_with_decoded_arguments() -> None:
    class Picky(Actor):
        def retry_delay(self, job: Job[ActArgs], error: BaseException) -> timedelta:
            return timedelta(days=job.args.number)

    class Refuses:
        async def work_begin(self, job: Job[Any]) -> None:
            raise PermissionError

    worker = Picky(nothing)
    async with working(worker, plugins=[Refuses()]) as bench:
        settlement = await bench.work(claim(args='{"number": 3}'))
    assert settlement is not None
    assert settlement.scheduled_at is not None
    assert settlement.scheduled_at - SystemClock().now() < timedelta(hours=2), "the client's policy"


async def test_arguments_that_are_not_decoded_yet_say_so() -> None:
    class Looks:
        async def work_begin(self, job: Job[Any]) -> None:
            assert job.encoded_args == '{"number": 3}'
            assert job.args.number

    async with working(Actor(nothing), plugins=[Looks()]) as bench:
        settlement = await bench.work(claim(args='{"number": 3}'))
    assert "AttributeError" in error_of(settlement)
    assert "args" in error_of(settlement)


async def test_the_deadline_is_the_worker_s_and_not_that_of_what_is_around_it() -> None:
    seen: list[BaseException] = []

    class Slow:
        async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
            await SystemClock().sleep(timedelta(milliseconds=120))
            try:
                return await proceed()
            except TimeoutError as error:
                seen.append(error)
                # Nothing of the deadline is left to cancel this.
                await SystemClock().sleep(timedelta(milliseconds=120))
                raise

    async def wait(_: Job[Any]) -> object:
        return await asyncio.Event().wait()

    ends = Ends(None)
    async with working(Actor(wait), plugins=[Slow(), ends], limit=timedelta(milliseconds=50)) as bench:
        settlement = await bench.work(claim())
    assert error_of(settlement) == "TimeoutError: the attempt took longer than its 0.05 s"
    assert str(seen[0]) == str(ends.seen[0].error) == "the attempt took longer than its 0.05 s"


async def test_an_end_hook_is_within_the_deadline() -> None:
    class Hangs:
        async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> None:
            await asyncio.Event().wait()

    async with working(Actor(nothing), plugins=[Hangs()], limit=timedelta(milliseconds=50)) as bench:
        settlement = await bench.work(claim())
    assert error_of(settlement) == "TimeoutError: the attempt took longer than its 0.05 s"


async def test_a_cancel_reaches_a_middleware_and_what_it_wraps() -> None:
    entered, seen = asyncio.Event(), list[BaseException]()

    class Watches:
        async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
            try:
                return await proceed()
            except BaseException as error:
                seen.append(error)
                raise

    async def wait(_: Job[Any]) -> object:
        entered.set()
        return await asyncio.Event().wait()

    async with working(Actor(wait), plugins=[Watches()]) as bench:
        one = claim()
        bench.executor.start([one])
        await entered.wait()
        bench.executor.cancel(one.id)
        await bench.executor.wait_idle()
    assert isinstance(seen[0], asyncio.CancelledError)
    assert bench.results.settled[one.id].state is JobState.CANCELLED


async def test_a_stop_takes_a_job_out_of_a_middleware_s_hands_without_counting() -> None:
    entered = asyncio.Event()

    class Waits:
        async def around_work(self, job: Job[Any], proceed: Proceed) -> object:
            entered.set()
            await asyncio.Event().wait()
            return await proceed()

    async with working(OwnWorker(), plugins=[Waits()]) as bench:
        one = claim(kind="own")
        bench.executor.start([one])
        await entered.wait()
        bench.executor.interrupt_all()
        await bench.executor.wait_idle()
    settlement = bench.results.settled[one.id]
    assert (settlement.state, settlement.new_attempt, settlement.error) == (JobState.AVAILABLE, 0, None)
    assert "work 0" not in TOLD


async def test_a_stop_does_not_undo_a_failure_that_its_handler_still_looks_at() -> None:
    asked = asyncio.Event()

    class Slow:
        async def handle_error(self, job: Job[Any], error: BaseException) -> None:
            asked.set()
            await asyncio.Event().wait()

    async with working(Actor(failing("mine")), plugins=[Slow()]) as bench:
        one = claim()
        bench.executor.start([one])
        await asked.wait()
        bench.executor.interrupt_all()
        await bench.executor.wait_idle()
    assert error_of(bench.results.settled[one.id]) == "ValueError: mine"


class Accused:
    """Notes which suspects are written down."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    async def accuse(self, claim: Claim) -> bool:
        self.ids.append(claim.id)
        return True


async def test_a_suspect_is_run_apart_with_its_plugins_around_it() -> None:
    accused = Accused()
    suspects = Suspects(clock=SystemClock(), accuser=accused, isolation=None)
    one = claim(kind="own", metadata_json=orjson.dumps({LOST: FREE_LOSSES}).decode())
    async with working(OwnWorker(), plugins=[Notes("one", TOLD)], suspects=suspects) as bench:
        settlement = await bench.work(one)
    assert settlement is not None
    assert settlement.state is JobState.COMPLETED
    assert accused.ids == [one.id]
    assert (TOLD[0], TOLD[-1]) == ("worker in, decoded: False", "worker out, decoded: True")


async def test_nothing_is_awaited_any_more_when_the_loop_is_closed() -> None:
    ends = Ends(None)
    chain_is_left = asyncio.Event()

    async def wait(*_: object) -> object:
        try:
            return await asyncio.Event().wait()
        finally:
            chain_is_left.set()

    one = attempt()
    assert one.registration is not None
    coroutine = WorkChain(one.registration, look_up([ends]), work=wait).run(one)
    coroutine.send(None)
    coroutine.close()
    assert chain_is_left.is_set()
    assert ends.seen == []


async def test_jobs_with_plugins_wait_side_by_side() -> None:
    meeting = asyncio.Barrier(20)

    async def meet(_: Job[Any]) -> None:
        await meeting.wait()

    async with working(Actor(meet), plugins=[Stamps()]) as bench:
        bench.executor.start([claim() for _ in range(20)])
        await bench.executor.wait_idle()
    assert {settlement.state for settlement in bench.results.settled.values()} == {JobState.COMPLETED}


class Handler:
    def __init__(self, answer: Cancel | BaseException | None = None) -> None:
        self.answer = answer
        self.asked: list[tuple[int, BaseException]] = []

    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        self.asked.append((job.id, error))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("error", [ValueError("plain"), SystemExit(3), RecursionError("deep"), BaseException("bare")])
async def test_an_error_handler_may_cancel_whatever_was_raised(error: BaseException) -> None:
    async def fail(_: Job[Any]) -> object:
        raise error

    handler = Handler(Cancel("hopeless"))
    async with working(Actor(fail), plugins=[handler]) as bench:
        settlement = await bench.work(one := claim())
    assert settlement is not None
    assert settlement.state is JobState.CANCELLED
    assert (settlement.finalized_at is None, settlement.scheduled_at) == (False, None)
    assert error_of(settlement).startswith(type(error).__name__)
    assert handler.asked == [(one.id, error)]


async def test_without_a_wish_the_failure_stays_one() -> None:
    handler = Handler()
    async with working(Actor(failing("mine")), plugins=[handler]) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert settlement.state is JobState.RETRYABLE
    assert len(handler.asked) == 1


@pytest.mark.parametrize("broken", [RuntimeError("oh"), SystemExit(1), asyncio.CancelledError()])
async def test_a_handler_that_fails_hurts_nobody(broken: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    async with working(Actor(failing("mine")), plugins=[Handler(broken)]) as bench:
        settlement = await bench.work(claim())
        after = await bench.work(claim())
    assert error_of(settlement) == error_of(after) == "ValueError: mine"
    assert "job.error_handler_failed" in caplog.messages


async def test_handlers_hear_of_unknown_kinds_and_unreadable_arguments() -> None:
    handler = Handler(Cancel("whose is this?"))
    async with working(Actor(nothing), plugins=[handler]) as bench:
        unknown = await bench.work(claim(kind="nobodys"))
        unreadable = await bench.work(claim(args="[]"))
    assert unknown is not None
    assert unreadable is not None
    assert unknown.state is unreadable.state is JobState.CANCELLED
    assert [type(error).__name__ for _, error in handler.asked] == ["UnknownKind", "ValidationError"]


async def test_handlers_are_not_asked_about_wishes() -> None:
    async def cancel(_: Job[Any]) -> object:
        return Cancel("no")

    handler = Handler()
    async with working(Actor(cancel), plugins=[handler]) as bench:
        await bench.work(claim())
    assert handler.asked == []


async def test_a_worker_may_have_a_handler_of_its_own() -> None:
    handler = Handler(Cancel("mine"))

    class Failing(Worker[ActArgs]):
        plugins = (handler,)

        async def work(self, job: Job[ActArgs]) -> object:
            raise ValueError

    async with working(Failing()) as bench:
        settlement = await bench.work(claim())
    assert settlement is not None
    assert settlement.state is JobState.CANCELLED
