"""The whole server with a Radarr and a Sonarr: a webhook or a click becomes a job, the job films, series and scans."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from revenge.app.container import Container, build_container
from revenge.app.demo.arr import DemoArr
from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.app.lifecycle import Lifecycle
from revenge.app.process import worker_steps
from revenge.app.settings import Settings
from revenge.app.settings.integrations import Integrations, Radarr, Sonarr
from revenge.app.settings.model import Database, Library, Probe
from revenge.infra.jobs import InsertOpts, JobRow, JobState
from revenge.integration.radarr.jobs import RadarrSyncArgs, RadarrWebhookArgs
from revenge.integration.sonarr.jobs import SonarrSyncArgs, SonarrWebhookArgs
from tests.fakes.arr import KEY, serving
from tests.fakes.wire import Say, WireServer

SECRET = "a-secret-that-nobody-guesses"


@dataclass(kw_only=True)
class House:
    """A server and the two programs."""

    container: Container
    http: httpx2.AsyncClient
    radarr: DemoRadarr
    sonarr: DemoSonarr
    radarr_server: WireServer
    films: Path

    async def ended(self, job_id: int) -> JobRow:
        """Wait until a job has ended."""
        return await self.container.client().wait(job_id, timeout=timedelta(seconds=30))

    async def rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.container.database().pool.fetch(query)]


@pytest.fixture
async def house(database: str, tmp_path: Path) -> AsyncIterator[House]:
    radarr, sonarr = DemoRadarr(api_key=KEY), DemoSonarr(api_key=KEY)
    films = tmp_path / "films"
    films.mkdir()
    async with serving(radarr) as radarr_server, serving(sonarr) as sonarr_server:
        common = {"enabled": True, "api_key": SecretStr(KEY), "webhook_secret": SecretStr(SECRET), "auto_sync": False}
        settings = Settings(
            data_dir=tmp_path / "data",
            database=Database(url=SecretStr(database)),
            library=Library(probe=Probe(enabled=False)),
            integrations=Integrations(
                radarr=Radarr(**common, base_url=radarr_server.url, path_mappings=(f"/movies={films}",)),
                sonarr=Sonarr(**common, base_url=sonarr_server.url),
            ),
        )
        container = build_container(settings)
        async with Lifecycle(worker_steps(container)):
            transport = httpx2.ASGITransport(container.api())
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as http:
                yield House(
                    container=container,
                    http=http,
                    radarr=radarr,
                    sonarr=sonarr,
                    radarr_server=radarr_server,
                    films=films,
                )


def hook(name: str, event: str, **body: Any) -> dict[str, Any]:
    return {"url": f"/webhooks/{name}", "headers": {"x-webhook-secret": SECRET}, "json": {"eventType": event, **body}}


async def test_a_sync_by_a_click_ends_with_films_that_everybody_sees(house: House) -> None:  # W36
    for number in range(1, 21):
        house.radarr.add(number, f"Film {number}")
    job_id = (await house.http.post("/admin/integrations/radarr/sync")).json()["job_id"]
    job = await house.ended(job_id)
    assert (job.state, job.queue, job.output["added"]) == (JobState.COMPLETED, "bulk", 20)
    assert len(await house.rows("SELECT id FROM revenge.movie")) == 20
    status = (await house.http.get("/admin/integrations/radarr/status")).json()
    assert (status["connected"], status["version"]) == (True, house.radarr.version)
    assert (status["syncStatus"]["moviesAdded"], status["syncStatus"]["isRunning"]) == (20, False)
    assert (await house.http.get("/movies")).status_code == 200


async def test_status_tells_the_truth_while_radarr_is_away(house: House) -> None:  # W39
    assert (await house.http.get("/admin/integrations/radarr/status")).json()["connected"] is True
    house.radarr_server.answer(Say(status=500))
    assert (await house.http.get("/admin/integrations/radarr/status")).json()["connected"] is False


async def test_a_burst_of_webhooks_is_one_job_whose_film_is_there_and_scanned(house: House) -> None:  # W40
    house.radarr.add(1, "First", file="First.mkv")
    folder = house.films / "First (2020)"
    folder.mkdir()
    (folder / "First.mkv").write_bytes(b"a film")
    library = {"name": "Films", "type": "movie", "paths": [str(house.films)]}
    assert (await house.http.post("/libraries", json=library)).status_code == 201
    movie = {"id": 1, "title": "First", "folderPath": "/movies/First (2020)"}
    answers = [
        await house.http.post(
            **hook(
                "radarr",
                "Download",
                movie=movie,
                downloadId=str(number),
                movieFile={"path": "/movies/First (2020)/First.mkv"},
            )
        )
        for number in range(10)
    ]
    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    job = await house.ended(job_id)
    assert (job.kind, job.state, job.output["events"], job.output["outcome"]) == (
        "radarr_webhook",
        JobState.COMPLETED,
        10,
        "synced",
    )
    (scan,) = [each for each in await _jobs(house) if each.kind == "movie_library_scan"]
    assert (await house.ended(scan.id)).state is JobState.COMPLETED
    (item,) = await house.rows("SELECT match_state, movie_id FROM revenge.library_item")
    (title,) = await house.rows("SELECT entity_id FROM revenge.arr_title")
    assert (item["match_state"], item["movie_id"]) == ("matched", title["entity_id"])
    (file,) = await house.rows("SELECT library_file_id FROM revenge.arr_file")
    assert file["library_file_id"] is not None
    events = (await house.http.get("/admin/integrations/radarr/webhooks")).json()["events"]
    assert {event["outcome"] for event in events} == {"synced"}


async def test_jobs_as_the_go_server_wrote_them_are_worked(house: House) -> None:
    house.radarr.add(5, "Fifth")
    house.sonarr.add(5, "Fifth Series")
    client = house.container.client()
    jobs = [
        await client.insert(RadarrSyncArgs.model_validate_json('{"operation":"full"}')),
        await client.insert(RadarrSyncArgs.model_validate_json('{"operation":"single","radarr_movie_id":5}')),
        await client.insert(SonarrSyncArgs.model_validate_json('{"operation":"single","sonarr_series_id":5}')),
        await client.insert(RadarrWebhookArgs(payload={"eventType": "Download", "movie": {"id": 5}})),
        await client.insert(SonarrWebhookArgs(payload={"eventType": "SeriesAdd", "series": {"id": 5}})),
    ]
    ended = [await house.ended(result.job.id) for result in jobs]
    assert [job.state for job in ended] == [JobState.COMPLETED] * 5
    assert len(await house.rows("SELECT id FROM revenge.movie")) == 1
    assert len(await house.rows("SELECT id FROM revenge.series")) == 1


async def test_a_title_or_a_payload_that_is_missing_ends_the_job_with_the_reason(house: House) -> None:  # W40, W05
    client = house.container.client()
    for args in (
        RadarrWebhookArgs(payload={"eventType": "Download"}),
        RadarrWebhookArgs(payload={}),
        SonarrWebhookArgs(payload={"eventType": "Rename", "series": None}),
        RadarrSyncArgs(operation="single", radarr_movie_id=404),
    ):
        job = await house.ended((await client.insert(args)).job.id)
        assert job.state is JobState.CANCELLED, args
        assert job.attempt == 1


async def test_health_becomes_a_notification(house: House) -> None:  # W40, W44
    answer = await house.http.post(
        **hook("sonarr", "Health", level="error", message="no disk", type="X", wikiUrl="https://w")
    )
    await house.ended(answer.json()["job_id"])
    (event,) = await house.rows("SELECT type, data FROM revenge.notification_event")
    assert event["type"] == "integration.sonarr_health"
    assert "no disk" in event["data"]


async def test_cancel_ends_a_sync_within_two_seconds_and_the_next_begins_anew(house: House) -> None:
    house.radarr.add(1, "First")
    held = asyncio.Event()
    answer = house.radarr_server.say
    house.radarr_server.answer(Say(hold=held))
    client = house.container.client()
    job = (await client.insert(RadarrSyncArgs(operation="full"))).job
    while not house.radarr_server.asked:
        await client.get(job.id)
    await client.cancel(job.id)
    async with asyncio.timeout(2):
        assert (await house.ended(job.id)).state is JobState.CANCELLED
    held.set()
    status = (await house.http.get("/admin/integrations/radarr/status")).json()
    assert status["syncStatus"]["isRunning"] is False
    house.radarr_server.say = answer
    again = await client.insert(RadarrSyncArgs(operation="full"), InsertOpts())
    assert (await house.ended(again.job.id)).output["added"] == 1


async def test_secrets_are_nowhere_to_be_seen(house: House) -> None:
    house.radarr_server.answer(Say(status=401))
    job = await house.ended((await house.container.client().insert(RadarrSyncArgs(operation="full"))).job.id)
    assert job.state is JobState.CANCELLED
    rows = await house.rows("SELECT river_job::text AS text FROM river_job")
    status = (await house.http.get("/admin/integrations/radarr/status")).text
    for text in (*(row["text"] for row in rows), status):
        assert KEY not in text
        assert SECRET not in text


async def _jobs(house: House) -> list[JobRow]:
    return list((await house.container.client().list()).jobs)


def test_stand_ins_want_their_key() -> None:
    demo: DemoArr = DemoRadarr(api_key=KEY)
    assert demo.answer("GET", "/api/v3/movie", {}, {"x-api-key": "wrong"}).status == 401
    assert demo.answer("POST", "/api/v3/movie", {}, {"x-api-key": KEY}).status == 405
    assert demo.answer("GET", "/api/v3/film", {}, {"x-api-key": KEY}).status == 404
