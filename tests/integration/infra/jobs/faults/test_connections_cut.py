"""Sessions are ended one by one, whatever each is doing: fetching, writing results, beating, listening."""

from datetime import timedelta

import asyncpg

from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import Gate, eventually
from tests.fakes.fleet import LIMIT, working
from tests.fakes.own_server import OwnServer
from tests.integration.infra.jobs.conftest import StartClient


async def test_connections_cut_one_by_one_lose_nothing(server: OwnServer, measured: str) -> None:
    conn = await asyncpg.connect(server.dsn)
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            for _ in range(150):
                await conn.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'node%' ORDER BY random() LIMIT 1
                    """
                )
                await SystemClock().sleep(timedelta(milliseconds=20))
        await fleet.settled()
    await conn.close()


async def test_listener_backend_disconnect_reconnect(start_client: StartClient, pool: asyncpg.Pool) -> None:
    """The session that listens holds the node's lock, too: both are there again soon."""
    gate = Gate()
    node = await start_client(gate, client_id="listener", poll_interval=timedelta(minutes=10))

    async def lock_of() -> int | None:
        return await pool.fetchval(  # type: ignore[no-any-return]
            """
            SELECT activity.pid FROM revenge_job_node AS node
            JOIN pg_locks AS lock ON (lock.classid::bigint << 32) | lock.objid::bigint = node.lock_key AND lock.granted
            JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
            WHERE node.id = 'listener' AND lock.locktype = 'advisory' AND activity.application_name = 'listener-listen'
            """
        )

    old = await eventually(lock_of)
    await pool.execute("SELECT pg_terminate_backend($1)", old)

    async def has_another() -> bool:
        return await lock_of() not in (None, old)

    await eventually(has_another, within=LIMIT)
    # Another process inserts: only the notification tells this one.
    await pool.execute(
        """
        WITH job AS (INSERT INTO river_job (kind, args, max_attempts) VALUES ('act', '{}', 1))
        SELECT pg_notify('public.river_insert', '{"queue": "default"}')
        """
    )
    await gate.entered.wait()
    gate.open.set()
    assert node.is_running
