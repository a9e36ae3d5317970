"""A database whose transactions are serialisable by default: statements fail for others' sake, and are tried again."""

import asyncpg

from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer


async def test_serialization_failures_lose_nothing(server: OwnServer, measured: bool) -> None:
    conn = await asyncpg.connect(server.dsn)
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            await conn.execute("ALTER DATABASE revenge SET default_transaction_isolation = 'serializable'")
            await cut_all(conn)
            await fleet.ends(300)
            await conn.execute("ALTER DATABASE revenge RESET default_transaction_isolation")
            await cut_all(conn)
        await fleet.settled()
    await conn.close()


async def cut_all(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """New connections have the new default."""
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
