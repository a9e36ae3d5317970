"""What a worker writes of its job in its own transaction: its completion, and how far it is."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from revenge.infra.jobs import (
    AttemptLost,
    Client,
    ClientConfig,
    InsertOpts,
    Job,
    JobArgs,
    JobState,
    LinearRetry,
    Snooze,
    Worker,
    Workers,
)
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.resumable import CURSORS, STEP, Cursor
from tests.fakes.engine import ActArgs, Actor, eventually, nothing

AddRow = Callable[..., Awaitable[int]]
StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=30)


@pytest.fixture(autouse=True)
async def ledger(pool: asyncpg.Pool) -> None:
    """What workers change besides."""
    await pool.execute("CREATE TABLE ledger (job_id bigint, what text)")


async def written(pool: asyncpg.Pool) -> list[str]:
    return [row["what"] for row in await pool.fetch("SELECT what FROM ledger ORDER BY what")]


async def note(conn: Any, job: Job[Any], what: str = "done") -> None:
    await conn.execute("INSERT INTO ledger VALUES ($1, $2)", job.id, what)


async def settled(node: Client) -> None:
    """Wait until the node has nothing left to write."""
    runtime = node._runtime
    assert runtime is not None

    async def idle() -> bool:
        return len(runtime._executor) == 0 and runtime._completer.unwritten == 0

    await eventually(idle)


def stale(node: Client) -> int:
    assert node._runtime is not None
    return node._runtime._completer.stale


# Completion


async def test_the_job_is_completed_with_what_its_worker_changed(start_client: StartClient, pool: asyncpg.Pool) -> None:
    committed, go_on = asyncio.Event(), asyncio.Event()

    async def behave(job: Job[Any]) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await note(conn, job)
            job.set_metadata("mine", 1)
            await job.complete(conn=conn, output={"rows": 3})
            assert (await node.get(job.id)).state is JobState.RUNNING
        committed.set()
        await go_on.wait()

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    await committed.wait()
    row = await node.get(job_id)
    assert (row.state, row.output, row.metadata["mine"], row.errors) == (JobState.COMPLETED, {"rows": 3}, 1, [])
    assert row.finalized_at is not None
    assert await written(pool) == ["done"]
    go_on.set()
    await settled(node)
    assert await node.get(job_id) == row
    assert stale(node) == 0


@pytest.mark.parametrize("how", ["raises", "snoozes", "returns"])
async def test_nothing_that_follows_changes_a_committed_completion(
    start_client: StartClient, pool: asyncpg.Pool, how: str
) -> None:
    async def behave(job: Job[Any]) -> object:
        async with pool.acquire() as conn, conn.transaction():
            await job.complete(conn=conn)
        match how:
            case "raises":
                raise ValueError("too late")
            case "snoozes":
                return Snooze(timedelta(hours=1))
        return "more"

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    await settled(node)
    after = await node.get(job_id)
    assert (after.state, after.attempt, after.errors) == (JobState.COMPLETED, 1, [])
    assert (after.finalized_at, after.scheduled_at) == (row.finalized_at, row.scheduled_at)
    assert after.output == ("more" if how == "returns" else None)
    assert stale(node) == 0


@pytest.mark.parametrize("fails", [True, False])
async def test_a_completion_that_is_rolled_back_leaves_the_attempt_to_end_as_it_does(
    start_client: StartClient, pool: asyncpg.Pool, fails: bool
) -> None:
    async def behave(job: Job[Any]) -> object:
        async with pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            await note(conn, job)
            await job.complete(conn=conn, output="lost")
            await transaction.rollback()
        if fails and job.attempt == 1:
            raise ValueError("rolled back")
        return "kept"

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.output) == (JobState.COMPLETED, "kept")
    assert [error.error for error in row.errors] == (["ValueError: rolled back"] if fails else [])
    assert await written(pool) == []


async def test_a_second_try_after_a_rollback_completes_it(start_client: StartClient, pool: asyncpg.Pool) -> None:
    async def behave(job: Job[Any]) -> None:
        for is_last in (False, True):
            async with pool.acquire() as conn:
                transaction = conn.transaction()
                await transaction.start()
                await note(conn, job)
                await job.complete(conn=conn)
                await job.complete(conn=conn)  # once more changes nothing
                await (transaction.commit() if is_last else transaction.rollback())
        raise ValueError("too late")

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert row.state is JobState.COMPLETED
    assert await written(pool) == ["done"]


@pytest.mark.parametrize(
    "taken",
    [
        "UPDATE river_job SET state = 'available'",
        "UPDATE river_job SET attempt = attempt + 1",
        "UPDATE river_job SET attempted_at = now() + interval '1 s'",
        "UPDATE river_job SET state = 'cancelled', finalized_at = now()",
        "DELETE FROM river_job",
    ],
)
async def test_a_worker_whose_attempt_was_taken_away_is_told(
    start_client: StartClient, pool: asyncpg.Pool, taken: str
) -> None:
    told = asyncio.get_running_loop().create_future()

    async def behave(job: Job[Any]) -> None:
        if told.done():
            return
        await pool.execute(taken)
        try:
            async with pool.acquire() as conn, conn.transaction():
                await note(conn, job)
                await job.complete(conn=conn)
        except AttemptLost as error:
            told.set_result(error)

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    error = await asyncio.wait_for(told, LIMIT.total_seconds())
    assert (error.job_id, error.attempt) == (job_id, 1)
    assert await written(pool) == []


class BlockingArgs(JobArgs, kind="blocking"):
    """Arguments of a job that runs in a thread."""


class Blocking(Worker[BlockingArgs]):
    """Does its work by a connection that blocks."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def work(self, job: Job[BlockingArgs]) -> None:
        with psycopg.connect(self._dsn) as conn:
            conn.execute("INSERT INTO ledger VALUES (%s, 'thread')", (job.id,))
            assert job.client.is_running
            job.complete_blocking(conn=conn, output="by a thread")
        raise ValueError("too late")


