"""Nobody gets into the database for a while: results wait for it, unheard claims go back, and a stop ends in time."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, Job, JobState, StopConfig, runtime
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, Gate, eventually
from tests.integration.infra.jobs.conftest import StartClient

LIMIT = timedelta(seconds=40)
PROMPT = timedelta(milliseconds=100)


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
    worked: Counter[int] = Counter()

    async def count(job: Job[Any]) -> None:
        worked[job.id] += 1

    node = await start_client(count, queues={"default": 5})
    running = node._runtime
    assert running is not None
    fetch, lost = running._jobs.fetch, asyncio.Event()

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

    running._fetcher._store = Lossy()
    results = await client.insert_many([ActArgs() for _ in range(5)])
    await lost.wait()
    rows = [await client.wait(result.job.id, timeout=LIMIT) for result in results]
    assert {(row.state, row.attempt) for row in rows} == {(JobState.COMPLETED, 1)}
    assert {len(row.attempted_by) for row in rows} == {2}
    assert set(worked.values()) == {1}


async def test_a_stop_ends_in_time_with_the_database_gone(
    start_client: StartClient,
    client: Client,
    postgres_url: str,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "SETTLE_TIME", timedelta(seconds=2))
    gate = Gate()
    stop = StopConfig(soft=PROMPT, cancel=PROMPT)
    node = await start_client(gate, stop=stop, client_id="cut_off")
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    async with shut_out(postgres_url, database):
        began = time.monotonic()
        await node.stop()
        assert time.monotonic() - began < 20
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
    # Nobody could write the result: others find the job by the end of the node's life.
    assert (await client.get(job_id)).state is JobState.RUNNING
    await start_client()
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED
