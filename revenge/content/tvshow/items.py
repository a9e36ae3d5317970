"""What libraries have of series, as the tables hold it: items, what they were found to be, what they may be."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from revenge.content.library.ports import Connection, Pool
from revenge.content.library.text import clean_text
from revenge.content.metadata.models import EntityKind
from revenge.content.metadata.scoring import Candidate
from revenge.content.tvshow.models import Item, ids_from
from revenge.content.tvshow.rows import columns
from revenge.content.tvshow.statements import statements

MAX_CANDIDATES = 8
_PENDING = ("pending",)
_LONG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose: a series, an episode, or neither, which is to be left alone."""

    entity_id: UUID | None
    kind: EntityKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileItem:
    """The item of a file, if its name says what it is."""

    library_id: UUID
    item_id: UUID | None
    series_key: str | None
    key: str | None
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An item as it is once nobody else changes it."""

    state: str
    series_id: UUID | None


class ItemRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def count_groups(self, library_id: UUID) -> int:
        """Return how many series of a library wait to be matched."""
        return int(await self._pool.fetchval(self._sql["group_count"], library_id))

    async def next_group(self, library_id: UUID, after: str, *, conn: Connection | None = None) -> str | None:
        """Return the key of the next series that waits to be matched."""
        found: str | None = await (conn or self._pool).fetchval(self._sql["group_next"], library_id, after)
        return found

    async def is_left(self, conn: Connection, library_id: UUID) -> bool:
        """Return whether anything waits that an earlier match failed at, or that nobody has taken up for long."""
        return bool(await conn.fetchval(self._sql["group_left"], library_id, _LONG))

    async def group(
        self,
        library_id: UUID,
        series_key: str,
        *,
        limit: int,
        states: Sequence[str] = _PENDING,
        after: UUID | None = None,
    ) -> list[Item]:
        """Return items of one series."""
        rows = await self._pool.fetch(self._sql["group_items"], library_id, series_key, list(states), after, limit)
        return [_item_from(row) for row in rows]

    async def get_many(self, item_ids: Collection[UUID], *, conn: Connection | None = None) -> list[tuple[UUID, Item]]:
        """Return items with their libraries; those that are not there are left out."""
        rows = await (conn or self._pool).fetch(self._sql["item_get_many"], list(item_ids))
        return [(row["library_id"], _item_from(row)) for row in rows]

    async def of_file(self, path: bytes) -> FileItem | None:
        """Return the item of a file of a library of series; None: no library has the file."""
        row = await self._pool.fetchrow(self._sql["item_of_file"], path)
        if row is None:
            return None
        return FileItem(
            library_id=row["library_id"],
            item_id=row["item_id"] if row["key"] is not None else None,
            series_key=row["series_key"],
            key=row["key"],
            state=row["match_state"],
        )

    async def series_of_group(self, library_id: UUID, series_key: str) -> UUID | None:
        """Return what other items of the series were found to be."""
        found: UUID | None = await self._pool.fetchval(self._sql["group_series"], library_id, series_key)
        return found

    async def choices(
        self, library_id: UUID, keys: Collection[str], *, conn: Connection | None = None
    ) -> dict[str, Choice]:
        """Return what people chose for items and series, by their keys."""
        rows = await (conn or self._pool).fetch(self._sql["choice_list"], library_id, list(keys))
        return {
            row["item_key"]: Choice(row["entity_id"], EntityKind(row["kind"]) if row["kind"] else None) for row in rows
        }

    async def choose(self, conn: Connection, library_id: UUID, keys: Collection[str], entity_id: UUID | None) -> None:
        """Keep a choice, for ever."""
        await conn.execute(self._sql["choice_put"], library_id, sorted(keys), entity_id)

    async def unchoose(self, conn: Connection, library_id: UUID, keys: Collection[str]) -> None:
        """Forget a choice."""
        await conn.execute(self._sql["choice_delete"], library_id, list(keys))

    async def lock(self, conn: Connection, item_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        """Let nobody else change items until the transaction ends; those that are not there are left out."""
        rows = await conn.fetch(self._sql["item_lock"], sorted(item_ids))
        return {row["id"]: Standing(state=row["match_state"], series_id=row["series_id"]) for row in rows}

    async def set_match(
        self,
        conn: Connection,
        evidence: Mapping[UUID, Mapping[str, Any]],
        *,
        state: str,
        confidence: float | None,
        series_id: UUID | None,
    ) -> None:
        """Write what items were found to be, each with its evidence; their candidates go unless they are written anew."""
        ids = list(evidence)
        told = [_json(each) for each in evidence.values()]
        await conn.execute(self._sql["item_set_match"], ids, state, confidence, told, series_id)
        await conn.execute(self._sql["candidate_delete"], ids)

    async def set_candidates(self, conn: Connection, item_ids: Sequence[UUID], candidates: Sequence[Candidate]) -> None:
        """Write what items may be, the best first."""
        rows = [
            (
                position,
                each.hit.provider,
                clean_text(each.hit.provider_id, limit=100) or "?",
                clean_text(each.hit.title) or "?",
                each.hit.year,
                each.score,
                _json(each.evidence),
            )
            for position, each in enumerate(candidates[:MAX_CANDIDATES])
        ]
        if rows:
            await conn.execute(self._sql["candidate_put"], list(item_ids), *columns(rows))

    async def set_episodes(
        self, conn: Connection, item_ids: Sequence[UUID], pairs: Sequence[tuple[UUID, UUID]]
    ) -> None:
        """Write all episodes of items, as pairs of both."""
        given = columns(pairs) if pairs else [[], []]
        await conn.execute(self._sql["item_episode_put"], list(item_ids), *given)

    async def set_error(self, library_id: UUID, series_key: str, error: str) -> None:
        """Write why a series could not be matched now; it waits on."""
        await self._pool.execute(self._sql["item_set_error"], library_id, series_key, clean_text(error))

    async def reopen(
        self, conn: Connection, library_id: UUID, states: Sequence[str], series_key: str | None = None
    ) -> int:
        """Let items be matched again; return how many. What a person chose stays."""
        return len(await conn.fetch(self._sql["item_reopen"], library_id, list(states), series_key))

    async def loose_of_series(self, conn: Connection, series_id: UUID) -> list[UUID]:
        """Return items of a series whose episodes only names told of."""
        return [row["id"] for row in await conn.fetch(self._sql["item_of_series"], series_id)]


def _json(value: Mapping[str, Any]) -> str:
    """Return JSON that PostgreSQL takes: text of strangers may hold what it does not."""
    return orjson.dumps(_clean(value)).decode()


def _clean(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case Mapping():
            return {str(name): _clean(each) for name, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
    return value


def _item_from(row: asyncpg.Record) -> Item:
    return Item(
        id=row["id"],
        key=row["key"],
        series_key=row["series_key"],
        title=row["title"],
        year=row["year"],
        season=row["season"],
        episodes=tuple(row["episodes"]),
        absolute=tuple(row["absolute"]),
        air_date=row["air_date"],
        ids=ids_from(row),
        state=row["match_state"],
        path=row["path"],
        root=row["root"],
        episode_title=row["episode_title"],
        nfo=None if row["nfo"] is None else orjson.loads(row["nfo"]),
    )
