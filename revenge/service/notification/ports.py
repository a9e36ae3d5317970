"""What notifications need of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from revenge.infra.database.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryJob:
    """The job that will tell one agent of one event."""

    event_id: UUID
    type: str
    occurred_at: datetime
    agent: str
    is_gathered: bool
    """It waits for others of its type to come, and tells of all of them."""


class NotificationJobs(Protocol):
    """The queue, as far as notifications need it; ``conn`` is in the caller's transaction."""

    async def enqueue(self, conn: Connection, jobs: Sequence[DeliveryJob]) -> None:
        """Insert the jobs, in one statement."""
        ...
