"""Writes down who did what, lets it be read, and forgets it when its time is over."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from revenge.infra.database.connection import Connection
from revenge.infra.jobs.clock import Clock
from revenge.infra.limits import LONGEST
from revenge.service.activity.models import (
    ActionCount,
    ActivityStats,
    EntryFilter,
    EntryPage,
    Expired,
    NewEntry,
    is_security,
)
from revenge.service.activity.repository import ActivityRepository

BATCH = 5000
"""Entries that one transaction removes: some 50 ms."""
LATELY = timedelta(days=7)
"""What ``actions`` looks at."""


class ActivityService:
    """The log of what people did; whoever writes to it does so in the transaction of what was done."""

    def __init__(
        self,
        repository: ActivityRepository,
        *,
        clock: Clock,
        security_retention_days: int,
        on_entry: Callable[[bool], None],
    ) -> None:
        """Make it; ``on_entry`` is told of each new entry, and whether it is about security."""
        self._repository = repository
        self._clock = clock
        self._security_retention_days = security_retention_days
        self._on_entry = on_entry

    async def record(self, entries: Sequence[NewEntry], *, conn: Connection | None = None) -> int:
        """Write entries in one statement, and return how many were not there yet; ``conn`` is in the caller's transaction."""
        if not entries:
            return 0
        new = await self._repository.insert(entries, conn=conn)
        for entry in entries:
            if entry.id in new:
                self._on_entry(is_security(entry.action))
        return len(new)

    async def list(self, wanted: EntryFilter, *, limit: int = 50, cursor: str | None = None) -> EntryPage:
        """Return entries, newest first; ``ValueError`` for a cursor that is none of ours."""
        return await self._repository.list(wanted, limit=limit, cursor=cursor)

    async def stats(self) -> ActivityStats:
        """Return how many entries there are."""
        return await self._repository.stats()

    async def actions(self, *, limit: int = 20) -> Sequence[ActionCount]:
        """Return what was done most often in the last week."""
        return await self._repository.actions(self._clock.now() - LATELY, limit=limit)

    async def expired(self, retention_days: int) -> Expired:
        """Return how many entries are older than they are kept."""
        before, security_before = self._limits(retention_days)
        return await self._repository.count_expired(before, security_before=security_before)

    async def expire(self, retention_days: int) -> AsyncIterator[Expired]:
        """Remove entries that are older than they are kept, and yield what each batch, a transaction each, removed."""
        before, security_before = self._limits(retention_days)
        while True:
            gone = await self._repository.expire(before, security_before=security_before, limit=BATCH)
            yield gone
            if gone.total < BATCH:
                return

    def _limits(self, retention_days: int) -> tuple[datetime, datetime]:
        now, retention_days = self._clock.now(), min(retention_days, LONGEST.days)
        # Never shorter than the others: that would be a way to lose traces.
        security_days = max(retention_days, self._security_retention_days)
        return now - timedelta(days=retention_days), now - timedelta(days=security_days)
