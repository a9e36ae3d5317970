"""Keeps what happened, and sets going that agents are told of it."""

from collections.abc import Sequence

from revenge.infra.database.connection import Connection
from revenge.service.notification.agents import Agents
from revenge.service.notification.catalogue import event_type
from revenge.service.notification.models import Event
from revenge.service.notification.ports import DeliveryJob, NotificationJobs
from revenge.service.notification.repository import NotificationRepository


class NotificationService:
    """Events, their deliveries and the jobs of these: always all three in one transaction."""

    def __init__(self, repository: NotificationRepository, *, agents: Agents, jobs: NotificationJobs) -> None:
        self._repository = repository
        self._agents = agents
        self._jobs = jobs

    async def raise_events(self, conn: Connection, events: Sequence[Event]) -> None:
        """Keep events and make the jobs of their deliveries, in the caller's transaction; two statements at most."""
        if not events:
            return
        jobs = [
            DeliveryJob(
                event_id=event.id,
                type=event.type,
                occurred_at=event.occurred_at,
                agent=name,
                is_gathered=bool(event_type(event.type).many),
            )
            for event in events
            for name in self._agents.wanting(event.type)
        ]
        await self._repository.insert(conn, events, [(job.event_id, job.agent) for job in jobs])
        if jobs:
            await self._jobs.enqueue(conn, jobs)
