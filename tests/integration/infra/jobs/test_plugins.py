"""Plugins of a client, a kind and a worker on a real database: their order, what they change, and what their failures cost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs import (
    Cancel,
    Client,
    Every,
    InsertOpts,
    InsertResult,
    Job,
    JobArgs,
    JobGetAvailableCount,
    JobGetAvailableDuration,
    JobInsertParams,
    JobState,
    Metric,
    PeriodicInfo,
    PeriodicJob,
    Worker,
    WorkOutcome,
)
from tests.fakes.engine import ActArgs, eventually

StartClient = Callable[..., Awaitable[Client]]
MakeClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=30)
TOLD: list[str] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    TOLD.clear()


class Notes:
    """Notes every call that an insert or an attempt makes."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def around_insert(
        self, jobs: Sequence[JobInsertParams], proceed: Callable[[], Awaitable[Sequence[InsertResult]]]
    ) -> Sequence[InsertResult]:
        TOLD.append(f"{self._name}: insert")
        results = await proceed()
        TOLD.append(f"{self._name}: inserted {len(results)}")
        return results

    async def insert_begin(self, params: JobInsertParams) -> None:
        TOLD.append(f"{self._name}: insert begin")

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        TOLD.append(f"{self._name}: work")
        result = await proceed()
        TOLD.append(f"{self._name}: worked")
        return result

    async def work_begin(self, job: Job[Any]) -> None:
        TOLD.append(f"{self._name}: work begin")

    async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> None:
        TOLD.append(f"{self._name}: work end")


class NotesOfWork:
    def __init__(self, name: str) -> None:
        self._name = name

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        TOLD.append(f"{self._name}: work")
        result = await proceed()
        TOLD.append(f"{self._name}: worked")
        return result


class OwnArgs(JobArgs, kind="with_plugins"):
    plugins = (Notes("kind"),)


class OwnWorker(Worker[OwnArgs]):
    plugins = (NotesOfWork("worker"),)

    async def work(self, job: Job[OwnArgs]) -> None:
        TOLD.append("at work")


async def test_extension_hook_middleware_order(start_client: StartClient) -> None:
    node = await start_client(OwnWorker(), plugins=[Notes("first"), Notes("second")])
    inserted = await node.insert(OwnArgs())
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert row.state is JobState.COMPLETED
    # The job may run before its insert's plugins hear of the result.
    inserting = [told for told in TOLD if "insert" in told]
    assert inserting == [
        "first: insert",
        "second: insert",
        "kind: insert",
        "first: insert begin",
        "second: insert begin",
        "kind: insert begin",
        "kind: inserted 1",
        "second: inserted 1",
        "first: inserted 1",
    ]
    assert [told for told in TOLD if told not in inserting] == [
        "worker: work",
        "first: work",
        "second: work",
        "kind: work",
        "first: work begin",
        "second: work begin",
        "kind: work begin",
        "at work",
        "first: work end",
        "second: work end",
        "kind: work end",
        "kind: worked",
        "second: worked",
        "first: worked",
        "worker: worked",
    ]


class Marks:
    """Puts a mark on each job that is inserted, and one on each that is worked."""

    async def insert_begin(self, params: JobInsertParams) -> None:
        params.metadata["request_id"] = "r-1"
        params.tags.append("marked")

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        assert job.metadata["request_id"] == "r-1"
        result = await proceed()
        job.set_metadata("worked_by", "node")
        return result


async def test_metadata_goes_from_an_insert_through_the_work_into_the_row(start_client: StartClient) -> None:
    node = await start_client(plugins=[Marks()])
    inserted = await node.insert(ActArgs(), InsertOpts(metadata={"own": 1}))
    assert inserted.job.metadata == {"own": 1, "request_id": "r-1"}
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert row.metadata == {"own": 1, "request_id": "r-1", "worked_by": "node"}
    assert row.tags == ["marked"]


async def test_a_fast_insert_goes_through_the_plugins_too(make_client: MakeClient) -> None:
    client = await make_client(plugins=[Marks(), Notes("fast")])
    assert await client.insert_many_fast([ActArgs(number=number) for number in range(3)]) == 3
    page = await client.list()
    assert [row.metadata["request_id"] for row in page.jobs] == ["r-1"] * 3
    assert TOLD[0] == "fast: insert"
    assert TOLD[1:4] == ["fast: insert begin"] * 3
    assert TOLD[4:] == ["fast: inserted 0"]


async def test_an_insert_in_a_transaction_goes_through_the_plugins_and_away_with_it(
    make_client: MakeClient, conn: Any
) -> None:
    client = await make_client(plugins=[Marks()])
    transaction = conn.transaction()
    await transaction.start()
    inserted = await client.insert(ActArgs(), conn=conn)
    assert (await client.get(inserted.job.id, conn=conn)).metadata == {"request_id": "r-1"}
    await transaction.rollback()
    assert (await client.list()).jobs == []


async def test_what_an_insert_hook_refuses_is_not_inserted(make_client: MakeClient) -> None:
    class Refuses:
        async def insert_begin(self, params: JobInsertParams) -> None:
            if isinstance(params.args, ActArgs) and params.args.number == 2:
                raise PermissionError("two is too many")

    client = await make_client(plugins=[Refuses()])
    with pytest.raises(PermissionError, match="two is too many"):
        await client.insert_many([ActArgs(number=number) for number in range(3)])
    assert (await client.list()).jobs == []


