"""What every search engine does."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from revenge.infra.search.models import Collection, Document, Found, IndexState, Query, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchToken:
    """What a front end needs to ask the engine itself, as one person."""

    engine: str
    token: str | None = None
    """Sees only what that person may see; None: the engine is asked through our own API alone."""
    url: str | None = None
    expires_at: datetime | None = None
    collections: Sequence[str] = ()
    """What the collections are called there, in the order of ``Collection``."""


class SearchIndex(Protocol):
    """Keeps documents. Every method raises ``SearchUnavailable`` and ``SearchRefused``.

    A collection is built anew beside the one that is searched: ``begin``, ``fill`` as often as it takes, ``finish``. What
    changes meanwhile goes to both by ``apply``, so that nothing is missing once the new one takes over. One at a time
    writes to a collection: the caller sees to that.
    """

    async def begin(self, collection: Collection, build: UUID) -> None:
        """Begin a build, or go on with one that was begun."""
        ...

    async def fill(self, collection: Collection, documents: Sequence[Document], *, build: UUID) -> Sequence[Refusal]:
        """Store documents in a build; return those that could not be."""
        ...

    async def apply(
        self, collection: Collection, *, put: Sequence[Document] = (), remove: Ids[UUID] = (), build: UUID | None = None
    ) -> Sequence[Refusal]:
        """Store and remove documents in what is searched, and in a build that goes on; return those that could not be.

        Raises:
            NoIndex: the collection was never built, and there is no build either.
        """
        ...

    async def count(self, collection: Collection, *, build: UUID | None = None) -> int:
        """Return how many documents a build has, or what is searched."""
        ...

    async def finish(self, collection: Collection, build: UUID) -> None:
        """Let a build be what is searched, at once for everybody, and drop what was before."""
        ...

    async def state(self, collection: Collection) -> IndexState:
        """Return what is there to be searched."""
        ...

    async def stored(self, collection: Collection, ids: Ids[UUID]) -> Sequence[Document]:
        """Return those of these documents that are there to be searched."""
        ...

    async def members(self, collection: Collection, series: Ids[UUID]) -> set[UUID]:
        """Return the ids of all documents, seasons or episodes, that belong to these series."""
        ...


class SearchEngine(SearchIndex, Protocol):
    """Keeps documents and finds them."""

    @property
    def name(self) -> str:
        """Return what the engine is called."""
        ...

    async def search(self, query: Query) -> Found:
        """Return what fits; the caller has checked the query.

        Raises:
            NoIndex: the collection was never built.
            SearchUnavailable: the engine does not answer.
        """
        ...

    async def token(self, libraries: frozenset[UUID] | None, *, expires_at: datetime) -> SearchToken:
        """Return what a front end needs to search by itself what is in ``libraries``; None: everything."""
        ...

    async def check(self) -> str:
        """Return in a few words that the engine is well.

        Raises:
            SearchError: it is not.
        """
        ...
