"""Films as the tables hold them."""

from collections.abc import Collection as Many
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from revenge.content.library.models import LibraryFile
from revenge.content.library.ports import Connection, Pool
from revenge.content.library.records import file_from
from revenge.content.library.text import clean_text
from revenge.content.metadata.models import EntityKind, MovieDetails
from revenge.content.metadata.repository import EntityRepository, Written
from revenge.content.metadata.rows import Description, columns
from revenge.content.movie.errors import CollectionNotFound, MovieNotFound
from revenge.content.movie.models import (
    Collection,
    CollectionPage,
    Movie,
    MovieFilter,
    MovieOrder,
    MoviePage,
    MovieToRefresh,
    NewMovie,
)
from revenge.content.movie.statements import statements
from revenge.infra.database.cursors import decode_row, encode_row
from revenge.infra.limits import MAX_BIGINT

MAX_FILES = 1000
"""Files of one film that are shown: more is a mistake in a library, not a film."""

_PLAIN = tuple(field.name for field in fields(Movie))
_INT = 2**31 - 1
Reader = Connection | Pool


class MovieRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self, entities: EntityRepository | None = None) -> None:
        self._entities = entities or EntityRepository()
        self._sql = statements()

    async def lock_creation(self, conn: Connection) -> None:
        """Let nobody else make films until the transaction ends: look for them after this, make what is not there."""
        await conn.execute(self._sql["movie_create_lock"])

    async def find_local(self, conn: Connection, keys: Many[str]) -> dict[str, UUID]:
        """Return films that no provider has identified, by what they are told apart by."""
        rows = await conn.fetch(self._sql["movie_find_local"], list(keys)) if keys else []
        return {row["local_key"]: row["id"] for row in rows}

    async def alike(
        self, conn: Connection, wanted: Sequence[tuple[str, int | None]], *, limit: int = 5
    ) -> dict[int, list[asyncpg.Record]]:
        """Return, by the number of each title and year, films like it: id, title, original_title, year.

        In a transaction of its own: how it is planned is set for that.
        """
        found: dict[int, list[asyncpg.Record]] = {}
        dated = [(at, title, year) for at, (title, year) in enumerate(wanted) if year is not None]
        undated = [(at, title) for at, (title, year) in enumerate(wanted) if year is None]
        await conn.execute(self._sql["movie_alike_settings"])
        rows = await conn.fetch(self._sql["movie_alike_of_year"], *columns(dated, 3), limit) if dated else []
        rows += await conn.fetch(self._sql["movie_alike"], *columns(undated, 2), limit) if undated else []
        for row in rows:
            found.setdefault(row["number"], []).append(row)
        return found

    async def aliases(self, conn: Reader, movie_ids: Many[UUID]) -> dict[UUID, list[str]]:
        """Return what else films are called."""
        found: dict[UUID, list[str]] = {}
        for row in await conn.fetch(self._sql["movie_aliases"], list(movie_ids)):
            found.setdefault(row["entity_id"], []).append(row["title"])
        return found

    async def insert(self, conn: Connection, movies: Sequence[NewMovie]) -> Written:
        """Make films with all that is known of them, in a fixed number of statements.

        After `lock_creation`, and only those that are not there.
        """
        if not movies:
            return Written()
        await self._entities.create(conn, EntityKind.MOVIE, [movie.id for movie in movies])
        await conn.execute(self._sql["movie_insert_many"], *columns([_new_row(movie) for movie in movies], 11))
        written = await self._entities.describe(
            conn,
            [Description(entity_id=movie.id, kind=EntityKind.MOVIE, details=movie.details) for movie in movies],
        )
        if pairs := written.collections:
            await conn.execute(self._sql["movie_set_collection"], list(pairs), list(pairs.values()))
        return written

    async def put_details(
        self,
        conn: Connection,
        movie_id: UUID,
        details: MovieDetails,
        *,
        collection_id: UUID | None,
        only_gaps: bool = False,
    ) -> bool:
        """Write a film's own fields and return whether any changed; what ``details`` does not say stays.

        Raises:
            MovieNotFound: there is no such film.
        """
        row = await conn.fetchrow(
            self._sql["movie_put_details"],
            movie_id,
            *_told(details),
            clean_text(details.status, limit=100),
            _within(details.budget, MAX_BIGINT),
            _within(details.revenue, MAX_BIGINT),
            details.popularity,
            details.vote_average if details.vote_average is not None and 0 <= details.vote_average <= 10 else None,
            _within(details.vote_count, _INT),
            clean_text(details.trailer_url, limit=2000),
            clean_text(details.homepage, limit=2000),
            collection_id,
            details.provider,
            bool(details.ids),
            only_gaps,
        )
        if row is None:
            raise MovieNotFound(movie_id)
        changed: bool = row["changed"]
        return changed

    async def set_asked(self, conn: Connection, movie_id: UUID) -> None:
        """Remember that somebody was asked about a film just now."""
        await conn.execute(self._sql["movie_set_asked"], movie_id)

    async def clear_local_keys(self, conn: Connection, movie_ids: Many[UUID]) -> None:
        """Note that films are identified: they have an id with a provider."""
        await conn.execute(self._sql["movie_clear_local_key"], list(movie_ids))

    async def to_refresh(self, conn: Reader, movie_id: UUID) -> MovieToRefresh:
        """Return a film as a refresh needs it.

        Raises:
            MovieNotFound: there is no such film.
        """
        row = await conn.fetchrow(self._sql["movie_to_refresh"], movie_id)
        if row is None:
            raise MovieNotFound(movie_id)
        return MovieToRefresh(**{**row, "languages": tuple(row["languages"])})

    async def stale(self, conn: Reader, *, before: datetime, new_before: datetime, limit: int) -> list[UUID]:
        """Return films about which nobody was asked since ``before``; since ``new_before`` where they are new."""
        rows = await conn.fetch(self._sql["movie_stale"], before, new_before, limit)
        return [row["id"] for row in rows]

    async def get(self, conn: Reader, movie_id: UUID, *, visible: Many[UUID] | None = None) -> Movie:
        """Return a film; ``visible`` are the libraries that may be seen, None: all.

        Raises:
            MovieNotFound: there is none, or it may not be seen.
        """
        row = await conn.fetchrow(self._sql["movie_get"], movie_id, _given(visible))
        if row is None:
            raise MovieNotFound(movie_id)
        return _movie(row)

    async def page(
        self, conn: Reader, wanted: MovieFilter, *, visible: Many[UUID] | None, limit: int, cursor: str | None
    ) -> MoviePage:
        """Return films that may be seen.

        Raises:
            ValueError: the cursor is none of ours.
        """
        by_title = wanted.order is MovieOrder.TITLE
        key, last_id = decode_row(cursor) if cursor else (None, None)
        rows = await conn.fetch(
            self._sql["movie_list_title" if by_title else "movie_list_added"],
            _given(visible),
            wanted.library_id,
            wanted.genre,
            wanted.year,
            wanted.collection_id,
            None if wanted.title is None else f"%{_escaped(wanted.title)}%",
            key if by_title or key is None else datetime.fromisoformat(key),
            last_id,
            limit + 1,
        )
        more = None
        if len(rows) > limit:
            last = rows[limit - 1]
            more = encode_row(last["sort_key"] if by_title else last["added_at"].isoformat(), last["id"])
        return MoviePage([_movie(row) for row in rows[:limit]], more)

    async def files(self, conn: Reader, movie_id: UUID, *, visible: Many[UUID] | None) -> Sequence[LibraryFile]:
        """Return a film's files in libraries that may be seen, by item and path."""
        return [
            file_from(row) for row in await conn.fetch(self._sql["movie_files"], movie_id, _given(visible), MAX_FILES)
        ]

    async def titles(self, conn: Reader, movie_ids: Many[UUID]) -> dict[UUID, tuple[str, int | None]]:
        """Return titles and years of those that are films."""
        rows = await conn.fetch(self._sql["movie_titles"], list(movie_ids))
        return {row["id"]: (row["title"], row["year"]) for row in rows}

    async def known(self, conn: Reader, movie_ids: Many[UUID]) -> frozenset[UUID]:
        """Return those that are films."""
        return frozenset(row["id"] for row in await conn.fetch(self._sql["movie_known"], list(movie_ids)))

    async def local(self, conn: Reader, movie_ids: Many[UUID]) -> list[UUID]:
        """Return those that names and NFO files alone know."""
        return [row["id"] for row in await conn.fetch(self._sql["movie_local"], list(movie_ids))]

    async def with_items(self, conn: Reader, movie_ids: Many[UUID]) -> frozenset[UUID]:
        """Return those that a library has that is not deleted."""
        rows = await conn.fetch(self._sql["movie_has_items"], list(movie_ids)) if movie_ids else []
        return frozenset(row["movie_id"] for row in rows)

    async def of_library(self, conn: Reader, library_id: UUID, *, after: UUID, limit: int) -> list[UUID]:
        """Return films that a library has, by their ids."""
        return [row["movie_id"] for row in await conn.fetch(self._sql["movie_of_library"], library_id, after, limit)]

    async def abandoned(self, conn: Reader, movie_ids: Many[UUID]) -> dict[UUID, bool]:
        """Return those that neither a library nor Radarr has any more, and whether names and NFO files alone know them."""
        rows = await conn.fetch(self._sql["movie_abandoned"], list(movie_ids)) if movie_ids else []
        return {row["id"]: row["is_local"] for row in rows}

    async def only_of(self, conn: Reader, library_id: UUID, movie_ids: Many[UUID]) -> list[UUID]:
        """Return those that neither another library nor Radarr has."""
        return [row["id"] for row in await conn.fetch(self._sql["movie_only_of"], library_id, list(movie_ids))]

    async def fill_from(self, conn: Connection, keep: UUID, gone: Iterable[UUID]) -> None:
        """Give a film what it lacks and those have that are to be merged into it, in their order."""
        for other in gone:
            await conn.execute(self._sql["movie_fill_from"], keep, other)

    async def collection(self, conn: Reader, collection_id: UUID, *, visible: Many[UUID] | None = None) -> Collection:
        """Return a collection; ``visible`` are the libraries that may be seen, None: all.

        Raises:
            CollectionNotFound: there is none, or no film of it may be seen.
        """
        row = await conn.fetchrow(self._sql["collection_get"], collection_id)
        if row is None or (
            visible is not None
            and not await conn.fetchval(self._sql["collection_is_seen"], collection_id, list(visible))
        ):
            raise CollectionNotFound(collection_id)
        return Collection(**row)

    async def collections(
        self, conn: Reader, *, visible: Many[UUID] | None, limit: int, cursor: str | None
    ) -> CollectionPage:
        """Return collections that have a film which may be seen, by name.

        Raises:
            ValueError: the cursor is none of ours.
        """
        name, last_id = decode_row(cursor) if cursor else (None, None)
        rows = await conn.fetch(self._sql["collection_list"], _given(visible), name, last_id, limit + 1)
        more = encode_row(rows[limit - 1]["sort_key"], rows[limit - 1]["id"]) if len(rows) > limit else None
        found = [Collection(id=row["id"], name=row["name"], overview=row["overview"]) for row in rows[:limit]]
        return CollectionPage(found, more)


def _new_row(movie: NewMovie) -> tuple[Any, ...]:
    title, *told = _told(movie.details)
    local_key = None if movie.details.ids else movie.local_key
    return (movie.id, title or "?", *told, movie.details.provider, local_key)


def _told(details: MovieDetails) -> tuple[Any, ...]:
    """Return what every statement that writes films begins with."""
    return (
        clean_text(details.title, limit=1000),
        clean_text(details.original_title, limit=1000),
        clean_text(details.original_language, limit=35),
        _within(details.year, _INT),
        details.release_date,
        _within(details.runtime_min, _INT),
        clean_text(details.overview, limit=20_000, lines=True),
        clean_text(details.tagline, limit=1000),
    )


def _movie(row: asyncpg.Record) -> Movie:
    values = {name: row[name] for name in _PLAIN}
    values["vote_average"] = None if row["vote_average"] is None else float(row["vote_average"])
    return Movie(**values)


def _given(ids: Many[UUID] | None) -> list[UUID] | None:
    return None if ids is None else list(ids)


def _within(number: int | None, limit: int) -> int | None:
    return number if number is not None and 0 <= number <= limit else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
