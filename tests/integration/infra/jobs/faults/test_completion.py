"""The statement that ends attempts meets trouble of its own: it waits, or tries again, and no result is lost."""

import asyncpg

from revenge.infra.jobs import Client, JobState
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.store import HOT_TIMEOUT
from tests.fakes.engine import ActArgs, Gate
from tests.fakes.fleet import LIMIT, SLOTS, working
from tests.fakes.own_server import OwnServer
from tests.integration.infra.jobs.conftest import StartClient


async def test_completion_row_lock_wait(server: OwnServer, measured: str) -> None:
    """Somebody holds the row of a job that has ended: others are worked meanwhile, and it is completed afterwards."""
    conn = await asyncpg.connect(server.dsn)
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault(), conn.transaction():
            held = await conn.fetchval("SELECT id FROM river_job WHERE state = 'running' LIMIT 1 FOR UPDATE")
            # More than the slots: whoever waits for the row does not keep a slot.
            await fleet.ends(5 * SLOTS)
            if measured:
                await SystemClock().sleep(HOT_TIMEOUT * 2)
            assert await conn.fetchval("SELECT state FROM river_job WHERE id = $1", held) == "running"
        await fleet.settled()
    await conn.close()


async def test_completion_transient_failure_retry(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        """
        CREATE SEQUENCE tries;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- A sequence is not rolled back.
            IF nextval('tries') <= 3 THEN
                RAISE EXCEPTION 'not now' USING ERRCODE = (ARRAY['40001', '53200', '57014'])[currval('tries')];
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON river_job FOR EACH ROW
            WHEN (NEW.state = 'completed') EXECUTE FUNCTION refuse();
        """
    )
    gate = Gate()
    gate.open.set()
    await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.errors, len(gate.jobs)) == (JobState.COMPLETED, 1, [], 1)
    assert await pool.fetchval("SELECT last_value FROM tries") == 4
