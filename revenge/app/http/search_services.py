"""What the search routes need, as ports: plugged in by the container, faked in tests."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from revenge.content.search.models import Group
from revenge.infra.jobs.models import InsertResult
from revenge.infra.search.models import Collection, Found, Query
from revenge.infra.search.ports import SearchToken


class Searches(Protocol):
    """The part of ``SearchService`` that is used here; errors as documented there."""

    async def search(self, query: Query, *, visible: frozenset[UUID] | None, wanted: Sequence[UUID] = ()) -> Found: ...

    async def search_all(
        self, text: str, *, limit: int, visible: frozenset[UUID] | None
    ) -> Mapping[Collection, Found]: ...

    async def suggest(
        self, collection: Collection, text: str, *, limit: int, visible: frozenset[UUID] | None
    ) -> Sequence[str]: ...

    async def token(self, *, visible: frozenset[UUID] | None) -> SearchToken: ...

    async def check(self) -> str: ...


class Reindexing(Protocol):
    """Sets rebuilds going."""

    async def reindex(self, group: Group) -> InsertResult:
        """Insert the job that builds a group anew, unless one waits or runs."""
        ...
