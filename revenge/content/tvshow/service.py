"""What people do with series: look at them, refresh, delete and merge them, and say what files are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.content.library.models import LibraryType
from revenge.content.library.ports import ChoiceKind, ChoiceMade, Connection, Pool
from revenge.content.library.repository import LibraryRepository
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.models import EntityKind, IdProvider, SeriesDetails, is_id
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.rows import Description
from revenge.content.tvshow.errors import EpisodeNotFound, ItemsNotFound, SameSeries, SeriesNotFound, WrongChoice
from revenge.content.tvshow.items import ItemRepository
from revenge.content.tvshow.models import Item, Series
from revenge.content.tvshow.ports import NoShowEvents, SeriesAdded, ShowEvents
from revenge.content.tvshow.repository import ShowRepository
from revenge.content.tvshow.statements import statements
from revenge.content.tvshow.unifying import merge_series
from revenge.content.tvshow.writer import ShowWriter

_CHUNK = 500


class ShowJobs(Protocol):
    """The queue, as far as series need it; each returns the job's id, and is in the caller's transaction."""

    async def refresh_series(
        self, conn: Connection, series_id: UUID, *, force: bool, languages: Sequence[str] = ()
    ) -> int:
        """Have a series refreshed, with seasons and episodes."""
        ...

    async def renew_series(
        self, conn: Connection, series_id: UUID, *, seasons: bool, episodes: bool, languages: Sequence[str] = ()
    ) -> int:
        """Have a series asked about anew, with as much of it as is said."""
        ...

    async def refresh_season(self, conn: Connection, series_id: UUID, season_id: UUID, number: int) -> int:
        """Have a season refreshed, with its episodes."""
        ...

    async def refresh_episode(self, conn: Connection, episode_id: UUID, series_id: UUID) -> int:
        """Have an episode refreshed."""
        ...

    async def refresh_all(self, conn: Connection, *, force: bool, images: bool) -> int:
        """Have all series refreshed."""
        ...

    async def match_library(self, conn: Connection, library_id: UUID) -> int:
        """Have all matched that waits in a library."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What items are; exactly one of the fields is given, or ``ignore``, or ``undo``."""

    series_id: UUID | None = None
    """A series of ours."""
    ids: tuple[IdProvider, str] | None = None
    """The series that a provider calls so."""
    candidate: int | None = None
    """One of what the first item may be, by its position."""
    episode_id: UUID | None = None
    """An episode, of these items alone."""
    ignore: bool = False
    """To be left alone."""
    undo: bool = False
    """Whatever a match finds."""

    def __post_init__(self) -> None:
        given = [self.series_id, self.ids, self.candidate, self.episode_id, self.ignore or None, self.undo or None]
        if sum(each is not None for each in given) != 1:
            raise WrongChoice("say exactly one of series_id, ids, candidate, episode_id, ignore and undo")

    @property
    def kind(self) -> ChoiceKind:
        """What is said of the items."""
        if self.ignore:
            return ChoiceKind.IGNORED
        return ChoiceKind.UNDONE if self.undo else ChoiceKind.CHOSEN


