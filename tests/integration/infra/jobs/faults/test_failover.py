"""The server dies and its standby takes over: clients follow by the DSN that names both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer, Standby

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@asynccontextmanager
async def followed(server: OwnServer, home: Path) -> AsyncIterator[Standby]:
    standby = Standby(server, home)
    try:
        await standby.start()
        yield standby
    finally:
        standby.stop()


async def in_replication(server: OwnServer, *statements: str) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(server.dsn)
    try:
        for statement in statements[:-1]:
            await conn.execute(statement)
        return await conn.fetch(statements[-1])
    finally:
        await conn.close()


async def test_a_failover_to_a_synchronous_standby_loses_nothing(
    server: OwnServer, tmp_path: Path, measured: str
) -> None:
    async with followed(server, tmp_path / "standby") as standby:
        await in_replication(
            server, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()"
        )
        async with working(standby.dsn, measured=measured) as fleet:
            async with fleet.fault():
                await server.die()
                await standby.promote()
            await fleet.settled()


@pytest.mark.timeout(180)
async def test_after_a_failover_that_lost_the_last_writes_whatever_is_left_is_settled_once(
    server: OwnServer, tmp_path: Path
) -> None:
    """An asynchronous standby lacks what was confirmed in the last moments: jobs, claims, and results."""
    async with followed(server, tmp_path / "standby") as standby, working(standby.dsn) as fleet:
        sender = await in_replication(server, "SELECT pid FROM pg_stat_replication")
        async with fleet.fault():
            server.suspend(sender[0]["pid"])
            await fleet.ends(200)
            await server.die()
            await standby.promote()
        await fleet.settled(loses=True, within=timedelta(seconds=90))
        assert len(fleet.lost) > 0


async def test_sessions_that_stay_with_a_server_that_may_no_longer_be_written_are_left(
    server: OwnServer, measured: str
) -> None:
    """Some services turn a primary into a reader without ending its sessions: new ones find the present primary."""
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            # The sessions made from here on are the reader's; only ending them leads back.
            await in_replication(server, "ALTER DATABASE revenge SET default_transaction_read_only = on", END_SESSIONS)
            await fleet.starves()
            await in_replication(
                server, "SET default_transaction_read_only = off", "ALTER DATABASE revenge RESET ALL", "SELECT"
            )
        await fleet.settled()
