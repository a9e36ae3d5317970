"""What is given wrongly is refused where it comes in, in a sentence that says what to write."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    ClientConfig,
    Cron,
    Every,
    ExponentialRetry,
    InsertOpts,
    InvalidJob,
    Job,
    JobFilter,
    JobListParams,
    JobState,
    PeriodicJob,
    QueueConfig,
    RetentionConfig,
    RiverRetry,
    Snooze,
    StopConfig,
    SyncClient,
    UniqueOpts,
    Worker,
    Workers,
)
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.drivers import link_to
from revenge.infra.jobs.errors import MAX_TEXT, UnknownKind, WorkerLost, describe, shortened
from revenge.infra.jobs.outcome import Cancel
from revenge.infra.jobs.testing import work_one
from revenge.infra.jobs.testing.memory_client import MemoryClient
from revenge.infra.jobs.worker import NO_TIMEOUT
from tests.fakes.engine import ActArgs, Actor, nothing

HOUR = timedelta(hours=1)


def wrong(value: Any) -> Any:
    """Return ``value``, as from code that no type checker has seen."""
    return value


class Works(Worker[ActArgs]):
    async def work(self, job: Job[ActArgs]) -> object:
        return None


class Workless(Worker[ActArgs]):
    pass


class Elsewhere(Worker[ActArgs], runs_in=wrong("proces")):
    def work(self, job: Job[ActArgs]) -> object:
        return None


class Yields(Worker[ActArgs]):
    async def work(self, job: Job[ActArgs]) -> Any:
        yield 1


class YieldsPlainly(Worker[ActArgs]):
    def work(self, job: Job[ActArgs]) -> Any:
        yield 1


class TakesNothing(Worker[ActArgs]):
    async def work(self) -> object:  # type: ignore[override]  # that is the point
        return None


class TakesMore(Worker[ActArgs]):
    async def work(self, job: Job[ActArgs], more: int) -> object:  # type: ignore[override]  # as above
        return None


@pytest.mark.parametrize(
    ("worker", "says"),
    [
        (Workless(), r"Workless has no work: write async def work\(self, job\)"),
        (Elsewhere(), "Elsewhere: runs_in must be one of loop, thread, process, got 'proces'"),
        (Yields(), "Yields.work must not yield"),
        (YieldsPlainly(), "YieldsPlainly.work must not yield"),
        (TakesNothing(), "TakesNothing.work must take the job and nothing else"),
        (TakesMore(), "TakesMore.work must take the job and nothing else"),
        (Works, r"got the class Works: write Works\(\)"),
        (ActArgs(), r"workers are objects of classes like class Some\(Worker\[SomeArgs\]\), got ActArgs"),
    ],
)
def test_a_worker_that_could_not_work_is_refused(worker: Any, says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        Workers([worker])


SPAN = r"must be a timedelta( or None)?, as timedelta\(seconds=5\), got 5"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Workers([Actor(nothing, timeout=5)]), f"Actor.timeout {SPAN}"),
        (
            lambda: Workers([Actor(nothing, retry_policy=5)]),
            r"Actor.retry_policy must be an object with delay\(failures\)",
        ),
        (lambda: ClientConfig(timeout=wrong(5)), f"timeout {SPAN}"),
        (lambda: ClientConfig(stuck_after=wrong(None)), "stuck_after must be a timedelta, .* got None"),
        (lambda: ClientConfig(fetch_cooldown=wrong(5)), f"fetch_cooldown {SPAN}"),
        (lambda: ClientConfig(loop_blocked_after=wrong(5)), f"loop_blocked_after {SPAN}"),
        (lambda: ClientConfig(retry_policy=wrong(5)), "retry_policy must be an object with delay.* got 5"),
        (lambda: ClientConfig(retry_policy=wrong(RiverRetry)), "retry_policy must be an object with delay"),
        (lambda: ClientConfig(stop=wrong(5)), r"stop must be StopConfig\(\.\.\.\), got 5"),
        (lambda: ClientConfig(retention=wrong(5)), r"retention must be RetentionConfig\(\.\.\.\), got 5"),
        (lambda: StopConfig(soft=wrong(5)), f"soft {SPAN}"),
        (lambda: RetentionConfig(completed=wrong(5)), f"completed {SPAN}"),
        (lambda: QueueConfig(1, poll_interval=wrong(5)), f"poll_interval {SPAN}"),
        (lambda: ExponentialRetry(initial=wrong(5)), f"initial {SPAN}"),
        (lambda: Snooze(wrong(5)), f"a snooze {SPAN}"),
        (lambda: Every(wrong(5)), f"interval {SPAN}"),
        (lambda: UniqueOpts(by_period=wrong(5)), f"by_period {SPAN}"),
        (lambda: PeriodicJob("nightly", wrong(HOUR), ActArgs()), r"schedule of 'nightly' must be Every\(\.\.\.\)"),
        (
            lambda: PeriodicJob("nightly", Every(HOUR), wrong({})),
            "make of 'nightly' must be the arguments or a function",
        ),
        (
            lambda: PeriodicJob("nightly", Every(HOUR), ActArgs(), opts=wrong({})),
            r"opts must be InsertOpts\(\.\.\.\), got {}",
        ),
        (lambda: Cron(wrong(None)), "a cron expression must be a str, got None"),
        (lambda: ClientConfig(client_id=wrong(5)), "client_id must be a str, got 5"),
        (lambda: ClientConfig(queues=wrong(["a"])), r"queues must be a Mapping, got \['a'\]"),
        (lambda: ClientConfig(max_attempts=wrong(1.5)), "max_attempts must be a int, got 1.5"),
        (lambda: ClientConfig(lead=wrong("no")), "lead must be a bool, got 'no'"),
        (lambda: Client(None, listen=wrong(5)), "listen must be a DSN or a function that connects, got 5"),
        (lambda: JobFilter(kinds="mis"), r"kinds must be a list, got 'mis': write \['mis'\]"),
        (lambda: JobFilter(ids=wrong(5)), r"ids must be a list, got 5: write \[5\]"),
        (lambda: JobListParams(states=wrong("running")), r"states must be a list, got 'running'"),
        (lambda: MemoryClient().subscribe_local(kinds="mis"), "kinds must be a list, got 'mis'"),
        (
            lambda: Client(wrong("postgresql://u:secret@h/d")),
            "pool must be one of asyncpg's, .* and no DSN: the engine opens none$",
        ),
        (lambda: Client(None, workers=wrong([Works()])), r"workers must be Workers\(\[\.\.\.\]\), got list"),
        (lambda: SyncClient(workers=wrong([Works()])), r"workers must be Workers\(\[\.\.\.\]\), got list"),
        (lambda: link_to(asyncpg.Pool.__new__(asyncpg.Pool)), "conn must be a connection .* got asyncpg.pool.Pool"),
    ],
)
def test_a_value_of_a_wrong_type_is_named(make: Callable[[], object], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        make()


async def test_a_subscription_to_the_letters_of_a_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="kinds must be a list, got 'mis'"):
        await anext(MemoryClient().subscribe(kinds="mis"))


async def test_a_hold_for_a_number_is_refused() -> None:
    with pytest.raises(TypeError, match=f"ttl {SPAN}"):
        async with MemoryClient().once_per_cluster("name", ttl=wrong(5)):
            pass


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda client: client.insert({"x": 1}),
            r"object of a class like class Some\(JobArgs, kind=\.\.\.\), got dict",
        ),
        (lambda client: client.insert(ActArgs), r"got the class ActArgs: write ActArgs\(\.\.\.\)"),
        (lambda client: client.insert(ActArgs(), {"queue": "low"}), r"options are InsertOpts\(\.\.\.\), got dict"),
        (lambda client: client.insert_many(ActArgs()), r"got one ActArgs: write \[ActArgs\(\.\.\.\)\]"),
        (lambda client: client.insert_many_fast((ActArgs(), InsertOpts())), "got InsertOpts"),
    ],
)
async def test_an_insert_of_what_is_no_job_says_what_a_job_is(call: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        await call(MemoryClient())


KINDS = JobFilter(kinds=["act"])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda client: client.delete_many(KINDS, limit="x"), InvalidJob, "limit must be 1 to 10000, got 'x'"),
        (lambda client: client.cancel_many(KINDS, limit=None), InvalidJob, "limit must be 1 to 10000, got None"),
        (lambda client: client.retry_many(KINDS, limit=1.5), InvalidJob, "limit must be 1 to 10000, got 1.5"),
        (lambda client: client.list(JobListParams(limit=wrong("x"))), InvalidJob, "limit must be 1 to 10000, got 'x'"),
        (lambda client: client.delete_many("act"), TypeError, r"wanted must be JobFilter\(\.\.\.\), got 'act'"),
        (lambda client: client.delete_many(""), TypeError, r"wanted must be JobFilter\(\.\.\.\), got ''"),
        (lambda client: client.cancel_many(["act"]), TypeError, r"wanted must be JobFilter\(\.\.\.\), got"),
        (lambda client: client.retry_many(None), TypeError, r"wanted must be JobFilter\(\.\.\.\), got None"),
        (lambda client: client.list("act"), TypeError, r"params must be JobListParams\(\.\.\.\), got 'act'"),
        (lambda client: client.wait(1, timeout=5), TypeError, f"timeout {SPAN}"),
        (lambda client: client.insert_and_wait(ActArgs(), timeout=5), TypeError, f"timeout {SPAN}"),
        (lambda client: client.insert_many(5), TypeError, "items must be a list, got 5"),
        (lambda client: client.update(1, metadata="act"), InvalidJob, "metadata must be an object, got str"),
        (
            lambda client: client.periodic.reschedule("nightly", HOUR),
            TypeError,
            r"schedule of 'nightly' must be Every\(\.\.\.\), Cron\(\.\.\.\) or None, got",
        ),
        (
            lambda client: client.periodic.reschedule("nightly", lambda after: after + HOUR),
            TypeError,
            "schedule of 'nightly' must be Every",
        ),
        (lambda _: work_one(Works(), ActArgs(), attempt=wrong("x")), InvalidJob, "attempt must be 1 to 32767, got 'x'"),
        (lambda _: work_one(Works(), ActArgs(), attempt=0), InvalidJob, "attempt must be 1 to 32767, got 0"),
    ],
)
async def test_a_call_with_an_option_of_a_wrong_type_says_what_to_give(
    call: Callable[[Any], Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        await call(MemoryClient())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: ClientConfig(fetch_cooldown=timedelta(seconds=6)),
            "poll_interval must not be shorter than fetch_cooldown",
        ),
        (lambda: QueueConfig(1, poll_interval=HOUR, fetch_cooldown=2 * HOUR), "poll_interval must not be shorter"),
        (
            lambda: ClientConfig(timeout=2 * HOUR),
            "rescue_after must not be shorter than timeout.*got 1:00:00 and 2:00:00",
        ),
        (lambda: QueueConfig(wrong("5")), "a queue needs 1 to 10000 workers, got '5'"),
        (lambda: JobFilter(states=wrong(["done"])), r"states must be of available, cancelled, .*, got \['done'\]"),
        (lambda: JobListParams(states=wrong([5])), r"states must be of available, cancelled, .*, got \[5\]"),
        (
            lambda: PeriodicJob("nightly", Every(HOUR), ActArgs(), missed=wrong("twice")),
            "missed must be one of skip, once, all, got 'twice'",
        ),
        (
            lambda: Workers([Actor(nothing, timeout=timedelta(0))]),
            "Actor.timeout must be positive, got 0:00:00: None is",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_what_fits_is_taken() -> None:
    assert ClientConfig(timeout=NO_TIMEOUT).timeout == NO_TIMEOUT
    assert ClientConfig(timeout=HOUR, fetch_cooldown=timedelta(seconds=5)).timeout == HOUR
    assert JobFilter(kinds={"a"}, ids=range(3), states=[JobState.RUNNING]).is_empty is False
    assert PeriodicJob("nightly", Every(HOUR), ActArgs).build() is not None


def test_workers_that_only_declare_stay_the_callers() -> None:
    workers = Workers()
    client = Client(None, workers=workers)
    workers.declare(ActArgs)
    assert client.workers.args_type("act") is ActArgs
    with pytest.raises(UnknownKind):
        client.workers.args_type("other")


@pytest.mark.parametrize("wish", [Cancel("no"), Snooze(HOUR)])
def test_a_wish_that_is_raised_says_how_it_is_meant(wish: Any) -> None:
    with pytest.raises(TypeError) as caught:
        raise wish
    assert describe(caught.value).endswith("(Snooze and Cancel are returned, not raised)")


async def test_a_wish_that_is_no_object_fails_the_attempt_in_words() -> None:
    class Forgetful(Worker[ActArgs]):
        async def work(self, job: Job[ActArgs]) -> object:
            return Snooze

    client = MemoryClient([Forgetful()])
    inserted = await client.insert(ActArgs(), InsertOpts(max_attempts=1))
    row = await client.wait(inserted.job.id)
    assert row.errors[0].error == "TypeError: the worker returned the class Snooze: return an object of it"


RAW = {"kind": "x", "plugins": [1.0], "wire_text": None, "insert_opts": {"b": 2, "a": 1}}


async def test_a_client_that_knows_no_kind_inserts_any_by_its_name() -> None:
    client = MemoryClient()
    row = (await client.insert_raw("worked_in_go", RAW, InsertOpts(unique=UniqueOpts(by_args=["kind"])))).job
    assert (row.kind, row.args) == ("worked_in_go", RAW)
    assert client.sync.insert_raw("of_go", {}, conn=wrong(object())).job.args == {}
    again = await client.insert_raw("worked_in_go", {"kind": "x"}, InsertOpts(unique=UniqueOpts(by_args=["kind"])))
    assert again.duplicate


async def test_a_kind_that_is_no_name_is_refused_where_none_is_known() -> None:
    with pytest.raises(InvalidJob, match="needs a kind of 2 to 127"):
        await MemoryClient().insert_raw("with space", {})


async def test_a_client_that_knows_kinds_refuses_others_by_name() -> None:
    workers = Workers()
    workers.declare(ActArgs)
    for client in (MemoryClient([Works()]), MemoryClient(workers)):
        with pytest.raises(UnknownKind):
            await client.insert_raw("worked_in_go", {})


async def test_a_job_can_not_wait_for_the_end_of_its_own_queue() -> None:
    class Remover(Worker[ActArgs]):
        async def work(self, job: Job[ActArgs]) -> object:
            await job.client.remove_queue("bulk")
            await job.client.remove_queue("low")
            return None

    client = MemoryClient([Remover()])
    inserted = await client.insert(ActArgs(), InsertOpts(queue="low", max_attempts=1))
    row = await client.wait(inserted.job.id)
    assert row.errors[0].error.startswith("RuntimeError: a job of queue 'low' can't wait for its own end")
    assert "low" in client.queue_configs
    assert "bulk" not in client.queue_configs


async def test_of_an_endless_error_the_ends_are_kept() -> None:
    class Talkative(Worker[ActArgs]):
        async def work(self, job: Job[ActArgs]) -> object:
            raise ValueError("first " + "x" * 1_000_000 + " last")

    client = MemoryClient([Talkative()])
    inserted = await client.insert(ActArgs(), InsertOpts(max_attempts=1))
    error = (await client.wait(inserted.job.id)).errors[0]
    assert error.error.startswith("ValueError: first xxx")
    assert "characters left out" in error.error
    for text in (error.error, error.trace.rstrip()):
        assert text.endswith("xxx last")
        assert len(text) < MAX_TEXT + 100
    assert "in work" in error.trace


def test_an_error_within_the_limit_is_kept_whole() -> None:
    assert shortened("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert describe(WorkerLost("x" * 2 * MAX_TEXT)) == shortened("x" * 2 * MAX_TEXT)
