"""Asks what films are, and writes down the answer: details, people, collection and pictures in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.errors import EntityGone, UnknownTitle
from revenge.content.metadata.merging import merge_entities, same_by_ids
from revenge.content.metadata.models import EntityKind, Ids, MovieDetails
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.repository import Clash, EntityRepository
from revenge.content.metadata.rows import Description
from revenge.content.metadata.scoring import MatchConfig, Wanted, decide, ids_of_hit
from revenge.content.movie.errors import MovieNotFound
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.local import details_of
from revenge.content.movie.models import MovieToRefresh
from revenge.content.movie.ports import MovieEvents, MovieJobs, Refreshed
from revenge.content.movie.repository import MovieRepository


class RefreshStatus(StrEnum):
    """What became of a refresh."""

    REFRESHED = "refreshed"
    FRESH = "fresh"
    """Somebody was asked a short while ago, and it was not forced."""
    UNIDENTIFIED = "unidentified"
    """It has no ids, and no title is like its own for sure."""
    NO_SOURCE = "no source"
    """There is nobody to ask."""
    FROM_FILES = "from files"
    """There is nobody to ask; its NFO file was taken at its word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshOutcome:
    """What a refresh did."""

    movie_id: UUID
    status: RefreshStatus
    changed: bool = False
    merged: Sequence[UUID] = ()
    clashes: Sequence[Clash] = ()
    """Ids that other films have which are not this one: one of the two is wrong."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """Providers that could have added something and could not be asked, and why."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "movie_id": str(self.movie_id),
            "status": self.status.value,
            "changed": self.changed,
            "merged": [str(movie_id) for movie_id in self.merged],
            "clashes": [
                {"provider": clash.provider, "id": clash.value, "movie_id": str(clash.holder_id)}
                for clash in self.clashes
            ],
            "unanswered": dict(self.unanswered),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshConfig:
    """How old knowledge may be.

    Raises:
        ValueError: a time is not positive.
    """

    fresh_for: timedelta = timedelta(hours=24)
    """A refresh that is not forced asks nobody about what is younger."""
    stale_after: timedelta = timedelta(days=30)
    """What is older is refreshed by itself."""
    new_stale_after: timedelta = timedelta(days=7)
    """The same for films of this year and the last: their ratings, pictures and casts still change."""
    batch: int = 500
    """Films that are enqueued at a time; the rest is enqueued by the next run."""
    languages: tuple[str, ...] = ()
    """Further languages beside those of the libraries."""

    def __post_init__(self) -> None:
        for name in ("fresh_for", "stale_after", "new_stale_after"):
            value = getattr(self, name)
            if value <= timedelta(0):
                message = f"{name} must be positive, got {value}"
                raise ValueError(message)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


