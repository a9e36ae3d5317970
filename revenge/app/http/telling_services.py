"""What the HTTP side needs of notifications, the activity log and statistics, as ports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from revenge.service.activity.models import ActionCount, ActivityStats, EntryFilter, EntryPage
from revenge.service.notification.agents import Agent
from revenge.service.notification.models import AgentState, EventFilter, EventPage, EventRecord
from revenge.service.notification.service import Enqueued
from revenge.service.statistics.models import History, Snapshot, Stat


class Notifications(Protocol):
    """The part of ``NotificationService`` that is used here; errors as documented there."""

    async def agents(self) -> Sequence[tuple[Agent, AgentState | None]]: ...

    async def test(self, agent: str) -> Enqueued: ...

    async def retry(self, event_id: UUID, agent: str) -> Enqueued: ...

    async def get(self, event_id: UUID) -> EventRecord: ...

    async def list(self, wanted: EventFilter, *, limit: int = 50, cursor: str | None = None) -> EventPage: ...


class Activity(Protocol):
    """The part of ``ActivityService`` that is used here; errors as documented there."""

    async def stats(self) -> ActivityStats: ...

    async def actions(self, *, limit: int = 20) -> Sequence[ActionCount]: ...

    async def list(self, wanted: EntryFilter, *, limit: int = 50, cursor: str | None = None) -> EntryPage: ...


class Statistics(Protocol):
    """The part of ``StatisticsService`` that is used here; errors as documented there."""

    async def latest(self) -> Snapshot: ...

    async def history(
        self,
        stat: Stat,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> History: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingServices:
    """What tells: people, and those who look afterwards."""

    notifications: Notifications
    activity: Activity
    statistics: Statistics
