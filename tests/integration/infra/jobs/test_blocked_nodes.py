"""A process that stands still keeps its jobs, unless it is set that others take them; then it cannot settle them."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs import Client, JobState, NodeState
from tests.fakes.doomed import DoomedNode
from tests.fakes.engine import ActArgs, eventually, nothing

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=60)
pytestmark = [pytest.mark.timeout(120), pytest.mark.faults]


@pytest.fixture
async def node(database: str) -> AsyncIterator[DoomedNode]:
    node = DoomedNode(database)
    yield node
    await node.stop()


async def test_a_stopped_process_is_reported_and_its_jobs_are_handed_over_only_where_that_is_set(
    node: DoomedNode, start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    async def state() -> NodeState:
        return next(each.state for each in await client.nodes() if each.id == "doomed1")

    async def looks(expected: NodeState) -> None:
        async def is_so() -> bool:
            return await state() is expected

        await eventually(is_so, within=LIMIT)

    await node.start()
    job_id = (await client.insert(ActArgs(what="hang"))).job.id

    async def runs() -> bool:
        return (await client.get(job_id)).state is JobState.RUNNING

    await eventually(runs, within=LIMIT)
    await start_client(client_id="patient", queues={"elsewhere": 1})
    node.signal(signal.SIGSTOP)
    try:
        await looks(NodeState.BLOCKED)
        assert await runs()
        await start_client(nothing, client_id="impatient", hand_over_blocked_after=timedelta(seconds=6))
        row = await client.wait(job_id, timeout=LIMIT)
    finally:
        node.signal(signal.SIGCONT)
    assert (row.state, row.attempt, row.attempted_by) == (JobState.COMPLETED, 1, ["doomed1", "impatient"])
    # It learns of it, ends what is no more its own, and works on.
    await looks(NodeState.ALIVE)

    async def has_let_go() -> bool:
        nodes = {each.id: each.stats["running"] for each in await client.nodes()}
        return bool(nodes["doomed1"] == 0)

    await eventually(has_let_go, within=LIMIT)
    after = await client.get(job_id)
    assert (after.state, after.finalized_at, after.errors) == (JobState.COMPLETED, row.finalized_at, [])
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_node WHERE dead_at IS NOT NULL") == 0