async def test_a_work_hook_that_refuses_is_an_ordinary_failure(start_client: StartClient) -> None:
    class Refuses:
        async def work_begin(self, job: Job[Any]) -> None:
            if job.attempt == 1:
                raise PermissionError("not at once")

    async def note(job: Job[Any]) -> None:
        TOLD.append(f"attempt {job.attempt}")

    node = await start_client(note, plugins=[Refuses()])
    inserted = await node.insert(ActArgs())
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 2)
    assert [error.error for error in row.errors] == ["PermissionError: not at once"]
    assert TOLD == ["attempt 2"]


class Gives:
    """An error handler that answers what the test says."""

    def __init__(self, answer: Cancel | Exception | None) -> None:
        self._answer = answer

    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        TOLD.append(f"{job.kind} {job.attempt}: {type(error).__name__}")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def fail(job: Job[Any]) -> None:
    raise ValueError(f"attempt {job.attempt}")


async def test_error_handler_cancel_override(start_client: StartClient) -> None:
    node = await start_client(fail, plugins=[Gives(Cancel("hopeless"))])
    inserted = await node.insert(ActArgs())
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert (row.state, row.attempt, row.finalized_at is None) == (JobState.CANCELLED, 1, False)
    assert [error.error for error in row.errors] == ["ValueError: attempt 1"], "the error is kept"
    assert "ValueError" in row.errors[0].trace
    assert TOLD == ["act 1: ValueError"]


async def test_an_error_handler_that_fails_leaves_the_retry_alone(start_client: StartClient) -> None:
    node = await start_client(fail, plugins=[Gives(RuntimeError("no network"))])
    inserted = await node.insert(ActArgs(), InsertOpts(max_attempts=2))
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.DISCARDED, 2)
    assert [error.error for error in row.errors] == ["ValueError: attempt 1", "ValueError: attempt 2"]


async def test_two_clients_in_one_process_have_plugins_of_their_own(start_client: StartClient) -> None:
    plain = await start_client(queues={"plain": 1})
    await start_client(plugins=[Notes("other")], queues={"other": 1})
    inserted = await plain.insert(ActArgs(), InsertOpts(queue="plain"))
    await plain.wait(inserted.job.id, timeout=LIMIT)
    assert TOLD == []


class Measures:
    def __init__(self) -> None:
        self.seen: list[Metric] = []
        self.found = asyncio.Event()

    def metric_emit(self, metric: Metric) -> None:
        self.seen.append(metric)
        if isinstance(metric, JobGetAvailableCount) and metric.count:
            self.found.set()
        raise RuntimeError("a metric that fails is no reason not to work jobs")


async def test_metrics_tell_how_long_fetches_take_and_what_they_bring(start_client: StartClient) -> None:
    measures = Measures()
    node = await start_client(plugins=[measures], queues={"default": 4, "low": 1})
    inserted = await node.insert(ActArgs())
    row = await node.wait(inserted.job.id, timeout=LIMIT)
    assert row.state is JobState.COMPLETED
    await asyncio.wait_for(measures.found.wait(), 30)
    counts = [metric for metric in measures.seen if isinstance(metric, JobGetAvailableCount) and metric.count]
    assert [(metric.queue, metric.count) for metric in counts] == [("default", 1)]
    durations = [metric for metric in measures.seen if isinstance(metric, JobGetAvailableDuration)]
    assert {metric.queue for metric in durations} == {"default", "low"}
    assert all(metric.duration > timedelta(0) for metric in durations)


class Starts:
    """Notes what it is told when periodic jobs begin; fails the first time."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []

    async def periodic_jobs_start(self, jobs: Sequence[PeriodicInfo]) -> None:
        self.told.append([job.id for job in jobs])
        if len(self.told) == 1:
            raise RuntimeError("not yet")


async def test_periodic_jobs_begin_when_their_hook_lets_them(start_client: StartClient) -> None:
    starts = Starts()
    every = PeriodicJob("act_often", Every(timedelta(milliseconds=200)), ActArgs())
    node = await start_client(plugins=[starts, Marks()], periodic=[every])
    rows = await eventually(lambda: _jobs(node))
    assert rows[0].metadata["request_id"] == "r-1", "what a schedule inserts goes through the plugins"
    assert rows[0].metadata["periodic"] is True
    assert starts.told == [["act_often"], ["act_often"]], "asked again after it had failed, and once only after that"


async def _jobs(node: Client) -> Any:
    return (await node.list()).jobs


async def test_a_client_that_starts_again_tells_its_hook_again(start_client: StartClient) -> None:
    starts = Starts()
    starts.told.append([])
    node = await start_client(plugins=[starts])

    async def is_told() -> bool:
        return len(starts.told) > 1

    await eventually(is_told)
    await node.stop()
    starts.told = [[]]
    await node.start()
    await eventually(is_told)


async def test_a_hook_hears_of_periodic_jobs_though_its_client_has_none(start_client: StartClient) -> None:
    starts = Starts()
    starts.told.append([])
    await start_client(plugins=[starts])

    async def is_told() -> bool:
        return len(starts.told) == 2

    await eventually(is_told)
