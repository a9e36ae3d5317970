"""What people's events set going."""

from collections.abc import Sequence
from uuid import UUID

from revenge.app.events.pictures import Pictures
from revenge.app.events.sinks import SearchChanges
from revenge.content.library.ports import Connection


class PersonFanOut:
    """Passes people's events on, within the transaction that makes them true."""

    def __init__(self, *, search: SearchChanges, pictures: Pictures) -> None:
        self._search = search
        self._pictures = pictures

    async def refreshed(self, conn: Connection, person_id: UUID, merged: Sequence[UUID]) -> None:
        """Let search know, and fetch the picture that is shown."""
        await self._search.touch(conn, people=[person_id, *merged])
        await self._pictures.fetch(conn, [person_id])
