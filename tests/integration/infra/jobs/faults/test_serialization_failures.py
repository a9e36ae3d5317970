"""A database whose transactions are serialisable by default: statements fail for others' sake, and are tried again."""

import asyncpg
import pytest

from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer

CONFLICT = "SQLSTATE 40001"


async def test_serialization_failures_lose_nothing(
    server: OwnServer, measured: str, caplog: pytest.LogCaptureFixture
) -> None:
    conn = await asyncpg.connect(server.dsn)
    async with working(server.dsn, measured=measured, tuned=False) as fleet:
        async with fleet.fault():
            await conn.execute("ALTER DATABASE revenge SET default_transaction_isolation = 'serializable'")
            await cut_all(conn)
            while not conflicts(caplog):
                await fleet.ends(100)
            await conn.execute("ALTER DATABASE revenge RESET default_transaction_isolation")
            await cut_all(conn)
        await fleet.settled()
    await conn.close()


async def test_connections_of_the_engines_own_do_not_meet_them(
    server: OwnServer, caplog: pytest.LogCaptureFixture
) -> None:
    conn = await asyncpg.connect(server.dsn)
    await conn.execute("ALTER DATABASE revenge SET default_transaction_isolation = 'serializable'")
    async with working(server.dsn) as fleet:
        await fleet.ends(300)
        await fleet.settled()
    assert not conflicts(caplog)
    await conn.close()


def conflicts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What nodes said of statements that failed for others' sake."""
    return [text for record in caplog.records if CONFLICT in (text := str(record.__dict__.get("error")))]


async def cut_all(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """New connections have the new default."""
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
