"""PgBouncer in transaction mode before a test's database, where this machine has it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from revenge.infra.database.cluster import HOST, free_port
from tests.fakes.engine import eventually

SERVER_CONNECTIONS = 3
"""Fewer than its clients: consecutive statements of one client meet different sessions."""


@asynccontextmanager
async def bouncing(dsn: str, home: Path) -> AsyncIterator[str]:
    """Run one before ``dsn`` for a while; yield the way through it. Skips where there is none."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer on this machine (Debian: apt install pgbouncer)")
    server, port = urlsplit(dsn), free_port()
    settings = home / "pgbouncer.ini"
    settings.touch(mode=0o600)
    settings.write_text(
        f"""
[databases]
* = host={server.hostname} port={server.port} user={server.username} password={server.password}
[pgbouncer]
listen_addr = {HOST}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
max_client_conn = 100
"""
    )
    # It refuses to be root, reads its file first, and becomes somebody else.
    account = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = await asyncio.create_subprocess_exec(
        *(program, "-q", *account, str(settings)), stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    through = f"postgresql://{server.username}@{HOST}:{port}{server.path}"

    async def answers() -> bool:
        try:
            conn = await asyncpg.connect(through, statement_cache_size=0, timeout=5)
            await conn.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        return True

    try:
        await eventually(answers)
        yield through
    finally:
        process.terminate()
        await process.wait()
