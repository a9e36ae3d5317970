"""Where events end up: search, notifications, the activity log. Each takes the caller's connection."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from revenge.content.library.ports import Connection


class SearchChanges(Protocol):
    """Remembers what search must be told; many changes of one thing are told once."""

    async def touch(
        self,
        conn: Connection,
        *,
        movies: Collection[UUID] = (),
        series: Collection[UUID] = (),
        people: Collection[UUID] = (),
    ) -> None:
        """Index these anew, or take them out where they are gone; series with their seasons and episodes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that people may want to hear of. Nothing in it is secret."""

    type: str
    """``movie.added``, ``library.scan_failed`` and so on."""
    data: Mapping[str, Any] = field(default_factory=dict)
    account_id: UUID | None = None
    target_id: UUID | None = None
    occurred_at: datetime | None = None
    """None: now."""


class Notifications(Protocol):
    """Tells people what happened."""

    async def raise_event(self, conn: Connection, happened: Happened) -> None:
        """Keep the event and set its deliveries going, as the caller's transaction commits."""
        ...

    async def raise_events(self, conn: Connection, happened: Sequence[Happened]) -> None:
        """Do the same for many, by as many statements as for one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Something that somebody did."""

    action: str
    """``library.create``, ``user.login`` and so on."""
    account_id: UUID | None = None
    username: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    changes: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    success: bool = True
    error_message: str | None = None


class ActivityLog(Protocol):
    """Writes down who did what."""

    async def log(self, conn: Connection, done: Done) -> None:
        """Keep it with the time of now, as the caller's transaction commits."""
        ...


class NoSearch:
    """Search that needs not be told."""

    async def touch(
        self,
        conn: Connection,
        *,
        movies: Collection[UUID] = (),
        series: Collection[UUID] = (),
        people: Collection[UUID] = (),
    ) -> None:
        """Do nothing."""
