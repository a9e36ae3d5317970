"""What happened, and what became of telling each agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class DeliveryStatus(StrEnum):
    """How far an event got on its way to one agent."""

    PENDING = "pending"
    """Its job waits, or waits again after a failure."""
    SENDING = "sending"
    """A job tells the agent at this moment; or it died while it did, and will tell it again."""
    SENT = "sent"
    FAILED = "failed"
    """For good; ``error`` says why."""
    FILTERED = "filtered"
    """The agent was taken away, switched off, or wants such events no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Nothing in it is secret."""

    id: UUID
    type: str
    occurred_at: datetime
    account_id: UUID | None = None
    target_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event on its way to one agent."""

    agent: str
    status: DeliveryStatus
    attempts: int
    error: str | None
    created_at: datetime
    last_attempt_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An event as it is kept, with what became of it."""

    event: Event
    category: str
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first, and where the next page begins."""

    events: Sequence[EventRecord]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events a list shows; what is None lets all pass."""

    type: str | None = None
    category: str | None = None
    agent: str | None = None
    status: DeliveryStatus | None = None
    """Of at least one delivery; with ``agent``, of that agent's."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """What an agent said last."""

    name: str
    blocked_until: datetime | None
    last_sent_at: datetime | None
    last_failed_at: datetime | None
    last_error: str | None
    """Of the last call; None when that went well."""


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery as it is found before it is taken."""

    status: DeliveryStatus
    job_id: int | None
    type: str
    blocked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """A job that will not deliver any more."""

    job_id: int
    event_id: UUID
    agent: str
    reason: str