async def test_a_thread_completes_by_a_connection_that_blocks(
    start_client: StartClient, pool: asyncpg.Pool, database: str
) -> None:
    node = await start_client(Blocking(database))
    row = await node.wait((await node.insert(BlockingArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.output, row.errors) == (JobState.COMPLETED, "by a thread", [])
    assert await written(pool) == ["thread"]


class ApartArgs(JobArgs, kind="apart"):
    """Arguments of a job that runs in a process."""


class Apart(Worker[ApartArgs], runs_in="process"):
    """Tries what only works beside the client."""

    retry_policy = LinearRetry(step=timedelta(hours=1))

    @staticmethod
    def work(job: Job[ApartArgs]) -> object:
        try:
            job.complete_blocking(conn=None)  # type: ignore[arg-type]  # there is no use for one
        except RuntimeError as error:
            return str(error)
        return None


async def test_a_process_is_told_that_it_cannot(start_client: StartClient) -> None:
    node = await start_client(Apart())
    row = await node.wait((await node.insert(ApartArgs())).job.id, timeout=LIMIT)
    assert "only workers have one that run in the event loop or in a thread" in row.output


async def test_an_output_without_a_json_form_is_told_before_anything_is_written(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    async def behave(job: Job[Any]) -> None:
        async with pool.acquire() as conn, conn.transaction():
            with pytest.raises(TypeError, match="no JSON form"):
                await job.complete(conn=conn, output=object())
            await note(conn, job)

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert row.state is JobState.COMPLETED
    assert await written(pool) == ["done"]


async def test_a_broken_transaction_says_so(start_client: StartClient, pool: asyncpg.Pool) -> None:
    async def behave(job: Job[Any]) -> None:
        if job.attempt > 1:
            return
        async with pool.acquire() as conn, conn.transaction():
            with pytest.raises(asyncpg.PostgresError):
                await conn.execute("SELECT 1 / 0")
            await job.complete(conn=conn)

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 2)
    assert row.errors[0].error.startswith(StoreError.__name__)


@asynccontextmanager
async def psycopg_transaction(dsn: str) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        yield conn


@asynccontextmanager
async def sqlalchemy_transaction(dsn: str, driver: str, *, session: bool = False) -> AsyncIterator[Any]:
    engine = create_async_engine(dsn.replace("postgresql://", f"postgresql+{driver}://"))
    try:
        async with AsyncSession(engine) as own, own.begin():
            yield own if session else await own.connection()
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    "begin",
    [
        psycopg_transaction,
        partial(sqlalchemy_transaction, driver="asyncpg"),
        partial(sqlalchemy_transaction, driver="psycopg"),
        partial(sqlalchemy_transaction, driver="psycopg", session=True),
    ],
)
async def test_any_driver_that_the_engine_knows_will_do(
    start_client: StartClient, database: str, begin: Callable[[str], AbstractAsyncContextManager[Any]]
) -> None:
    async def behave(job: Job[Any]) -> None:
        await job.cursor_step("rows", int, rows, job)
        async with begin(database) as conn:
            await job.complete(conn=conn, output="done")
        raise ValueError("too late")

    async def rows(cursor: Cursor[int], job: Job[Any]) -> None:
        if job.attempt == 1:
            async with begin(database) as conn:
                await cursor.save(7, conn=conn)
            raise ValueError("on")
        assert cursor.value == 7

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.attempt, row.output) == (JobState.COMPLETED, 2, "done")
    assert [error.error for error in row.errors] == ["ValueError: on"]


