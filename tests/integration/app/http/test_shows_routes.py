"""Series, seasons and episodes over HTTP, what people choose, and what follows of it, on a real database and engine."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from revenge.app.events.sinks import Done, Happened
from revenge.app.http.app import create_app
from revenge.app.http.services import ApiServices
from revenge.app.http.show_schemas import (
    EpisodeDetailOut,
    SeasonDetailOut,
    SeriesDetailOut,
    SeriesListOut,
    SeriesOut,
    UnmatchedListOut,
)
from revenge.app.settings import Settings
from revenge.app.shows import Shows, make_shows
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.content.library.ports import FilesChanged
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.service import LibraryService
from revenge.content.tvshow.errors import SeriesNotFound
from revenge.content.tvshow.match_jobs import TvShowFileMatchArgs
from revenge.infra.jobs import Client, ClientConfig, JobRow, JobState, Queue, Workers
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.integration.content.tvshow.conftest import Jobs, World


@dataclass
class Told:
    """Every sink at once: what search, people and the log are told."""

    series: set[UUID] = field(default_factory=set)
    happened: list[Happened] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    pictures: list[UUID] = field(default_factory=list)

    async def touch(self, conn: object, *, movies: Any = (), series: Any = (), people: Any = ()) -> None:
        self.series |= set(series)

    async def raise_event(self, conn: object, happened: Happened) -> None:
        self.happened.append(happened)

    async def raise_events(self, conn: object, happened: Any) -> None:
        self.happened += happened

    async def log(self, conn: object, done: Done) -> None:
        self.done.append(done)

    async def fetch(self, conn: object, entity_ids: Any) -> None:
        self.pictures += entity_ids


@dataclass
class Server:
    world: World
    told: Told
    shows: Shows
    client: Client
    http: httpx2.AsyncClient

    async def settle(self) -> list[JobRow]:
        """Work all that was enqueued, and what follows of it, and return the jobs."""
        await self.client.start()
        try:
            for _ in range(10):
                rows = await self.world.pool.fetch("SELECT id FROM river_job WHERE finalized_at IS NULL")
                if not rows:
                    break
                for row in rows:
                    await self.client.wait(row["id"])
        finally:
            await self.client.stop()
        rows = await self.world.pool.fetch("SELECT id FROM river_job ORDER BY id")
        return [await self.client.get(row["id"]) for row in rows]

    async def find(self, *files: str) -> None:
        """Have files found by a scan and all set going that follows."""
        self.world.put(*files)
        await self.world.scan()
        ids = [row["id"] for row in await self.world.pool.fetch("SELECT id FROM revenge.library_file")]
        async with self.world.pool.acquire() as conn, conn.transaction():
            change = FilesChanged(library_id=self.world.library_id, scan_id=uuid4(), added=ids)
            await self.shows.files.files_changed(conn, change)
        await self.settle()


@pytest.fixture
async def server(pool: asyncpg.Pool, database: str, tmp_path: Path) -> AsyncIterator[Server]:
    root = tmp_path / "tv"
    root.mkdir()
    world = World(pool, root)
    await world.make_library()
    told, inserts = Told(), Client(pool)
    shows = make_shows(
        pool, inserts=inserts, source=world.source, clock=SystemClock(), search=told, notifications=told,
        activity=told, pictures=told, settings=Settings(),
    )  # fmt: skip
    client = Client(
        pool,
        config=ClientConfig(queues={Queue.DEFAULT: 2}),
        listen=lambda: asyncpg.connect(database),
        workers=Workers(list(shows.workers)),
    )
    services = ApiServices(
        client=client,
        libraries=LibraryService(pool, jobs=Jobs()),
        counts=LibraryRepository(pool),
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
        shows=shows.http,
    )
    transport = httpx2.ASGITransport(create_app(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as http:
        yield Server(world, told, shows, client, http)


async def test_files_become_a_series_that_is_shown_with_all_that_is_known(server: Server) -> None:  # W23, W34
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv", "Firefly/Specials/Firefly - S00E01.mkv")
    page = SeriesListOut.model_validate((await server.http.get("/tvshows")).json())
    (series,) = page.series
    assert (series.title, series.season_count, series.episode_count, series.episode_file_count) == ("Firefly", 2, 16, 2)
    shown = SeriesDetailOut.model_validate((await server.http.get(f"/tvshows/{series.id}")).json())
    assert (shown.genres, shown.networks, shown.ids["tmdb"]) == (["Drama", "Comedy"], ["Channel 4"], "5")
    assert [(season.number, season.episode_count) for season in shown.seasons] == [(0, 2), (1, 14)]
    assert [credit.character for credit in shown.credits] == ["Role 0", "Role 1", "Role 2"]
    season = SeasonDetailOut.model_validate((await server.http.get(f"/tvshows/{series.id}/seasons/1")).json())
    assert [(episode.number, episode.has_file) for episode in season.episodes[:2]] == [(1, True), (2, False)]
    episode = EpisodeDetailOut.model_validate((await server.http.get(f"/episodes/{season.episodes[0].id}")).json())
    assert episode.title == "Episode 1x1"
    assert [Path(file.path).name for file in episode.files] == ["Firefly - S01E01.mkv"]
    assert [credit.type for credit in episode.credits] == ["guest_star"]
    # Told once for a whole new series; searched, and its pictures wanted.
    assert [each.type for each in server.told.happened] == ["series.added"]
    assert server.told.series == {UUID(series.id)}
    assert UUID(series.id) in server.told.pictures
    assert UUID(season.episodes[0].id) in server.told.pictures


async def test_new_files_of_a_known_series_are_told_of_once(server: Server) -> None:  # W34, W44
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    server.told.happened.clear()
    await server.find(*(f"Firefly/Season 01/Firefly - S01E{number:02}.mkv" for number in range(2, 12)))
    (told,) = server.told.happened
    assert (told.type, told.data["count"], told.data["title"]) == ("episode.added", 10, "Firefly")


@pytest.mark.parametrize("path", ["/tvshows/{}", "/tvshows/{}/seasons/1", "/episodes/{}"])
async def test_what_is_not_there_is_a_problem(server: Server, path: str) -> None:
    answer = await server.http.get(path.format(uuid4()))
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_list_is_paged_by_key_newest_first(server: Server) -> None:
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    await server.find(
        "One Piece/Season 01/One Piece - S01E01.mkv", "The Office (2001)/Season 01/The Office - S01E01.mkv"
    )
    titles, cursor = [], None
    for _ in range(3):
        given = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = SeriesListOut.model_validate((await server.http.get("/tvshows", params=given)).json())
        titles += [series.title for series in page.series]
        cursor = page.next_cursor
    assert cursor is None
    assert (len(set(titles)), titles[-1]) == (3, "Firefly")
    assert (await server.http.get("/tvshows", params={"cursor": "nonsense"})).status_code == 404


async def test_refreshes_are_jobs_and_their_ids_are_told(server: Server) -> None:  # W01, W09
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    series_id = await server.world.series_id("Firefly", 2002)
    shown = SeriesDetailOut.model_validate((await server.http.get(f"/tvshows/{series_id}")).json())
    season = shown.seasons[1].id
    episode = await server.world.pool.fetchval(
        "SELECT id FROM revenge.episode WHERE season_id = $1 LIMIT 1", UUID(season)
    )
    kinds = []
    for path in (
        f"/tvshows/{series_id}/refresh",
        f"/seasons/{season}/refresh",
        f"/episodes/{episode}/refresh",
        "/tvshows/refresh",
    ):
        answer = await server.http.post(path)
        assert answer.status_code == 202
        job = await server.client.get(answer.json()["job_id"])
        assert answer.headers["location"] == f"/api/v1/jobs/{job.id}"
        kinds.append(job.kind)
    assert kinds == [
        "metadata_refresh_tvshow", "metadata_refresh_season", "metadata_refresh_episode", "tvshow_metadata_refresh",
    ]  # fmt: skip
    less = await server.http.post(f"/tvshows/{series_id}/refresh", json={"episodes": False})
    job = await server.client.get(less.json()["job_id"])
    assert (job.kind, job.args["refresh_seasons"], job.args["refresh_episodes"]) == (
        "tvshow_series_refresh",
        True,
        False,
    )
    assert {job.state for job in await server.settle()} == {JobState.COMPLETED}


async def test_what_was_not_sure_is_chosen_by_hand_for_ever(server: Server) -> None:  # W22
    await server.find("The Ofice/Season 01/The Ofice - S01E01.mkv")
    listed = await server.http.get("/tvshows/unmatched", params={"library_id": str(server.world.library_id)})
    (waiting,) = UnmatchedListOut.model_validate(listed.json()).unmatched
    assert waiting.item_count == 1
    choice: dict[str, Any] = {"item_ids": [waiting.item_id]}
    for no_id in ("x", "99999999999999999999", "0"):
        choice["external_id"] = {"provider": "tmdb", "value": no_id}
        assert (await server.http.post("/tvshows/choices", json=choice)).status_code == 422, no_id
    choice["external_id"] = {"provider": "tmdb", "value": "2"}
    assert (await server.http.post("/tvshows/choices", json=choice)).status_code == 202
    await server.settle()
    assert (await server.world.matched())["The Ofice - S01E01.mkv"] == ("The Office", 2001, "1x1")
    assert await server.world.states() == {"manual": 1}
    # Files that come later follow, and no forced match changes it.
    await server.find("The Ofice/Season 01/The Ofice - S01E02.mkv")
    forced = {"library_id": str(server.world.library_id), "force": True}
    assert (await server.http.post("/tvshows/match", json=forced)).status_code == 202
    await server.settle()
    assert await server.world.states() == {"manual": 2}
    undo = {"item_ids": [waiting.item_id], "undo": True}
    assert (await server.http.post("/tvshows/choices", json=undo)).status_code == 202
    await server.settle()
    assert await server.world.states() == {"unmatched": 2}


async def test_library_that_holds_no_series_is_not_matched_for_any(server: Server, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    fields = LibraryFields(name="Films", type=LibraryType.MOVIE, paths=[str(tmp_path / "films")])
    films = await server.world.libraries.create(fields)
    refused = await server.http.post("/tvshows/match", json={"library_id": str(films.id)})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:revenge:problem:wrong-library")
    assert "'Films' is of type movie" in refused.json()["detail"]
    assert (await server.http.post("/tvshows/match", json={"library_id": str(uuid4())})).status_code == 404
    await server.client.insert(TvShowFileMatchArgs(library_id=films.id))
    (job,) = await server.settle()
    assert job.state is JobState.CANCELLED
    assert "of type movie" in job.errors[0].error


async def test_series_that_was_deleted_stays_away_until_somebody_wants_it_back(server: Server) -> None:  # W28
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    series_id = await server.world.series_id("Firefly", 2002)
    assert (await server.http.delete(f"/tvshows/{series_id}")).status_code == 204
    assert (await server.http.delete(f"/tvshows/{series_id}")).status_code == 404
    assert [each.action for each in server.told.done] == ["tvshow.delete"]
    await server.find("Firefly/Season 01/Firefly - S01E02.mkv")
    assert await server.world.states() == {"ignored": 2}
    assert await server.world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind <> 'person'") == 0
    item = await server.world.pool.fetchval("SELECT id FROM revenge.library_item LIMIT 1")
    again = {"item_ids": [str(item)], "undo": True}
    assert (await server.http.post("/tvshows/choices", json=again)).status_code == 202
    await server.settle()
    assert await server.world.states() == {"matched": 2}
    assert await server.world.series_id("Firefly", 2002) != series_id


async def test_two_that_are_the_same_are_merged_with_all_they_have(server: Server) -> None:
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    server.world.source.enabled = False
    await server.find("Serenity/Season 01/Serenity - S01E01.mkv", "Serenity/Season 03/Serenity - S03E01.mkv")
    keep = await server.world.series_id("Firefly", 2002)
    other = await server.world.pool.fetchval("SELECT id FROM revenge.series WHERE local_key IS NOT NULL")
    answer = await server.http.post(f"/tvshows/{keep}/merge", json={"series_ids": [str(other)]})
    merged = SeriesOut.model_validate(answer.json())
    assert (merged.episode_file_count, merged.season_count) == (2, 3)
    found = await server.world.matched()
    assert found["Serenity - S01E01.mkv"] == found["Firefly - S01E01.mkv"] == ("Firefly", 2002, "1x1")
    assert found["Serenity - S03E01.mkv"] == ("Firefly", 2002, "3x1")
    assert await server.world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind = 'series'") == 1
    assert (
        await server.world.pool.fetchval("SELECT kind FROM river_job ORDER BY id DESC LIMIT 1")
        == "tvshow_series_refresh"
    )
    same = await server.http.post(f"/tvshows/{keep}/merge", json={"series_ids": [str(keep)]})
    assert same.status_code == 422

    again = await server.http.post("/tvshows/match", json={"library_id": str(server.world.library_id), "force": True})
    assert again.status_code == 202
    await server.settle()
    assert (await server.world.matched())["Serenity - S03E01.mkv"] == ("Firefly", 2002, "3x1")
    assert await server.world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind = 'series'") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"item_ids": ["{item}"]}, 422),
        ({"item_ids": ["{item}"], "ignore": True, "undo": True}, 422),
        ({"item_ids": ["{item}"], "candidate": 7}, 422),
        ({"item_ids": ["{item}"], "series_id": "00000000-0000-7000-8000-000000000001"}, 404),
        ({"item_ids": ["00000000-0000-7000-8000-000000000001"], "ignore": True}, 404),
        ({"item_ids": [], "ignore": True}, 422),
        ({"item_ids": ["{item}"], "external_id": {"provider": "tmdb", "value": "a b"}}, 422),
    ],
)
async def test_choice_that_cannot_be_is_refused(server: Server, body: dict[str, Any], status: int) -> None:
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    item = await server.world.pool.fetchval("SELECT id FROM revenge.library_item")
    given = {**body, "item_ids": [each.format(item=item) for each in body["item_ids"]]}
    assert (await server.http.post("/tvshows/choices", json=given)).status_code == status


async def test_who_may_not_see_a_library_sees_none_of_its_series(server: Server) -> None:  # W43
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    series_id = await server.world.series_id("Firefly", 2002)
    seen = server.shows.repository
    assert (await seen.page(visible=frozenset())).series == []
    assert len((await seen.page(visible={server.world.library_id})).series) == 1
    for visible in (frozenset[UUID](), {uuid4()}):
        with pytest.raises(SeriesNotFound):
            await seen.get(series_id, visible=visible)


async def test_library_that_is_forgotten_takes_its_series_along(server: Server) -> None:  # W20
    await server.find("Firefly/Season 01/Firefly - S01E01.mkv")
    assert await server.shows.service.forget_library(server.world.library_id) == 1
    assert await server.world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind <> 'person'") == 0
