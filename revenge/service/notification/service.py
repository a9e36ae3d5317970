"""Keeps what happened, and sets going that agents are told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.jobs.clock import Clock
from revenge.service.notification.agents import Agent, Agents
from revenge.service.notification.catalogue import event_type
from revenge.service.notification.deliveries import TEST
from revenge.service.notification.errors import AgentNotFound, DeliveryNotFailed, DeliveryNotFound, EventNotFound
from revenge.service.notification.models import AgentState, Event, EventFilter, EventPage, EventRecord
from revenge.service.notification.ports import DeliveryJob, NotificationJobs
from revenge.service.notification.repository import NotificationRepository

BATCH = 1000
"""Events that are forgotten in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """An event and the job that tells one agent of it."""

    event_id: UUID
    agent: str
    job_id: int


class NotificationService:
    """Events, their deliveries and the jobs of these: always all three in one transaction."""

    def __init__(
        self, pool: Pool, *, repository: NotificationRepository, agents: Agents, jobs: NotificationJobs, clock: Clock
    ) -> None:
        self._pool = pool
        self._repository = repository
        self._agents = agents
        self._jobs = jobs
        self._clock = clock

    async def raise_events(self, conn: Connection, events: Sequence[Event]) -> Sequence[Enqueued]:
        """Keep events and make the jobs of their deliveries, in the caller's transaction; two statements at most."""
        return await self._tell(conn, events, {event.id: self._agents.wanting(event.type) for event in events})

    async def tell(self, conn: Connection, event: Event, agents: Sequence[str]) -> Sequence[Enqueued]:
        """Do the same for agents that the caller chose; one that does not want it is noted as such when its job runs."""
        return await self._tell(conn, [event], {event.id: list(dict.fromkeys(agents))})

    async def keep(self, event: Event, agent: str) -> None:
        """Make sure that an event and its delivery to ``agent`` are there: another server's job may have brought it."""
        async with self._pool.acquire() as conn:
            await self._repository.insert(conn, [event], [(event.id, agent)])

    async def test(self, agent: str) -> Enqueued:
        """Send a message to an agent, whatever it wants to hear and though it is switched off.

        Raises:
            AgentNotFound: there is none of this name.
        """
        if self._agents.get(agent) is None:
            raise AgentNotFound(agent)
        event = Event(
            id=uuid7(), type=TEST, occurred_at=self._clock.now(), data={"message": "This is what messages look like."}
        )
        async with self._pool.acquire() as conn, conn.transaction():
            return (await self.tell(conn, event, [agent]))[0]

    async def retry(self, event_id: UUID, agent: str) -> Enqueued:
        """Try a delivery again that has failed, or that the agent did not want.

        Raises:
            EventNotFound: there is no such event.
            DeliveryNotFound: the agent was not to be told of it.
            DeliveryNotFailed: it was sent, or is on its way.
        """
        record = await self.get(event_id)
        delivery = next((each for each in record.deliveries if each.agent == agent), None)
        if delivery is None:
            raise DeliveryNotFound(event_id, agent)
        async with self._pool.acquire() as conn, conn.transaction():
            enqueued = (await self._enqueue(conn, [_job(record.event, agent, is_gathered=False)]))[0]
            if not await self._repository.reopen(conn, event_id, agent, job_id=enqueued.job_id):
                raise DeliveryNotFailed(event_id, agent, delivery.status)
            return enqueued

    async def get(self, event_id: UUID) -> EventRecord:
        """Return an event with its deliveries.

        Raises:
            EventNotFound: there is no such event.
        """
        record = await self._repository.get(event_id)
        if record is None:
            raise EventNotFound(event_id)
        return record

    async def list(self, wanted: EventFilter, *, limit: int = 50, cursor: str | None = None) -> EventPage:
        """Return events, newest first; ``ValueError`` for a cursor that is none of ours."""
        return await self._repository.list(wanted, limit=limit, cursor=cursor)

    async def agents(self) -> Sequence[tuple[Agent, AgentState | None]]:
        """Return the agents of the settings, with what each said last; None where it was never told of anything."""
        states: Mapping[str, AgentState] = await self._repository.agent_states()
        return [(agent, states.get(agent.name)) for agent in self._agents.all()]

    async def forget(self, before: datetime) -> int:
        """Remove one batch of events that happened before a time; return how many, fewer than ``BATCH`` at the end."""
        return await self._repository.forget(before, limit=BATCH)

    async def _tell(
        self, conn: Connection, events: Sequence[Event], agents: Mapping[UUID, Sequence[str]]
    ) -> Sequence[Enqueued]:
        if not events:
            return []
        jobs = [
            _job(event, name, is_gathered=bool(event_type(event.type).many))
            for event in events
            for name in agents[event.id]
        ]
        await self._repository.insert(conn, events, [(job.event_id, job.agent) for job in jobs])
        return await self._enqueue(conn, jobs) if jobs else []

    async def _enqueue(self, conn: Connection, jobs: Sequence[DeliveryJob]) -> Sequence[Enqueued]:
        ids = await self._jobs.enqueue(conn, jobs)
        return [
            Enqueued(event_id=job.event_id, agent=job.agent, job_id=job_id)
            for job, job_id in zip(jobs, ids, strict=True)
        ]


def _job(event: Event, agent: str, *, is_gathered: bool) -> DeliveryJob:
    return DeliveryJob(
        event_id=event.id, type=event.type, occurred_at=event.occurred_at, agent=agent, is_gathered=is_gathered
    )