@pytest.mark.parametrize("session", [True, False])
async def test_sqlalchemy_in_a_thread_will_do(start_client: StartClient, database: str, session: bool) -> None:
    class Mapped(Worker[BlockingArgs]):
        def work(self, job: Job[BlockingArgs]) -> None:
            engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
            with Session(engine) as own, own.begin():
                job.complete_blocking(conn=own if session else own.connection())
            engine.dispose()

    node = await start_client(Mapped())
    row = await node.wait((await node.insert(BlockingArgs())).job.id, timeout=LIMIT)
    await settled(node)
    assert (row.state, stale(node)) == (JobState.COMPLETED, 0)


async def test_a_connection_of_the_wrong_sort_is_told(
    start_client: StartClient, pool: asyncpg.Pool, database: str
) -> None:
    async def behave(job: Job[Any]) -> None:
        with psycopg.connect(database) as blocking, pytest.raises(TypeError, match="asynchronous"):
            await job.complete(conn=blocking)  # type: ignore[arg-type]  # that is the mistake
        async with pool.acquire() as conn:
            with pytest.raises(TypeError, match="block"):
                job.complete_blocking(conn=conn)  # type: ignore[arg-type]  # as above

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.errors) == (JobState.COMPLETED, [])


# Steps


async def test_steps_go_on_where_the_attempt_before_failed(start_client: StartClient, pool: asyncpg.Pool) -> None:
    async def behave(job: Job[Any]) -> object:
        await job.step("download", note, pool, job, "download")
        await job.cursor_step("rows", int, rows, job)
        return "done"

    async def rows(cursor: Cursor[int], job: Job[Any]) -> None:
        for number in range(cursor.value or 0, 3):
            await note(pool, job, f"row {number}")
            cursor.set(number + 1)
            if number == job.attempt - 1:
                raise ValueError("on")

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.attempt, row.output) == (JobState.COMPLETED, 4, "done")
    assert await written(pool) == ["download", "row 0", "row 1", "row 2"]
    # Success writes nothing of it, as in River.
    assert row.metadata[STEP] == "download"
    assert row.metadata[CURSORS] == {"rows": 3}


async def test_an_interrupted_job_goes_on_elsewhere(start_client: StartClient, pool: asyncpg.Pool) -> None:
    begun, ran = asyncio.Event(), list[str]()

    async def behave(job: Job[Any]) -> None:
        await job.step("a", note, pool, job, "a")
        await job.step("b", hold, job)

    async def hold(job: Job[Any]) -> None:
        ran.append(job.client.config.client_id)
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()

    first = await start_client(behave, client_id="first")
    job_id = (await first.insert(ActArgs())).job.id
    await begun.wait()
    await first.stop(soft=timedelta(0))
    second = await start_client(behave, client_id="second")
    row = await second.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.metadata[STEP]) == (JobState.COMPLETED, 1, "a")
    assert ran == ["first", "second"]
    assert await written(pool) == ["a"]


