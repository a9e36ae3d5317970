"""Who people are: what is known of them, and asking for more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from revenge.content.library.ports import Connection, Pool
from revenge.content.library.text import clean_text
from revenge.content.metadata.errors import EntityGone, UnknownTitle
from revenge.content.metadata.merging import merge_entities, same_by_ids
from revenge.content.metadata.models import EntityKind, IdProvider, Ids, PersonDetails
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.repository import Clash, EntityRepository
from revenge.content.metadata.rows import Description
from revenge.content.metadata.statements import statements

MAX_CREDITS = 500
"""Films and series of one person that are shown, the newest."""


class PersonNotFound(Exception):
    """There is no such person."""

    def __init__(self, person_id: UUID) -> None:
        self.person_id = person_id
        super().__init__(f"there is no person {person_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person's row."""

    id: UUID
    name: str
    biography: str | None
    birth_date: date | None
    death_date: date | None
    birthplace: str | None
    known_for: str | None
    popularity: float | None
    metadata_provider: str | None
    metadata_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCredit:
    """A film or a series that somebody had to do with."""

    entity_id: UUID
    kind: str
    title: str
    year: int | None
    type: str
    character: str
    job: str


class PersonEvents(Protocol):
    """Where events go, with the connection whose transaction makes them true."""

    async def refreshed(self, conn: Connection, person_id: UUID, merged: Sequence[UUID]) -> None:
        """What is known of a person was written anew; ``merged`` turned out to be the same, and are gone."""
        ...


class PersonJobs(Protocol):
    """The queue, as far as people need it; ``conn`` is in the caller's transaction."""

    async def refresh_many(self, conn: Connection, person_ids: Sequence[UUID]) -> int:
        """Enqueue refreshes that are not forced, in one statement; return how many are new."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleConfig:
    """How old may be what is known of people.

    Raises:
        ValueError: a time or the batch is not positive.
    """

    fresh_for: timedelta = timedelta(hours=24)
    """A refresh that is not forced asks nobody about what is younger."""
    stale_after: timedelta = timedelta(days=30)
    """What is older is refreshed by itself."""
    batch: int = 500
    """People who are enqueued at a time; the rest is enqueued by the next run."""

    def __post_init__(self) -> None:
        for name in ("fresh_for", "stale_after"):
            value = getattr(self, name)
            if value <= timedelta(0):
                message = f"{name} must be positive, got {value}"
                raise ValueError(message)
        if self.batch < 1:
            message = f"batch must be at least 1, got {self.batch}"
            raise ValueError(message)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


class People:
    """People, as they are shown and refreshed."""

    def __init__(
        self,
        pool: Pool,
        *,
        source: MetadataSource,
        events: PersonEvents,
        jobs: PersonJobs,
        clock: Clock,
        config: PeopleConfig | None = None,
    ) -> None:
        self._pool = pool
        self._source = source
        self._events = events
        self._clock = clock
        self._jobs = jobs
        self._config = config or PeopleConfig()
        self._entities = EntityRepository()
        self._sql = statements()

    async def get(self, person_id: UUID) -> Person:
        """Return a person.

        Raises:
            PersonNotFound: there is none.
        """
        row = await self._pool.fetchrow(self._sql["person_get"], person_id)
        if row is None:
            raise PersonNotFound(person_id)
        return Person(**row)

    async def credits(self, person_id: UUID, *, visible: Collection[UUID] | None) -> list[PersonCredit]:
        """Return films and series that somebody had to do with, in libraries that may be seen (None: all)."""
        libraries = None if visible is None else list(visible)
        rows = await self._pool.fetch(self._sql["person_credits"], person_id, libraries, MAX_CREDITS)
        return [PersonCredit(**row) for row in rows]

    async def refresh(
        self, person_id: UUID, *, provider_id: str = "", force: bool = False, languages: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Ask about a person, and write down the answer; return what became of it.

        Args:
            person_id: of ours.
            provider_id: TMDb's id, for one who has no ids yet.
            force: ask although somebody was asked lately.
            languages: the first is the one that the plain fields are in.

        Raises:
            PersonNotFound: there is no such person.
            UnknownTitle: nobody has them. That somebody was asked is remembered.
            SourceBusy: not now; ``SourceDown``: no answer; ``SourceRefused``: not before the settings change.
        """
        row = await self._pool.fetchrow(self._sql["person_to_refresh"], person_id)
        if row is None:
            raise PersonNotFound(person_id)
        said = {"person_id": str(person_id)}
        if not self._source.enabled:
            return {**said, "status": "no source"}
        asked_at = row["metadata_updated_at"]
        if not force and asked_at is not None and self._clock.now() - asked_at < self._config.fresh_for:
            return {**said, "status": "fresh"}
        ids = await self._ids(person_id, provider_id)
        if not ids:
            await self._pool.execute(self._sql["person_set_asked"], person_id)
            return {**said, "status": "unidentified"}
        try:
            details = await self._source.person(ids, languages=tuple(languages) or ("en",), fresh=force)
        except UnknownTitle:
            await self._pool.execute(self._sql["person_set_asked"], person_id)
            raise
        merged = await self._write(person_id, details)
        return {**said, "status": "refreshed", "merged": [str(each) for each in merged]}

    async def enqueue_stale(self) -> int:
        """Enqueue refreshes of people of whom nobody was asked for long, one batch; return how many are new."""
        if not self._source.enabled:
            return 0
        before = self._clock.now() - self._config.stale_after
        async with self._pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch(self._sql["person_stale"], before, self._config.batch)
            return await self._jobs.refresh_many(conn, [row["id"] for row in rows]) if rows else 0

    async def _ids(self, person_id: UUID, provider_id: str) -> Ids:
        async with self._pool.acquire() as conn:
            known = (await self._entities.ids_of(conn, [person_id]))[person_id]
        return known or ({IdProvider.TMDB: provider_id} if provider_id.isdigit() else {})

    async def _write(self, person_id: UUID, details: PersonDetails) -> list[UUID]:
        async with self._pool.acquire() as conn, conn.transaction():
            written = await self._entities.describe(
                conn, [Description(entity_id=person_id, kind=EntityKind.PERSON, details=details)]
            )
            merged = await self._merge_same(conn, person_id, written.clashes)
            found = await conn.fetchval(
                self._sql["person_put_details"],
                person_id,
                clean_text(details.name, limit=500),
                clean_text(details.biography, limit=20_000, lines=True),
                details.birth_date,
                details.death_date,
                clean_text(details.birthplace),
                clean_text(details.known_for),
                details.popularity,
                details.provider,
                bool(details.ids),
            )
            if found is None:
                raise EntityGone([person_id])
            await self._events.refreshed(conn, person_id, merged)
            return merged

    async def _merge_same(self, conn: Connection, person_id: UUID, clashes: Sequence[Clash]) -> list[UUID]:
        """Take in people who have ids of this one, and none that contradicts."""
        holders = {clash.holder_id for clash in clashes}
        if not holders:
            return []
        ids = await self._entities.ids_of(conn, {person_id, *holders})
        same = same_by_ids(person_id, holders, ids)
        if same:
            await merge_entities(conn, dict.fromkeys(same, person_id))
        return same
