"""A process that syncs is killed: another goes on behind what was done, and ends where an undisturbed one would."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenge.app.demo.sonarr import DemoSonarr
from revenge.infra.jobs import Client, JobState
from revenge.integration.sonarr.jobs import SonarrSyncArgs
from tests.fakes.arr import KEY, say, serving
from tests.fakes.wire import Asked, Say, WireServer

ROOT = Path(__file__).resolve().parents[4]


@asynccontextmanager
async def worker(database: str, server: WireServer, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `revenge worker` until the block ends; it may be dead by then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "revenge",
        "worker",
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("REVENGE_")},
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database,
            "REVENGE_DATA_DIR": str(folder / "data"),
            "REVENGE_LIBRARY__PROBE__ENABLED": "false",
            "REVENGE_INTEGRATIONS__SONARR__ENABLED": "true",
            "REVENGE_INTEGRATIONS__SONARR__AUTO_SYNC": "false",
            "REVENGE_INTEGRATIONS__SONARR__API_KEY": KEY,
            "REVENGE_INTEGRATIONS__SONARR__BASE_URL": server.url,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.timeout(240)
async def test_a_sync_whose_process_was_killed_goes_on_elsewhere(database: str, pool: Any, tmp_path: Path) -> None:
    demo = DemoSonarr(api_key=KEY)
    for number in range(1, 13):
        demo.add(number, f"Series {number}")
    reached, held = asyncio.Event(), asyncio.Event()

    def answer(asked: Asked) -> Say:
        if not held.is_set() and asked.query.get("seriesId") == ["8"]:
            reached.set()
            return Say(hold=held)
        return say(demo, asked)

    client = Client(pool)
    async with serving(demo) as server:
        server.say = answer
        job = (await client.insert(SonarrSyncArgs(operation="full"))).job
        async with worker(database, server, tmp_path) as first:
            await reached.wait()
            first.kill()
            await first.wait()
        held.set()
        server.asked.clear()
        async with worker(database, server, tmp_path):
            ended = await client.wait(job.id, timeout=timedelta(seconds=180))
    assert ended.state is JobState.COMPLETED
    assert (ended.output["added"], ended.output["total"], ended.output["failed"]) == (12, 12, 0)
    assert await pool.fetchval("SELECT count(*) FROM revenge.series") == 12
    assert await pool.fetchval("SELECT count(*) FROM revenge.episode") == 36
    assert await pool.fetchval("SELECT count(*) FROM revenge.arr_file") == 36
    # The five of the batch that was done are not asked for again.
    asked_for = [asked.query["seriesId"][0] for asked in server.asked if asked.path.endswith("/episode")]
    assert asked_for == [str(number) for number in range(6, 13)]