async def test_a_checkpoint_is_the_transactions(start_client: StartClient, pool: asyncpg.Pool) -> None:
    """What is rolled back with its transaction is done again; what it committed is not, though the worker dies then."""
    seen: list[object] = []

    async def behave(job: Job[Any]) -> None:
        await job.step("charge", charge, job)
        await job.cursor_step("rows", int, rows, job)

    async def charge(job: Job[Any]) -> None:
        seen.append("charge")
        async with pool.acquire() as conn, conn.transaction():
            await note(conn, job, "charge")
            await job.save_step(conn=conn)
            if job.attempt == 1:
                raise ValueError("rolled back")
        if job.attempt == 2:
            raise ValueError("after the commit")

    async def rows(cursor: Cursor[int], job: Job[Any]) -> None:
        seen.append(cursor.value)
        async with pool.acquire() as conn, conn.transaction():
            await note(conn, job, "row")
            await cursor.save((cursor.value or 0) + 1, conn=conn)
        if cursor.value != 2:
            raise ValueError("again")

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert [error.error for error in row.errors] == [
        "ValueError: rolled back",
        "ValueError: after the commit",
        "ValueError: again",
    ]
    assert seen == ["charge", "charge", None, 1]
    assert await written(pool) == ["charge", "row", "row"]
    assert row.metadata[STEP] == "rows"


