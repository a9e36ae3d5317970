"""Notifications on a real database: the service, its worker and agents whose addresses a test chooses."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from uuid_utils.compat import uuid7

from revenge.app.events.telling import DeliveryQueue, RaisedEvents
from revenge.infra.database.connection import Pool
from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.service.notification.agents import Agent, Agents
from revenge.service.notification.deliveries import Deliveries
from revenge.service.notification.jobs import NotificationCleanupWorker, NotificationWorker
from revenge.service.notification.messages import Message
from revenge.service.notification.models import Event
from revenge.service.notification.ports import Sender
from revenge.service.notification.repository import NotificationRepository
from revenge.service.notification.sender import AppriseSender
from revenge.service.notification.service import NotificationService


class MovableClock(SystemClock):
    """The machine's time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


class RecordingSender:
    """Takes every message, unless it has something to raise first."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[str, Message]] = []

    async def send(self, agent: str, message: Message) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((agent, message))


@dataclass
class Telling:
    """Everything about notifications that one process has."""

    pool: Pool
    sender: Sender
    agents: Agents
    gather: timedelta = timedelta(0)
    clock: MovableClock = field(default_factory=MovableClock)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.repository = NotificationRepository(self.pool)
        self.service = NotificationService(
            self.pool,
            repository=self.repository,
            agents=self.agents,
            jobs=DeliveryQueue(Client(self.pool), clock=self.clock, gather=self.gather),
            clock=self.clock,
        )
        self.deliveries = Deliveries(
            self.pool,
            repository=self.repository,
            agents=self.agents,
            sender=self.sender,
            clock=self.clock,
            give_up_after=timedelta(days=1),
            on_delivery=self.count,
        )
        self.raised = RaisedEvents(self.service, clock=self.clock)
        self.client = Client(
            self.pool,
            config=ClientConfig(queues={"high": 5, "low": 1}),
            workers=Workers(
                [
                    NotificationWorker(self.pool, service=self.service, deliveries=self.deliveries),
                    NotificationCleanupWorker(self.service, removed=lambda _what, _rows: None),
                ]
            ),
        )

    def count(self, agent: str, status: str, n: int = 1) -> None:
        self.counts[agent, status] += n

    async def raise_one(self, type: str, **data: Any) -> Event:
        """Raise an event in a transaction of its own."""
        event = Event(id=uuid7(), type=type, occurred_at=datetime.now(UTC), data=data)
        async with self.pool.acquire() as conn, conn.transaction():
            await self.service.raise_events(conn, [event])
        return event

    async def deliveries_of(self, event: Event) -> dict[str, asyncpg.Record]:
        """Return an event's deliveries by their agents."""
        rows = await self.pool.fetch(
            "SELECT agent, status, attempts, error, job_id, sent_at FROM revenge.notification_delivery WHERE event_id = $1",
            event.id,
        )
        return {row["agent"]: row for row in rows}

    async def statuses(self, event: Event) -> dict[str, str]:
        """Return the status of each of an event's deliveries."""
        return {agent: row["status"] for agent, row in (await self.deliveries_of(event)).items()}


def agents_of(*names: str, types: Iterable[str] = (), enabled: bool = True) -> Agents:
    """Return agents that all want the same."""
    return Agents(Agent(name=name, scheme="json", event_types=frozenset(types), enabled=enabled) for name in names)


def through_apprise(pool: Pool, addresses: Mapping[str, str], *, deadline_s: float = 10) -> Telling:
    """Return notifications that really call their agents."""
    clock = MovableClock()
    sender = AppriseSender(addresses, clock=clock, deadline=timedelta(seconds=deadline_s))
    return Telling(pool, sender, agents_of(*addresses), clock=clock)
