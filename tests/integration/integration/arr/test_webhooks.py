"""Webhooks: kept with their jobs, the same once, many of one title together, and what each event leads to."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge.infra.database.connection import Connection
from revenge.infra.http.errors import Unavailable
from revenge.integration.arr.errors import InvalidPayload, NotATitle
from revenge.integration.arr.facts import Source
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.service import EVENTS_KEPT
from revenge.integration.arr.webhooks import DUPLICATE_WINDOW, WebhookInbox, WebhookService
from tests.fakes.services import StoppedClock
from tests.fakes.wire import Say
from tests.integration.integration.arr.conftest import Radarr, Sonarr

TITLE = "title:1"


class Desk:
    """An inbox, what works it, and the jobs that it completed."""

    def __init__(self, ground: Radarr | Sonarr) -> None:
        source = ground.program.source
        self.clock = StoppedClock()
        self.clock.moment = datetime.now(UTC)
        self.inbox = WebhookInbox(ground.pool, source=source, jobs=ground.queue, clock=self.clock)
        folders = {"/movies": "/our/films"} if source is Source.RADARR else {"/tv": "/our/shows"}
        self.service = WebhookService(
            ground.pool, source=source, titles=ground.syncs, paths=PathMapper(folders), events=ground.events
        )
        self.outputs: list[Mapping[str, Any]] = []

    async def complete(self, conn: Connection, output: Mapping[str, Any]) -> None:
        self.outputs.append(output)

    async def work(self, subject: str) -> bool:
        return await self.service.work(subject, self.complete)


def movie(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": "First",
        "year": 2020,
        "filePath": "/movies/First (2020)/First.mkv",
        "releaseDate": "2020-06-01",
        "folderPath": "/movies/First (2020)",
        "tmdbId": 500_000 + number,
        "imdbId": f"tt{9_000_000 + number}",
        "overview": "…",
        "genres": ["Drama"],
        "images": [],
        "tags": [],
        "originalLanguage": {"id": 1, "name": "English"},
    } | changes


def file(name: str = "First.mkv") -> dict[str, Any]:
    return {
        "id": 10_000_001,
        "relativePath": name,
        "path": f"/movies/First (2020)/{name}",
        "quality": "Bluray-1080p",
        "qualityVersion": 1,
        "releaseGroup": "GRP",
        "sceneName": "First",
        "indexerFlags": "0",
        "size": 4_000_000_000,
        "dateAdded": "2026-01-03T03:04:05Z",
        "languages": [{"id": 1, "name": "English"}],
        "mediaInfo": {"audioChannels": 5.1, "audioCodec": "EAC3", "audioLanguages": ["eng"], "height": 1080},
        "sourcePath": "/downloads/First.mkv",
    }


def event(event_type: str, **changes: Any) -> dict[str, Any]:
    return {"eventType": event_type, "instanceName": "Radarr", "applicationUrl": ""} | changes


DOWNLOAD = event("Download", movie=movie(), movieFile=file(), isUpgrade=False, downloadClient="SAB", deletedFiles=[])


async def test_an_event_and_its_job_are_kept_together(radarr: Radarr) -> None:  # W11
    desk = Desk(radarr)
    taken = await desk.inbox.take(DOWNLOAD)
    (row,) = await radarr.rows("webhook_event", "id")
    assert (row["id"], row["event_type"], row["subject"], row["job_id"]) == (taken.event_id, "Download", TITLE, 1)
    assert [received.id for received in radarr.queue.enqueued] == [taken.event_id]


async def test_no_event_is_kept_without_its_job(radarr: Radarr) -> None:  # W11
    desk = Desk(radarr)

    async def refuse(conn: Any, received: Any) -> int:
        raise RuntimeError("no queue")

    radarr.queue.enqueue = refuse  # type: ignore[method-assign]  # the queue fails
    with pytest.raises(RuntimeError):
        await desk.inbox.take(DOWNLOAD)
    assert await radarr.rows("webhook_event", "id") == []


async def test_the_same_event_that_waits_is_counted_and_not_kept_again(radarr: Radarr) -> None:  # W40
    desk = Desk(radarr)
    first = await desk.inbox.take(DOWNLOAD)
    again = await desk.inbox.take(dict(reversed(DOWNLOAD.items())))
    assert (again.duplicate, again.event_id, again.job_id) == (True, first.event_id, first.job_id)
    assert [row["seen"] for row in await radarr.rows("webhook_event", "id")] == [2]


async def test_the_same_event_at_the_same_moment_is_kept_once(radarr: Radarr) -> None:  # W40
    desk = Desk(radarr)
    taken = await asyncio.gather(*(desk.inbox.take(DOWNLOAD) for _ in range(6)))
    assert sum(not each.duplicate for each in taken) == 1
    assert [row["seen"] for row in await radarr.rows("webhook_event", "id")] == [6]


async def test_an_event_of_a_title_that_was_worked_is_looked_at_again(radarr: Radarr) -> None:
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    await desk.inbox.take(DOWNLOAD)
    await desk.work(TITLE)
    assert not (await desk.inbox.take(DOWNLOAD)).duplicate


async def test_health_is_told_once_within_the_window(radarr: Radarr) -> None:
    desk = Desk(radarr)
    health = event("Health", level="warning", message="No indexer", type="IndexerStatusCheck", wikiUrl="https://w/x")
    taken = await desk.inbox.take(health)
    await desk.work(f"event:{taken.event_id}")
    assert (await desk.inbox.take(health)).duplicate
    desk.clock.advance(DUPLICATE_WINDOW + timedelta(seconds=1))
    assert not (await desk.inbox.take(health)).duplicate
    (said,) = radarr.events.said
    assert (said.event, said.data["message"], said.data["wiki_url"]) == ("Health", "No indexer", "https://w/x")  # W40


async def test_a_burst_of_one_title_is_one_sync(radarr: Radarr) -> None:  # W40
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    for number in range(30):
        await desk.inbox.take({**DOWNLOAD, "downloadId": f"d{number}"})
    assert await desk.work(TITLE)
    assert len(radarr.server.asked) == 1
    assert [(output["events"], output["outcome"]) for output in desk.outputs] == [(30, "synced")]
    assert all(row["handled_at"] for row in await radarr.rows("webhook_event", "id"))


async def test_an_event_that_comes_while_its_title_is_worked_is_worked_too(radarr: Radarr) -> None:  # W07
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    await desk.inbox.take(DOWNLOAD)
    original = radarr.program.one

    async def meanwhile(arr_id: int) -> Any:
        radarr.program.one = original  # type: ignore[method-assign]  # once is enough
        await desk.inbox.take({**DOWNLOAD, "downloadId": "later"})
        return await original(arr_id)

    radarr.program.one = meanwhile  # type: ignore[method-assign]  # something happens during the sync
    assert await desk.work(TITLE)
    assert len(radarr.server.asked) == 2
    assert desk.outputs[0]["events"] == 2


async def test_no_event_slips_in_while_a_job_says_that_it_is_done(radarr: Radarr) -> None:
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    await desk.inbox.take(DOWNLOAD)
    late: list[asyncio.Task[Any]] = []

    async def complete(conn: Connection, output: Mapping[str, Any]) -> None:
        late.append(asyncio.create_task(desk.inbox.take({**DOWNLOAD, "downloadId": "late"})))
        # It waits for the lock, and finds a job that is over when it has it.
        while not await radarr.pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ):
            pass
        assert len(radarr.queue.enqueued) == 1

    assert await desk.service.work(TITLE, complete)
    await late[0]
    assert len(radarr.queue.enqueued) == 2


async def test_a_title_s_event_syncs_it_and_has_its_folders_scanned(radarr: Radarr) -> None:
    radarr.demo.add(1, "First", file="First.mkv")
    await radarr.library_file(b"/our/films/First (2020)/First.mkv")
    desk = Desk(radarr)
    upgrade = {**DOWNLOAD, "isUpgrade": True, "deletedFiles": [file("Old.mkv") | {"path": "/movies/Old/Old.mkv"}]}
    await desk.inbox.take(upgrade)
    await desk.work(TITLE)
    assert [row["title"] for row in await radarr.rows("arr_title", "arr_id")] == ["First"]
    # The upgrade lies where the old file lay: libraries know the path, and still have to look.
    assert radarr.shelf.looked_at == [b"/our/films/First (2020)", b"/our/films/Old"]


@pytest.mark.parametrize("deleted_files", [True, False, None, []])
async def test_a_film_that_was_deleted_is_let_go(radarr: Radarr, deleted_files: object) -> None:  # W40
    radarr.demo.add(1, "First")
    await radarr.syncs.sync_one(1)
    radarr.server.answer(Say(status=500))  # nobody need be asked
    desk = Desk(radarr)
    await desk.inbox.take(event("MovieDelete", movie=movie(), deletedFiles=deleted_files, movieFolderSize=5))
    await desk.work(TITLE)
    (row,) = await radarr.rows("arr_title", "arr_id")
    assert (row["entity_id"], row["removed_at"] is not None) == (None, True)
    assert desk.outputs[0]["outcome"] == "let go"


async def test_a_rename_has_both_places_scanned(radarr: Radarr) -> None:
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    renamed = file("New.mkv") | {"previousRelativePath": "Old.mkv", "previousPath": "/movies/Before/Old.mkv"}
    await desk.inbox.take(event("Rename", movie=movie(), renamedMovieFiles=[renamed]))
    await desk.work(TITLE)
    assert {b"/our/films/Before", b"/our/films/First (2020)"} <= set(radarr.shelf.looked_at)


async def test_a_file_that_was_deleted_is_taken_out_and_its_folder_scanned(radarr: Radarr) -> None:  # W36
    radarr.demo.add(1, "First", file="First.mkv")
    await radarr.syncs.sync_one(1)
    radarr.demo.add(1, "First", file=None)
    radarr.shelf.looked_at.clear()
    desk = Desk(radarr)
    await desk.inbox.take(event("MovieFileDelete", movie=movie(), movieFile=file(), deleteReason="manual"))
    await desk.work(TITLE)
    assert await radarr.rows("arr_file", "arr_file_id") == []
    assert set(radarr.shelf.looked_at) == {b"/our/films/First (2020)"}


@pytest.mark.parametrize(
    "raw",
    [
        event("Test", movie=movie()),
        event("Grab", movie=movie(), release={"quality": "x", "size": 1}),
        event("Grab"),
        event("SomethingQuiteNew", payload={"a": [1, 2, {"b": None}]}),
    ],
    ids=lambda raw: str(raw["eventType"]),
)
async def test_what_leads_to_nothing_is_kept_and_noted(radarr: Radarr, raw: dict[str, Any]) -> None:  # W40
    desk = Desk(radarr)
    taken = await desk.inbox.take(raw)
    await desk.work(f"event:{taken.event_id}")
    (row,) = await radarr.rows("webhook_event", "id")
    assert (row["event_type"], row["outcome"]) == (raw["eventType"], "noted")
    assert radarr.server.asked == []


@pytest.mark.parametrize("name", ["HealthRestored", "ApplicationUpdate", "ManualInteractionRequired"])
async def test_what_people_want_to_know_is_told(radarr: Radarr, name: str) -> None:
    desk = Desk(radarr)
    raw = event(name, message="said", previousVersion="5", newVersion="6", downloadStatus="Warning", movie=movie())
    taken = await desk.inbox.take(raw)
    await desk.work(f"event:{taken.event_id}")
    (said,) = radarr.events.said
    assert said.event == name
    assert said.data.items() >= {"message": "said", "new_version": "6", "title": "First"}.items()


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"eventType": ""},
        {"eventType": 5},
        {"eventType": "x" * 101},
        event("Download"),
        event("Download", movie=None),
        event("Download", movie={"id": 0}),
        event("Download", movie={"id": "five"}),
        event("Download", movie=[]),
        event("Rename", movie=movie(), renamedMovieFiles="all"),
    ],
    ids=str,
)
async def test_what_is_no_event_is_refused_and_not_kept(radarr: Radarr, raw: dict[str, Any]) -> None:  # W40
    with pytest.raises(InvalidPayload):
        await Desk(radarr).inbox.take(raw)
    assert await radarr.rows("webhook_event", "id") == []


async def test_what_postgresql_cannot_hold_does_not_keep_an_event_out(radarr: Radarr) -> None:
    desk = Desk(radarr)
    await desk.inbox.take(event("Health", message="a\0b", level="error", odd={"\0": "\0"}))
    await desk.inbox.take(event("Odd\0Event"))
    assert len(await radarr.rows("webhook_event", "id")) == 2


async def test_events_wait_while_radarr_is_away(radarr: Radarr) -> None:
    radarr.demo.add(1, "First")
    desk = Desk(radarr)
    await desk.inbox.take(DOWNLOAD)
    before = radarr.server.say
    radarr.server.answer(Say(status=503))
    with pytest.raises(Unavailable):
        await desk.work(TITLE)
    assert [row["handled_at"] for row in await radarr.rows("webhook_event", "id")] == [None]
    radarr.server.say = before
    assert await desk.work(TITLE)


async def test_an_event_of_an_unknown_title_is_settled_with_the_reason(radarr: Radarr) -> None:
    desk = Desk(radarr)
    await desk.inbox.take(DOWNLOAD)
    with pytest.raises(NotATitle):
        await desk.work(TITLE)
    (row,) = await radarr.rows("webhook_event", "id")
    assert "not known here" in row["outcome"]


async def test_go_s_jobs_hold_their_payload_alone(radarr: Radarr) -> None:
    radarr.demo.add(5, "Fifth")
    outcome = await Desk(radarr).service.handle([{"eventType": "Download", "movie": {"id": 5}}])
    assert (outcome["outcome"], outcome["added"]) == ("synced", 1)


async def test_a_season_s_import_of_sonarr_is_one_sync(sonarr: Sonarr) -> None:  # W38, W40
    sonarr.demo.add(1, "Series", episodes=8)
    desk = Desk(sonarr)
    series = {
        "id": 1,
        "title": "Series",
        "titleSlug": "series",
        "path": "/tv/Series",
        "tvdbId": 300_001,
        "type": "standard",
    }
    for number in range(1, 9):
        episode_file = {
            "id": number,
            "relativePath": f"Season 01/{number}.mkv",
            "path": f"/tv/Series/Season 01/{number}.mkv",
        }
        await desk.inbox.take(
            event("Download", series=series, episodes=[{"id": number, "seasonNumber": 1}], episodeFile=episode_file)
        )
    complete = event("Download", series=series, episodeFiles=[{"id": 9, "path": "/tv/Series/Season 02/9.mkv"}])
    await desk.inbox.take(complete)
    assert await desk.work(TITLE)
    assert len([asked for asked in sonarr.server.asked if asked.path == "/api/v3/episode"]) == 1
    assert b"/our/shows/Series/Season 02" in sonarr.shelf.looked_at
    assert len(await sonarr.rows("arr_file", "arr_file_id")) == 8


async def test_a_series_that_was_added_is_synced_and_one_that_was_deleted_let_go(sonarr: Sonarr) -> None:
    sonarr.demo.add(1, "Series")
    desk = Desk(sonarr)
    await desk.inbox.take(event("SeriesAdd", series={"id": 1, "title": "Series"}))
    await desk.work(TITLE)
    assert len(await sonarr.rows("arr_title", "arr_id")) == 1
    await desk.inbox.take(event("SeriesDelete", series={"id": 1, "title": "Series"}, deletedFiles=True))
    await desk.work(TITLE)
    assert (await sonarr.rows("arr_title", "arr_id"))[0]["removed_at"] is not None


async def test_pages_go_from_the_newest_back_and_old_events_go(radarr: Radarr) -> None:
    desk = Desk(radarr)
    names = [f"Event{number}" for number in range(5)]
    for name in names:
        await desk.inbox.take(event(name))
    found: list[str] = []
    cursor = None
    while cursor is not None or not found:
        page = await desk.inbox.list(limit=2, cursor=cursor)
        found += [each.event_type for each in page.events]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == names[::-1]
    with pytest.raises(ValueError):
        await desk.inbox.list(cursor="nonsense")


async def test_a_full_sync_forgets_webhooks_of_more_than_a_month_ago(radarr: Radarr) -> None:
    desk = Desk(radarr)
    await desk.inbox.take(event("New"))
    desk.clock.advance(-EVENTS_KEPT - timedelta(seconds=1))
    await desk.inbox.take(event("Old"))
    await radarr.sync()
    assert [row["event_type"] for row in await radarr.rows("webhook_event", "id")] == ["New"]
