"""What libraries have of films, as the tables hold it: items, candidates, and choices made by hand."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from revenge.content.library.ports import Connection, Pool
from revenge.content.library.text import clean_text
from revenge.content.metadata.rows import columns
from revenge.content.metadata.scoring import Candidate
from revenge.content.movie.errors import ItemNotFound
from revenge.content.movie.models import (
    ItemMatch,
    ItemPage,
    ItemView,
    MatchItem,
    MatchState,
    StoredCandidate,
    item_ids,
)
from revenge.content.movie.statements import statements
from revenge.infra.jobs.outcome import without_nul

SHOWN_PATHS = 5
MAX_CANDIDATES = 5

Reader = Connection | Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Whether items of a library wait for a match, and whether a scan may bring more."""

    is_pending: bool
    is_scanned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileItem:
    """A file's item."""

    file_id: UUID
    library_id: UUID
    item_id: UUID | None
    kind: str | None


class ItemRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self) -> None:
        self._sql = statements()

    async def pending(self, conn: Reader, library_id: UUID, *, after: UUID, limit: int) -> list[MatchItem]:
        """Return films of a library that nobody has matched yet, by their ids."""
        return [_item(row) for row in await conn.fetch(self._sql["item_pending"], library_id, after, limit)]

    async def get_many(self, conn: Reader, item_ids: Collection[UUID]) -> list[MatchItem]:
        """Return those of the items that are there, whatever their state."""
        return [_item(row) for row in await conn.fetch(self._sql["item_get_many"], list(item_ids))]

    async def waiting(self, conn: Reader, library_id: UUID) -> Waiting:
        """Return whether any wait, and whether more may come."""
        row = await conn.fetchrow(self._sql["item_any_pending"], library_id)
        return Waiting(is_pending=row["is_pending"], is_scanned=row["is_scanned"])  # type: ignore[index]  # always one row

    async def states(self, conn: Reader, library_id: UUID) -> dict[MatchState, int]:
        """Return how many films of a library are in each state."""
        found = dict.fromkeys(MatchState, 0)
        rows = await conn.fetch(self._sql["item_states"], library_id)
        return found | {MatchState(row["match_state"]): row["count"] for row in rows}

    async def of_file(self, conn: Reader, path: bytes) -> FileItem | None:
        """Return the item of a file, None where no library knows the file."""
        row = await conn.fetchrow(self._sql["item_of_file"], path)
        if row is None:
            return None
        return FileItem(file_id=row["file_id"], library_id=row["library_id"], item_id=row["item_id"], kind=row["kind"])

    async def of_files(self, conn: Reader, file_ids: Collection[UUID]) -> list[tuple[UUID, MatchState, UUID | None]]:
        """Return the items of films that files belong to: id, state, film."""
        rows = await conn.fetch(self._sql["item_of_files"], list(file_ids))
        return [(row["id"], MatchState(row["match_state"]), row["movie_id"]) for row in rows]

    async def lock(self, conn: Connection, item_ids: Collection[UUID]) -> dict[UUID, MatchState]:
        """Let nobody else match them until the transaction ends; return the states of those that are there."""
        rows = await conn.fetch(self._sql["item_lock"], sorted(item_ids))
        return {row["id"]: MatchState(row["match_state"]) for row in rows}

    async def set_matches(
        self, conn: Connection, matches: Sequence[ItemMatch], candidates: Mapping[UUID, Sequence[Candidate]]
    ) -> None:
        """Write what items were found to be, or may be, in three statements."""
        rows = [
            (each.item_id, each.state.value, each.confidence, _json(each.evidence), each.error, each.movie_id)
            for each in matches
        ]
        await conn.execute(self._sql["item_set_match"], *columns(rows, 6))
        await conn.execute(self._sql["candidate_clear"], [each.item_id for each in matches])
        found = [
            (
                item_id,
                at,
                each.hit.provider,
                each.hit.provider_id,
                clean_text(each.hit.title, limit=1000) or "?",
                each.hit.year,
                each.score,
                _json(_evidence(each)),
            )
            for item_id, all_of_it in candidates.items()
            for at, each in enumerate(all_of_it[:MAX_CANDIDATES], 1)
        ]
        if found:
            await conn.execute(self._sql["candidate_put"], *columns(found, 8))

    async def reset(self, conn: Connection, item_ids: Collection[UUID]) -> None:
        """Have items matched anew; what they were found to be stays until then."""
        await conn.execute(self._sql["item_reset_match"], list(item_ids))

    async def choices(self, conn: Reader, keys: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID | None]:
        """Return what people chose, by library and key: a film, or None: leave it alone."""
        asked = list(keys)
        if not asked:
            return {}
        rows = await conn.fetch(self._sql["choice_list"], *columns(asked, 2))
        return {(row["library_id"], row["item_key"]): row["entity_id"] for row in rows}

    async def choose(self, conn: Connection, library_id: UUID, keys: Sequence[str], entity_id: UUID | None) -> None:
        """Keep a choice for ever."""
        await conn.execute(self._sql["choice_put"], library_id, list(keys), entity_id)

    async def undo_choice(self, conn: Connection, library_id: UUID, key: str) -> None:
        """Forget a choice."""
        await conn.execute(self._sql["choice_drop"], library_id, key)

    async def of_movies(self, conn: Reader, movie_ids: Collection[UUID]) -> list[asyncpg.Record]:
        """Return items of films: id, library_id, key, movie_id."""
        return await conn.fetch(self._sql["item_of_movie"], list(movie_ids))

    async def page(
        self, conn: Reader, library_id: UUID, state: MatchState, *, limit: int, cursor: str | None
    ) -> ItemPage:
        """Return items of a library in one state, with their candidates.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after = UUID(cursor) if cursor else UUID(int=0)
        rows = await conn.fetch(self._sql["item_list"], library_id, state.value, after, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return ItemPage(await self._views(conn, rows[:limit]), more)

    async def show(self, conn: Reader, library_id: UUID, item_id: UUID) -> ItemView:
        """Return an item with its candidates.

        Raises:
            ItemNotFound: the library has no such item.
        """
        row = await conn.fetchrow(self._sql["item_show"], library_id, item_id)
        if row is None:
            raise ItemNotFound(item_id)
        return (await self._views(conn, [row]))[0]

    async def _views(self, conn: Reader, rows: Sequence[asyncpg.Record]) -> list[ItemView]:
        ids = [row["id"] for row in rows]
        paths: dict[UUID, list[bytes]] = {}
        for row in await conn.fetch(self._sql["item_paths"], ids, SHOWN_PATHS):
            paths.setdefault(row["item_id"], []).append(row["path"])
        candidates: dict[UUID, list[StoredCandidate]] = {}
        for row in await conn.fetch(self._sql["candidate_list"], ids):
            values = {name: row[name] for name in ("position", "provider", "provider_id", "title", "year", "score")}
            stored = StoredCandidate(**values, evidence=orjson.loads(row["evidence"]))
            candidates.setdefault(row["item_id"], []).append(stored)
        return [
            ItemView(
                **{name: row[name] for name in ("id", "library_id", "kind", "title", "year", "season", "matched_at")},
                movie_id=row["movie_id"],
                series_id=row["series_id"],
                episodes=tuple(row["episodes"]),
                state=MatchState(row["match_state"]),
                confidence=row["match_confidence"],
                evidence=None if row["match_evidence"] is None else orjson.loads(row["match_evidence"]),
                error=row["match_error"],
                paths=paths.get(row["id"], []),
                candidates=candidates.get(row["id"], []),
            )
            for row in rows
        ]


def _item(row: asyncpg.Record) -> MatchItem:
    return MatchItem(
        id=row["id"],
        library_id=row["library_id"],
        key=row["key"],
        title=row["title"],
        year=row["year"],
        ids=item_ids(row["tmdb_id"], row["imdb_id"], row["tvdb_id"]),
        state=MatchState(row["match_state"]),
        movie_id=row["movie_id"],
        nfo=orjson.loads(row["nfo"]) if row["nfo"] else {},
    )


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else without_nul(orjson.dumps(values).decode())


def _evidence(candidate: Candidate) -> dict[str, Any]:
    hit = candidate.hit
    overview = clean_text(hit.overview, limit=500)
    ids = {provider.value: value for provider, value in hit.ids.items()}
    return {**candidate.evidence, "ids": ids, "overview": overview, "original_title": hit.original_title}
