"""Asks what series, seasons and episodes are, and writes down the answers: each question's in a transaction of its own.

What was written is not asked again: a run that comes back goes on where the last one ended.
"""

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.errors import NoSource, SourceDown, UnknownTitle
from revenge.content.metadata.models import SeasonDetails, SeriesDetails
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.scoring import Wanted, ids_of_hit
from revenge.content.tvshow.config import ShowConfig
from revenge.content.tvshow.errors import EpisodeNotFound, SeasonNotFound, SeriesNotFound, UnidentifiedSeries
from revenge.content.tvshow.identifying import Identifier
from revenge.content.tvshow.joining import Joiner
from revenge.content.tvshow.ports import NoShowEvents, ShowEvents
from revenge.content.tvshow.refresh_models import Clock, Refreshed, Report, Stand, Which, Wish
from revenge.content.tvshow.seasons import SeasonReader
from revenge.content.tvshow.statements import statements
from revenge.content.tvshow.unifying import unite
from revenge.content.tvshow.writer import ShowWriter

_ENDED = frozenset({"ended", "canceled", "cancelled"})


class ShowRefresher:
    """Refreshes series, seasons and episodes."""

    def __init__(
        self,
        pool: Pool,
        *,
        source: MetadataSource,
        writer: ShowWriter,
        clock: Clock,
        events: ShowEvents | None = None,
        config: ShowConfig | None = None,
    ) -> None:
        self._pool = pool
        self._source = source
        self._writer = writer
        self._clock = clock
        self._events = events or NoShowEvents()
        self._config = config or ShowConfig()
        self._identifier = Identifier(pool, source=source, writer=writer, match=self._config.match)
        reader = SeasonReader(source, at_once=self._config.at_once)
        self._joiner = Joiner(pool, source=source, writer=writer, events=self._events, seasons=reader)
        self._at_once = asyncio.Semaphore(self._config.at_once)
        self._sql = statements()

    async def refresh_series(
        self, series_id: UUID, wish: Wish, *, report: Report = lambda phase, done, total, what: None
    ) -> Refreshed:
        """Ask about a series, then about its seasons as wished.

        Raises:
            SeriesNotFound: there is none.
            UnidentifiedSeries: nobody is known to have it.
            NoSource: nobody can be asked.
            UnknownTitle: nobody has it any more; what is known stays.
            SourceBusy: not now; what was written stays written.
            SourceDown: about the series, or about some season, nobody answered; the others were written.
        """
        done = Refreshed()
        if not self._source.enabled:
            raise NoSource("nobody can be asked: no provider of metadata is set up")
        stand = await self._stand(series_id, wish)
        after = self._after(wish)
        report("refreshing", 0, None, stand.title)
        stand = await self._identified(stand)
        if stand.updated_at is None or stand.updated_at < after:
            details = await self._source.series(
                stand.ids, languages=stand.languages, fresh=wish.force, providers=wish.providers
            )
            await self._write(stand.id, details, wish)
            done.series += 1
        else:
            done.fresh += 1
        if wish.seasons is not Which.NONE:
            await self._refresh_seasons(stand, wish, after, done, report)
        if done.failed:
            named = ", ".join(each["what"] for each in done.failed)
            raise SourceDown(f"{named}: {done.failed[0]['error']}")
        return done

    async def refresh_season(
        self, season_id: UUID, wish: Wish, *, report: Report = lambda phase, done, total, what: None
    ) -> Refreshed:
        """Ask about one season.

        Raises:
            SeasonNotFound: there is none.
            MetadataError: as from `refresh_series`.
        """
        done = Refreshed()
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(self._sql["season_find"], season_id)
        if row is None:
            raise SeasonNotFound(season_id)
        stand = await self._stand(row["series_id"], wish)
        report("refreshing seasons", 0, 1, f"{stand.title}, season {row['number']}")
        if not self._is_due(row["metadata_updated_at"], wish):
            done.fresh += 1
            return done
        if not stand.ids:
            raise UnidentifiedSeries(stand.title)
        details = await self._source.season(stand.ids, row["number"], languages=stand.languages, fresh=wish.force)
        await self._write_season(stand.id, details, wish, done)
        report("refreshing seasons", 1, 1, stand.title)
        return done

    async def season_of(self, series_id: UUID, number: int) -> UUID:
        """Return the season of a number.

        Raises:
            SeasonNotFound: there is none.
        """
        async with self._pool.acquire() as conn:
            found = {row["number"]: row["id"] for row in await conn.fetch(self._sql["season_list"], series_id)}
        if number not in found:
            raise SeasonNotFound(f"{number} of series {series_id}")
        return UUID(str(found[number]))

    async def refresh_episode(self, episode_id: UUID, wish: Wish) -> Refreshed:
        """Ask about one episode, its guests and its crew.

        Raises:
            EpisodeNotFound: there is none.
            MetadataError: as from `refresh_series`.
        """
        done = Refreshed()
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(self._sql["episode_find"], episode_id)
        if row is None:
            raise EpisodeNotFound(episode_id)
        stand = await self._stand(row["series_id"], wish)
        if not self._is_due(row["metadata_updated_at"], wish):
            done.fresh += 1
            return done
        if not stand.ids:
            raise UnidentifiedSeries(stand.title)
        details = await self._source.episode(
            stand.ids, row["season_number"], row["number"], languages=stand.languages, fresh=wish.force
        )
        async with self._pool.acquire() as conn, conn.transaction():
            await self._writer.lock(conn, stand.id)
            written = await self._writer.write(conn, stand.id, episodes=[details])
            await self._changed(conn, stand.id, people=written.people, again=wish.images)
        done.episodes += 1
        return done

    async def refresh_all(
        self,
        wish: Wish,
        *,
        batch: int = 50,
        run_for: timedelta | None = None,
        report: Report = lambda phase, done, total, what: None,
    ) -> tuple[Refreshed, bool]:
        """Refresh all series of which nobody was asked lately; return what was done, and whether it came to the end.

        One that fails does not fail the rest: it is in the answer, and its turn comes again with the next run.

        Raises:
            NoSource: nobody can be asked.
            SourceBusy: not now; what was written stays written.
            SourceDown: nobody answered about any of them.
        """
        if not self._source.enabled:
            raise NoSource("nobody can be asked: no provider of metadata is set up")
        done = Refreshed()
        after = self._after(wish) if wish.force else self._clock.now() - self._config.stale_after
        until = None if run_for is None else time.monotonic() + run_for.total_seconds()
        total = int(await self._pool.fetchval(self._sql["series_count_stale"], after))
        seen, last = 0, None
        down: SourceDown | None = None
        while rows := await self._pool.fetch(self._sql["series_stale"], after, last, batch):
            last = rows[-1]["id"]
            for start in range(0, len(rows), self._config.at_once):
                some = rows[start : start + self._config.at_once]
                report("refreshing", seen, total, some[0]["title"])
                outcomes = await asyncio.gather(
                    *(self.refresh_series(row["id"], wish) for row in some), return_exceptions=True
                )
                seen += len(some)
                for row, outcome in zip(some, outcomes, strict=True):
                    down = self._count(done, row["title"], outcome) or down
                if until is not None and time.monotonic() > until:
                    return done, False
        report("refreshing", seen, max(total, seen), "")
        if down is not None and not done.series:
            raise down
        return done, True

    def _count(self, done: Refreshed, title: str, outcome: Refreshed | BaseException) -> SourceDown | None:
        match outcome:
            case Refreshed():
                done.series += outcome.series
                done.seasons += outcome.seasons
                done.episodes += outcome.episodes
                done.fresh += outcome.fresh
            case UnknownTitle() | UnidentifiedSeries():
                done.unknown.append(title)
            case SeriesNotFound():
                pass  # deleted meanwhile
            case SourceDown():
                done.failed.append({"what": title, "error": str(outcome)})
                return outcome
            case _:
                raise outcome
        return None

    async def _refresh_seasons(
        self, stand: Stand, wish: Wish, after: datetime, done: Refreshed, report: Report
    ) -> None:
        async with self._pool.acquire() as conn:
            rows = await conn.fetch(self._sql["season_due"], stand.id)
        last = max((row["number"] for row in rows), default=0)
        goes_on = (stand.status or "").casefold() not in _ENDED
        wanted: dict[int, bool] = {}
        for row in rows:
            updated_at, number = row["metadata_updated_at"], row["number"]
            is_new = updated_at is None or (row["has_untold"] and not wish.force)
            is_old = updated_at is not None and updated_at < after
            if is_new or (is_old and (wish.seasons is Which.ALL or (goes_on and number == last))):
                # A file is of an episode that the kept answer lacks: by now there may be another.
                wanted[number] = wish.force or (updated_at is not None and row["has_untold"])
        asked = {
            number: asyncio.ensure_future(self._ask_season(stand, number, fresh=fresh))
            for number, fresh in wanted.items()
        }
        try:
            for position, (number, answer) in enumerate(asked.items()):
                report("refreshing seasons", position, len(asked), f"{stand.title}, season {number}")
                try:
                    details = await answer
                except UnknownTitle:
                    done.unknown.append(f"season {number}")
                except SourceDown as error:
                    done.failed.append({"what": f"season {number}", "error": str(error)})
                else:
                    await self._write_season(stand.id, details, wish, done)
        finally:
            for answer in asked.values():
                answer.cancel()
            await asyncio.gather(*asked.values(), return_exceptions=True)
        report("refreshing seasons", len(asked), len(asked), stand.title)
        if wish.episodes:
            await self._place_again(stand.id)

    async def _ask_season(self, stand: Stand, number: int, *, fresh: bool) -> SeasonDetails:
        async with self._at_once:
            return await self._source.season(stand.ids, number, languages=stand.languages, fresh=fresh)

    async def _write_season(self, series_id: UUID, details: SeasonDetails, wish: Wish, done: Refreshed) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._writer.lock(conn, series_id)
            said = details if wish.episodes else replace(details, episodes=())
            whole = [details.number] if wish.episodes else []
            written = await self._writer.write(conn, series_id, seasons=[said], whole=whole)
            await self._changed(conn, series_id, people=written.people, again=wish.images)
        done.seasons += 1
        done.episodes += len(said.episodes)

    async def _place_again(self, series_id: UUID) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._writer.lock(conn, series_id)
            if await self._joiner.place_again(conn, series_id):
                await self._events.changed(conn, [series_id])

    async def _write(self, series_id: UUID, series: SeriesDetails, wish: Wish) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._writer.lock(conn, series_id, ids=series.ids)
            written = await self._writer.write(
                conn, series_id, series=series, seasons=series.seasons, partial=bool(wish.providers)
            )
            united = await unite(conn, series_id, written.clashes)
            if united:
                await self._events.merged(conn, series_id, united)
            await self._changed(conn, series_id, people=written.people, again=wish.images)

    async def _changed(self, conn: Connection, series_id: UUID, *, people: frozenset[UUID], again: bool) -> None:
        if again:
            await conn.execute(self._sql["image_fetch_again"], series_id)
        await self._events.changed(conn, [series_id], people=people, images=True)

    async def _stand(self, series_id: UUID, wish: Wish) -> Stand:
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(self._sql["series_stand"], series_id)
            if row is None:
                raise SeriesNotFound(series_id)
            ids = await self._writer.ids_of(conn, series_id)
        languages = wish.languages or tuple(dict.fromkeys((*row["languages"], *self._config.languages)))
        return Stand(
            id=series_id,
            title=row["title"],
            year=row["year"],
            status=row["status"],
            updated_at=row["metadata_updated_at"],
            languages=languages,
            ids=ids,
        )

    async def _identified(self, stand: Stand) -> Stand:
        """Return a series with ids, those that a search finds where it has none."""
        if stand.ids:
            return stand
        wanted = Wanted(titles=(stand.title,), year=stand.year)
        verdict = await self._identifier.search(wanted, language=stand.languages[0])
        if verdict.chosen is None:
            raise UnidentifiedSeries(stand.title)
        return replace(stand, updated_at=None, ids=ids_of_hit(verdict.chosen.hit))

    def _after(self, wish: Wish) -> datetime:
        """Return the moment from which on what was written need not be asked again."""
        if wish.force:
            return wish.since or self._clock.now()
        return self._clock.now() - self._config.refresh_after

    def _is_due(self, updated_at: datetime | None, wish: Wish) -> bool:
        return updated_at is None or updated_at < self._after(wish)
