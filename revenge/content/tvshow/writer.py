"""Writes series, their seasons and their episodes: whole seasons in a number of statements that does not grow with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.grouping import fold
from revenge.content.library.ports import Connection
from revenge.content.library.text import clean_text
from revenge.content.metadata.models import EntityKind, EpisodeDetails, IdProvider, Ids, SeasonDetails, SeriesDetails
from revenge.content.metadata.repository import EntityRepository, Written
from revenge.content.metadata.rows import Description
from revenge.content.tvshow import rows
from revenge.content.tvshow.errors import SeriesNotFound
from revenge.content.tvshow.models import Known
from revenge.content.tvshow.placing import Wanting
from revenge.content.tvshow.rows import columns
from revenge.content.tvshow.statements import statements

Numbers = tuple[int, int]
"""Of a season and of an episode in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made of what was wanted, and what was there."""

    episodes: Mapping[Numbers, UUID]
    """All that were asked for."""
    new: frozenset[UUID]
    """Those that were not there."""


def local_key_of(title: str, year: int | None) -> str:
    """Return the key of a series that no provider has identified."""
    return f"{fold(_cleaned(title))}:{year or ''}"


class ShowWriter:
    """One method per thing that is written; each takes the caller's connection, in its transaction.

    Whoever writes about a series locks it first: then nobody else makes the same season or episode meanwhile.
    """

    def __init__(self, entities: EntityRepository) -> None:
        self._entities = entities
        self._sql = statements()

    async def lock_identity(self, conn: Connection, ids: Ids, local_key: str | None = None) -> None:
        """Let nobody else make a series of these ids, or of this key, until the transaction ends."""
        keys = [f"revenge.series:{provider}:{_cleaned(value)}" for provider, value in ids.items()]
        if local_key is not None:
            keys.append(f"revenge.series:local:{local_key}")
        await conn.execute(self._sql["identity_lock"], sorted(keys))

    async def find(self, conn: Connection, ids: Ids) -> UUID | None:
        """Return the series that has one of ``ids``."""
        (holders,) = await self._entities.find_many(conn, EntityKind.SERIES, [ids])
        return holders[0] if holders else None

    async def find_local(self, conn: Connection, title: str, year: int | None) -> UUID | None:
        """Return the series of that title and year that no provider has identified."""
        found = await conn.fetchval(self._sql["series_find_local"], local_key_of(title, year))
        return None if found is None else UUID(str(found))

    async def make(self, conn: Connection, *, title: str, year: int | None, is_local: bool) -> UUID:
        """Make a series; `lock_identity` first."""
        series_id = uuid7()
        await self._entities.create(conn, EntityKind.SERIES, [series_id])
        key = local_key_of(title, year) if is_local else None
        await conn.execute(self._sql["series_insert"], series_id, _cleaned(title), year, key)
        return series_id

    async def lock(self, conn: Connection, series_id: UUID, *, ids: Ids | None = None) -> None:
        """Let nobody else write about a series until the transaction ends, nor about those that have any of ``ids``.

        Those may turn out to be the same series, and be merged: all are locked at once, in one order.

        Raises:
            SeriesNotFound: there is none.
        """
        holders = (await self._entities.find_many(conn, EntityKind.SERIES, [ids]))[0] if ids else ()
        if series_id not in await self._entities.lock(conn, {series_id, *holders}):
            raise SeriesNotFound(series_id)

    async def known(self, conn: Connection, series_id: UUID) -> list[Known]:
        """Return all episodes of a series."""
        return [
            Known(
                id=row["id"],
                season=row["season_number"],
                number=row["number"],
                absolute=row["absolute_number"],
                air_date=row["air_date"],
                title=row["title"],
                told=row["metadata_updated_at"] is not None,
            )
            for row in await conn.fetch(self._sql["episode_known"], series_id)
        ]

    async def ensure(
        self, conn: Connection, series_id: UUID, wanted: Collection[Numbers], seasons: Collection[int] = ()
    ) -> tuple[Made, dict[int, UUID]]:
        """Make the episodes and seasons that are not there; return the episodes, and all seasons by their numbers."""
        season_ids = {row["number"]: row["id"] for row in await conn.fetch(self._sql["season_list"], series_id)}
        new_seasons = {number: uuid7() for number in sorted({*seasons, *(at for at, _ in wanted)} - season_ids.keys())}
        if new_seasons:
            await self._entities.create(conn, EntityKind.SEASON, list(new_seasons.values()))
            await conn.execute(
                self._sql["season_insert_many"], series_id, list(new_seasons.values()), list(new_seasons)
            )
            season_ids |= new_seasons
        episodes = {(each.season, each.number): each.id for each in await self.known(conn, series_id)} if wanted else {}
        made = {numbers: uuid7() for numbers in sorted(set(wanted) - episodes.keys())}
        if made:
            await self._entities.create(conn, EntityKind.EPISODE, list(made.values()))
            given = [(entity, season_ids[season], season, number) for (season, number), entity in made.items()]
            await conn.execute(self._sql["episode_insert_many"], series_id, *columns(given))
        found = episodes | made
        return Made(episodes={numbers: found[numbers] for numbers in wanted}, new=frozenset(made.values())), season_ids

    async def ensure_named(self, conn: Connection, series_id: UUID, wanted: Iterable[Wanting]) -> Made:
        """Make episodes that names tell of, with what they tell."""
        named = {(each.season, each.number): each for each in wanted}
        made, _ = await self.ensure(conn, series_id, named.keys())
        told = [
            rows.episode_row(made.episodes[numbers], _as_details(each), told=False)
            for numbers, each in named.items()
            if made.episodes[numbers] in made.new
        ]
        if told:
            await conn.execute(self._sql["episode_update_many"], *columns(told))
        return made

    async def write(
        self,
        conn: Connection,
        series_id: UUID,
        *,
        series: SeriesDetails | None = None,
        seasons: Sequence[SeasonDetails] = (),
        episodes: Sequence[EpisodeDetails] = (),
        told: bool = True,
        whole: Collection[int] = (),
        partial: bool = False,
    ) -> Written:
        """Write what a provider says of a series, of seasons with or without their episodes, and of single episodes.

        ``told``: by a provider, and not by names and files alone; ``whole``: the seasons that have all their
        episodes; ``partial``: it adds to what is known and takes nothing back. Lock the series first.
        """
        seasons = [each for each in seasons if rows.is_numbered(each.number)]
        of_seasons = [each for season in seasons for each in season.episodes]
        spoken = {
            (each.season, each.number): each
            for each in (*of_seasons, *episodes)
            if rows.is_numbered(each.season) and rows.is_numbered(each.number)
        }
        descriptions: list[Description] = []
        if series is not None:
            await self._write_series(conn, series_id, series, told=told)
            descriptions.append(
                Description(entity_id=series_id, kind=EntityKind.SERIES, details=series, partial=partial)
            )
        if seasons or spoken:
            made, ids = await self.ensure(conn, series_id, spoken.keys(), [each.number for each in seasons])
            if seasons:
                season_rows = {
                    ids[each.number]: rows.season_row(ids[each.number], each, whole=told and each.number in whole)
                    for each in seasons
                }
                await conn.execute(self._sql["season_update_many"], *columns(season_rows.values()))
            if spoken:
                episode_rows = [
                    rows.episode_row(made.episodes[numbers], each, told=told) for numbers, each in spoken.items()
                ]
                await conn.execute(self._sql["episode_update_many"], *columns(episode_rows))
            descriptions += [
                *(
                    Description(entity_id=ids[each.number], kind=EntityKind.SEASON, details=each)
                    for each in {each.number: each for each in seasons}.values()
                ),
                *(
                    Description(entity_id=made.episodes[numbers], kind=EntityKind.EPISODE, details=each)
                    for numbers, each in spoken.items()
                ),
            ]
        return await self._entities.describe(conn, descriptions) if descriptions else Written()

    async def is_complete(self, conn: Connection, series_id: UUID) -> bool:
        """Return whether a provider told of every season that is known, with its episodes."""
        seasons = await conn.fetch(self._sql["season_list"], series_id)
        told = [row["metadata_updated_at"] is not None for row in seasons if row["number"] or row["name"]]
        return bool(told) and all(told)

    async def ids_of(self, conn: Connection, series_id: UUID) -> dict[IdProvider, str]:
        """Return a series' ids with providers."""
        return (await self._entities.ids_of(conn, [series_id]))[series_id]

    async def delete(self, conn: Connection, series_ids: Collection[UUID]) -> None:
        """Delete series with their seasons and episodes; nothing of them blocks making them anew."""
        if series_ids:
            await conn.execute(self._sql["series_delete_many"], list(series_ids))

    async def sweep(self, conn: Connection, series_id: UUID) -> frozenset[UUID]:
        """Delete what names alone told of and no file is of any more; return the episodes."""
        gone = await conn.fetch(self._sql["episode_delete_placeholders"], series_id)
        await conn.fetch(self._sql["season_delete_empty"], series_id)
        return frozenset(row["id"] for row in gone)

    async def _write_series(self, conn: Connection, series_id: UUID, said: SeriesDetails, *, told: bool) -> None:
        await conn.execute(self._sql["series_update"], *rows.series_row(series_id, said), told)
        named = rows.networks(said)
        if named:
            names, countries = columns(named)
            found = await conn.fetch(self._sql["network_put"], [uuid7() for _ in names], names, countries)
            await conn.execute(self._sql["series_network_put"], series_id, [row["id"] for row in found])


def _cleaned(title: str) -> str:
    return clean_text(title, limit=1000) or "?"


def _as_details(wanted: Wanting) -> EpisodeDetails:
    return EpisodeDetails(
        provider="name",
        season=wanted.season,
        number=wanted.number,
        absolute_number=wanted.absolute,
        title=wanted.title,
        air_date=wanted.air_date,
    )
