"""The program of docs/own-process.md works until it is told to end, and is what the page shows."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.jobs import Client, JobState, Workers
from tests.fakes.engine import Actor, eventually, nothing

DOCS = Path(__file__).parents[4] / "docs"
EXAMPLE = DOCS / "examples" / "own_process.py"
LIMIT = timedelta(seconds=60)


async def test_the_program_works_jobs_until_it_is_told_to_end(database: str, pool: asyncpg.Pool) -> None:
    inserter = Client(pool)
    program = await asyncio.create_subprocess_exec(sys.executable, str(EXAMPLE), database)
    try:
        await eventually(inserter.nodes, within=LIMIT)
        insert = (
            "INSERT INTO river_job (kind, args, max_attempts) VALUES ('greet', '{\"name\": \"Ada\"}', 1) RETURNING id"
        )
        row = await inserter.wait(await pool.fetchval(insert), timeout=LIMIT)
        assert (row.state, row.output) == (JobState.COMPLETED, "Hello Ada")
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT.total_seconds()):
            assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert not await inserter.nodes()


def test_the_page_shows_the_programs_own_lines() -> None:
    shown = (DOCS / "own-process.md").read_text().partition("```python\n")[2].partition("```")[0]
    assert shown.strip() in EXAMPLE.read_text()


@pytest.mark.parametrize("listens", [True, False])
async def test_a_client_listens_by_a_dsn_and_says_when_it_does_not(
    database: str, pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture, listens: bool
) -> None:
    client = Client(pool, workers=Workers([Actor(nothing)]), listen=database if listens else None)
    await client.start()
    try:
        if listens:
            await eventually(lambda: _hears(client))
    finally:
        await client.stop()
    assert ("client.polls" in caplog.messages) is not listens


async def _hears(client: Client) -> bool:
    return client._runtime is not None and client._runtime.is_listening
