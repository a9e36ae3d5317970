"""Processes that are killed: their jobs come back soon, and whatever is done to them every job settles once."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs import Client, JobState
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, Gate
from tests.fakes.figures import tell
from tests.fakes.node import TABLES
from tests.fakes.nodes import Nodes, kill_at_random
from tests.integration.infra.jobs.conftest import StartClient


@pytest.fixture
async def nodes(database: str, pool: asyncpg.Pool) -> AsyncIterator[Nodes]:
    await pool.execute(TABLES)
    nodes = Nodes(database)
    yield nodes
    for node in list(nodes.running):
        await nodes.kill(node)


@pytest.mark.parametrize(
    ("options", "limit_s"),
    [
        pytest.param(("poll_only",), 30, marks=[pytest.mark.chaos, pytest.mark.timeout(120)], id="poll_only"),
        pytest.param((), 20, id=""),
    ],
)
async def test_process_kill_restart_and_rescue(
    nodes: Nodes, start_client: StartClient, client: Client, options: tuple[str, ...], limit_s: float
) -> None:
    """Where nodes connect directly 5 s is the aim; in a server's first half minute nobody is judged in such a hurry: 8 s."""
    node = await nodes.start(*options)
    results = await client.insert_many([ActArgs(what="hold") for _ in range(5)])
    for _ in results:
        assert (await node.line()).startswith("held")
    gate = Gate()
    gate.open.set()
    await start_client(gate)
    # Both have seen each other before it happens.
    await SystemClock().sleep(timedelta(seconds=3))
    await nodes.kill(node)
    began = time.monotonic()
    await gate.entered.wait()
    took = time.monotonic() - began
    tell(back_after_s=round(took, 1))
    rows = [await client.wait(result.job.id, timeout=timedelta(seconds=20)) for result in results]
    assert took < limit_s
    assert {(row.state, row.attempt, len(row.attempted_by)) for row in rows} == {(JobState.COMPLETED, 1, 2)}
    assert not [row for row in rows if row.errors]


@pytest.mark.chaos
@pytest.mark.timeout(14_400)  # a million jobs, by hand
async def test_chaos_every_job_settles_once_while_processes_are_killed(
    nodes: Nodes, client: Client, pool: asyncpg.Pool, chaos_jobs: int, chaos_round: str
) -> None:
    await kill_at_random(nodes, client, pool, jobs=chaos_jobs, starts=[nodes.start] * 3)
