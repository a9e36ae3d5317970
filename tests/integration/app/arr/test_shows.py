"""Sonarr's series among ours, with seasons, episodes and files; never doubled."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from revenge.app.arr.queue import ArrQueue
from revenge.app.arr.shows import ShowTitles
from revenge.app.demo.sonarr import DemoSonarr
from revenge.content.metadata.models import (
    EpisodeDetails,
    IdProvider,
    ImageRef,
    ImageType,
    SeasonDetails,
    SeriesDetails,
)
from revenge.content.metadata.repository import EntityRepository
from revenge.content.tvshow.writer import ShowWriter
from revenge.infra.jobs import Client
from revenge.infra.jobs.clock import SystemClock
from revenge.integration.arr.facts import ShowFacts
from revenge.integration.arr.models import SyncDone
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.service import SyncRequest, SyncService
from revenge.integration.sonarr.client import SonarrClient
from revenge.integration.sonarr.program import SonarrProgram
from tests.fakes.arr import KEY, caller_of, serving
from tests.fakes.arr_server import FakeEvents, FakeShelf


@dataclass(kw_only=True)
class Ground:
    """A Sonarr, and what syncs it."""

    pool: Any
    demo: DemoSonarr
    syncs: SyncService[ShowFacts]
    events: FakeEvents

    async def sync(self) -> SyncDone:
        done = await self.syncs.sync_all(SyncRequest(job_id=1, run_for=timedelta(minutes=5)))
        assert isinstance(done, SyncDone)
        return done

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch(query, *values)]

    async def known_series(self) -> UUID:
        """Put a series there that TMDb has told of, with one episode."""
        writer = ShowWriter(EntityRepository())
        poster = ImageRef(type=ImageType.POSTER, provider="tmdb", source="/their.jpg")
        series = SeriesDetails(
            provider="tmdb",
            ids={IdProvider.TVDB: "300001"},
            title="As TMDb Has It",
            genres=("Other",),
            images=(poster,),
        )
        episode = EpisodeDetails(provider="tmdb", season=1, number=1, title="As TMDb Has It")
        async with self.pool.acquire() as conn, conn.transaction():
            series_id = await writer.make(conn, title="x", year=None, is_local=False)
            await writer.lock(conn, series_id)
            season = SeasonDetails(provider="tmdb", number=1, episodes=(episode,))
            await writer.write(conn, series_id, series=series, seasons=[season])
        return series_id

    async def item(self, path: str, state: str = "pending") -> UUID:
        """Put a file there as a scan would, and its item."""
        item: UUID = await self.pool.fetchval(
            """
            WITH library AS (
                INSERT INTO revenge.library (id, name, type) VALUES (gen_random_uuid(), 'TV', 'tvshow') RETURNING id
            ), root AS (
                INSERT INTO revenge.library_root (id, library_id, position, path, path_text)
                SELECT gen_random_uuid(), id, 0, '/our', '' FROM library RETURNING id, library_id
            ), item AS (
                INSERT INTO revenge.library_item (id, library_id, kind, key, title, match_state)
                SELECT gen_random_uuid(), library_id, 'episode', $2, $2, $3 FROM root RETURNING id
            )
            INSERT INTO revenge.library_file (
                id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode
            )
            SELECT gen_random_uuid(), root.library_id, root.id, item.id, $1, '', 1, 1, 1 FROM root, item
            RETURNING item_id
            """,
            path.encode(),
            path,
            state,
        )
        return item


@pytest.fixture
async def ground(pool: Any) -> AsyncIterator[Ground]:
    demo = DemoSonarr(api_key=KEY)
    clock, events = SystemClock(), FakeEvents()
    async with serving(demo) as server, caller_of(server, "sonarr") as caller:
        syncs = SyncService(
            pool,
            program=SonarrProgram(SonarrClient(caller), paths=PathMapper({"/tv": "/our"})),
            titles=ShowTitles(),
            shelf=FakeShelf(),
            jobs=ArrQueue(Client(pool), clock=clock),
            events=events,
            clock=clock,
        )
        yield Ground(pool=pool, demo=demo, syncs=syncs, events=events)


async def test_a_new_series_is_made_with_all_that_sonarr_says(ground: Ground) -> None:  # W38
    ground.demo.add(1, "Series", seasons=2, episodes=2)
    ground.demo.add(2, "Wished For", with_files=False)
    done = await ground.sync()
    (series,) = await ground.rows("SELECT * FROM revenge.series")
    assert (series["title"], series["year"], series["type"]) == ("Series", 2020, "Scripted")
    assert (series["metadata_provider"], series["metadata_updated_at"]) == ("sonarr", None)
    ids = await ground.rows(
        "SELECT provider, value FROM revenge.external_id WHERE entity_id = $1 ORDER BY provider", series["id"]
    )
    assert [(row["provider"], row["value"]) for row in ids] == [
        ("imdb", "tt8000001"),
        ("tmdb", "60001"),
        ("tvdb", "300001"),
        ("tvmaze", "20001"),
    ]
    genres = await ground.rows(
        "SELECT genre FROM revenge.entity_genre WHERE entity_id = $1 ORDER BY position", series["id"]
    )
    assert [row["genre"] for row in genres] == ["drama", "comedy"]
    assert [row["name"] for row in await ground.rows("SELECT name FROM revenge.network")] == ["A Network"]
    seasons = await ground.rows("SELECT number, name FROM revenge.season ORDER BY number")
    assert [(row["number"], row["name"]) for row in seasons] == [(0, "Specials"), (1, "Season 1"), (2, "Season 2")]
    episodes = await ground.rows(
        "SELECT season_number, number, title FROM revenge.episode ORDER BY season_number, number"
    )
    assert [(row["season_number"], row["number"]) for row in episodes] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    files = await ground.rows("SELECT path FROM revenge.arr_file")
    assert len(files) == 4
    stills = await ground.rows("SELECT provider FROM revenge.image WHERE type = 'still'")
    assert [row["provider"] for row in stills] == ["sonarr"] * 4
    assert (done.counts.added, ground.events.changes[0].added) == (2, [series["id"]])


async def test_episodes_without_files_are_there_to_be_missed(ground: Ground) -> None:  # W38
    ground.demo.add(1, "Series", episodes=2)
    del ground.demo.episodes[1][1]["episodeFile"]
    ground.demo.episodes[1][1]["episodeFileId"] = 0
    await ground.sync()
    assert len(await ground.rows("SELECT id FROM revenge.episode")) == 2
    assert len(await ground.rows("SELECT path FROM revenge.arr_file")) == 1


async def test_a_series_that_answers_files_apart_has_them_too(ground: Ground) -> None:  # W38
    ground.demo.knows_flag = False
    ground.demo.add(1, "Series", episodes=2)
    await ground.sync()
    assert len(await ground.rows("SELECT path FROM revenge.arr_file")) == 2


async def test_a_series_that_a_provider_told_of_is_linked_and_stays_as_it_is(ground: Ground) -> None:
    series_id = await ground.known_series()
    ground.demo.add(1, "As Sonarr Has It", episodes=2)
    await ground.sync()
    (series,) = await ground.rows("SELECT id, title, metadata_provider FROM revenge.series")
    assert (series["id"], series["title"], series["metadata_provider"]) == (series_id, "As TMDb Has It", "tmdb")
    episodes = await ground.rows("SELECT number, title FROM revenge.episode ORDER BY number")
    assert [(row["number"], row["title"]) for row in episodes] == [(1, "As TMDb Has It"), (2, "Episode 2")]
    posters = await ground.rows(
        "SELECT provider, position FROM revenge.image WHERE type = 'poster' AND entity_id = $1 ORDER BY position",
        series_id,
    )
    assert [row["provider"] for row in posters] == ["tmdb", "sonarr"]
    (title,) = await ground.rows("SELECT entity_id FROM revenge.arr_title")
    assert title["entity_id"] == series_id


async def test_a_sync_again_doubles_nothing(ground: Ground) -> None:
    ground.demo.add(1, "Series", seasons=2)
    await ground.sync()
    ground.demo.add(1, "Series Renamed", seasons=2, tvdbId=300_001)
    await ground.sync()
    (series,) = await ground.rows("SELECT title FROM revenge.series")
    assert series["title"] == "Series Renamed"
    assert len(await ground.rows("SELECT id FROM revenge.episode")) == 6


@pytest.mark.parametrize(("state", "matched"), [("pending", True), ("unmatched", True), ("manual", False)])
async def test_files_that_nobody_has_matched_are_what_sonarr_says(ground: Ground, state: str, matched: bool) -> None:
    path = "/our/Series/Season 01/Series - S01E01 - HDTV-1080p.mkv"
    item = await ground.item(path, state)
    ground.demo.add(1, "Series")
    await ground.sync()
    (row,) = await ground.rows("SELECT series_id, match_state FROM revenge.library_item WHERE id = $1", item)
    links = await ground.rows(
        "SELECT number FROM revenge.item_episode AS link JOIN revenge.episode ON episode.id = link.episode_id"
    )
    assert (row["series_id"] is not None, [link["number"] for link in links]) == (matched, [1] if matched else [])


async def test_statements_do_not_grow_with_episodes(ground: Ground) -> None:
    counts = []
    for number, episodes in ((1, 3), (2, 500)):
        ground.demo.all_series.clear()
        ground.demo.add(number, f"Series {number}", episodes=episodes)
        seen: list[object] = []
        for holder in ground.pool._holders:
            if holder._con is not None:
                holder._con.add_query_logger(seen.append)
        await ground.syncs.sync_one(number)
        for holder in ground.pool._holders:
            if holder._con is not None:
                holder._con.remove_query_logger(seen.append)
        counts.append(len(seen))
    # The first also pays for what asyncpg asks once per connection.
    assert counts[1] <= counts[0]
