"""Joins items to a series and its episodes, and writes why: everything of one step in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.errors import NoSource, SourceRefused, UnknownTitle
from revenge.content.metadata.models import EpisodeDetails, SeasonDetails, SeriesDetails
from revenge.content.metadata.ports import MetadataSource
from revenge.content.tvshow import nfo as nfo_files
from revenge.content.tvshow.identifying import NAME, Finding
from revenge.content.tvshow.items import ItemRepository
from revenge.content.tvshow.models import Item
from revenge.content.tvshow.placing import Index, Placement, Wanting, needs_all, place
from revenge.content.tvshow.ports import EpisodesAdded, SeriesAdded, ShowEvents
from revenge.content.tvshow.seasons import SeasonReader
from revenge.content.tvshow.statements import statements
from revenge.content.tvshow.writer import ShowWriter, local_key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What came of joining items to a series."""

    items: int
    made_series: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    placements: Mapping[UUID, Placement]
    """By item."""
    pairs: Sequence[tuple[UUID, UUID]]
    """Item and episode."""
    numbers: Mapping[UUID, tuple[int, int]]
    """Season and number of the episodes that are new, or that names alone told of."""


class Joiner:
    """Writes what items were found to be. Items that somebody else settled meanwhile are left as they are."""

    def __init__(
        self, pool: Pool, *, source: MetadataSource, writer: ShowWriter, events: ShowEvents, seasons: SeasonReader
    ) -> None:
        self._pool = pool
        self._source = source
        self._writer = writer
        self._events = events
        self._seasons = seasons
        self._items = ItemRepository(pool)
        self._sql = statements()

    async def join(
        self, library_id: UUID, finding: Finding, items: Sequence[Item], *, languages: Sequence[str], state: str
    ) -> Joined:
        """Make ``items`` episodes of the series that was found, made if need be.

        What has to be asked for is asked for first: all seasons, where an item has a running number, a day or a title alone.

        Raises:
            MetadataError: nobody can be asked now; nothing was written.
            SeriesNotFound: it was deleted meanwhile.
        """
        details, told = await self._ask(finding, items, languages)
        async with self._pool.acquire() as conn, conn.transaction():
            series_id, is_new = await self._series(conn, finding, details, items[0])
            await self._writer.lock(conn, series_id)
            people: frozenset[UUID] = frozenset()
            if told or (details is not None and finding.told):
                people = await self._write_told(conn, series_id, details if finding.told else None, told)
            complete = bool(told) or await self._writer.is_complete(conn, series_id)
            placed = await self._place(conn, series_id, items, complete=complete)
            if not finding.told:
                await self._write_files(conn, series_id, details, items, placed)
            kept = set(await self._settle(conn, items, finding, placed.placements, state, series_id))
            pairs = [pair for pair in placed.pairs if pair[0] in kept]
            await self._items.set_episodes(conn, sorted(kept), pairs)
            await self._writer.sweep(conn, series_id)
            identified = bool(await self._writer.ids_of(conn, series_id))
            title = await conn.fetchval(self._sql["series_title"], series_id)
            if is_new:
                await self._events.series_added(
                    conn,
                    SeriesAdded(
                        series_id=series_id,
                        title=title,
                        year=items[0].year if details is None else details.year,
                        identified=identified,
                        library_id=library_id,
                    ),
                )
            episode_ids = sorted({episode for _, episode in pairs})
            if episode_ids:
                added = EpisodesAdded(
                    series_id=series_id,
                    title=title,
                    library_id=library_id,
                    episode_ids=episode_ids,
                    series_is_new=is_new,
                    untold=identified and any(episode in placed.numbers for episode in episode_ids),
                )
                await self._events.episodes_added(conn, added)
            await self._events.changed(conn, [series_id], people=people, images=bool(told) or finding.told)
        return Joined(items=len(kept), made_series=is_new)

    async def leave(self, finding: Finding, items: Sequence[Item]) -> int:
        """Write that it is none that is sure enough, and what it may be; return how many items."""
        async with self._pool.acquire() as conn, conn.transaction():
            kept = await self._settle(conn, items, finding, {}, "unmatched", None)
            await self._items.set_episodes(conn, kept, [])
            await self._items.set_candidates(conn, kept, finding.candidates)
        return len(kept)

    async def ignore(self, items: Sequence[Item]) -> int:
        """Write that a person wants no match; return how many items."""
        async with self._pool.acquire() as conn, conn.transaction():
            kept = await self._settle(conn, items, Finding(by="choice"), {}, "ignored", None)
            await self._items.set_episodes(conn, kept, [])
        return len(kept)

    async def join_episode(self, episode_id: UUID, items: Sequence[Item]) -> int:
        """Make items one episode that a person chose; return how many, none where it is gone."""
        async with self._pool.acquire() as conn, conn.transaction():
            row = await conn.fetchrow(self._sql["episode_find"], episode_id)
            if row is None:
                return 0
            series_id = row["series_id"]
            await self._writer.lock(conn, series_id)
            placements = {item.id: Placement(found=(episode_id,), how="choice") for item in items}
            finding = Finding(series_id=series_id, by="choice")
            kept = await self._settle(conn, items, finding, placements, "manual", series_id)
            await self._items.set_episodes(conn, kept, [(item_id, episode_id) for item_id in kept])
            await self._writer.sweep(conn, series_id)
            await self._events.changed(conn, [series_id])
        return len(kept)

    async def place_again(self, conn: Connection, series_id: UUID) -> int:
        """Find the episodes anew of items that names alone had placed, now that a provider told of more; return how many moved.

        The caller has locked the series.
        """
        loose = await self._items.loose_of_series(conn, series_id)
        items = [item for _, item in await self._items.get_many(loose, conn=conn)]
        if not items:
            await self._writer.sweep(conn, series_id)
            return 0
        placed = await self._place(
            conn, series_id, items, complete=await self._writer.is_complete(conn, series_id), told_first=True
        )
        await self._items.set_episodes(conn, [item.id for item in items], placed.pairs)
        return len(await self._writer.sweep(conn, series_id))

    async def _ask(
        self, finding: Finding, items: Sequence[Item], languages: Sequence[str]
    ) -> tuple[SeriesDetails | None, list[SeasonDetails]]:
        """Return what is said of the series, and all seasons where some item cannot be placed without."""
        details, index = finding.details, Index([])
        ids = dict(details.ids) if details is not None and finding.told else {}
        if finding.series_id is not None:
            async with self._pool.acquire() as conn:
                ids = ids or await self._writer.ids_of(conn, finding.series_id)
                index = Index(
                    await self._writer.known(conn, finding.series_id),
                    complete=await self._writer.is_complete(conn, finding.series_id),
                )
        if not (self._source.enabled and ids and any(needs_all(item, index) for item in items)):
            return details, []
        try:
            told = (
                details if details is not None and finding.told else await self._source.series(ids, languages=languages)
            )
            return details, await self._seasons.read(ids, (each.number for each in told.seasons), languages=languages)
        except (NoSource, SourceRefused, UnknownTitle):
            return details, []  # names are placed as they are; a refresh that can ask moves them

    async def _series(
        self, conn: Connection, finding: Finding, details: SeriesDetails | None, first: Item
    ) -> tuple[UUID, bool]:
        """Return the series, and whether it was made now; whoever else finds the same one waits here."""
        if finding.series_id is not None:
            return finding.series_id, False
        said = details or SeriesDetails(provider=NAME, title=first.title, year=first.year)
        is_local = not said.ids
        await self._writer.lock_identity(conn, said.ids, local_key_of(said.title, said.year) if is_local else None)
        if is_local:
            known = await self._writer.find_local(conn, said.title, said.year)
        else:
            known = await self._writer.find(conn, said.ids)
        if known is not None:
            return known, False
        return await self._writer.make(conn, title=said.title, year=said.year, is_local=is_local), True

    async def _write_told(
        self, conn: Connection, series_id: UUID, details: SeriesDetails | None, told: Sequence[SeasonDetails]
    ) -> frozenset[UUID]:
        whole = {season.number for season in told}
        summaries = [season for season in (details.seasons if details else ()) if season.number not in whole]
        written = await self._writer.write(conn, series_id, series=details, seasons=[*told, *summaries], whole=whole)
        return written.people

    async def _place(
        self, conn: Connection, series_id: UUID, items: Sequence[Item], *, complete: bool, told_first: bool = False
    ) -> _Placed:
        known = await self._writer.known(conn, series_id)
        if told_first:
            known = [each for each in known if each.told]
        index = Index(known, complete=complete)
        taken: set[tuple[int, int]] = set()
        wanting: dict[tuple[int, int], Wanting] = {}
        placements: dict[UUID, Placement] = {}
        for item in items:
            placement = place(item, index, taken)
            placements[item.id] = placement
            for each in placement.wanting:
                numbers = (each.season, each.number)
                taken.add(numbers)
                wanting.setdefault(numbers, each)
        made = await self._writer.ensure_named(conn, series_id, wanting.values()) if wanting else None
        episodes = made.episodes if made is not None else {}
        pairs = [
            (item_id, episode)
            for item_id, placement in placements.items()
            for episode in (
                *placement.found,
                *(episodes[each.season, each.number] for each in placement.wanting),
            )
        ]
        untold = {each.id: (each.season, each.number) for each in known if not each.told}
        untold |= {episode: numbers for numbers, episode in episodes.items()}
        return _Placed(placements=placements, pairs=pairs, numbers=untold)

    async def _write_files(
        self,
        conn: Connection,
        series_id: UUID,
        details: SeriesDetails | None,
        items: Sequence[Item],
        placed: _Placed,
    ) -> None:
        """Write what NFO files say of what no provider told of."""
        by_item = {item.id: item for item in items}
        episodes: list[EpisodeDetails] = []
        for item_id, episode in placed.pairs:
            stored, numbers = by_item[item_id].nfo, placed.numbers.get(episode)
            if stored is not None and numbers is not None:
                said = nfo_files.episode_details(stored, *numbers)
                if said is not None:
                    episodes.append(said)
        if details is not None or episodes:
            await self._writer.write(conn, series_id, series=details, episodes=episodes, told=False)

    async def _settle(
        self,
        conn: Connection,
        items: Sequence[Item],
        finding: Finding,
        placements: Mapping[UUID, Placement],
        state: str,
        series_id: UUID | None,
    ) -> list[UUID]:
        """Write what items are, but for those that are no longer waiting; return those written."""
        standings = await self._items.lock(conn, [item.id for item in items])
        kept = [item.id for item in items if (found := standings.get(item.id)) and found.state == "pending"]
        evidence: dict[UUID, dict[str, Any]] = {
            item_id: {"by": finding.by, **finding.evidence, "episodes": placements[item_id].how}
            if item_id in placements
            else {"by": finding.by, **finding.evidence}
            for item_id in kept
        }
        if not kept:
            return kept
        await self._items.set_match(conn, evidence, state=state, confidence=finding.confidence, series_id=series_id)
        before = {standings[item_id].series_id for item_id in kept} - {series_id, None}
        if before:
            gone = [row["id"] for row in await conn.fetch(self._sql["series_orphans"], list(before))]
            await self._writer.delete(conn, gone)
            await self._events.changed(conn, [each for each in before if each is not None])
            if gone:
                await self._events.deleted(conn, gone)
        return kept
