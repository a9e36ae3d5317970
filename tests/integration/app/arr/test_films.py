"""Radarr's films among ours: found, made, filled and matched, and never doubled."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from revenge.app.arr.films import FilmTitles
from revenge.app.arr.listener import ArrFiles
from revenge.app.arr.queue import ArrQueue
from revenge.app.arr.shelf import MOST_FOLDERS, LibraryShelf
from revenge.app.demo.radarr import DemoRadarr
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.content.library.ports import FilesChanged
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.service import LibraryService
from revenge.content.metadata.models import IdProvider, ImageRef, ImageType, MovieDetails
from revenge.content.movie.registry import Claim, MovieRegistry
from revenge.infra.jobs import Client, JobListParams
from revenge.infra.jobs.clock import SystemClock
from revenge.integration.arr.facts import FilmFacts
from revenge.integration.arr.models import SyncDone
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.service import SyncRequest, SyncService
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.radarr.program import RadarrProgram
from tests.fakes.arr import KEY, caller_of, serving
from tests.fakes.arr_server import FakeEvents


@dataclass(kw_only=True)
class Ground:
    """A Radarr, a library of films on a disk, and what syncs them."""

    pool: Any
    jobs: Client
    demo: DemoRadarr
    syncs: SyncService[FilmFacts]
    shelf: LibraryShelf
    events: FakeEvents
    folder: Path

    async def sync(self) -> SyncDone:
        done = await self.syncs.sync_all(SyncRequest(job_id=1, run_for=timedelta(minutes=5)))
        assert isinstance(done, SyncDone)
        return done

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.pool.fetch(query, *values)]

    async def library(self, type: LibraryType = LibraryType.MOVIE) -> UUID:
        """Make a library of the folder that Radarr calls /movies."""
        service = LibraryService(self.pool, jobs=_NoScans())  # type: ignore[arg-type]  # none is asked for
        fields = LibraryFields(name="Films", type=type, paths=(str(self.folder),))
        return (await service.create(fields)).id

    async def item(self, library: UUID, path: str, state: str = "pending", movie: UUID | None = None) -> UUID:
        """Put a file there as a scan would, and its item."""
        item: UUID = await self.pool.fetchval(
            """
            WITH item AS (
                INSERT INTO revenge.library_item (id, library_id, kind, key, title, match_state, movie_id)
                VALUES (gen_random_uuid(), $1, 'movie', $2, $2, $3, $4) RETURNING id
            )
            INSERT INTO revenge.library_file (
                id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode
            )
            SELECT gen_random_uuid(), $1, root.id, item.id, $5, '', 1, 1, 1
            FROM item, revenge.library_root AS root WHERE root.library_id = $1 RETURNING item_id
            """,
            library,
            path,
            state,
            movie,
            str(self.folder / path).encode(),
        )
        return item

    async def known_film(self, title: str, *, provider: str, told: bool, **ids: str) -> UUID:
        """Put a film there that somebody else knows."""
        details = MovieDetails(
            provider=provider,
            ids={IdProvider(name): value for name, value in ids.items()},
            title=title,
            year=1999,
            overview="as the other tells",
            genres=("Other",),
            images=(ImageRef(type=ImageType.POSTER, provider=provider, source="/their.jpg"),),
        )
        async with self.pool.acquire() as conn, conn.transaction():
            (film,) = (await MovieRegistry().ensure(conn, [Claim(details=details, local_key=title.lower())])).ids
            if told:
                await conn.execute("UPDATE revenge.movie SET metadata_updated_at = now() WHERE id = $1", film)
        return film


class _NoScans:
    """No queue."""


@pytest.fixture
async def ground(pool: Any, tmp_path: Path) -> AsyncIterator[Ground]:
    demo = DemoRadarr(api_key=KEY)
    jobs, clock, events = Client(pool), SystemClock(), FakeEvents()
    shelf = LibraryShelf(LibraryRepository(pool), jobs)
    async with serving(demo) as server, caller_of(server, "radarr") as caller:
        syncs = SyncService(
            pool,
            program=RadarrProgram(RadarrClient(caller), paths=PathMapper({"/movies": str(tmp_path)})),
            titles=FilmTitles(),
            shelf=shelf,
            jobs=ArrQueue(jobs, clock=clock),
            events=events,
            clock=clock,
        )
        yield Ground(pool=pool, jobs=jobs, demo=demo, syncs=syncs, shelf=shelf, events=events, folder=tmp_path)


async def test_a_new_film_is_made_with_all_that_radarr_says(ground: Ground) -> None:  # W37
    ground.demo.add(1, "First", collection="Both", language="German")
    ground.demo.add(2, "Wished For", file=None)
    await ground.sync()
    (film,) = await ground.rows("SELECT * FROM revenge.movie")
    assert (film["title"], film["year"], film["runtime_min"], film["original_language"]) == ("First", 2020, 105, "de")
    assert (film["metadata_provider"], film["metadata_updated_at"], float(film["vote_average"])) == (
        "radarr",
        None,
        6.8,
    )
    assert film["trailer_url"] == "https://www.youtube.com/watch?v=trailer-1"
    ids = await ground.rows("SELECT provider, value FROM revenge.external_id WHERE kind = 'movie' ORDER BY provider")
    assert ids == [{"provider": "imdb", "value": "tt9000001"}, {"provider": "tmdb", "value": "500001"}]
    (collection,) = await ground.rows("SELECT id, name FROM revenge.collection")
    assert (collection["name"], film["collection_id"]) == ("Both", collection["id"])
    genres = await ground.rows("SELECT genre FROM revenge.entity_genre ORDER BY position")
    assert [row["genre"] for row in genres] == ["drama", "science-fiction"]
    (poster, backdrop) = await ground.rows("SELECT type, provider, source FROM revenge.image ORDER BY type DESC")
    assert (poster["type"], poster["provider"]) == ("poster", "radarr")
    assert backdrop["source"] == "https://image.tmdb.org/t/p/original/b1.jpg"
    assert ground.events.changes[0].added == [film["id"]]


async def test_a_film_that_is_known_by_an_id_is_linked_and_not_doubled(ground: Ground) -> None:  # W37
    by_tmdb = await ground.known_film("By TMDb", provider="tmdb", told=True, tmdb="500001")
    by_imdb = await ground.known_film("By IMDb", provider="tmdb", told=True, imdb="tt9000002")
    ground.demo.add(1, "First")
    ground.demo.add(2, "Second")
    done = await ground.sync()
    links = await ground.rows("SELECT entity_id FROM revenge.arr_title ORDER BY arr_id")
    assert [row["entity_id"] for row in links] == [by_tmdb, by_imdb]
    assert len(await ground.rows("SELECT id FROM revenge.movie")) == 2
    assert (done.counts.added, ground.events.changes[0].added) == (2, [])


async def test_what_a_provider_has_told_stays_and_gaps_are_filled(ground: Ground) -> None:  # W37
    film = await ground.known_film("As TMDb Has It", provider="tmdb", told=True, tmdb="500001")
    ground.demo.add(1, "As Radarr Has It")
    await ground.sync()
    (row,) = await ground.rows("SELECT title, year, overview, runtime_min, metadata_provider FROM revenge.movie")
    assert (row["title"], row["year"], row["overview"]) == ("As TMDb Has It", 1999, "as the other tells")
    assert (row["runtime_min"], row["metadata_provider"]) == (105, "tmdb")
    genres = await ground.rows("SELECT genre FROM revenge.entity_genre WHERE entity_id = $1", film)
    assert [genre["genre"] for genre in genres] == ["other"]
    images = await ground.rows(
        "SELECT provider, source, position FROM revenge.image WHERE type = 'poster' ORDER BY position"
    )
    assert [(image["provider"], image["position"]) for image in images] == [("tmdb", 0), ("radarr", 1)]
    assert images[0]["source"] == "/their.jpg"


async def test_a_film_that_only_names_told_of_becomes_what_radarr_says(ground: Ground) -> None:
    library = await ground.library()
    film = await ground.known_film("first 2020 bluray", provider="name", told=False)
    await ground.item(library, "First (2020)/First (2020) Bluray-1080p.mkv", "matched", film)
    ground.demo.add(1, "First")
    await ground.sync()
    (row,) = await ground.rows("SELECT id, title, local_key FROM revenge.movie")
    assert (row["id"], row["title"], row["local_key"]) == (film, "First", None)
    (title,) = await ground.rows("SELECT entity_id FROM revenge.arr_title")
    assert title["entity_id"] == film


async def test_a_film_with_other_ids_is_another_though_its_file_lies_there(ground: Ground) -> None:
    library = await ground.library()
    other = await ground.known_film("Other", provider="tmdb", told=True, tmdb="99")
    await ground.item(library, "First (2020)/First (2020) Bluray-1080p.mkv", "matched", other)
    ground.demo.add(1, "First")
    await ground.sync()
    (title,) = await ground.rows("SELECT entity_id FROM revenge.arr_title")
    assert title["entity_id"] not in (other, None)


@pytest.mark.parametrize(
    ("state", "matched"),
    [("pending", True), ("unmatched", True), ("manual", False), ("ignored", False), ("matched", False)],
)
async def test_files_that_nobody_has_matched_are_what_radarr_says(ground: Ground, state: str, matched: bool) -> None:
    library = await ground.library()
    item = await ground.item(library, "First (2020)/First (2020) Bluray-1080p.mkv", state)
    ground.demo.add(1, "First")
    await ground.sync()
    (row,) = await ground.rows(
        "SELECT match_state, movie_id, match_evidence FROM revenge.library_item WHERE id = $1", item
    )
    (film,) = await ground.rows("SELECT id FROM revenge.movie")
    assert (row["movie_id"] == film["id"], row["match_state"]) == (matched, "matched" if matched else state)
    (file,) = await ground.rows("SELECT library_file_id FROM revenge.arr_file")
    assert file["library_file_id"] is not None


async def test_a_scan_that_finds_a_file_of_radarr_s_links_and_matches_it(ground: Ground) -> None:
    library = await ground.library()
    ground.demo.add(1, "First")
    await ground.sync()
    item = await ground.item(library, "First (2020)/First (2020) Bluray-1080p.mkv")
    (file,) = await ground.rows("SELECT id FROM revenge.library_file")
    async with ground.pool.acquire() as conn, conn.transaction():
        change = FilesChanged(library_id=library, scan_id=library, added=[file["id"]])
        await ArrFiles(FilmTitles()).files_changed(conn, change)
    (row,) = await ground.rows("SELECT movie_id, match_state FROM revenge.library_item WHERE id = $1", item)
    (link,) = await ground.rows("SELECT library_file_id FROM revenge.arr_file")
    assert (row["match_state"], link["library_file_id"]) == ("matched", file["id"])


async def test_an_unknown_file_s_folder_is_scanned(ground: Ground) -> None:
    library = await ground.library()
    (ground.folder / "First (2020)").mkdir()
    ground.demo.add(1, "First")
    done = await ground.sync()
    (job,) = (await ground.jobs.list(JobListParams())).jobs
    assert (job.kind, job.args["library_id"]) == ("movie_library_scan", str(library))
    assert job.args["paths"] == [str(ground.folder / "First (2020)")]
    assert (done.scans_asked, done.outside) == (1, 0)


async def test_what_is_gone_is_scanned_from_what_is_above_it(ground: Ground) -> None:
    await ground.library()
    (ground.folder / "there").mkdir()
    async with ground.pool.acquire() as conn, conn.transaction():
        looked = await ground.shelf.look_again(
            conn,
            [
                str(ground.folder / "there" / "gone").encode(),
                str(ground.folder / "there" / "gone" / "too").encode(),
                b"/elsewhere",
            ],
        )
    (job,) = (await ground.jobs.list(JobListParams())).jobs
    assert job.args["paths"] == [str(ground.folder / "there")]
    assert (looked.asked, looked.outside) == (2, 1)


async def test_many_folders_are_one_scan_of_the_library(ground: Ground) -> None:
    await ground.library()
    folders = [str(ground.folder / str(number)).encode() for number in range(MOST_FOLDERS + 1)]
    async with ground.pool.acquire() as conn, conn.transaction():
        await ground.shelf.look_again(conn, folders)
    (job,) = (await ground.jobs.list(JobListParams())).jobs
    assert job.args["paths"] == []


async def test_a_scan_of_one_folder_does_not_swallow_that_of_another(ground: Ground) -> None:  # W07
    await ground.library()
    for name in ("one", "two", "one"):
        (ground.folder / name).mkdir(exist_ok=True)
        async with ground.pool.acquire() as conn, conn.transaction():
            await ground.shelf.look_again(conn, [str(ground.folder / name).encode()])
    jobs = (await ground.jobs.list(JobListParams())).jobs
    assert sorted(job.args["paths"][0].rpartition("/")[2] for job in jobs) == ["one", "two"]


async def test_libraries_that_cannot_be_scanned_are_left_alone(ground: Ground) -> None:
    await ground.library(LibraryType.MUSIC)
    async with ground.pool.acquire() as conn, conn.transaction():
        looked = await ground.shelf.look_again(conn, [str(ground.folder / "x").encode()])
    assert looked.asked == 0
    assert (await ground.jobs.list(JobListParams())).jobs == []


async def test_thousands_of_films_cost_a_bounded_number_of_statements(ground: Ground) -> None:
    for number in range(1, 2001):
        ground.demo.add(number, f"Film {number}")
    statements = 0

    def count(_record: object) -> None:
        nonlocal statements
        statements += 1

    for holder in ground.pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(count)
    done = await ground.sync()
    assert (done.counts.added, len(await ground.rows("SELECT id FROM revenge.movie"))) == (2000, 2000)
    # Ten batches of 200; each film alone would be some thirty.
    assert statements < 2000
