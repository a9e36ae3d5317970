"""What the HTTP side needs of films, of people, and of what libraries have, as ports."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.content.library.models import Library
from revenge.content.metadata.people import Person, PersonCredit
from revenge.content.metadata.reading import Children
from revenge.content.movie import models
from revenge.content.movie.models import ItemPage, MatchState, Movie, MovieFilter, MoviePage
from revenge.content.movie.service import Choice, Chosen


class Films(Protocol):
    """The part of ``MovieService`` that is used here; errors as documented there."""

    async def page(
        self, wanted: MovieFilter, *, visible: Collection[UUID] | None, limit: int = 50, cursor: str | None = None
    ) -> MoviePage: ...

    async def get(self, movie_id: UUID, *, visible: Collection[UUID] | None = None) -> Movie: ...

    async def versions(
        self, movie_id: UUID, *, visible: Collection[UUID] | None = None
    ) -> Sequence[models.Version]: ...

    async def collections(
        self, *, visible: Collection[UUID] | None, limit: int = 50, cursor: str | None = None
    ) -> models.CollectionPage: ...

    async def collection(
        self, collection_id: UUID, *, visible: Collection[UUID] | None = None
    ) -> models.Collection: ...

    async def refresh(self, movie_id: UUID, *, languages: Sequence[str] = ()) -> int: ...

    async def delete(self, movie_id: UUID) -> None: ...

    async def merge(self, keep: UUID, gone: Sequence[UUID]) -> Movie: ...

    async def items(
        self,
        library_id: UUID,
        *,
        state: MatchState = MatchState.UNMATCHED,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ItemPage: ...

    async def choose(self, library_id: UUID, item_id: UUID, choice: Choice) -> Chosen: ...


class PeopleDirectory(Protocol):
    """The part of ``People`` that is used here; errors as documented there."""

    async def get(self, person_id: UUID) -> Person: ...

    async def credits(self, person_id: UUID, *, visible: Collection[UUID] | None) -> Sequence[PersonCredit]: ...


class Descriptions(Protocol):
    """What hangs on films, series and people."""

    async def children(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]:
        """Return all of it."""
        ...

    async def summaries(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]:
        """Return what lists show."""
        ...


class DeletedLibraries(Protocol):
    """What may become of libraries that were deleted."""

    async def restore(self, library_id: UUID, *, name: str | None = None) -> Library:
        """Bring one back; errors as of ``LibraryService.restore``."""
        ...

    async def forget(self, library_id: UUID) -> None:
        """Remove one for good, with all that nobody else has.

        Raises:
            LibraryNotFound: there is none that was deleted.
            LibraryBusy: somebody else restores or forgets it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmServices:
    """What the routes of films, people and matches call."""

    films: Films
    people: PeopleDirectory
    descriptions: Descriptions
    deleted: DeletedLibraries
