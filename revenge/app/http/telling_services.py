"""What the HTTP side needs of notifications, the activity log and statistics, as ports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.service.notification.agents import Agent
from revenge.service.notification.models import AgentState, EventFilter, EventPage, EventRecord
from revenge.service.notification.service import Enqueued


class Notifications(Protocol):
    """The part of ``NotificationService`` that is used here; errors as documented there."""

    async def agents(self) -> Sequence[tuple[Agent, AgentState | None]]: ...

    async def test(self, agent: str) -> Enqueued: ...

    async def retry(self, event_id: UUID, agent: str) -> Enqueued: ...

    async def get(self, event_id: UUID) -> EventRecord: ...

    async def list(self, wanted: EventFilter, *, limit: int = 50, cursor: str | None = None) -> EventPage: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingServices:
    """What tells: people, and those who look afterwards."""

    notifications: Notifications
