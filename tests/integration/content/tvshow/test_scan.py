"""Scans of trees of shows, through the queue and the worker, as the server does it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from revenge.app.enqueue import ScanQueue
from revenge.content.library.errors import UnscannableLibrary
from revenge.content.library.models import Library, LibraryFields, LibraryType, ScanStatus, ScanType
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanService
from revenge.content.library.service import LibraryService
from revenge.content.movie.jobs import MovieLibraryScanArgs, MovieLibraryScanWorker
from revenge.content.tvshow.jobs import TvShowLibraryScanArgs, TvShowLibraryScanWorker
from revenge.infra.jobs import Client, ClientConfig, JobState, Queue, Workers

TREE = (
    "The Office (2005)/Season 01/The Office - S01E01 - Pilot.mkv",
    "The Office (2005)/Season 01/The Office - S01E02-E03.mkv",
    "The Office (2001)/Series 1/The Office S01E01.mkv",
    "The Daily Show/Season 2024/The Daily Show - 2024-01-15 - Guest.mkv",
    "One Piece/[Group] One Piece - 1001 [1080p].mkv",
    "Firefly/Specials/Firefly - S00E01 - Gag Reel.mkv",
    "Firefly/Specials/Firefly - The Making Of.mkv",
)


def plant(root: Path, paths: tuple[str, ...] = TREE) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 1000)


class Server:
    """What a server has of libraries and workers."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", database: str) -> None:
        self.pool = pool
        self.inserts = Client(pool)
        self.queue = ScanQueue(self.inserts)
        self.libraries = LibraryService(pool, jobs=self.queue)
        self.scans = ScanService(pool, jobs=self.queue)
        self.repository = LibraryRepository(pool)
        self.client = Client(
            pool,
            config=ClientConfig(queues={Queue.BULK: 2}),
            listen=lambda: asyncpg.connect(database),
            workers=Workers([MovieLibraryScanWorker(self.scans), TvShowLibraryScanWorker(self.scans, self.repository)]),
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        await self.client.start()
        try:
            yield
        finally:
            await self.client.stop()

    async def library(self, root: Path, type: LibraryType = LibraryType.TVSHOW) -> Library:
        return await self.libraries.create(LibraryFields(name=root.name, type=type, paths=[str(root)]))


@pytest.fixture
def server(pool: "asyncpg.Pool[asyncpg.Record]", database: str) -> Server:
    return Server(pool, database)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tv"
    root.mkdir()
    plant(root)
    return root


async def test_scan_that_was_asked_for_is_completed_in_its_row(server: Server, root: Path) -> None:  # W16, W26
    library = await server.library(root)
    async with server.working():
        scan = await server.libraries.trigger_scan(library.id)
        assert scan.job_id is not None
        job = await server.client.wait(scan.job_id)
    assert (job.kind, job.queue, job.state) == ("tvshow_library_scan", "bulk", JobState.COMPLETED)
    done = await server.libraries.scan(library.id, scan.id)
    assert (done.status, done.counts.added, done.counts.unmatched) == (ScanStatus.COMPLETED, len(TREE), 0)
    rows = await server.pool.fetch(
        "SELECT title, year, season, episodes, absolute, air_date::text, key, series_key FROM revenge.library_item"
        " ORDER BY key"
    )
    found = {(row["title"], row["year"], row["season"], tuple(row["episodes"]), row["air_date"]) for row in rows}
    assert found == {
        ("The Office", 2005, 1, (1,), None),
        ("The Office", 2005, 1, (2, 3), None),
        ("The Office", 2001, 1, (1,), None),
        ("The Daily Show", None, 2024, (), "2024-01-15"),
        ("One Piece", None, None, (1001,), None),
        ("Firefly", None, 0, (1,), None),
        ("Firefly", None, 0, (), None),
    }
    assert {tuple(row["absolute"]) for row in rows if row["title"] == "One Piece"} == {(1001,)}
    # W23: two series of one title stay two.
    assert {row["series_key"] for row in rows if row["title"] == "The Office"} == {
        "episode:theoffice:2001", "episode:theoffice:2005",
    }  # fmt: skip


async def test_full_scan_reads_known_files_again_without_an_error(server: Server, root: Path) -> None:  # W18
    library = await server.library(root)
    async with server.working():
        for kind in (ScanType.INCREMENTAL, ScanType.FULL):
            scan = await server.libraries.trigger_scan(library.id, kind)
            assert scan.job_id is not None
            await server.client.wait(scan.job_id)
            done = await server.libraries.scan(library.id, scan.id)
    assert (done.type, done.counts.updated, done.counts.failed) == (ScanType.FULL, len(TREE), 0)


async def test_gos_row_without_a_scan_makes_one(server: Server, root: Path) -> None:  # W08
    library = await server.library(root)
    args = TvShowLibraryScanArgs(paths=(os.fspath(root),))
    async with server.working():
        job = (await server.client.insert(args)).job
        ended = await server.client.wait(job.id)
    assert ended.output["files_seen"] == len(TREE)
    (scan,) = (await server.libraries.scans(library.id)).scans
    assert (scan.job_id, scan.status) == (job.id, ScanStatus.COMPLETED)


async def test_missing_root_fails_the_scan_and_forgets_nothing(server: Server, root: Path) -> None:  # W19
    library = await server.library(root)
    async with server.working():
        first = await server.libraries.trigger_scan(library.id)
        assert first.job_id is not None
        await server.client.wait(first.job_id)
        root.rename(root.with_name("away"))  # noqa: ASYNC240 - a test
        again = await server.libraries.trigger_scan(library.id)
        assert again.job_id is not None
        job = await server.client.wait(again.job_id)
    scan = await server.libraries.scan(library.id, again.id)
    assert (job.state, scan.status) == (JobState.CANCELLED, ScanStatus.FAILED)
    assert await server.pool.fetchval("SELECT count(*) FROM revenge.library_file WHERE state = 'present'") == len(TREE)


async def test_library_of_films_is_refused_and_left_alone(server: Server, root: Path) -> None:  # W27
    films = await server.library(root, LibraryType.MOVIE)
    async with server.working():
        tv = await server.client.insert(TvShowLibraryScanArgs(library_id=films.id))
        refused = await server.client.wait(tv.job.id)
    assert refused.state is JobState.CANCELLED
    assert (await server.libraries.scans(films.id)).scans == []


async def test_job_that_scans_films_refuses_a_library_of_shows_and_one_of_music(server: Server, root: Path) -> None:
    # W27
    shows = await server.library(root)
    music = root.with_name("music")
    music.mkdir()
    songs = await server.library(music, LibraryType.MUSIC)
    async with server.working():
        for library in (shows, songs):
            inserted = await server.client.insert(MovieLibraryScanArgs(library_id=library.id))
            job = await server.client.wait(inserted.job.id)
            assert job.state is JobState.CANCELLED
    with pytest.raises(UnscannableLibrary):
        await server.libraries.trigger_scan(songs.id)
    assert await server.pool.fetchval("SELECT count(*) FROM revenge.library_scan") == 0
