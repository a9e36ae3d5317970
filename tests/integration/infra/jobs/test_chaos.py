"""Processes that are killed: their jobs come back soon, every job settles once, and the attempts add up."""

import asyncio
import itertools
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.jobs import Client, JobState
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, Gate, eventually
from tests.fakes.node import TABLES

StartClient = Callable[..., Awaitable[Client]]
ROOT = Path(__file__).parents[4]
WHATS = ("", "", "", "", "", "", "", "", "fail once", "snooze once")


class Nodes:
    """Nodes in processes of their own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._numbers = itertools.count(1)
        self.running: list[asyncio.subprocess.Process] = []

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.node", self._dsn, f"node{next(self._numbers)}", *options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        self.running.append(process)
        assert await self.line(process) == "ready"
        return process

    @staticmethod
    async def line(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        self.running.remove(process)
        process.kill()
        await process.wait()

    async def stop_all(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            await asyncio.wait_for(process.wait(), 60)
        self.running.clear()


@pytest.fixture
async def nodes(database: str, pool: asyncpg.Pool) -> AsyncIterator[Nodes]:
    await pool.execute(TABLES)
    nodes = Nodes(database)
    yield nodes
    for process in list(nodes.running):
        await nodes.kill(process)


@pytest.mark.parametrize(("options", "limit_s"), [(("poll_only",), 30), ((), 10)])
async def test_the_jobs_of_a_killed_process_are_worked_by_another_node_soon(
    nodes: Nodes, start_client: StartClient, client: Client, options: tuple[str, ...], limit_s: float
) -> None:
    """Where nodes connect directly 5 s is the aim; in a server's first half minute nobody is judged in such a hurry."""
    process = await nodes.start(*options)
    results = await client.insert_many([ActArgs(what="hold") for _ in range(5)])
    for _ in results:
        assert (await nodes.line(process)).startswith("held")
    gate = Gate()
    gate.open.set()
    await start_client(gate)
    # Both have seen each other before it happens.
    await SystemClock().sleep(timedelta(seconds=3))
    await nodes.kill(process)
    began = time.monotonic()
    await gate.entered.wait()
    took = time.monotonic() - began
    print(f"\nback after {took:.1f} s {' '.join(options)}")  # noqa: T201 - a measurement
    rows = [await client.wait(result.job.id, timeout=timedelta(seconds=20)) for result in results]
    assert took < limit_s
    assert {(row.state, row.attempt, len(row.attempted_by)) for row in rows} == {(JobState.COMPLETED, 1, 2)}
    assert not [row for row in rows if row.errors]


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_every_job_settles_once_while_processes_are_killed(
    nodes: Nodes, client: Client, pool: asyncpg.Pool, pytestconfig: pytest.Config
) -> None:
    jobs, chance, clock = int(pytestconfig.getoption("--chaos-jobs")), random.Random(), SystemClock()
    began = time.monotonic()
    kinds = itertools.cycle(WHATS)
    for start in range(0, jobs, 5000):
        await client.insert_many([ActArgs(what=next(kinds)) for _ in range(min(5000, jobs - start))])
    await asyncio.gather(*(nodes.start() for _ in range(3)))
    kills = 0

    async def unsettled() -> int:
        return int(await pool.fetchval("SELECT count(*) FROM river_job WHERE finalized_at IS NULL"))

    while left := await unsettled():
        await clock.sleep(timedelta(seconds=chance.uniform(0.1, 1)))
        if left > 0.02 * jobs or not kills:
            await nodes.kill(chance.choice(nodes.running))
            await nodes.start()
            kills += 1
    print(f"\n{jobs} jobs, {kills} kills, {time.monotonic() - began:.0f} s")  # noqa: T201 - a measurement
    await nodes.stop_all()

    assert kills > 0
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'completed'") == jobs
    # Each ended once, and none was worked twice under one claim: the table's key would have failed an attempt.
    assert await pool.fetchval("SELECT count(*) FROM ends") == jobs
    assert await pool.fetchval("SELECT count(DISTINCT job_id) FROM ends") == jobs
    assert await pool.fetchval("SELECT count(DISTINCT job_id) FROM effects") == jobs
    errors = await pool.fetch("SELECT DISTINCT error ->> 'error' AS text FROM river_job, unnest(errors) AS error")
    assert not [row["text"] for row in errors if not row["text"].startswith(("ValueError: once", "worker lost"))]
    # Attempts count failures and the last success; a claim more is a snooze, or one that was taken from a dead node.
    assert (
        await pool.fetchval(
            """
            SELECT count(*) FROM river_job
            WHERE attempt <> 1 + coalesce(cardinality(errors), 0)
                OR cardinality(attempted_by) < attempt + coalesce((metadata ->> 'snoozes')::int, 0)
                OR coalesce((metadata ->> 'snoozes')::int, 0) <> CASE args ->> 'what' WHEN 'snooze once' THEN 1 ELSE 0 END
            """
        )
        == 0
    )
    await eventually(lambda: _nobody_left(pool))


async def _nobody_left(pool: asyncpg.Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM revenge_job_node WHERE dead_at IS NULL")
