"""The clocks of the nodes are minutes apart: jobs fall due by the database's, and nobody takes another's for dead."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, ClientConfig, InsertOpts, Job, JobState, Snooze
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, eventually
from tests.fakes.fleet import LIMIT, working
from tests.fakes.own_server import OwnServer
from tests.integration.infra.jobs.conftest import StartClient

AHEAD, BEHIND = timedelta(minutes=5), timedelta(minutes=-5)
LATE = timedelta(seconds=30)
"""Far more than anything here takes, and far less than the clocks are off."""


class Shifted(SystemClock):
    """The machine's clock as somebody has set it wrong."""

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return super().now() + self.offset


async def test_nodes_whose_clocks_are_ten_minutes_apart_work_one_queue(server: OwnServer, measured: str) -> None:
    clocks = [Shifted(AHEAD), Shifted(BEHIND)]
    async with working(server.dsn, measured=measured, clocks=clocks) as fleet:
        async with fleet.fault():
            # Time to steal leases and to declare the other one dead, for who would do so by its own clock.
            await SystemClock().sleep(timedelta(seconds=6))
            for clock in clocks:
                clock.offset = -clock.offset
        conn = await asyncpg.connect(server.dsn)
        assert await conn.fetchval("SELECT count(*) FROM revenge_job_node WHERE dead_at IS NULL") == 2
        assert sum(node.is_leader for node in fleet.nodes) == 1
        # Another has not led meanwhile.
        assert await conn.fetchval("SELECT now() - elected_at > '5 s'::interval FROM river_leader")
        assert {span.node for span in fleet.spans[-200:]} == {"node1", "node2"}
        await fleet.settled()
        assert await conn.fetchval("SELECT count(*) FROM river_job WHERE cardinality(attempted_by) > 1") == 0
        await conn.close()


@pytest.mark.parametrize("offset", [AHEAD, BEHIND], ids=["ahead", "behind"])
async def test_what_a_node_inserts_and_puts_off_is_due_by_the_databases_clock(
    start_client: StartClient, pool: asyncpg.Pool, offset: timedelta
) -> None:
    began: dict[str, list[float]] = {}

    async def behave(job: Job[Any]) -> object:
        began.setdefault(job.args.what, []).append(time.monotonic())
        if len(began[job.args.what]) > 1:
            return None
        if job.args.what == "fail":
            raise ValueError("once")
        return Snooze(timedelta(seconds=1))

    # The other one leads, so that this one's scheduler does not make up for its clock.
    node = await start_client(behave, clock=Shifted(offset), lead=False)
    results = await node.insert_many([ActArgs(what="fail"), ActArgs(what="snooze")])
    rows = [await node.wait(result.job.id, timeout=LATE) for result in results]
    assert {row.state for row in rows} == {JobState.COMPLETED}
    assert began["snooze"][1] - began["snooze"][0] >= 0.9
    now = await pool.fetchval("SELECT now()")
    for row in (*rows, *(result.job for result in results)):
        for moment in (row.created_at, row.scheduled_at, row.finalized_at):
            assert moment is None or abs(now - moment) < LATE


@pytest.mark.parametrize("offset", [AHEAD, BEHIND], ids=["ahead", "behind"])
async def test_a_leader_whose_clock_is_off_promotes_when_the_database_says_so(
    start_client: StartClient, client: Client, offset: timedelta
) -> None:
    started = asyncio.Event()

    async def note(_: Job[Any]) -> None:
        started.set()

    node = await start_client(note, clock=Shifted(offset))

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads, within=LIMIT)
    due_at = datetime.now(UTC) + timedelta(seconds=2)
    row = (await client.insert(ActArgs(), InsertOpts(scheduled_at=due_at))).job
    later = (await client.insert(ActArgs(), InsertOpts(scheduled_at=due_at + timedelta(minutes=1)))).job
    await asyncio.wait_for(started.wait(), LATE.total_seconds())
    done = await client.wait(row.id, timeout=LATE)
    assert done.attempted_at is not None
    assert done.attempted_at >= due_at
    assert (await client.get(later.id)).state is JobState.SCHEDULED


async def test_a_fast_insert_of_some_that_are_due_and_some_that_are_not_is_by_the_databases_clock(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    inserter = Client(pool, config=ClientConfig(client_id="ahead"), clock=Shifted(AHEAD), schema="public")
    later = datetime.now(UTC) + timedelta(hours=1)
    await inserter.insert_many_fast([ActArgs(), (ActArgs(), InsertOpts(scheduled_at=later))])
    rows = await pool.fetch(
        "SELECT state, scheduled_at FROM river_job WHERE scheduled_at < now() OR scheduled_at = $1", later
    )
    assert {row["state"] for row in rows} == {"available", "scheduled"}
