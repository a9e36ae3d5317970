"""What notifications need of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.service.notification.messages import Message


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

    async def enqueue(self, conn: Connection, jobs: Sequence[DeliveryJob]) -> Sequence[int]:
        """Insert the jobs, in one statement, and return their ids in the same order."""
        ...


class Sender(Protocol):
    """Tells agents; errors as documented at ``AppriseSender.send``, and at ``PacedSender.send``."""

    async def send(self, agent: str, message: Message) -> None: ...


class OnDelivery(Protocol):
    """Counts what became of deliveries."""

    def __call__(self, agent: str, status: str, n: int = 1) -> None: ...
