"""Which collections belong together, and what became of indexing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from revenge.infra.search.models import Collection, Refusal


class Group(StrEnum):
    """What one writer at a time keeps up to date, named for the collection whose changes are told."""

    MOVIES = "movies"
    TVSHOWS = "tvshows"
    PEOPLE = "people"

    @property
    def number(self) -> int:
        """Return what the database's locks call it."""
        return list(Group).index(self)

    @property
    def collections(self) -> Sequence[Collection]:
        """Return the collections, in the order in which they are built."""
        if self is Group.TVSHOWS:
            return (Collection.TVSHOWS, Collection.SEASONS, Collection.EPISODES)
        return (Collection(self.value),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A collection that is being built anew, or was."""

    collection: Collection
    id: UUID
    engine: str
    fingerprint: str
    job_id: int | None
    cursor: UUID | None
    indexed: int
    refused: int
    ended_at: datetime | None

    @property
    def goes_on(self) -> bool:
        """Whether it has not taken over yet."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that search must be told."""

    id: UUID
    entity_id: UUID


@dataclass(slots=True)
class Tally:
    """What was done so far."""

    indexed: int = 0
    removed: int = 0
    built: dict[Collection, int] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    kept: set[UUID] = field(default_factory=set)
    """Changes that were refused: not to be tried again by the same job."""

    def to_dict(self) -> dict[str, Any]:
        """Return a job's output; of what was refused the first hundred."""
        shape: dict[str, Any] = {"indexed": self.indexed, "removed": self.removed, "refused": len(self.refused)}
        if self.built:
            shape["built"] = {collection.value: count for collection, count in self.built.items()}
        if self.refused:
            shape["errors"] = [{"id": str(one.id), "error": one.reason} for one in self.refused[:100]]
        return shape


class Ending(StrEnum):
    """How a piece of work ended."""

    DONE = "done"
    PAUSED = "paused"
    """Its time is over, and it has not come to its end: come back at once."""
    BUSY = "busy"
    """Somebody else writes to one of the collections, or a change is not committed yet: come back in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a piece of work."""

    ending: Ending
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the index says of a collection and what the tables say; ``reason`` is None where they agree."""

    collection: Collection
    reason: str | None = None
    waits: bool = False
    """Its changes are still to be told, so that it is not judged."""
    details: Mapping[str, Any] = field(default_factory=dict)
