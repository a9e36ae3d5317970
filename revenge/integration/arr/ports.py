"""What syncs and webhooks need of the rest of the server; ``app/`` plugs it in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import Source, TitleFacts
from revenge.integration.arr.models import Received, SyncCounts

F = TypeVar("F", bound=TitleFacts)
In = TypeVar("In", bound=TitleFacts, contravariant=True)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a title's facts."""

    entity_id: UUID | None
    """None: there is nothing to watch of it yet, and nobody else knows it."""
    created: bool = False


class Titles(Protocol[In]):
    """Films, or series with their seasons and episodes, as the server has them."""

    async def save(self, conn: Connection, facts: Sequence[In]) -> Sequence[Saved]:
        """Write what is said of titles, in as many statements for many as for one.

        A title is found by its external ids, in their order, then by its files' paths; one that is not found is made where
        there is anything to watch. What a provider of metadata has said stays: facts fill what is empty. Files that scans know
        and nobody has matched are matched with it; a choice made by hand is never touched.
        """
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of a wish for scans."""

    asked: int
    """Folders that will be scanned."""
    outside: int
    """Folders that no library has."""


class Shelf(Protocol):
    """The libraries, as far as files go: what is on disk only scans say."""

    async def files_at(self, conn: Connection, paths: Sequence[bytes]) -> Mapping[bytes, UUID]:
        """Return the files that libraries know, by their paths; one that is missing is known too."""
        ...

    async def look_again(self, conn: Connection, folders: Collection[bytes]) -> Looked:
        """Have folders scanned, as the caller's transaction commits."""
        ...


class SyncJobs(Protocol):
    """The queue, as far as syncs need it."""

    async def is_alive(self, conn: Connection, job_id: int) -> bool:
        """Say whether a job waits or runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TitlesChanged:
    """Titles of one committed step, by the ids of what they are here."""

    source: Source
    added: Sequence[UUID] = ()
    updated: Sequence[UUID] = ()
    released: Sequence[UUID] = ()
    """The program has them no more; they are what they were, but for the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSaid:
    """Something that the program wants people to know."""

    source: Source
    event: str
    """The webhook's own name of it, such as ``Health``."""
    data: Mapping[str, Any] = field(default_factory=dict)


class ArrEvents(Protocol):
    """Where events go, each with the connection whose transaction makes it true."""

    async def titles_changed(self, conn: Connection, change: TitlesChanged) -> None:
        """Titles were made, changed or let go."""
        ...

    async def sync_done(self, conn: Connection, source: Source, counts: SyncCounts) -> None:
        """A full sync is complete."""
        ...

    async def sync_failed(self, conn: Connection, source: Source, reason: str) -> None:
        """A full sync ended for good without being complete."""
        ...

    async def program_said(self, conn: Connection, said: ProgramSaid) -> None:
        """The program told of its health, a new version, or of something that wants a person."""
        ...


class WebhookJobs(Protocol):
    """The queue, as far as webhooks need it."""

    async def enqueue(self, conn: Connection, received: Received) -> int:
        """Have an event worked, with all others of its subject, and return the job's id."""
        ...
