"""Shows on real trees and a real database, with a source that knows a few series."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.content.library.models import LibraryFields, LibraryType, Scan
from revenge.content.library.ports import ChoiceMade, Connection, EnqueuedScan, JobFate, ScanJob
from revenge.content.library.scans import ScanRequest, ScanService
from revenge.content.library.service import LibraryService
from revenge.content.metadata.repository import EntityRepository
from revenge.content.tvshow.config import ShowConfig
from revenge.content.tvshow.matching import MatchCounts, Matching
from revenge.content.tvshow.ports import EpisodesAdded, SeriesAdded
from revenge.content.tvshow.refreshing import ShowRefresher
from revenge.content.tvshow.writer import ShowWriter
from tests.fakes.show_source import FakeSource, series

OFFICE_US = series(1, "The Office", 2005, 6, 22, popularity=400)
OFFICE_UK = series(2, "The Office", 2001, 6, 6, popularity=40)
DAILY = series(3, "The Daily Show", 1996, 4, 0)
PIECE = series(4, "One Piece", 1999, 61, 16, 14)
FIREFLY = series(5, "Firefly", 2002, 14, specials=("Gag Reel", "The Making Of Firefly"))


class Jobs:
    """A queue that only remembers."""

    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        return EnqueuedScan(1, duplicate=False)

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        return JobFate.ALIVE


@dataclass
class Recorder:
    """Keeps the events it is told."""

    series: list[SeriesAdded] = field(default_factory=list)
    episodes: list[EpisodesAdded] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    gone: set[UUID] = field(default_factory=set)
    people: set[UUID] = field(default_factory=set)
    choices: list[ChoiceMade] = field(default_factory=list)

    async def series_added(self, conn: Connection, added: SeriesAdded) -> None:
        self.series.append(added)

    async def episodes_added(self, conn: Connection, added: EpisodesAdded) -> None:
        self.episodes.append(added)

    async def changed(self, conn: Connection, series_ids: Any, *, people: Any = (), images: bool = False) -> None:
        self.touched |= set(series_ids)
        self.people |= set(people)

    async def deleted(self, conn: Connection, series_ids: Any, *, asked_for: bool = False) -> None:
        self.gone |= set(series_ids)

    async def merged(self, conn: Connection, keep: UUID, gone: Any) -> None:
        self.gone |= set(gone)

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        self.choices.append(made)


class Clock:
    """Says how late it is: the database's time, and what a test adds."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class World:
    """A folder, a library of it, and all that matches it."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", root: Path) -> None:
        self.pool = pool
        self.root = root
        self.source = FakeSource(OFFICE_US, OFFICE_UK, DAILY, PIECE, FIREFLY)
        self.events = Recorder()
        self.libraries = LibraryService(pool, jobs=Jobs())
        self.scans = ScanService(pool, jobs=Jobs())
        self.writer = ShowWriter(EntityRepository())
        self.clock = Clock()
        self.config = ShowConfig()
        self.library_id: UUID

    def matching(self) -> Matching:
        return Matching(self.pool, source=self.source, writer=self.writer, events=self.events, config=self.config)

    def refresher(self) -> ShowRefresher:
        return ShowRefresher(
            self.pool, source=self.source, writer=self.writer, clock=self.clock, events=self.events, config=self.config
        )

    async def series_id(self, title: str, year: int) -> UUID:
        found = await self.pool.fetchval("SELECT id FROM revenge.series WHERE title = $1 AND year = $2", title, year)
        assert found is not None
        return UUID(str(found))

    async def make_library(self, root: Path | None = None) -> UUID:
        root = root or self.root
        fields = LibraryFields(name=root.name, type=LibraryType.TVSHOW, paths=[str(root)])
        self.library_id = (await self.libraries.create(fields)).id
        return self.library_id

    def put(self, *paths: str, text: str = "x") -> None:
        for path in paths:
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    async def scan(self, *, force: bool = False) -> Scan:
        outcome = await self.scans.run(ScanRequest(library_id=self.library_id, force=force))
        assert isinstance(outcome, Scan)
        return outcome

    async def match(self, **options: Any) -> MatchCounts:
        counts, ended = await self.matching().match_library(self.library_id, **options)
        assert ended
        return counts

    async def matched(self) -> dict[str, tuple[Any, ...]]:
        """Return, by a file's name, its series and year, and the season and number of its episodes."""
        rows = await self.pool.fetch(
            "SELECT file.path_text, series.title, series.year,"
            " array_agg(episode.season_number || 'x' || episode.number ORDER BY episode.season_number, episode.number)"
            " AS episodes"
            " FROM revenge.library_file AS file JOIN revenge.library_item AS item ON item.id = file.item_id"
            " JOIN revenge.series AS series ON series.id = item.series_id"
            " JOIN revenge.item_episode AS link ON link.item_id = item.id"
            " JOIN revenge.episode AS episode ON episode.id = link.episode_id AND episode.series_id = series.id"
            " GROUP BY file.path_text, series.title, series.year"
        )
        return {row["path_text"].rpartition("/")[2]: (row["title"], row["year"], *row["episodes"]) for row in rows}

    async def states(self) -> dict[str, int]:
        """Return how many items are in each state."""
        rows = await self.pool.fetch("SELECT match_state, count(*) FROM revenge.library_item GROUP BY match_state")
        return {row["match_state"]: row["count"] for row in rows}

    async def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what the tables say, without ids and times."""
        questions = {
            "series": "SELECT title, year, overview, local_key, metadata_provider FROM revenge.series ORDER BY title, year",
            "seasons": "SELECT series.title, series.year, number, name FROM revenge.season JOIN revenge.series"
            " ON series.id = series_id ORDER BY series.title, series.year, number",
            "episodes": "SELECT series.title, series.year, season_number, number, episode.title, absolute_number,"
            " episode.air_date FROM revenge.episode JOIN revenge.series ON series.id = series_id"
            " ORDER BY series.title, series.year, season_number, number",
            "links": "SELECT item.key, item.match_state, season_number, number FROM revenge.library_item AS item"
            " LEFT JOIN revenge.item_episode AS link ON link.item_id = item.id"
            " LEFT JOIN revenge.episode AS episode ON episode.id = link.episode_id ORDER BY item.key, season_number, number",
            "ids": "SELECT kind, provider, value FROM revenge.external_id ORDER BY kind, provider, value",
            "entities": "SELECT kind, count(*) FROM revenge.entity GROUP BY kind ORDER BY kind",
        }
        return {name: [tuple(row) for row in await self.pool.fetch(question)] for name, question in questions.items()}

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Collect the statements of all connections of the pool."""
        seen: list[str] = []

        def log(record: Any) -> None:
            seen.append(record.query)

        holders: Any = self.pool
        connections = [holder._con for holder in holders._holders if holder._con is not None]
        for connection in connections:
            connection.add_query_logger(log)
        try:
            yield seen
        finally:
            for connection in connections:
                connection.remove_query_logger(log)


@pytest.fixture
async def world(pool: "asyncpg.Pool[asyncpg.Record]", tmp_path: Path) -> World:
    root = tmp_path / "tv"
    root.mkdir()
    world = World(pool, root)
    await world.make_library()
    return world
