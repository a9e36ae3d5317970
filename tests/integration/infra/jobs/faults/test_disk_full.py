"""The server can write no more: its tables, or even its log, which makes it crash."""

import sys
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import eventually
from tests.fakes.fleet import LIMIT, working
from tests.fakes.own_server import OwnServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits of another process's files are Linux's")

SEGMENT_BYTES = 16 * 2**20
"""A file of the server's log: it is made whole, so a smaller limit hits the log, a larger one only tables."""


async def test_a_full_disk_under_the_tables_loses_nothing(server: OwnServer, measured: str) -> None:
    conn = await asyncpg.connect(server.dsn)
    # Rows that never move, so that the table reaches the limit soon and no room in it is reused.
    await conn.execute(
        """
        INSERT INTO river_job (kind, args, max_attempts, state, finalized_at, metadata)
        SELECT 'old', '{}', 1, 'completed', now(), jsonb_build_object('filler', repeat(md5(n::text), 55))
        FROM generate_series(1, 8500) AS n
        """
    )
    await conn.close()
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            server.limit_files(SEGMENT_BYTES)
            await fleet.starves()
            await SystemClock().sleep(timedelta(seconds=1))
            server.limit_files(None)
        await fleet.settled()


async def test_a_full_disk_under_the_log_loses_nothing(new_server: OwnServer, measured: str) -> None:
    server = new_server
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            # The server crashes, and cannot even recover; whoever watches it starts it again, without the limit.
            before = server.processes()[0]
            server.limit_files(64 * 2**10)

            async def is_another() -> bool:
                running = server.cluster.running()
                return running is not None and running.pid != before.pid

            await eventually(is_another, within=LIMIT)
        await fleet.settled()
