"""Events and deliveries, as the tables hold them."""

from collections.abc import Sequence
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.infra.database.values import clean_text, json_text
from revenge.service.notification.catalogue import event_type
from revenge.service.notification.models import Event
from revenge.service.notification.statements import statements


class NotificationRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self) -> None:
        self._sql = statements()

    async def insert(self, conn: Connection, events: Sequence[Event], deliveries: Sequence[tuple[UUID, str]]) -> None:
        """Write events and their deliveries, as event and agent, in one statement; what is there already stays."""
        await conn.execute(
            self._sql["event_insert"],
            [event.id for event in events],
            [clean_text(event.type) for event in events],
            [event_type(event.type).category.value for event in events],
            [event.occurred_at for event in events],
            [event.account_id for event in events],
            [event.target_id for event in events],
            [json_text(event.data) for event in events],
            [json_text(event.metadata) for event in events],
            [event_id for event_id, _ in deliveries],
            [agent for _, agent in deliveries],
        )