async def test_a_checkpoint_that_was_rolled_back_is_not_stored_at_the_end(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    async def behave(job: Job[Any]) -> None:
        await job.step("a", nothing, job)
        await job.cursor_step("b", int, rows, job)

    async def rows(cursor: Cursor[int], job: Job[Any]) -> None:
        if job.attempt > 1:
            return
        cursor.set(1)
        async with pool.acquire() as conn, conn.transaction():
            await cursor.save(2, conn=conn)
            raise ValueError("rolled back")

    node = await start_client(behave)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    # As in River: the transaction owned it all, the step before too.
    assert (row.state, row.attempt, row.metadata) == (JobState.COMPLETED, 2, {})


async def test_a_checkpoint_of_a_lost_attempt_is_told(start_client: StartClient, pool: asyncpg.Pool) -> None:
    told = asyncio.get_running_loop().create_future()

    async def charge(job: Job[Any]) -> None:
        await pool.execute("UPDATE river_job SET attempted_at = now() + interval '1 s'")
        try:
            async with pool.acquire() as conn, conn.transaction():
                await note(conn, job)
                await job.save_step(conn=conn)
        except AttemptLost as error:
            told.set_result(error)

    async def behave(job: Job[Any]) -> None:
        await job.step("charge", charge, job)

    node = await start_client(behave)
    await node.insert(ActArgs())
    await asyncio.wait_for(told, LIMIT.total_seconds())
    assert await written(pool) == []


class StepwiseArgs(JobArgs, kind="stepwise"):
    """Arguments of a job with steps in a thread."""


class Stepwise(Worker[StepwiseArgs]):
    """Works in steps, in a thread."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.seen: list[object] = []

    def work(self, job: Job[StepwiseArgs]) -> None:
        job.step("first", self.seen.append, "first")
        job.step("charge", self._charge, job)
        job.cursor_step("rows", int, self._rows, job)

    def _charge(self, job: Job[StepwiseArgs]) -> None:
        self.seen.append("charge")
        with psycopg.connect(self._dsn) as conn:
            job.save_step_blocking(conn=conn)
        if job.attempt == 1:
            raise ValueError("after the commit")

    def _rows(self, cursor: Cursor[int], job: Job[StepwiseArgs]) -> None:
        self.seen.append(cursor.value)
        with psycopg.connect(self._dsn) as conn:
            cursor.save_blocking(5, conn=conn)
        if job.attempt == 2:
            raise ValueError("on")


async def test_threads_have_all_of_it(start_client: StartClient, database: str) -> None:
    worker = Stepwise(database)
    node = await start_client(worker)
    row = await node.wait((await node.insert(StepwiseArgs())).job.id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 3)
    assert worker.seen == ["first", "charge", None, 5]


# The client


async def test_a_worker_asks_its_own_client(start_client: StartClient, pool: asyncpg.Pool) -> None:
    async def behave(job: Job[Any]) -> object:
        async with job.client.once_per_cluster("prune", ttl=timedelta(minutes=1)) as hold:
            return [job.client.config.client_id, job.client.is_leader, bool(hold)]

    node = await start_client(behave, client_id="leading")

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads)
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert row.output == ["leading", True, True]


async def test_each_worker_has_its_own_client_though_another_woke_it(start_client: StartClient) -> None:
    """A client that a worker inserts by begins its own work in that worker's context."""

    async def tell(job: Job[Any]) -> str:
        return job.client.config.client_id

    other = await start_client(tell, client_id="other", queues={"low": 2})

    async def behave(job: Job[Any]) -> object:
        inserted = await other.insert(ActArgs(), InsertOpts(queue="low"))
        return [job.client.config.client_id, (await other.wait(inserted.job.id, timeout=LIMIT)).output]

    node = await start_client(behave, client_id="one")
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert row.output == ["one", "other"]


async def test_there_is_no_client_outside_of_workers(start_client: StartClient) -> None:
    jobs: list[Job[Any]] = []

    async def behave(job: Job[Any]) -> None:
        jobs.append(job)

    node = await start_client(behave)
    await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    with pytest.raises(RuntimeError, match="there is no client here"):
        _ = jobs[0].client


class ApartStepsArgs(JobArgs, kind="apart_steps"):
    """Arguments of a job with steps in a process."""

    path: str


class ApartSteps(Worker[ApartStepsArgs], runs_in="process"):
    """Works in steps, in a process; what ran is in a file."""

    @staticmethod
    def work(job: Job[ApartStepsArgs]) -> None:
        def note_down(what: object) -> None:
            with open(job.args.path, "a") as file:
                file.write(f"{what}\n")

        def rows(cursor: Cursor[int]) -> object:
            note_down(cursor.value)
            cursor.set(job.attempt)
            if job.attempt == 1 and "snoozes" not in job.metadata:
                return Snooze(timedelta(0))
            if job.attempt == 1:
                raise ValueError("no")
            return None

        job.step("first", note_down, "first")
        job.cursor_step("rows", int, rows)
        job.step("last", note_down, "last")


async def test_processes_have_steps_too(start_client: StartClient, tmp_path: Path) -> None:
    node = await start_client(ApartSteps())
    path = tmp_path / "ran"
    row = await node.wait((await node.insert(ApartStepsArgs(path=str(path)))).job.id, timeout=LIMIT)
    assert row.state is JobState.COMPLETED
    assert [error.error for error in row.errors] == ["ValueError: no"]
    assert path.read_text().split() == ["first", "None", "1", "1", "last"]


async def test_a_process_meets_steps_that_are_gone(start_client: StartClient) -> None:
    node = await start_client(Apart())
    opts = InsertOpts(metadata={STEP: "old"})
    job_id = (await node.insert(ApartArgs(), opts)).job.id

    async def failed() -> bool:
        return (await node.get(job_id)).state is JobState.RETRYABLE

    await eventually(failed, within=LIMIT)
    row = await node.get(job_id)
    assert row.errors[0].error == 'river: resumable step "old" not found in Worker'


async def transact(job: Job[ActArgs]) -> None:
    """Complete the job by a connection to the database that its arguments name, and say which process did."""

    async def never() -> None:
        raise AssertionError

    async def finish() -> None:
        conn = await asyncpg.connect(job.args.what)
        async with conn.transaction():
            await job.complete(conn=conn, output=os.getpid())
        await conn.close()

    await job.step("a", never)
    await job.step("b", finish)
    assert job.client.config.client_id == "apart"
    raise ValueError("too late")


@asynccontextmanager
async def client_apart(dsn: str) -> AsyncIterator[Client]:
    """Make the client of a suspect's process."""
    async with asyncpg.create_pool(dsn, min_size=0) as pool:
        yield Client(pool, config=ClientConfig(client_id="apart"), workers=Workers([Actor(transact)]), schema="public")


async def test_a_suspect_has_all_of_it_in_its_own_process(pool: asyncpg.Pool, database: str, add_row: AddRow) -> None:
    metadata = orjson.dumps({"revenge:lost": 2, STEP: "a"}).decode()
    job_id = await add_row(args=orjson.dumps({"what": database}).decode(), metadata=metadata)
    node = Client(
        pool,
        config=ClientConfig(queues={"default": 1}, client_id="here"),
        workers=Workers([Actor(transact)]),
        schema="public",
        isolate=partial(client_apart, database),
    )
    await node.start()
    try:
        row = await node.wait(job_id, timeout=LIMIT * 3)
        await settled(node)
        assert stale(node) == 0
    finally:
        await node.stop(soft=timedelta(0))
    assert (row.state, row.errors) == (JobState.COMPLETED, [])
    assert isinstance(row.output, int)
    assert row.output != os.getpid()
