"""Series, seasons and episodes as people see them; ``visible`` are the libraries that whoever asks may see, None: all."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import asyncpg
import orjson

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.models import IdProvider
from revenge.content.metadata.reading import Children, read_children, read_summaries
from revenge.content.tvshow.errors import EpisodeNotFound, SeasonNotFound, SeriesNotFound
from revenge.content.tvshow.models import (
    Episode,
    EpisodeFile,
    Season,
    Series,
    SeriesPage,
    StoredCandidate,
    UnmatchedPage,
    UnmatchedSeries,
)
from revenge.content.tvshow.statements import statements
from revenge.infra.database.cursors import decode_moment, decode_text, encode_moment, encode_text

Visible = Collection[UUID] | None


class ShowRepository:
    """One method per question."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def page(self, *, visible: Visible = None, limit: int = 50, cursor: str | None = None) -> SeriesPage:
        """Return series, newest first.

        Raises:
            ValueError: the cursor is none of ours.
        """
        before, last = decode_moment(cursor) if cursor else (None, None)
        rows = await self._pool.fetch(self._sql["series_page"], before, last, _listed(visible), limit + 1)
        shown = rows[:limit]
        found = await self._many([row["id"] for row in shown], visible)
        more = encode_moment(shown[-1]["added_at"], shown[-1]["id"]) if len(rows) > limit else None
        return SeriesPage([found[row["id"]] for row in shown if row["id"] in found], more)

    async def get(self, series_id: UUID, *, visible: Visible = None) -> Series:
        """Return a series.

        Raises:
            SeriesNotFound: there is none, or it may not be seen.
        """
        await self.check_visible(series_id, visible)
        found = await self._many([series_id], visible)
        if series_id not in found:
            raise SeriesNotFound(series_id)
        return found[series_id]

    async def check_visible(self, series_id: UUID, visible: Visible = None, *, conn: Connection | None = None) -> None:
        """Do nothing where the series is there and may be seen.

        Raises:
            SeriesNotFound: otherwise.
        """
        if not await (conn or self._pool).fetchval(self._sql["series_visible"], series_id, _listed(visible)):
            raise SeriesNotFound(series_id)

    async def is_identified(self, conn: Connection, series_id: UUID) -> bool:
        """Return whether a provider is known to have it."""
        return bool(await conn.fetchval(self._sql["series_is_identified"], series_id))

    async def existing(self, conn: Connection, series_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those that are there."""
        return frozenset(row["id"] for row in await conn.fetch(self._sql["series_existing"], list(series_ids)))

    async def seasons(self, series_id: UUID) -> list[Season]:
        """Return the seasons of a series, specials first."""
        return [Season(**dict(row)) for row in await self._pool.fetch(self._sql["season_list"], series_id)]

    async def season(self, series_id: UUID, number: int, *, visible: Visible = None) -> tuple[Season, list[Episode]]:
        """Return a season and its episodes.

        Raises:
            SeriesNotFound: as from `get`.
            SeasonNotFound: the series has no such season.
        """
        await self.check_visible(series_id, visible)
        season = next((each for each in await self.seasons(series_id) if each.number == number), None)
        if season is None:
            raise SeasonNotFound(f"{number} of series {series_id}")
        rows = await self._pool.fetch(self._sql["episode_page"], series_id, number, _listed(visible))
        return season, [_episode(row) for row in rows]

    async def find_season(self, season_id: UUID) -> Season:
        """Return a season.

        Raises:
            SeasonNotFound: there is none.
        """
        row = await self._pool.fetchrow(self._sql["season_find"], season_id)
        if row is not None:
            for season in await self.seasons(row["series_id"]):
                if season.id == season_id:
                    return season
        raise SeasonNotFound(season_id)

    async def episode(self, episode_id: UUID, *, visible: Visible = None) -> Episode:
        """Return an episode.

        Raises:
            EpisodeNotFound: there is none, or its series may not be seen.
        """
        row = await self._pool.fetchrow(self._sql["episode_show"], episode_id, _listed(visible))
        if row is None:
            raise EpisodeNotFound(episode_id)
        try:
            await self.check_visible(row["series_id"], visible)
        except SeriesNotFound as error:
            raise EpisodeNotFound(episode_id) from error
        return _episode(row)

    async def files(self, episode_id: UUID, *, visible: Visible = None) -> list[EpisodeFile]:
        """Return the files that hold an episode."""
        rows = await self._pool.fetch(self._sql["episode_files"], episode_id, _listed(visible))
        return [EpisodeFile(**dict(row)) for row in rows]

    async def children(self, entity_id: UUID) -> Children:
        """Return what hangs on a series, a season or an episode: people, pictures, ratings and the rest."""
        return (await read_children(self._pool, [entity_id]))[entity_id]

    async def summaries(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]:
        """Return what lists show of series, seasons or episodes: pictures."""
        return await read_summaries(self._pool, entity_ids)

    async def unmatched(self, library_id: UUID, *, limit: int = 50, cursor: str | None = None) -> UnmatchedPage:
        """Return series of a library that could not be matched, with what they may be.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after = decode_text(cursor) if cursor else ""
        rows = await self._pool.fetch(self._sql["unmatched_page"], library_id, after, limit + 1)
        shown = rows[:limit]
        found = await self._pool.fetch(self._sql["candidate_list"], [row["item_id"] for row in shown])
        candidates: dict[UUID, list[StoredCandidate]] = {}
        for row in found:
            candidates.setdefault(row["item_id"], []).append(_candidate(row))
        more = encode_text(shown[-1]["series_key"]) if len(rows) > limit else None
        return UnmatchedPage(
            [
                UnmatchedSeries(
                    library_id=library_id,
                    series_key=row["series_key"],
                    title=row["title"],
                    year=row["year"],
                    item_count=row["item_count"],
                    item_id=row["item_id"],
                    error=row["match_error"],
                    candidates=candidates.get(row["item_id"], ()),
                )
                for row in shown
            ],
            more,
        )

    async def candidate(self, conn: Connection, item_id: UUID, position: int) -> StoredCandidate | None:
        """Return one of what an item may be."""
        for row in await conn.fetch(self._sql["candidate_list"], [item_id]):
            if row["position"] == position:
                return _candidate(row)
        return None

    async def picture_owners(self, conn: Connection, series_ids: Collection[UUID]) -> list[UUID]:
        """Return series, seasons and episodes that have a picture which was not fetched yet."""
        rows = await conn.fetch(self._sql["picture_owners"], list(series_ids))
        return [row["entity_id"] for row in rows]

    async def reopen(self, conn: Connection, file_ids: Sequence[UUID]) -> None:
        """Let what could not be matched be tried again, as far as files are of it."""
        await conn.fetch(self._sql["file_reopen"], list(file_ids))

    async def of_files(self, conn: Connection, file_ids: Sequence[UUID]) -> tuple[frozenset[UUID], bool]:
        """Return the series that files are of, and whether any of them waits to be matched."""
        rows = await conn.fetch(self._sql["file_series"], list(file_ids))
        known = frozenset(row["series_id"] for row in rows if row["series_id"] is not None)
        return known, any(row["is_pending"] for row in rows)

    async def of_library(self, conn: Connection, library_id: UUID, *, after: UUID, limit: int) -> list[UUID]:
        """Return series that a library has files of, by their ids."""
        rows = await conn.fetch(self._sql["library_series"], library_id, after, limit)
        return [row["series_id"] for row in rows]

    async def _many(self, series_ids: Sequence[UUID], visible: Visible) -> dict[UUID, Series]:
        if not series_ids:
            return {}
        rows = await self._pool.fetch(self._sql["series_get"], list(series_ids), _listed(visible))
        return {row["id"]: _series(row) for row in rows}


def _series(row: asyncpg.Record) -> Series:
    values = dict(row)
    ids = {IdProvider(provider): value for provider, value in orjson.loads(values.pop("ids")).items()}
    vote = values.pop("vote_average")
    return Series(
        **{
            **values,
            "vote_average": None if vote is None else float(vote),
            "ids": ids,
            "genres": tuple(row["genres"]),
            "networks": tuple(row["networks"]),
            "library_ids": frozenset(row["library_ids"]),
        }
    )


def _episode(row: asyncpg.Record) -> Episode:
    values = dict(row)
    vote = values.pop("vote_average")
    return Episode(**values, vote_average=None if vote is None else float(vote))


def _candidate(row: asyncpg.Record) -> StoredCandidate:
    return StoredCandidate(
        provider=row["provider"],
        provider_id=row["provider_id"],
        title=row["title"],
        year=row["year"],
        score=row["score"],
        evidence=orjson.loads(row["evidence"]),
    )


def _listed(visible: Visible) -> list[UUID] | None:
    return None if visible is None else list(visible)
