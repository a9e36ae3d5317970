"""The jobs that tell agents of what happened, and forget what is long past."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from revenge.infra.database.connection import Pool
from revenge.infra.database.values import in_calendar
from revenge.infra.failures import verdict_of
from revenge.infra.http.errors import CallFailed
from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    InsertOpts,
    Job,
    JobArgs,
    OptionalUuid,
    Queue,
    Snooze,
    UniqueOpts,
    Worker,
    omitempty,
)
from revenge.infra.limits import LONGEST
from revenge.service.notification.deliveries import Delivered, Deliveries
from revenge.service.notification.models import Event
from revenge.service.notification.service import BATCH, NotificationService

_NEWS = timedelta(days=7)
"""An event that is not there is new, or so old that it was forgotten: then nobody wants to hear of it."""


class NotificationArgs(JobArgs, kind="notification"):
    """The Go server's arguments. Ours name one agent and leave the rest to the event's row."""

    event_id: UUID
    event_type: str = Field(min_length=1, max_length=100)
    timestamp: AwareDatetime
    user_id: OptionalUuid = omitempty()
    target_id: OptionalUuid = omitempty()
    data: dict[str, Any] | None = omitempty()
    metadata: dict[str, str] | None = omitempty()
    agent_names: tuple[str, ...] | None = omitempty()
    """None: all that want it. One: this job tells it. Several: a job of its own tells each."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=5)

    def why_never(self) -> str | None:
        """Refuse a time that no table can hold."""
        return None if in_calendar(self.timestamp) else f"timestamp {self.timestamp} is beyond the calendar in UTC"

    @property
    def event(self) -> Event:
        """The event that they tell of."""
        return Event(
            id=self.event_id,
            type=self.event_type,
            occurred_at=self.timestamp,
            account_id=self.user_id,
            target_id=self.target_id,
            data=self.data or {},
            metadata=self.metadata or {},
        )


def args_of(*, event_id: UUID, type: str, occurred_at: datetime, agent: str) -> NotificationArgs:
    """Return the arguments of the job that tells ``agent`` of an event that has a row."""
    return NotificationArgs(event_id=event_id, event_type=type, timestamp=occurred_at, agent_names=(agent,))


class NotificationWorker(Worker[NotificationArgs]):
    """Tells one agent, or makes a job for each of several."""

    timeout = timedelta(minutes=2)
    phases: Mapping[str, float] = {"sending": 1}

    def __init__(self, pool: Pool, *, service: NotificationService, deliveries: Deliveries) -> None:
        self._pool = pool
        self._service = service
        self._deliveries = deliveries

    async def work(self, job: Job[NotificationArgs]) -> dict[str, Any] | Snooze | Cancel | None:
        """Deliver, and return what became of it; or the jobs that deliver."""
        if (reason := job.args.why_never()) is not None:
            return Cancel(reason)
        names = job.args.agent_names
        if not names or len(names) > 1:
            await self._share_out(job)
            return None
        agent = names[0]
        job.report_progress(phase="sending", current=0, total=1, message=agent)
        try:
            delivered = await self._deliver(job, agent)
            if delivered.status == "gone" and datetime.now(UTC) - job.args.timestamp < _NEWS:
                # The job of a Go service brings its event along.
                await self._service.keep(job.args.event, agent)
                delivered = await self._deliver(job, agent)
        except CallFailed as error:
            return verdict_of(error)
        job.report_progress(phase="sending", current=1, total=1, message=agent)
        return {name: value for name, value in asdict(delivered).items() if value is not None}

    async def _deliver(self, job: Job[NotificationArgs], agent: str) -> Delivered:
        is_last = job.attempt >= job.max_attempts
        return await self._deliveries.deliver(job.args.event_id, agent, job_id=job.id, is_last=is_last)

    async def _share_out(self, job: Job[NotificationArgs]) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            event, names = job.args.event, job.args.agent_names
            if not names:
                told = await self._service.raise_events(conn, [event])
            else:
                told = await self._service.tell(conn, event, names)
            # With the jobs or not at all: nobody is told twice because this process dies now.
            await job.complete(conn=conn, output={"jobs": {each.agent: each.job_id for each in told}})


class NotificationCleanupArgs(JobArgs, kind="notification_cleanup"):
    """How long events are kept."""

    retention_days: int = Field(30, json_schema_extra={"minimum": 1, "maximum": LONGEST.days})

    def why_never(self) -> str | None:
        """Refuse what is no time, or a longer one than there are dates for."""
        if 1 <= self.retention_days <= LONGEST.days:
            return None
        return f"retention_days must be 1 to {LONGEST.days}, got {self.retention_days}"

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class NotificationCleanupWorker(Worker[NotificationCleanupArgs]):
    """Forgets events, a batch at a time."""

    timeout = timedelta(minutes=10)
    phases: Mapping[str, float] = {"removing": 1}

    def __init__(self, service: NotificationService, *, removed: Callable[[str, int], None]) -> None:
        self._service = service
        self._removed = removed

    async def work(self, job: Job[NotificationCleanupArgs]) -> dict[str, Any] | Cancel:
        """Remove what is older than it is kept, and return how many events that were."""
        if (reason := job.args.why_never()) is not None:
            return Cancel(reason)
        before = datetime.now(UTC) - timedelta(days=job.args.retention_days)
        deleted, last = 0, BATCH
        while last == BATCH:
            last = await self._service.forget(before)
            deleted += last
            self._removed("notification_events", last)
            job.report_progress(phase="removing", current=deleted)
        return {"deleted": deleted, "before": before.isoformat()}