class MovieRefresher:
    """Refreshes films: one question for all languages, one transaction for all of the answer."""

    def __init__(
        self,
        pool: Pool,
        *,
        source: MetadataSource,
        events: MovieEvents,
        jobs: MovieJobs,
        clock: Clock,
        match: MatchConfig | None = None,
        config: RefreshConfig | None = None,
    ) -> None:
        self._pool = pool
        self._source = source
        self._events = events
        self._jobs = jobs
        self._clock = clock
        self._match = match or MatchConfig()
        self._config = config or RefreshConfig()
        self._entities = EntityRepository()
        self._movies = MovieRepository(self._entities)
        self._items = ItemRepository()

    async def refresh(
        self, movie_id: UUID, *, force: bool = False, languages: Sequence[str] = (), providers: Sequence[str] = ()
    ) -> RefreshOutcome:
        """Ask about a film and write down the answer.

        With ``force`` it is asked although somebody was asked lately; of kept answers only this film's are passed by. With
        ``providers`` these alone are asked, and what they say fills gaps and takes nothing back.

        Raises:
            MovieNotFound: there is no such film.
            UnknownTitle: nobody has it. That somebody was asked is remembered, and all that is known stays.
            SourceBusy: not now.
            SourceRefused: not before the settings change.
            SourceDown: no answer; the attempt failed.
        """
        movie = await self._movies.to_refresh(self._pool, movie_id)
        if not self._source.enabled:
            return await self._from_files(movie)
        if not force and not providers and self._is_fresh(movie):
            return RefreshOutcome(movie_id=movie_id, status=RefreshStatus.FRESH)
        asked = tuple(dict.fromkeys((*languages, *movie.languages, *self._config.languages))) or ("en",)
        ids = await self._identify(movie, language=asked[0])
        if not ids:
            await self._remember(movie_id)
            return RefreshOutcome(movie_id=movie_id, status=RefreshStatus.UNIDENTIFIED)
        try:
            details = await self._source.movie(ids, languages=asked, fresh=force, providers=providers)
        except UnknownTitle:
            await self._remember(movie_id)
            raise
        return await self._write(movie_id, details, partial=bool(providers))

    async def enqueue_stale(self) -> int:
        """Enqueue refreshes of films of which nobody was asked for long, one batch; return how many are new."""
        if not self._source.enabled:
            return 0
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            stale = await self._movies.stale(
                conn,
                before=now - self._config.stale_after,
                new_before=now - self._config.new_stale_after,
                limit=self._config.batch,
            )
            return await self._jobs.refresh_many(conn, stale) if stale else 0

    def _is_fresh(self, movie: MovieToRefresh) -> bool:
        asked_at = movie.metadata_updated_at
        return asked_at is not None and self._clock.now() - asked_at < self._config.fresh_for

    async def _identify(self, movie: MovieToRefresh, *, language: str) -> Ids:
        """Return a film's ids; of one that names alone know, those that it is found to have."""
        async with self._pool.acquire() as conn:
            known = (await self._entities.ids_of(conn, [movie.id]))[movie.id]
        if known:
            return known
        titles = dict.fromkeys(title for title in (movie.title, movie.original_title) if title)
        wanted = Wanted(titles=tuple(titles), year=movie.year)
        hits = await self._source.search_movies(movie.title, year=movie.year, language=language)
        chosen = decide(wanted, hits, self._match).chosen
        return {} if chosen is None else ids_of_hit(chosen.hit)

    async def _from_files(self, movie: MovieToRefresh) -> RefreshOutcome:
        """Write what the NFO file beside a local film says now; one that a provider has described stays as it is."""
        told = None
        if movie.local_key is not None:
            rows = await self._items.of_movies(self._pool, [movie.id])
            items = await self._items.get_many(self._pool, [row["id"] for row in rows])
            told = next((details_of(item) for item in items if item.nfo), None)
        if told is None:
            return RefreshOutcome(movie_id=movie.id, status=RefreshStatus.NO_SOURCE)
        return await self._write(movie.id, told, partial=False, status=RefreshStatus.FROM_FILES)

    async def _remember(self, movie_id: UUID) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._movies.set_asked(conn, movie_id)

    async def _write(
        self,
        movie_id: UUID,
        details: MovieDetails,
        *,
        partial: bool,
        status: RefreshStatus = RefreshStatus.REFRESHED,
    ) -> RefreshOutcome:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._lock(conn, movie_id, details.ids)
            written = await self._entities.describe(
                conn,
                [Description(entity_id=movie_id, kind=EntityKind.MOVIE, details=details, partial=partial)],
            )
            merged = await self._merge_same(conn, movie_id, written.clashes)
            changed = await self._movies.put_details(
                conn,
                movie_id,
                details,
                collection_id=written.collections.get(movie_id),
                only_gaps=partial,
            )
            people = sorted(written.people)
            await self._events.refreshed(conn, Refreshed(movie_id=movie_id, merged=merged, people=people))
        clashes = [clash for clash in written.clashes if clash.holder_id not in merged]
        return RefreshOutcome(
            movie_id=movie_id,
            status=status,
            changed=changed or bool(merged),
            merged=merged,
            clashes=clashes,
            unanswered=details.unanswered,
        )

    async def _lock(self, conn: Connection, movie_id: UUID, ids: Ids) -> None:
        """Lock what a merge would, in its order: who holds one film and asks for another's may wait for who waits for it."""
        (holders,) = await self._entities.find_many(conn, EntityKind.MOVIE, [ids])
        if others := set(holders) - {movie_id}:
            await self._movies.lock_creation(conn)
            await self._entities.lock(conn, {movie_id, *others})

    async def _merge_same(self, conn: Connection, movie_id: UUID, clashes: Sequence[Clash]) -> list[UUID]:
        """Take in films that have ids of this one, and none that contradicts; others are told, not touched."""
        holders = {clash.holder_id for clash in clashes}
        if not holders:
            return []
        ids = await self._entities.ids_of(conn, {movie_id, *holders})
        same = same_by_ids(movie_id, holders, ids)
        if same:
            # Whoever links items to films holds this lock: none is linked to those that go.
            await self._movies.lock_creation(conn)
            await self._movies.fill_from(conn, movie_id, same)
            await merge_entities(conn, dict.fromkeys(same, movie_id))
        return same


class MovieEnricher:
    """Films, as ``metadata_enrich_content`` knows them."""

    def __init__(self, refresher: MovieRefresher) -> None:
        self._refresher = refresher

    async def enrich(self, entity_id: UUID, *, providers: Sequence[str], languages: Sequence[str]) -> Mapping[str, Any]:
        """Ask ``providers`` about a film and add what they say; without any it is a forced refresh.

        Raises:
            EntityGone: there is no such film.
            UnknownTitle: as from `MovieRefresher.refresh`; and what else it raises.
        """
        try:
            outcome = await self._refresher.refresh(entity_id, force=True, languages=languages, providers=providers)
        except MovieNotFound as error:
            raise EntityGone([entity_id]) from error
        return outcome.to_dict()
