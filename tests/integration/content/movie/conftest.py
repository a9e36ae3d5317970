"""Libraries of films in a real database, with a source, a queue and listeners that do as they are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from revenge.content.library.models import show_path
from revenge.content.library.ports import ChoiceMade, Connection
from revenge.content.library.repository import LibraryRepository
from revenge.content.metadata.ports import MetadataSource
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.matcher import MovieMatcher
from revenge.content.movie.matching_runs import MatchRuns
from revenge.content.movie.ports import Matched, Refreshed
from revenge.content.movie.refreshing import MovieRefresher, RefreshConfig
from revenge.content.movie.service import MovieService
from tests.fakes.metadata_source import FakeSource

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass
class Told:
    """Listens, and remembers."""

    matches: list[Matched] = field(default_factory=list)
    refreshes: list[Refreshed] = field(default_factory=list)
    deletions: list[tuple[list[UUID], bool]] = field(default_factory=list)
    merges: list[tuple[UUID, list[UUID]]] = field(default_factory=list)
    choices: list[ChoiceMade] = field(default_factory=list)

    async def matched(self, conn: Connection, done: Matched) -> None:
        self.matches.append(done)

    async def refreshed(self, conn: Connection, done: Refreshed) -> None:
        self.refreshes.append(done)

    async def deleted(self, conn: Connection, movie_ids: Sequence[UUID], *, asked_for: bool) -> None:
        self.deletions.append((list(movie_ids), asked_for))

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        self.merges.append((keep, list(gone)))

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        self.choices.append(made)


@dataclass
class Queue:
    """Remembers what was enqueued."""

    jobs: list[tuple[Any, ...]] = field(default_factory=list)

    async def refresh(self, conn: Connection, movie_id: UUID, *, force: bool, languages: Sequence[str]) -> int:
        self.jobs.append(("refresh", movie_id, force, tuple(languages)))
        return len(self.jobs)

    async def refresh_many(self, conn: Connection, movie_ids: Sequence[UUID]) -> int:
        self.jobs.append(("refresh_many", tuple(movie_ids)))
        return len(movie_ids)

    async def match_item(self, conn: Connection, item_id: UUID, *, force: bool) -> int:
        self.jobs.append(("match", item_id, force))
        return len(self.jobs)


class StoppedClock:
    """Tells one time."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


class Films:
    """A library of films, and all that works on it."""

    def __init__(self, pool: asyncpg.Pool, library_id: UUID, source: MetadataSource) -> None:
        self.pool = pool
        self.library_id = library_id
        self.told = Told()
        self.queue = Queue()
        self.clock = StoppedClock()
        self.items = ItemRepository()
        self.use(source)

    def use(self, source: MetadataSource) -> None:
        self.matcher = MovieMatcher(self.pool, source=source, events=self.told)
        self.runs = MatchRuns(self.pool, matcher=self.matcher, libraries=LibraryRepository(self.pool))
        self.refresher = MovieRefresher(
            self.pool, source=source, events=self.told, jobs=self.queue, clock=self.clock, config=RefreshConfig()
        )
        self.service = MovieService(self.pool, jobs=self.queue, events=self.told)

    async def add(self, title: str, year: int | None = None, *, library_id: UUID | None = None, **fields: Any) -> UUID:
        """Add an item with one file, as a scan would; return the item's id."""
        item_id, library = uuid7(), library_id or self.library_id
        ids = {name: fields.get(name) for name in ("tmdb_id", "imdb_id", "tvdb_id")}
        told = next((f"{name[:4]}:{value}" for name, value in ids.items() if value), None)
        key = "movie:" + (told or f"{''.join(filter(str.isalnum, title.casefold()))}:{year or f'in:{item_id}'}")
        await self.pool.execute(
            "INSERT INTO revenge.library_item (id, library_id, kind, key, title, year, tmdb_id, imdb_id, tvdb_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            item_id, library, fields.get("kind", "movie"), key, title, year, *ids.values(),
        )  # fmt: skip
        await self.add_file(item_id, library, **fields)
        return item_id

    async def add_file(self, item_id: UUID | None, library_id: UUID | None = None, **fields: Any) -> bytes:
        library = library_id or self.library_id
        path = fields.get("path", f"/films/{uuid7()}.mkv".encode())
        await self.pool.execute(
            "INSERT INTO revenge.library_file (id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode,"
            " media, nfo, edition, part, resolution)"
            " VALUES ($1, $2, $2, $3, $4, $5, 1, 1, 1, 'movie', $6, $7, $8, $9)",
            uuid7(), library, item_id, path, show_path(path), orjson.dumps(fields.get("nfo")).decode() if fields.get("nfo") else None,
            fields.get("edition"), fields.get("part"), fields.get("resolution"),
        )  # fmt: skip
        return bytes(path)

    async def match_all(self) -> None:
        async for _ in self.matcher.match_pending(self.library_id, language="en"):
            pass

    async def match(self, item_id: UUID, *, force: bool = True) -> Any:
        return await self.runs.match_item(item_id, force=force)

    async def item(self, item_id: UUID) -> Any:
        return await self.pool.fetchrow("SELECT * FROM revenge.library_item WHERE id = $1", item_id)

    async def film_of(self, item_id: UUID) -> Any:
        return await self.pool.fetchrow(
            "SELECT movie.* FROM revenge.movie JOIN revenge.library_item AS item ON item.movie_id = movie.id WHERE item.id = $1",
            item_id,
        )

    async def count(self, table: str = "movie") -> int:
        number: int = await self.pool.fetchval(f"SELECT count(*) FROM revenge.{table}")
        return number


async def make_library(pool: asyncpg.Pool, name: str, language: str = "en") -> UUID:
    library_id = uuid7()
    await pool.execute(
        "INSERT INTO revenge.library (id, name, type, preferred_language) VALUES ($1, $2, 'movie', $3)",
        library_id, name, language,
    )  # fmt: skip
    # The root has the library's id: a test has no need of another.
    await pool.execute(
        "INSERT INTO revenge.library_root (id, library_id, position, path, path_text) VALUES ($1, $1, 1, $2, $3)",
        library_id, f"/{name}".encode(), f"/{name}",
    )  # fmt: skip
    return library_id


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def films(pool: asyncpg.Pool, source: FakeSource) -> Films:
    return Films(pool, await make_library(pool, "films"), source)