class ShowService:
    """Series, as people change them; `ShowRepository` is for looking."""

    def __init__(self, pool: Pool, *, jobs: ShowJobs, writer: ShowWriter, events: ShowEvents | None = None) -> None:
        self._pool = pool
        self._jobs = jobs
        self._writer = writer
        self._events = events or NoShowEvents()
        self._entities = EntityRepository()
        self._shows = ShowRepository(pool)
        self._items = ItemRepository(pool)
        self._libraries = LibraryRepository(pool)
        self._sql = statements()

    async def find(self, provider: IdProvider, value: str) -> UUID | None:
        """Return the series that a provider calls so."""
        async with self._pool.acquire() as conn:
            return await self._writer.find(conn, {provider: value})

    async def refresh(
        self, series_id: UUID, *, languages: Sequence[str] = (), seasons: bool = True, episodes: bool = True
    ) -> int:
        """Enqueue a refresh that is forced, of all or of as much as is said; return its job.

        Raises:
            SeriesNotFound: there is none.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._shows.check_visible(series_id, conn=conn)
            if seasons and episodes:
                return await self._jobs.refresh_series(conn, series_id, force=True, languages=languages)
            return await self._jobs.renew_series(
                conn, series_id, seasons=seasons, episodes=episodes, languages=languages
            )

    async def refresh_season(self, season_id: UUID) -> int:
        """Enqueue a refresh of a season that is forced, with its episodes; return its job.

        Raises:
            SeasonNotFound: there is none.
        """
        season = await self._shows.find_season(season_id)
        async with self._pool.acquire() as conn, conn.transaction():
            return await self._jobs.refresh_season(conn, season.series_id, season_id, season.number)

    async def refresh_episode(self, episode_id: UUID) -> int:
        """Enqueue a refresh of an episode that is forced; return its job.

        Raises:
            EpisodeNotFound: there is none.
        """
        episode = await self._shows.episode(episode_id)
        async with self._pool.acquire() as conn, conn.transaction():
            return await self._jobs.refresh_episode(conn, episode_id, episode.series_id)

    async def refresh_all(self, *, force: bool = False, images: bool = False) -> int:
        """Enqueue a refresh of all series; return its job."""
        async with self._pool.acquire() as conn, conn.transaction():
            return await self._jobs.refresh_all(conn, force=force, images=images)

    async def delete(self, series_id: UUID) -> None:
        """Delete a series with all that is known of it. Its files stay, and no match makes it again before a person says so.

        Raises:
            SeriesNotFound: there is none.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            if not await self._shows.existing(conn, await self._entities.lock(conn, [series_id])):
                raise SeriesNotFound(series_id)
            for row in await conn.fetch(self._sql["item_keys_of_series"], [series_id]):
                await self._items.choose(conn, row["library_id"], [row["series_key"]], None)
            await conn.fetch(self._sql["item_ignore_series"], [series_id], '{"by": "deletion"}')
            await self._writer.delete(conn, [series_id])
            await self._events.deleted(conn, [series_id], asked_for=True)

    async def forget_library(self, library_id: UUID) -> int:
        """Delete the series that nobody else has, before a library that was deleted is forgotten; return how many there were."""
        count, after = 0, UUID(int=0)
        while True:
            async with self._pool.acquire() as conn, conn.transaction():
                found = await self._shows.of_library(conn, library_id, after=after, limit=_CHUNK)
                if not found:
                    return count
                after = found[-1]
                rows = await conn.fetch(self._sql["series_only_of"], library_id, found)
                only_here = [row["id"] for row in rows]
                await self._writer.delete(conn, only_here)
                await self._events.deleted(conn, only_here)
                count += len(only_here)

    async def merge(self, keep: UUID, gone: Sequence[UUID]) -> Series:
        """Make one series of several that are the same: ids, files, what was watched and choices move to ``keep``.

        It holds for ever, as a choice does: no match makes several of their files again.

        Raises:
            SeriesNotFound: one of them does not exist.
            SameSeries: one is to be merged with itself.
        """
        others = sorted(set(gone))
        if keep in others or not others:
            raise SameSeries(keep)
        async with self._pool.acquire() as conn, conn.transaction():
            locked = await self._shows.existing(conn, await self._entities.lock(conn, [keep, *others]))
            for series_id in (keep, *others):
                if series_id not in locked:
                    raise SeriesNotFound(series_id)
            keys = await conn.fetch(self._sql["item_series_keys"], others)
            try:
                await merge_series(conn, keep, others)
            except EntityGone as error:
                raise SeriesNotFound(next(iter(error.entity_ids))) from error
            for row in keys:
                await self._items.choose(conn, row["library_id"], row["keys"], keep)
            await self._writer.sweep(conn, keep)
            await self._events.merged(conn, keep, others)
            await self._events.changed(conn, [keep], images=True)
        return await self._shows.get(keep)

    async def match_library(self, library_id: UUID, *, force: bool = False) -> int:
        """Have what could not be matched tried again, with ``force`` all but what a person chose; return the job.

        Raises:
            LibraryNotFound: there is no such library.
            WrongLibraryType: it holds no series.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._libraries.get_of_type(library_id, LibraryType.TVSHOW, conn=conn)
            states = ["matched", "unmatched"] if force else ["unmatched"]
            await self._items.reopen(conn, library_id, states)
            return await self._jobs.match_library(conn, library_id)

    async def choose(self, item_ids: Collection[UUID], choice: Choice, *, whole_series: bool = True) -> list[int]:
        """Say what items are, and have them matched so; return the jobs, one a library.

        ``whole_series``: all files of the same series are meant, those that come later too. An episode is always of the items
        alone. The choice outlives the items, whose files may vanish and come back, and no match changes it.

        Raises:
            ItemsNotFound: some are not there.
            SeriesNotFound, EpisodeNotFound: what was chosen is not there.
            WrongChoice: the item has no such candidate, or it is no series'.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            found = await self._items.get_many(item_ids, conn=conn)
            missing = set(item_ids) - {item.id for _, item in found}
            if missing or not found:
                raise ItemsNotFound(sorted(missing))
            entity_id = await self._chosen(conn, found[0][0], found[0][1], choice)
            by_library: dict[UUID, list[Item]] = {}
            for library_id, item in found:
                by_library.setdefault(library_id, []).append(item)
            whole = whole_series and choice.episode_id is None
            jobs = []
            for library_id, items in sorted(by_library.items()):
                await self._keep(conn, library_id, items, choice, entity_id, whole=whole)
                made = ChoiceMade(
                    library_id=library_id,
                    item_ids=[item.id for item in items],
                    kind=choice.kind,
                    entity_id=entity_id,
                    is_episode=choice.episode_id is not None,
                )
                await self._events.chosen(conn, made)
                jobs.append(await self._jobs.match_library(conn, library_id))
            return jobs

    async def _keep(
        self,
        conn: Connection,
        library_id: UUID,
        items: Sequence[Item],
        choice: Choice,
        entity_id: UUID | None,
        *,
        whole: bool,
    ) -> None:
        """Write a choice down, or forget one, and let its items be matched again."""
        series_keys = sorted({item.series_key for item in items})
        own = [item.key for item in items]
        keys = series_keys if whole else own
        if choice.undo:
            await self._items.unchoose(conn, library_id, [*keys, *own])
        else:
            if whole:
                rows = await conn.fetch(self._sql["item_keys"], library_id, series_keys)
                await self._items.unchoose(conn, library_id, [row["key"] for row in rows])
            await self._items.choose(conn, library_id, keys, entity_id)
        if whole:
            await conn.fetch(self._sql["item_reopen_group"], library_id, series_keys)
        else:
            await conn.execute(self._sql["item_reopen_many"], [item.id for item in items])

    async def _chosen(self, conn: Connection, library_id: UUID, first: Item, choice: Choice) -> UUID | None:
        """Return the series or the episode that was chosen; one that nobody knows yet is made."""
        if choice.ignore or choice.undo:
            return None
        if choice.series_id is not None:
            if not await self._shows.existing(conn, [choice.series_id]):
                raise SeriesNotFound(choice.series_id)
            return choice.series_id
        if choice.episode_id is not None:
            if await conn.fetchrow(self._sql["episode_find"], choice.episode_id) is None:
                raise EpisodeNotFound(choice.episode_id)
            return choice.episode_id
        title, year, ids = first.title, first.year, choice.ids
        if ids is not None and not is_id(*ids):
            raise WrongChoice(f"{ids[1][:50]!r} is no id of {ids[0].value}")
        if choice.candidate is not None:
            candidate = await self._shows.candidate(conn, first.id, choice.candidate)
            if candidate is None or candidate.provider not in set(IdProvider):
                raise WrongChoice(f"there is no candidate {choice.candidate}")
            title, year = candidate.title, candidate.year
            ids = (IdProvider(candidate.provider), candidate.provider_id)
        if ids is None:
            raise WrongChoice("nothing was chosen")
        return await self._series_of(conn, library_id, dict([ids]), title, year)

    async def _series_of(
        self, conn: Connection, library_id: UUID, ids: dict[IdProvider, str], title: str, year: int | None
    ) -> UUID:
        """Return the series of an id, made where nobody knows it; a refresh finds out the rest."""
        await self._writer.lock_identity(conn, ids)
        known = await self._writer.find(conn, ids)
        if known is not None:
            return known
        series_id = await self._writer.make(conn, title=title, year=year, is_local=False)
        said = SeriesDetails(provider="choice", title=title, year=year, ids=ids)
        await self._entities.describe(
            conn, [Description(entity_id=series_id, kind=EntityKind.SERIES, details=said, partial=True)]
        )
        added = SeriesAdded(series_id=series_id, title=title, year=year, identified=True, library_id=library_id)
        await self._events.series_added(conn, added)
        return series_id
