"""Jobs go into the caller's transaction, the same whatever driver the caller has."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from revenge.infra.jobs import (
    Client,
    InsertOpts,
    InvalidJob,
    JobArgs,
    JobIsRunning,
    JobListParams,
    JobNotFound,
    JobOrder,
    JobState,
    StoreError,
    SyncClient,
    UniqueConflict,
    UniqueKeyTaken,
    UniqueOpts,
    UnknownKind,
    Workers,
)
from tests.fakes.engine import ActArgs

AddRow = Callable[..., Awaitable[int]]
ONCE = InsertOpts(unique=UniqueOpts(by_args=True))
AT = datetime(2030, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


class Odd(JobArgs, kind="odd"):
    """What needs care on its way through a driver."""

    text: str = 'a\tb\\c\nd\r"e" %s $1 :name {x} né \u2028'
    number: float = 1e21
    nothing: None = None


OPTIONS = {
    "plain": None,
    "all": InsertOpts(
        queue="bulk",
        priority=3,
        max_attempts=7,
        scheduled_at=AT,
        tags=["one_tag", "two-tag"],
        metadata={"by": 'me\\"\t', "n": [1, None]},
        unique=UniqueOpts(by_args=True, by_period=timedelta(hours=1), by_queue=True),
    ),
    "pending": InsertOpts(pending=True, unique=UniqueOpts(by_queue=True)),
}


@dataclass
class Driver:
    """A way to call the engine on the caller's connection, with that connection's transactions."""

    begin: Callable[[], AbstractAsyncContextManager[Any]]
    """Give a connection inside a transaction that commits when the block ends well, and else rolls back."""
    query: Callable[[Any, str], Awaitable[Any]]
    """Run a statement on the connection, as the caller does."""
    blocks: bool = False

    def __post_init__(self) -> None:
        self.client = Client(None, schema="public")
        self.sync = SyncClient(schema="public")

    async def __call__(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if self.blocks:
            return getattr(self.sync, method)(*args, **kwargs)
        return await getattr(self.client, method)(*args, **kwargs)


def _on(dsn: str, driver: str) -> str:
    return dsn.replace("postgresql://", f"postgresql+{driver}://")


@asynccontextmanager
async def _asyncpg(dsn: str) -> AsyncIterator[Driver]:
    conn = await asyncpg.connect(dsn)

    @asynccontextmanager
    async def begin() -> AsyncIterator[Any]:
        async with conn.transaction():
            yield conn

    yield Driver(begin, lambda conn, sql: conn.fetch(sql))
    await conn.close()


def _refused(value: object) -> str:
    raise TypeError(f"an encoder of the caller's own takes no {type(value).__name__}")


@asynccontextmanager
async def _asyncpg_with_codecs(dsn: str) -> AsyncIterator[Driver]:
    """A connection as asyncpg's manual recommends it for JSON, and with times as a user may want them."""
    async with _asyncpg(dsn) as driver:
        async with driver.begin() as conn:
            for name in ("json", "jsonb"):
                await conn.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
            await conn.set_type_codec("timestamptz", encoder=_refused, decoder=str, schema="pg_catalog")
        yield driver


@asynccontextmanager
async def _psycopg_async(dsn: str) -> AsyncIterator[Driver]:
    async with await psycopg.AsyncConnection.connect(dsn, row_factory=psycopg.rows.dict_row) as conn:
        await conn.execute("SET TIME ZONE 'Asia/Kolkata'")
        await conn.commit()

        @asynccontextmanager
        async def begin() -> AsyncIterator[Any]:
            # The usual way: a transaction begins by itself.
            try:
                yield conn
            except BaseException:
                await conn.rollback()
                raise
            await conn.commit()

        yield Driver(begin, lambda conn, sql: conn.execute(sql))


@asynccontextmanager
async def _psycopg_sync(dsn: str) -> AsyncIterator[Driver]:
    with psycopg.connect(dsn, autocommit=True) as conn:

        @asynccontextmanager
        async def begin() -> AsyncIterator[Any]:
            with conn.transaction():
                yield conn

        async def query(conn: Any, sql: str) -> Any:
            return conn.execute(sql)

        yield Driver(begin, query, blocks=True)


