"""What Radarr's and Sonarr's news set going: search, notifications, and a look at what providers say of new titles."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Protocol
from uuid import UUID

from revenge.app.events.sinks import Happened, Notifications, SearchChanges
from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import SyncCounts
from revenge.integration.arr.ports import ProgramSaid, TitlesChanged

SAID: Mapping[str, str] = {
    "Health": "health",
    "HealthRestored": "health_restored",
    "ApplicationUpdate": "updated",
    "ManualInteractionRequired": "wants_person",
}
"""What the programs' own events are called here, behind ``integration.radarr_``."""


class NewTitles(Protocol):
    """Whoever wants to know of films or series that were made."""

    async def made(self, conn: Connection, ids: Collection[UUID]) -> None:
        """Have providers asked about them, as the caller's transaction commits."""
        ...


class ArrNews:
    """Rows and jobs, in the transaction that makes the news true."""

    def __init__(
        self, *, search: SearchChanges, notifications: Notifications, films: NewTitles, shows: NewTitles
    ) -> None:
        self._search = search
        self._notifications = notifications
        self._new = {Source.RADARR: films, Source.SONARR: shows}

    async def titles_changed(self, conn: Connection, change: TitlesChanged) -> None:
        """Let search know, and have providers asked about what is new."""
        touched = [*change.added, *change.updated, *change.released]
        if change.source is Source.RADARR:
            await self._search.touch(conn, movies=touched)
        else:
            await self._search.touch(conn, series=touched)
        if change.added:
            await self._new[change.source].made(conn, change.added)

    async def sync_done(self, conn: Connection, source: Source, counts: SyncCounts) -> None:
        """Tell of a sync that changed anything: one in which nothing happened is no news."""
        if counts.changes:
            await self._raise(conn, f"integration.{source.value}_sync", status="completed", **asdict(counts))

    async def sync_failed(self, conn: Connection, source: Source, reason: str) -> None:
        """Tell of a sync that stopped."""
        await self._raise(conn, f"integration.{source.value}_sync_failed", reason=reason)

    async def program_said(self, conn: Connection, said: ProgramSaid) -> None:
        """Pass on what the program wants people to know."""
        await self._raise(conn, f"integration.{said.source.value}_{SAID.get(said.event, 'said')}", **said.data)

    async def _raise(self, conn: Connection, type_: str, **data: object) -> None:
        await self._notifications.raise_event(conn, Happened(type=type_, data=data))
