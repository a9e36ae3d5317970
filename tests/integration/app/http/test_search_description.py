"""`/openapi.json` says what search does: schemathesis tries to prove it wrong, on PostgreSQL itself."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenge.app.events.search import SearchQueue
from revenge.app.http.app import close_streams, create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices
from revenge.app.search import SearchService
from revenge.content.search.changes import ChangeLog
from revenge.content.search.jobs import MovieSearchIndexWorker, TVShowSearchIndexWorker
from revenge.content.search.service import IndexService
from revenge.infra.jobs import Client, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import drain
from revenge.infra.search.postgres import PostgresSearch
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.media_rows import MediaRows
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.fakes.serving import serving

KEY = "a-key-that-nobody-guesses"


@pytest.mark.timeout(300)
async def test_schemathesis_finds_nothing_in_search(pool: Any, tmp_path: Path) -> None:
    rows = MediaRows(pool)
    al, heat = await rows.person(), await rows.movie(library=await rows.library("Films"), year=1995)
    await rows.credit(heat, al)
    await rows.episode(series := await rows.series(), await rows.season(series))
    engine = PostgresSearch(pool)
    index = IndexService(pool, index=engine, engine=engine.name, monotonic=SystemClock().monotonic)
    client = Client(pool, workers=Workers([MovieSearchIndexWorker(index), TVShowSearchIndexWorker(index)]))
    queue = SearchQueue(client, ChangeLog(pool))
    async with pool.acquire() as conn, conn.transaction():
        await queue.touch(conn, movies=[heat], series=[series])
    await drain(client)
    jobs = FakeJobs()
    services = ApiServices(
        client=jobs,
        libraries=FakeLibraries(jobs),
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
        search=SearchService(engine, clock=SystemClock(), token_lifetime=timedelta(hours=1)),
        reindexing=queue,
    )
    app = create_app(services, config=HttpConfig(api_key=KEY, login_failures=1_000_000))
    close_streams(app)
    async with serving(app) as url:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{url}/openapi.json",
            "--include-path-regex=/search",
            "--header",
            f"X-API-Key: {KEY}",
            "--phases=coverage,fuzzing",
            "--max-examples=10",
            "--generation-deterministic",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()[-8000:]
