"""Two engines that are kept alike, so that one is searched while the other is away."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from revenge.infra.search.errors import SearchUnavailable
from revenge.infra.search.models import Collection, Document, Found, IndexState, Query, Refusal
from revenge.infra.search.ports import SearchEngine, SearchToken


class MirroredSearch:
    """Writes to both, the one that helps out first, and asks the main one as long as it answers."""

    def __init__(self, main: SearchEngine, spare: SearchEngine) -> None:
        self._main = main
        self._spare = spare

    @property
    def name(self) -> str:
        """Return both names: an index that was built for one of them alone has to be built anew."""
        return f"{self._main.name}+{self._spare.name}"

    async def begin(self, collection: Collection, build: UUID) -> None:
        """Begin a build in both."""
        await self._spare.begin(collection, build)
        await self._main.begin(collection, build)

    async def fill(self, collection: Collection, documents: Sequence[Document], *, build: UUID) -> Sequence[Refusal]:
        """Store documents in both; return those that either refuses."""
        spare = await self._spare.fill(collection, documents, build=build)
        return _merged(spare, await self._main.fill(collection, documents, build=build))

    async def apply(
        self, collection: Collection, *, put: Sequence[Document] = (), remove: Ids[UUID] = (), build: UUID | None = None
    ) -> Sequence[Refusal]:
        """Store and remove documents in both; return those that either refuses."""
        spare = await self._spare.apply(collection, put=put, remove=remove, build=build)
        return _merged(spare, await self._main.apply(collection, put=put, remove=remove, build=build))

    async def count(self, collection: Collection, *, build: UUID | None = None) -> int:
        """Return how many documents the main one has."""
        return await self._main.count(collection, build=build)

    async def finish(self, collection: Collection, build: UUID) -> None:
        """Let a build be what is searched in both."""
        await self._spare.finish(collection, build)
        await self._main.finish(collection, build)

    async def state(self, collection: Collection) -> IndexState:
        """Return what the main one has."""
        return await self._main.state(collection)

    async def stored(self, collection: Collection, ids: Ids[UUID]) -> Sequence[Document]:
        """Return the main one's documents."""
        return await self._main.stored(collection, ids)

    async def members(self, collection: Collection, series: Ids[UUID]) -> set[UUID]:
        """Return what belongs to series in either."""
        return await self._spare.members(collection, series) | await self._main.members(collection, series)

    async def search(self, query: Query) -> Found:
        """Ask the main one, and the other where that does not answer.

        Raises:
            SearchUnavailable: neither answers.
        """
        try:
            return await self._main.search(query)
        except SearchUnavailable:
            return await self._spare.search(query)

    async def token(self, libraries: frozenset[UUID] | None, *, expires_at: datetime) -> SearchToken:
        """Return the main one's token."""
        return await self._main.token(libraries, expires_at=expires_at)

    async def check(self) -> str:
        """Return that the main one is well.

        Raises:
            SearchError: it is not.
        """
        return f"{await self._main.check()}; {await self._spare.check()}"


def _merged(*answers: Sequence[Refusal]) -> Sequence[Refusal]:
    return list({refusal.id: refusal for answer in answers for refusal in answer}.values())
