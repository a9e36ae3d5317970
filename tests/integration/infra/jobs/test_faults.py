"""The database goes away in every way it can: nothing is lost, nothing is worked twice, and a stop ends in time."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.jobs import Client, Job, JobState, StopConfig
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=40)
PROMPT = timedelta(milliseconds=100)


class Ledger:
    """Counts how often each claim, and each job, was worked."""

    def __init__(self) -> None:
        self.claims: Counter[tuple[int, Any]] = Counter()
        self.jobs: Counter[int] = Counter()

    async def __call__(self, job: Job[Any]) -> None:
        self.claims[job.id, job.attempted_at] += 1
        await SystemClock().sleep(timedelta(milliseconds=1))
        self.jobs[job.id] += 1


async def until_completed(pool: asyncpg.Pool, count: int, *, within: timedelta = LIMIT) -> None:
    async def look() -> bool:
        try:
            return bool(
                await pool.fetchval("SELECT count(*) = $1 FROM river_job WHERE state = 'completed'", count, timeout=5)
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    await eventually(look, within=within)


@asynccontextmanager
async def shut_out(admin: str, dsn: str) -> AsyncIterator[None]:
    """Nobody is in the database, and nobody gets in."""
    name = dsn.rpartition("/")[2]
    conn = await asyncpg.connect(admin)
    try:
        await conn.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
        await conn.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    finally:
        await conn.close()


async def test_connections_cut_one_by_one_lose_nothing_and_repeat_nothing(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    ledger = Ledger()
    node = await start_client(ledger, client_id="victim", queues={"default": 30}, poll_interval=timedelta(seconds=1))
    jobs = 0
    for _ in range(60):
        jobs += len(await client.insert_many([ActArgs() for _ in range(50)]))
        # One at a time, whatever it is doing: fetching, writing results, beating, listening.
        await pool.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'victim%' ORDER BY random() LIMIT 1
            """
        )
        await SystemClock().sleep(timedelta(milliseconds=20))
    await until_completed(pool, jobs)
    assert set(ledger.claims.values()) == {1}
    assert len(ledger.jobs) == jobs
    assert set(ledger.jobs.values()) == {1}
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE attempt <> 1 OR errors IS NOT NULL") == 0
    # It listens again.
    job_id = (await client.insert(ActArgs())).job.id
    await client.wait(job_id, timeout=LIMIT)
    assert node._runtime is not None
    assert not node._runtime._listening.done()  # type: ignore[union-attr]  # it listens


async def test_results_wait_for_the_database_to_come_back(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, postgres_url: str, database: str
) -> None:
    gate, ended = Gate(), asyncio.Queue[int]()

    async def behave(job: Job[Any]) -> object:
        await gate(job)
        ended.put_nowait(job.id)
        return job.args.number

    await start_client(behave, queues={"default": 10})
    results = await client.insert_many([ActArgs(number=n) for n in range(10)])

    async def all_run() -> bool:
        return len(gate.jobs) == 10

    await eventually(all_run)
    async with shut_out(postgres_url, database):
        gate.open.set()
        for _ in range(10):
            await ended.get()
        await SystemClock().sleep(timedelta(milliseconds=300))
    await until_completed(pool, 10)
    rows = [await client.get(result.job.id) for result in results]
    assert [(row.output, row.attempt) for row in rows] == [(n, 1) for n in range(10)]


async def test_a_fetch_whose_answer_is_lost_gives_its_rows_back(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    ledger = Ledger()
    node = await start_client(ledger, queues={"default": 5})
    runtime = node._runtime
    assert runtime is not None
    fetch, lost = runtime._jobs.fetch, asyncio.Event()

    async def lossy(**arguments: Any) -> Any:
        claims = await fetch(**arguments)
        if claims and not lost.is_set():
            lost.set()
            raise asyncpg.ConnectionDoesNotExistError("after the server had claimed them")
        return claims

    class Lossy:
        async def fetch(self, **arguments: Any) -> Any:
            from revenge.infra.jobs.store import _translated

            with _translated("job_fetch"):
                return await lossy(**arguments)

    runtime._fetcher._store = Lossy()
    results = await client.insert_many([ActArgs() for _ in range(5)])
    await lost.wait()
    rows = [await client.wait(result.job.id, timeout=LIMIT) for result in results]
    assert {(row.state, row.attempt) for row in rows} == {(JobState.COMPLETED, 1)}
    assert {len(row.attempted_by) for row in rows} == {2}
    assert set(ledger.jobs.values()) == {1}


async def test_a_stop_ends_in_time_with_the_database_gone(
    start_client: StartClient, client: Client, postgres_url: str, database: str
) -> None:
    gate = Gate()
    stop = StopConfig(soft=PROMPT, cancel=PROMPT)
    node = await start_client(gate, stop=stop, client_id="cut_off")
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    async with shut_out(postgres_url, database):
        began = time.monotonic()
        await node.stop()
        assert time.monotonic() - began < 25
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
    # Nobody could write the result: others find the job by the end of the node's life.
    assert (await client.get(job_id)).state is JobState.RUNNING
    await start_client()
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


class Server:
    """A server of the test's own, to be treated badly."""

    def __init__(self, home: Path) -> None:
        self.postgres = EmbeddedPostgres(home / "postgres", settings={"fsync": "off", "max_connections": "60"})
        self.dsn = ""

    async def start(self) -> None:
        self.dsn = await self.postgres.start()
        conn = await asyncpg.connect(self.dsn)
        await Migrator([MAIN, REVENGE_JOBS]).up(conn)
        await conn.close()

    def processes(self) -> list[psutil.Process]:
        running = self.postgres._cluster.running()
        assert running is not None
        postmaster = psutil.Process(running.pid)
        return [postmaster, *postmaster.children(recursive=True)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path)
    await server.start()
    yield server
    await server.postgres.stop()


async def test_a_server_killed_under_load_loses_nothing_and_repeats_nothing(
    server: Server, start_client: StartClient
) -> None:
    ledger = Ledger()
    node = await start_client(ledger, dsn=server.dsn, queues={"default": 30})
    async with asyncpg.create_pool(server.dsn, min_size=1, max_size=2) as pool:
        jobs = len(await node.insert_many([ActArgs() for _ in range(4000)]))

        async def is_half_done() -> bool:
            return len(ledger.jobs) > 1000

        await eventually(is_half_done)
        for process in server.processes():
            process.kill()
        began = time.monotonic()
        await until_completed(pool, jobs)
        print(f"\nall done {time.monotonic() - began:.1f} s after the kill of the server")  # noqa: T201 - a measurement
        assert set(ledger.claims.values()) == {1}
        assert len(ledger.jobs) == jobs
        # What was written in the last moments before the kill may be worked again: the server lost it, not we.
        job_id = (await node.insert(ActArgs())).job.id
        assert (await node.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_stop_ends_in_time_with_the_server_frozen(server: Server, start_client: StartClient) -> None:
    gate = Gate()
    node = await start_client(gate, dsn=server.dsn, stop=StopConfig(soft=PROMPT, cancel=PROMPT))
    await node.insert(ActArgs())
    await gate.entered.wait()
    frozen = server.processes()
    for process in frozen:
        process.suspend()
    try:
        began = time.monotonic()
        await asyncio.wait_for(node.stop(), 120)
        took = time.monotonic() - began
    finally:
        for process in frozen:
            process.resume()
    print(f"\nstopped {took:.1f} s after the server froze")  # noqa: T201 - a measurement
    assert took < 45
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
