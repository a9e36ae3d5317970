"""A whole process behind PgBouncer in transaction mode, as a user sets it up by the documentation."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.fakes.pgbouncer import bouncing

ADVISORY_LOCKS = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Of this database: other tests use the server at the same time."""


@pytest.mark.parametrize("way", ["polling", "listening"])
async def test_a_scan_behind_pgbouncer_migrates_works_and_ends(way: str, empty_database: str, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "Some Film (2001).mkv").write_bytes(b"no film")
    async with bouncing(empty_database, tmp_path) as through:
        conn = await asyncpg.connect(empty_database)
        try:
            more = {"REVENGE_JOBS__POLL_ONLY": "true"} if way == "polling" else {"DATABASE_LISTEN_URL": empty_database}
            inherited = {key: value for key, value in os.environ.items() if not key.startswith(("DB_", "DATABASE_"))}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "revenge", "scan", "--json", str(films)),
                env={**inherited, "DATABASE_URL": through, "REVENGE_DATA_DIR": str(tmp_path / "data"), **more},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            out, errors = await asyncio.wait_for(process.communicate(), 50)
            assert process.returncode == 0, errors.decode()[-2000:]
            assert json.loads(out)["status"] == "completed"
            # Nothing of it stays in the sessions that PgBouncer lends to the next client.
            assert await conn.fetchval(ADVISORY_LOCKS) == 0
        finally:
            await conn.close()