def _sqlalchemy_async(driver: str, kind: str) -> Callable[[str], AbstractAsyncContextManager[Driver]]:
    @asynccontextmanager
    async def make(dsn: str) -> AsyncIterator[Driver]:
        engine = create_async_engine(_on(dsn, driver))

        @asynccontextmanager
        async def begin() -> AsyncIterator[Any]:
            if kind == "connection":
                async with engine.begin() as conn:
                    yield conn
            elif kind == "session":
                async with AsyncSession(engine) as session, session.begin():
                    yield session
            else:
                scoped = async_scoped_session(async_sessionmaker(engine), scopefunc=asyncio.current_task)
                async with scoped.begin():
                    yield scoped
                await scoped.remove()

        yield Driver(begin, lambda conn, sql: conn.execute(text(sql)))
        await engine.dispose()

    return make


def _sqlalchemy_sync(kind: str) -> Callable[[str], AbstractAsyncContextManager[Driver]]:
    @asynccontextmanager
    async def make(dsn: str) -> AsyncIterator[Driver]:
        engine = create_engine(_on(dsn, "psycopg"))

        @asynccontextmanager
        async def begin() -> AsyncIterator[Any]:
            if kind == "connection":
                with engine.begin() as conn:
                    yield conn
            elif kind == "session":
                with Session(engine) as session, session.begin():
                    yield session
            else:
                scoped = scoped_session(sessionmaker(engine))
                with scoped.begin():
                    yield scoped
                scoped.remove()

        async def query(conn: Any, sql: str) -> Any:
            return conn.execute(text(sql))

        yield Driver(begin, query, blocks=True)
        engine.dispose()

    return make


DRIVERS = {
    "asyncpg": _asyncpg,
    "asyncpg with codecs": _asyncpg_with_codecs,
    "psycopg": _psycopg_async,
    "psycopg sync": _psycopg_sync,
    "sqlalchemy asyncpg": _sqlalchemy_async("asyncpg", "connection"),
    "sqlalchemy asyncpg session": _sqlalchemy_async("asyncpg", "session"),
    "sqlalchemy asyncpg scoped": _sqlalchemy_async("asyncpg", "scoped"),
    "sqlalchemy psycopg": _sqlalchemy_async("psycopg", "connection"),
    "sqlalchemy psycopg session": _sqlalchemy_async("psycopg", "session"),
    "sqlalchemy sync": _sqlalchemy_sync("connection"),
    "sqlalchemy sync session": _sqlalchemy_sync("session"),
    "sqlalchemy sync scoped": _sqlalchemy_sync("scoped"),
}


@pytest.fixture(params=list(DRIVERS))
async def driver(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Driver]:
    async with DRIVERS[request.param](database) as driver:
        yield driver


ROW = "SELECT (to_jsonb(j) - '{id,created_at}'::text[])::text FROM river_job AS j ORDER BY id"


async def _only_row(pool: asyncpg.Pool) -> str:
    """Return the one row but for its id and time of birth, and make room for the next."""
    found = [record[0] for record in await pool.fetch(ROW)]
    await pool.execute("DELETE FROM river_job")
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("options", list(OPTIONS))
async def test_the_row_is_the_same_byte_for_byte(driver: Driver, pool: asyncpg.Pool, options: str, fast: bool) -> None:
    opts = OPTIONS[options] or InsertOpts(scheduled_at=AT)  # of two rows in their times, none is the same
    theirs = Client(pool, schema="public")
    await theirs.insert_many([(Odd(), opts)])
    expected = await _only_row(pool)
    async with driver.begin() as conn:
        if fast:
            assert await driver("insert_many_fast", [(Odd(), opts)], conn=conn) == 1
        else:
            await driver("insert", Odd(), opts, conn=conn)
    if options == "pending":
        await pool.execute("UPDATE river_job SET scheduled_at = $1", AT)
        expected = json.dumps(json.loads(expected) | {"scheduled_at": "X"})
        found = json.dumps(json.loads(await _only_row(pool)) | {"scheduled_at": "X"})
        assert found == expected
    else:
        assert await _only_row(pool) == expected


async def test_the_result_is_the_row_and_a_duplicate_is_said_to_be_one(driver: Driver, pool: asyncpg.Pool) -> None:
    async with driver.begin() as conn:
        first, again, other = await driver("insert_many", [(Odd(), ONCE), (Odd(), ONCE), ActArgs()], conn=conn)
    async with driver.begin() as conn:
        later = await driver("insert", Odd(), ONCE, conn=conn)
    assert [result.duplicate for result in (first, again, other, later)] == [False, True, False, True]
    assert first.job.id == again.job.id == later.job.id != other.job.id
    assert first.job == later.job == await Client(pool, schema="public").get(first.job.id)
    assert later.job.created_at.tzinfo is UTC or later.job.created_at.utcoffset() == timedelta(0)
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 2


