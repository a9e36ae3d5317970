"""What may become of a library that was deleted, across features; and what hangs on entities, for those who show them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from revenge.content.library.models import Library
from revenge.content.library.ports import Pool
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.service import LibraryService
from revenge.content.metadata.reading import Children, read_children, read_summaries


class Forgetter(Protocol):
    """A feature that has content of libraries."""

    async def forget_library(self, library_id: UUID) -> int:
        """Delete what no other library has, in bounded batches; return how many films or series that were."""
        ...


class LibraryGraves:
    """Libraries that were deleted: their rows are there until somebody has them forgotten."""

    def __init__(
        self, libraries: LibraryService, repository: LibraryRepository, *, features: Sequence[Forgetter]
    ) -> None:
        self._libraries = libraries
        self._repository = repository
        self._features = features

    async def restore(self, library_id: UUID, *, name: str | None = None) -> Library:
        """Bring one back; errors as of ``LibraryService.restore``."""
        return await self._libraries.restore(library_id, name=name)

    async def forget(self, library_id: UUID) -> None:
        """Remove one for good. Cut off half-way it is a deleted library still, and may be forgotten again.

        Raises:
            LibraryNotFound: there is none that was deleted.
            LibraryBusy: somebody else restores or forgets it.
        """
        # A restore in between would bring back a library whose films are gone.
        async with self._repository.forgetting(library_id):
            for feature in self._features:
                await feature.forget_library(library_id)


class EntityChildren:
    """What hangs on films, series and people."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def children(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]:
        """Return all of it, in a fixed number of statements."""
        return await read_children(self._pool, entity_ids)

    async def summaries(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]:
        """Return what lists show, in two statements."""
        return await read_summaries(self._pool, entity_ids)
