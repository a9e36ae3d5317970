"""Writes down who did what."""

from collections.abc import Sequence

from revenge.infra.database.connection import Connection
from revenge.service.activity.models import NewEntry
from revenge.service.activity.repository import ActivityRepository


class ActivityService:
    """The log of what people did; whoever writes to it does so in the transaction of what was done."""

    def __init__(self, repository: ActivityRepository) -> None:
        self._repository = repository

    async def record(self, conn: Connection, entries: Sequence[NewEntry]) -> int:
        """Write entries, in the caller's transaction, and return how many were not there yet."""
        return await self._repository.insert(conn, entries)
