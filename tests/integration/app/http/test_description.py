"""`/openapi.json` says what the server does: schemathesis tries to prove it wrong."""

import asyncio
import sys
from pathlib import Path

import httpx2
import pytest

from revenge.app.http.app import close_streams, create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.integration_services import Integrations
from revenge.app.http.services import ApiServices
from revenge.infra.jobs import JobState
from revenge.integration.arr.facts import Source
from tests.fakes.integrations import FakeIntegration, FakeQueue
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.fakes.serving import serving

KEY = "a-key-that-nobody-guesses"


@pytest.mark.timeout(300)
async def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    jobs = FakeJobs()
    jobs.periodic.rows.clear()  # no schema can say which texts are cron expressions
    libraries = FakeLibraries(jobs)
    for state in JobState:
        jobs.add(state=state)
    films = libraries.add("Films")
    libraries.add_scan(films)
    libraries.add_file(films, b"/srv/films/Heat (1995).mkv")
    services = ApiServices(
        client=jobs,
        libraries=libraries,
        counts=libraries,
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
        integrations=Integrations(programs=dict.fromkeys(Source, FakeIntegration()), queue=FakeQueue(jobs)),
    )
    app = create_app(services, config=HttpConfig(api_key=KEY, login_failures=1_000_000))
    close_streams(app)  # streams end after the present state, so that nobody waits for news
    async with serving(app) as url:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{url}/openapi.json",
            "--header",
            f"X-API-Key: {KEY}",
            "--phases=coverage,fuzzing",
            "--max-examples=5",
            "--generation-deterministic",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()[-8000:]
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{url}/healthz")).status_code == 200