@pytest.mark.parametrize("fast", [False, True])
async def test_nothing_is_left_of_a_transaction_that_is_rolled_back(
    driver: Driver, pool: asyncpg.Pool, fast: bool
) -> None:
    with pytest.raises(RuntimeError, match="the caller's own"):  # noqa: PT012 - a transaction is what is tested
        async with driver.begin() as conn:
            # Before any statement of the caller's, so that nothing but the engine's has begun the transaction.
            await driver("insert_many_fast" if fast else "insert_many", [ActArgs(), ActArgs()], conn=conn)
            await driver.query(conn, "CREATE TABLE own_table ()")
            assert await pool.fetchval("SELECT count(*) FROM river_job") == 0
            raise RuntimeError("the caller's own")
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 0
    async with driver.begin() as conn:
        await driver.query(conn, "CREATE TABLE own_table ()")
        await driver("insert_many_fast" if fast else "insert_many", [ActArgs(), ActArgs()], conn=conn)
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 2


@pytest.mark.parametrize("fast", [False, True])
async def test_the_queue_is_told_when_the_transaction_commits(
    driver: Driver, database: str, pool: asyncpg.Pool, fast: bool
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = await asyncpg.connect(database)
    await listening.add_listener("public.river_insert", lambda *args: heard.put_nowait(args[3]))
    try:
        async with driver.begin() as conn:
            await driver("insert_many_fast" if fast else "insert_many", [ActArgs()], conn=conn)
            await pool.execute("SELECT pg_notify('public.river_insert', 'before the commit')")
            assert await asyncio.wait_for(heard.get(), 30) == "before the commit"
        assert await asyncio.wait_for(heard.get(), 30) == '{"queue": "default"}'
    finally:
        await listening.close()


async def test_single_jobs_change_in_the_callers_transaction(driver: Driver, pool: asyncpg.Pool) -> None:
    async with driver.begin() as conn:
        job = (await driver("insert", ActArgs(what="x"), InsertOpts(scheduled_at=AT), conn=conn)).job
        assert await driver("get", job.id, conn=conn) == job
        assert (await driver("cancel", job.id, conn=conn)).state is JobState.CANCELLED
        assert (await driver("retry", job.id, conn=conn)).state is JobState.AVAILABLE
    assert (await Client(pool, schema="public").get(job.id)).state is JobState.AVAILABLE
    with pytest.raises(JobNotFound, match=f"no job {job.id}"):  # noqa: PT012 - as above
        async with driver.begin() as conn:
            assert (await driver("delete", job.id, conn=conn)).id == job.id
            await driver("get", job.id, conn=conn)
    assert (await Client(pool, schema="public").get(job.id)).state is JobState.AVAILABLE


@pytest.mark.parametrize("driver", [name for name in DRIVERS if " sync" not in name], indirect=True)
async def test_lists_are_paged_by_any_filter_in_any_order(driver: Driver) -> None:
    async with driver.begin() as conn:
        opts = InsertOpts(scheduled_at=AT, metadata={"by": "me"}, tags=["one_tag"], priority=2)
        jobs = [(await driver("insert", ActArgs(number=n), opts, conn=conn)).job for n in range(3)]
        await driver("insert", ActArgs(), conn=conn)
        for params in (
            JobListParams(limit=2, order_by=JobOrder.SCHEDULED_AT, descending=False, metadata={"by": "me"}),
            JobListParams(limit=2, descending=False, ids=[job.id for job in jobs]),
            JobListParams(limit=2, order_by=JobOrder.TIME, states=[JobState.SCHEDULED], descending=False),
            JobListParams(limit=2, descending=False, tags_any=["one_tag"], tags=["one_tag"], priorities=[2]),
        ):
            first = await driver("list", params, conn=conn)
            second = await driver("list", replace(params, cursor=first.next_cursor), conn=conn)
            assert [*first.jobs, *second.jobs] == jobs
        newest = await driver("list", JobListParams(limit=1, states=[JobState.SCHEDULED]), conn=conn)
        assert newest.jobs == jobs[2:]


async def test_no_style_of_dates_of_the_callers_session_has_a_say(driver: Driver, pool: asyncpg.Pool) -> None:
    theirs = Client(pool, schema="public")
    async with driver.begin() as conn:
        await driver.query(conn, "SET LOCAL datestyle = 'German, DMY'")
        jobs = await driver(
            "insert_many", [ActArgs(), (ActArgs(), InsertOpts(scheduled_at=AT)), (Odd(), ONCE)], conn=conn
        )
        again = await driver("insert", Odd(), ONCE, conn=conn)
        cancelled = await driver("cancel", jobs[1].job.id, conn=conn)
    assert again.duplicate
    assert [result.job for result in (jobs[0], again)] == [await theirs.get(jobs[n].job.id) for n in (0, 2)]
    assert jobs[1].job.scheduled_at == AT
    assert cancelled == await theirs.get(jobs[1].job.id)


async def test_a_row_with_everything_in_it_reads_the_same(driver: Driver, pool: asyncpg.Pool, add_row: AddRow) -> None:
    job_id = await add_row(
        "running",
        errors='{"{\\"at\\": \\"2026-01-02T03:04:05Z\\", \\"attempt\\": 1, \\"error\\": \\"e\\", \\"trace\\": \\"t\\"}"}',
        attempted_by="{one,two}",
        tags="{a_tag}",
        metadata='{"output": {"n": 1}}',
        args='{"n": 123456789012345678901234567890}',
    )
    expected = await Client(pool, schema="public").get(job_id)
    async with driver.begin() as conn:
        assert await driver("get", job_id, conn=conn) == expected
    with pytest.raises(JobIsRunning):
        async with driver.begin() as conn:
            await driver("delete", job_id, conn=conn)


async def test_what_goes_wrong_is_the_engines_error_and_names_no_argument(driver: Driver) -> None:
    async with driver.begin() as conn:
        first = (await driver("insert", ActArgs(), ONCE, conn=conn)).job
    with pytest.raises(UniqueKeyTaken, match="23505"):
        async with driver.begin() as conn:
            await driver("insert_many_fast", [ActArgs(number=7), (ActArgs(), ONCE)], conn=conn)
    async with driver.begin() as conn:
        await driver("cancel", first.id, conn=conn)
        await driver("insert", ActArgs(), ONCE, conn=conn)
    with pytest.raises(UniqueConflict):
        async with driver.begin() as conn:
            await driver("retry", first.id, conn=conn)
    with pytest.raises(StoreError, match="22P05") as refused:
        async with driver.begin() as conn:
            await driver("insert", ActArgs(what="hush\0hush"), conn=conn)
    assert (refused.value.retryable, refused.value.is_refusal) == (False, True)
    assert "hush" not in f"{refused.value} {refused.value.__cause__}"
    with pytest.raises(InvalidJob, match="priority must be 1 to 4"):
        async with driver.begin() as conn:
            await driver("insert", ActArgs(), InsertOpts(priority=5), conn=conn)


@pytest.mark.parametrize("method", ["insert_many", "insert_many_fast"])
async def test_a_row_that_a_constraint_refuses_is_not_quoted(driver: Driver, pool: asyncpg.Pool, method: str) -> None:
    await pool.execute("ALTER TABLE river_job ADD CONSTRAINT no_bulk CHECK (queue <> 'bulk')")
    with pytest.raises(StoreError, match="no_bulk") as refused:
        async with driver.begin() as conn:
            await driver(method, [(ActArgs(what="hush"), InsertOpts(queue="bulk"))], conn=conn)
    assert "hush" not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize("driver", [name for name in DRIVERS if "asyncpg" in name], indirect=True)
async def test_what_a_driver_cannot_encode_is_not_quoted(driver: Driver) -> None:
    for given, told in (
        (11_111_111_111_111_111_111_111, r"\$1 \(value out of int64 range\)"),
        ("1111_hush", r"\$1 \(SQL"),
    ):
        with pytest.raises(StoreError, match=f"job_get failed: invalid input for query argument {told}") as refused:
            async with driver.begin() as conn:
                await driver("get", given, conn=conn)
        assert "1111" not in f"{refused.value} {refused.value.__cause__}"


async def test_without_the_engines_tables_it_is_said_how_to_make_them(driver: Driver, pool: asyncpg.Pool) -> None:
    await pool.execute("ALTER TABLE river_job RENAME TO elsewhere")
    with pytest.raises(StoreError, match=r"42P01\); run: revenge migrate up$"):
        async with driver.begin() as conn:
            await driver("insert", ActArgs(), conn=conn)


@pytest.mark.parametrize("method", ["insert", "insert_many_fast"])
async def test_an_encoding_without_the_arguments_characters_is_a_refusal(
    database: str, pool: asyncpg.Pool, method: str
) -> None:
    odd = ActArgs(what="hush \u65e5")
    with psycopg.connect(database, options="-c client_encoding=latin1") as conn:
        with pytest.raises(StoreError, match="client_encoding") as refused:
            getattr(SyncClient(schema="public"), method)([odd] if "many" in method else odd, conn=conn)
        assert (refused.value.retryable, refused.value.is_refusal) == (False, True)
        assert "hush" not in f"{refused.value} {refused.value.__cause__}"
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 0


async def test_a_connection_that_is_gone_is_worth_another_try(driver: Driver, pool: asyncpg.Pool) -> None:
    lost: StoreError | None = None
    with suppress(Exception):  # the end of the transaction may raise something of the driver's own
        async with driver.begin() as conn:
            await driver.query(conn, "SELECT 1")
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            try:
                await driver("insert", ActArgs(), conn=conn)
            except StoreError as error:
                lost = error
    assert lost is not None
    assert lost.retryable


async def test_without_a_schema_the_connections_own_is_told(database: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = await asyncpg.connect(database)
    await listening.add_listener("public.river_insert", lambda *args: heard.put_nowait(args[3]))
    with psycopg.connect(database, options="-c search_path=public") as conn:
        SyncClient().insert(ActArgs(), conn=conn)
    assert await asyncio.wait_for(heard.get(), 30) == '{"queue": "default"}'
    await listening.close()


@pytest.mark.parametrize("path", ["elsewhere, public", "public"])
async def test_a_client_whose_channels_are_of_another_schema_than_its_tables_says_so(
    database: str, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    await pool.execute("CREATE SCHEMA elsewhere")
    client = SyncClient()
    with psycopg.connect(database, options=f"-c search_path={path.replace(' ', '')}") as conn:
        client.insert(ActArgs(), conn=conn)
        client.insert(ActArgs(), conn=conn)
    assert caplog.messages.count("client.schema") == (path != "public")


async def test_a_raw_insert_and_the_check_of_kinds_are_shared(driver: Driver) -> None:
    for client in (driver.client, driver.sync):
        client.workers = Workers()
        client.workers.declare(ActArgs)
    async with driver.begin() as conn:
        assert (await driver("insert_raw", "act", {"what": "x"}, conn=conn)).job.args == {"what": "x", "number": 0}
        with pytest.raises(UnknownKind):
            await driver("insert_raw", "nobody", {}, conn=conn)


async def test_a_synchronous_client_works_inside_run_sync(database: str, pool: asyncpg.Pool) -> None:
    """SQLAlchemy's events and much of an ORM's code are synchronous on an asynchronous engine, too."""
    client = SyncClient(schema="public")
    for driver in ("asyncpg", "psycopg"):
        engine = create_async_engine(_on(database, driver))
        async with AsyncSession(engine) as session, session.begin():
            await session.run_sync(lambda session: client.insert(ActArgs(), conn=session))
            await session.run_sync(lambda session: client.insert_many_fast([ActArgs(), ActArgs()], conn=session))
        await engine.dispose()
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 6


@pytest.mark.parametrize("autocommit", [False, True])
async def test_a_psycopg_pipeline_takes_inserts_among_its_own_statements(
    database: str, pool: asyncpg.Pool, autocommit: bool
) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=autocommit) as conn,
        conn.pipeline(),
        conn.cursor() as cursor,
    ):
        await cursor.execute("SELECT 7")
        job = (await Client(None).insert(ActArgs(), ONCE, conn=conn)).job
        assert (await Client(None).insert(ActArgs(), ONCE, conn=conn)).job.id == job.id
        assert await cursor.fetchone() == (7,)
        with pytest.raises(JobNotFound):
            await Client(None).get(job.id + 1, conn=conn)
    with psycopg.connect(database, autocommit=autocommit) as blocking, blocking.pipeline():
        SyncClient().cancel(job.id, conn=blocking)
    assert (await Client(pool).get(job.id)).state is JobState.CANCELLED


async def test_a_connection_of_the_wrong_sort_says_what_is_wanted(database: str) -> None:
    strange: Any = object()
    with psycopg.connect(database) as blocking:
        conn: Any = blocking
        with pytest.raises(TypeError, match=r"Client takes asynchronous connections.*psycopg\.Connection"):
            await Client(None).insert(ActArgs(), conn=conn)
    with pytest.raises(TypeError, match="SyncClient those that block"):
        async with await psycopg.AsyncConnection.connect(database) as conn:
            SyncClient().insert(ActArgs(), conn=conn)
    with pytest.raises(TypeError, match=r"asyncpg, psycopg 3 or SQLAlchemy 2.*builtins\.object"):
        await Client(None).insert(ActArgs(), conn=strange)
    with pytest.raises(TypeError, match="no pool of its own"):
        await Client(None).insert(ActArgs())


async def test_other_databases_and_drivers_of_sqlalchemys_are_refused() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as conn, pytest.raises(TypeError, match=r"asyncpg or psycopg, got sqlite\+pysqlite"):
        SyncClient().insert(ActArgs(), conn=conn)
    engine.dispose()
