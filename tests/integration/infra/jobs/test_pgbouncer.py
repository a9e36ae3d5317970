"""Through PgBouncer in transaction mode everything works: with a direct connection for LISTEN, or polling alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, InsertOpts, Job, JobState, Progress, Snooze, UniqueOpts
from tests.fakes.engine import ActArgs, Gate, eventually
from tests.fakes.pgbouncer import SERVER_CONNECTIONS, bouncing

LIMIT = timedelta(seconds=40)
Join = Callable[..., Awaitable[Client]]


@pytest.fixture
async def through(database: str, tmp_path: Path) -> AsyncIterator[str]:
    async with bouncing(database, tmp_path) as dsn:
        yield dsn


@pytest.fixture(params=["polling", "listening"])
def join(request: pytest.FixtureRequest, through: str, make_client: Join, database: str) -> Join:
    """Return a coroutine function that makes a client behind PgBouncer."""
    way: dict[str, Any] = {"poll_only": True} if request.param == "polling" else {"listen_dsn": database}

    async def join(*args: Any, **config: Any) -> Client:
        # As `revenge` makes the pool of its engine.
        client = await make_client(*args, dsn=through, statement_cache_size=0, reset=False, **way, **config)
        if args:
            await client.start()
        return client

    return join


async def test_a_stream_of_jobs_is_worked_by_two_nodes_once_each(join: Join, pool: asyncpg.Pool) -> None:
    worked: list[int] = []

    async def behave(job: Job[Any]) -> object:
        worked.append(job.id)
        if job.args.what == "fail" and job.attempt == 1:
            raise ValueError("once")
        if job.args.what == "snooze" and not job.metadata.get("snoozes"):
            return Snooze(timedelta(milliseconds=20))
        return job.args.number

    nodes = [await join(behave, queues={"default": 20}) for _ in range(2)]
    items = [ActArgs(what=("", "fail", "snooze")[number % 3], number=number) for number in range(300)]
    results = await nodes[0].insert_many(items)
    rows = [await nodes[1].wait(result.job.id, timeout=LIMIT) for result in results]
    assert [(row.state, row.output) for row in rows] == [(JobState.COMPLETED, number) for number in range(300)]
    assert len(worked) == 500
    used = await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'client%' AND datname = current_database()"
    )
    assert used <= SERVER_CONNECTIONS + 2


async def test_a_cancel_reaches_running_code(join: Join) -> None:
    gate = Gate()
    await join(gate)
    other = await join()
    job_id = (await other.insert(ActArgs())).job.id
    await gate.entered.wait()
    await other.cancel(job_id)
    async with asyncio.timeout(LIMIT.total_seconds()):
        await gate.interrupted.wait()
    assert (await other.wait(job_id, timeout=LIMIT)).state is JobState.CANCELLED


async def test_a_pause_is_obeyed_and_undone(join: Join) -> None:
    node = await join(Gate())
    other = await join()
    runtime = node._runtime
    assert runtime is not None

    async def is_paused() -> bool:
        return runtime._fetcher.lanes["default"].is_paused

    async def goes_on() -> bool:
        return not await is_paused()

    await other.pause_queue("default")
    await eventually(is_paused, within=LIMIT)
    await other.resume_queue("default")
    await eventually(goes_on, within=LIMIT)


async def test_a_node_behind_it_leads_and_promotes_what_is_scheduled(join: Join) -> None:
    gate = Gate()
    node = await join(gate)

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads, within=LIMIT)
    due_at = datetime.now(UTC) + timedelta(seconds=1)
    await node.insert(ActArgs(), InsertOpts(scheduled_at=due_at))
    async with asyncio.timeout(LIMIT.total_seconds()):
        await gate.entered.wait()


async def test_unique_jobs_and_copies_are_inserted(join: Join) -> None:
    client = await join()
    once = InsertOpts(unique=UniqueOpts(by_args=True))
    results = [await client.insert(ActArgs(number=1), once) for _ in range(2)]
    assert [result.duplicate for result in results] == [False, True]
    assert await client.insert_many_fast([ActArgs(number=number) for number in range(500)]) == 500


async def test_its_progress_is_seen(join: Join) -> None:
    reported = asyncio.Event()

    async def behave(job: Job[Any]) -> None:
        await job.report_progress(phase="walk", current=3, total=10)
        reported.set()
        await asyncio.Event().wait()

    await join(behave)
    other = await join()
    job_id = (await other.insert(ActArgs())).job.id
    await reported.wait()

    async def seen() -> Progress | None:
        return (await other.progress([job_id])).get(job_id)

    assert (await eventually(seen, within=LIMIT)).current == 3


async def test_a_node_behind_it_is_seen_to_live(join: Join, pool: asyncpg.Pool, request: pytest.FixtureRequest) -> None:
    """By its beats alone where it only polls, by the lock of its direct connection too where it listens."""
    await join(Gate(), client_id="behind")

    async def beats() -> asyncpg.Record | None:
        return await pool.fetchrow(
            "SELECT lock_key FROM revenge_job_node WHERE id = 'behind' AND beaten_at > started_at AND dead_at IS NULL"
        )

    node = await eventually(beats, within=LIMIT)
    assert (node["lock_key"] is not None) is ("listening" in request.node.name)
