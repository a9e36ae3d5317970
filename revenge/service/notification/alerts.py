"""Notices jobs that failed for good, on whatever node and for whatever reason, and tells people of them.

It reads the queue's own rows, from the last one that it noticed on, so that a node that dies takes nothing with it: its jobs
are discarded by another, and noticed then. Each is noticed once, in the transaction that raises its event; of a kind that
fails again and again people are told once in a while, with the number.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.values import clean_text
from revenge.infra.jobs.clock import Clock
from revenge.infra.telemetry.secrets import mask_text
from revenge.service.notification.models import EndedJob, Event
from revenge.service.notification.ports import OnDelivery
from revenge.service.notification.repository import NotificationRepository
from revenge.service.notification.service import NotificationService
from revenge.service.notification.statements import statements

OVERLAP = timedelta(minutes=10)
"""Times are those of the nodes' clocks, and transactions end in another order than they began."""
FIRST_LOOK = timedelta(days=7)
"""How far a server looks back that has never looked."""
FIRST_SETTLED = timedelta(days=1)
"""The same for deliveries whose jobs have ended: a process that has just started does not know what others saw to."""
REMEMBERED = timedelta(days=30)
UNTOLD = ("notification",)
"""A delivery that fails says so itself; and a message about messages that fail would fail as well."""
_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardedJob:
    """A job that failed for good."""

    job_id: int
    kind: str
    finalized_at: datetime
    error: str


class EndedJobs(Protocol):
    """The queue, as far as it is looked at; newest first."""

    def discarded(self, since: datetime) -> AsyncIterator[Sequence[DiscardedJob]]:
        """Yield batches of jobs that have failed for good since a time."""
        ...

    def undelivered(self, since: datetime) -> AsyncIterator[Sequence[EndedJob]]:
        """Yield batches of notification jobs that ended since a time without being done."""
        ...


class Alerts:
    """Looks, once or again and again; see the module."""

    def __init__(
        self,
        pool: Pool,
        *,
        jobs: EndedJobs,
        service: NotificationService,
        repository: NotificationRepository,
        clock: Clock,
        every: timedelta,
        on_delivery: OnDelivery,
    ) -> None:
        """Make it; of one kind people are told once ``every`` so often."""
        self._pool = pool
        self._jobs = jobs
        self._service = service
        self._repository = repository
        self._clock = clock
        self._every = every
        self._on_delivery = on_delivery
        self._sql = statements()
        self._settled_until: datetime | None = None

    async def run_once(self) -> int:
        """Notice what is new, and return how many jobs that were; nothing where another process looks at the moment."""
        async with self._pool.acquire() as conn, conn.transaction():
            if not await conn.fetchval(self._sql["discarded_lock"]):
                return 0
            now = self._clock.now()
            last = await conn.fetchval(self._sql["discarded_since"])
            since = now - FIRST_LOOK if last is None else last - OVERLAP
            noticed = 0
            async for batch in self._jobs.discarded(since):
                noticed += await self._notice(conn, batch, now)
            await self._tell(conn, now)
            settled_until = self._settled_until or now - FIRST_SETTLED
            async for ended in self._jobs.undelivered(settled_until - OVERLAP):
                for agent in await self._repository.fail_ended(conn, ended):
                    self._on_delivery(agent, "failed")
            self._settled_until = now
            await conn.execute(self._sql["discarded_forget"], now - REMEMBERED)
            return noticed

    async def _notice(self, conn: Connection, jobs: Sequence[DiscardedJob], now: datetime) -> int:
        rows = await conn.fetch(
            self._sql["discarded_notice"],
            [job.job_id for job in jobs],
            [job.finalized_at for job in jobs],
            [job.kind for job in jobs],
            [clean_text(mask_text(job.error))[:_LONGEST_ERROR] for job in jobs],
            now,
            list(UNTOLD),
        )
        return len(rows)

    async def _tell(self, conn: Connection, now: datetime) -> None:
        due = await conn.fetch(self._sql["discarded_tell"], now, now - self._every)
        events = [
            Event(
                id=uuid7(),
                type="jobs.discarded",
                occurred_at=now,
                data={
                    "kind": row["kind"],
                    "count": row["count"],
                    "job_ids": list(row["job_ids"]),
                    "error": row["error"],
                },
            )
            for row in due
        ]
        await self._service.raise_events(conn, events)
