"""What films need of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.content.library.ports import ChoiceMade, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What one committed chunk of a match did."""

    library_id: UUID
    created: Sequence[UUID] = ()
    """Films that were not known before."""
    linked: Sequence[UUID] = ()
    """Films that were known and have files of this library now."""
    available: Sequence[UUID] = ()
    """Those of ``linked`` that no library had."""
    unlinked: Sequence[UUID] = ()
    """Films that items were taken for before."""
    people: Sequence[UUID] = ()
    """Those whose credits changed."""
    unmatched: int = 0
    """Items that wait for a person now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh wrote."""

    movie_id: UUID
    merged: Sequence[UUID] = ()
    """Films that turned out to be this one, and are gone."""
    people: Sequence[UUID] = ()
    """Whose credits changed."""


class MovieEvents(Protocol):
    """Where events go, each with the connection whose transaction makes it true."""

    async def matched(self, conn: Connection, done: Matched) -> None:
        """Items of a library were matched."""
        ...

    async def refreshed(self, conn: Connection, done: Refreshed) -> None:
        """What is known of a film was written anew."""
        ...

    async def deleted(self, conn: Connection, movie_ids: Sequence[UUID], *, asked_for: bool) -> None:
        """Films are gone; by a person, or since nothing is left of them."""
        ...

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """A person made one film of several."""
        ...

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """A person said what items are."""
        ...


class MovieJobs(Protocol):
    """The queue, as far as films need it; ``conn`` is in the caller's transaction. Each returns the job's id."""

    async def refresh(self, conn: Connection, movie_id: UUID, *, force: bool, languages: Sequence[str]) -> int:
        """Enqueue a refresh of a film; one that waits is returned."""
        ...

    async def refresh_many(self, conn: Connection, movie_ids: Sequence[UUID]) -> int:
        """Enqueue refreshes that are not forced, in one statement; return how many are new."""
        ...

    async def match_item(self, conn: Connection, item_id: UUID, *, force: bool) -> int:
        """Enqueue the match of one item."""
        ...


class NoEvents:
    """Tells nobody."""

    async def matched(self, conn: Connection, done: Matched) -> None:
        """Do nothing."""

    async def refreshed(self, conn: Connection, done: Refreshed) -> None:
        """Do nothing."""

    async def deleted(self, conn: Connection, movie_ids: Sequence[UUID], *, asked_for: bool) -> None:
        """Do nothing."""

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """Do nothing."""

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """Do nothing."""
