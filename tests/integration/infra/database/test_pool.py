"""Pools wait for a database that is not there yet, and say why they give up."""

import asyncio
import logging
import socket
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.database import pool as pool_module
from revenge.infra.database.errors import DatabaseUnreachable
from revenge.infra.database.pool import create_pool

_STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


class Front:
    """Answers like a server that is starting, until ``up`` is set; then it passes everything on to a real one."""

    def __init__(self, dsn: str) -> None:
        self._behind = dsn.split("@")[1].split("/")[0].split(":")
        self._server: asyncio.Server | None = None
        self.up = False
        self.refused = asyncio.Event()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            await reader.read(1)
            writer.write(b"E" + (len(_STARTING) + 4).to_bytes(4) + _STARTING)
            writer.close()
            self.refused.set()
            return
        there, back = await asyncio.open_connection(self._behind[0], int(self._behind[1]))
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


async def test_pool_answers_and_shows_its_name(database: str) -> None:
    async with await create_pool(database, min_size=1, max_size=2, application_name="revenge jobs") as pool:
        assert await pool.fetchval("SELECT current_setting('application_name')") == "revenge jobs"


async def test_json_comes_as_text(database: str) -> None:
    async with await create_pool(database, min_size=1, max_size=1) as pool:
        assert await pool.fetchval("SELECT jsonb_build_object('a', $1::jsonb)", '{"b": 1}') == '{"a": {"b": 1}}'


async def test_starting_database_is_waited_for(database: str, caplog: pytest.LogCaptureFixture) -> None:
    front = Front(database)
    port = await front.start()
    address = f"{database.rpartition(':')[0]}:{port}/{database.rpartition('/')[2]}?sslmode=disable"
    with caplog.at_level(logging.WARNING, "revenge.database"):
        opening = asyncio.create_task(create_pool(address, min_size=1, max_size=1))
        await front.refused.wait()
        front.refused.clear()
        await front.refused.wait()
        front.up = True
        async with await opening as pool:
            assert await pool.fetchval("SELECT 1") == 1
    assert [record.message for record in caplog.records] == ["database.waiting"]
    await front.stop()


async def test_database_that_never_answers_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(
            DatabaseUnreachable,
            match=rf"^no connection to PostgreSQL at 127\.0\.0\.1:{port}/films within 0\.5 s: no answer$",
        ):
            await create_pool(
                f"postgresql://me:hunter2@127.0.0.1:{port}/films",
                min_size=1,
                max_size=1,
                connect_timeout=timedelta(seconds=0.5),
            )


async def test_who_waits_is_told_what_for_as_soon_as_it_is_known() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    told: list[str] = []
    with pytest.raises(DatabaseUnreachable):
        await create_pool(
            f"postgresql://me:hunter2@127.0.0.1:{port}/films",
            min_size=1,
            max_size=1,
            connect_timeout=timedelta(seconds=0.6),
            on_wait=told.append,
        )
    assert told == [f"PostgreSQL at 127.0.0.1:{port}/films: connection refused; trying for 0.6 s ..."]


async def test_who_waits_for_a_server_that_says_nothing_is_told_so_before_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "_SILENCE_S", 0.01)
    told: list[str] = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(DatabaseUnreachable):
            await create_pool(
                f"postgresql://me@127.0.0.1:{port}/films",
                min_size=1,
                max_size=1,
                connect_timeout=timedelta(seconds=0.5),
                on_wait=told.append,
            )
    assert told == [f"PostgreSQL at 127.0.0.1:{port}/films: no answer yet; trying for 0.5 s ..."]


async def test_refused_connection_is_named_without_the_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(DatabaseUnreachable, match=r"within 0\.1 s: connection refused$") as caught:
        await create_pool(
            f"postgresql://me:hunter2@127.0.0.1:{port}/films",
            min_size=1,
            max_size=1,
            connect_timeout=timedelta(seconds=0.1),
        )
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda dsn: dsn.replace("revenge:", "revenge:wrong"), "wrong user or password$"),
        (lambda dsn: dsn + "_missing", r'database ".*_missing" does not exist$'),
        (lambda dsn: dsn + "?nonsense=1", 'unrecognized configuration parameter "nonsense"$'),
    ],
)
async def test_what_waiting_does_not_mend_is_said_at_once(database: str, change: object, reason: str) -> None:
    assert callable(change)
    with pytest.raises(DatabaseUnreachable, match=reason):
        async with asyncio.timeout(5):
            await create_pool(change(database), min_size=1, max_size=1)


async def test_connections_without_reset_keep_their_session(database: str) -> None:
    async with await create_pool(database, min_size=1, max_size=1, reset=False) as pool:
        await pool.execute("SET work_mem = '3MB'")
        assert await pool.fetchval("SHOW work_mem") == "3MB"
    async with await create_pool(database, min_size=1, max_size=1) as pool:
        await pool.execute("SET work_mem = '3MB'")
        assert await pool.fetchval("SHOW work_mem") != "3MB"


async def test_prepared_statements_can_be_switched_off(database: str) -> None:
    async with await create_pool(database, min_size=1, max_size=1, statement_cache_size=0) as pool:
        for _ in range(2):
            await pool.fetchval("SELECT $1::int", 1)
        assert await pool.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1%'") == 0


async def test_failed_opening_leaves_no_connection(database: str, conn: asyncpg.Connection) -> None:
    role = f"limited_{database[-8:]}"
    await conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'long enough' CONNECTION LIMIT 1")
    try:
        address = database.replace(database.split("//")[1].split("@")[0], f"{role}:long enough")
        with pytest.raises(DatabaseUnreachable, match="too many connections"):
            await create_pool(address, min_size=3, max_size=3, connect_timeout=timedelta(seconds=0.1))
        while await conn.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role):
            pass
    finally:
        await conn.execute(f"DROP ROLE {role}")
