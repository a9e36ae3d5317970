"""Which pictures are fetched when something is known anew: those that are shown, one of each type."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from revenge.content.library.ports import Connection


class Pictures(Protocol):
    """Has pictures fetched."""

    async def fetch(self, conn: Connection, entity_ids: Sequence[UUID]) -> None:
        """Enqueue, in a fixed number of statements, downloads of what is shown of entities and was not fetched yet."""
        ...
