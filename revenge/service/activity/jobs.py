"""The jobs of the activity log: an entry of somebody who had no connection, and the clean-up."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from uuid import UUID, uuid5

import asyncpg
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from revenge.infra.database.values import in_calendar
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
from revenge.service.activity.models import NewEntry, is_urgent
from revenge.service.activity.service import ActivityService

DEFAULT_RETENTION_DAYS = 90
_OF_JOBS = UUID("5c1cf1b4-7a5f-4d1c-9c39-6f2a8a1a5e10")
"""Namespace of the ids of entries that came without one: the same job writes them once."""
_AGAIN = timedelta(minutes=1)


class LogRequest(BaseModel):
    """What was done, in the Go server's words."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_id: OptionalUuid = omitempty()
    username: str | None = omitempty()
    action: str = ""
    resource_type: str | None = omitempty()
    resource_id: OptionalUuid = omitempty()
    changes: dict[str, Any] | None = omitempty()
    metadata: dict[str, Any] | None = omitempty()
    ip_address: str | None = omitempty()
    user_agent: str | None = omitempty()
    success: bool = False
    error_message: str | None = omitempty()


class TimedRequest(LogRequest):
    """The same with what the Go server leaves out."""

    event_id: UUID
    occurred_at: AwareDatetime


class ActivityLogArgs(JobArgs, kind="activity_log"):
    """The Go server's arguments; ours may say when it happened, and hold several."""

    log_request: LogRequest
    event_id: OptionalUuid = omitempty()
    """Written once, however often it is asked for; without it, once for the job."""
    occurred_at: AwareDatetime | None = omitempty()
    """Without it: when the job was made."""
    also: tuple[TimedRequest, ...] = omitempty(())
    """Further entries, written in the same statement."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.LOW, max_attempts=3)

    def why_never(self) -> str | None:
        """Refuse an entry that says nothing, or has a time that no table can hold."""
        reasons = [*map(_why_not, self.requests)]
        if self.occurred_at is not None:
            reasons.append(_why_no_time(self.occurred_at))
        return next(filter(None, reasons), None)

    @property
    def requests(self) -> tuple[LogRequest, ...]:
        """All that are to be written."""
        return (self.log_request, *self.also)

    @classmethod
    def of(cls, entries: list[TimedRequest]) -> Self:
        """Return the arguments of the one job that writes ``entries``, of which there is at least one."""
        first, *others = entries
        return cls(
            log_request=LogRequest(**first.model_dump()),
            event_id=first.event_id,
            occurred_at=first.occurred_at,
            also=tuple(others),
        )

    @property
    def opts(self) -> InsertOpts:
        """How a job with these is inserted: what is about logging in and the like goes ahead of all."""
        urgent = any(is_urgent(request.action) for request in self.requests)
        return InsertOpts(queue=Queue.CRITICAL) if urgent else InsertOpts()


class ActivityLogWorker(Worker[ActivityLogArgs]):
    """Writes entries; it goes on trying for as long as it takes."""

    timeout = timedelta(seconds=10)
    phases: Mapping[str, float] = {"writing": 1}

    def __init__(self, service: ActivityService) -> None:
        self._service = service

    async def work(self, job: Job[ActivityLogArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Write them, and return how many were not there yet; what can never be written does not keep the others from it."""
        # A retry is scheduled anew, so that the first attempt alone knows by itself when the job was made.
        made = job.scheduled_at if job.attempt == 1 else (await job.client.get(job.id)).created_at
        entries = list(_entries(job, made))
        job.report_progress(phase="writing", current=0, total=len(entries))
        try:
            recorded = await self._service.record(entries)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            if job.attempt < job.max_attempts:
                raise
            # A log that loses what happened on a bad day is none: wait instead of being discarded.
            return Snooze(_AGAIN)
        if (reason := job.args.why_never()) is not None:
            return Cancel(f"{reason}; {len(entries)} other entries are written")
        return {"recorded": recorded, "known": len(entries) - recorded}


class ActivityCleanupArgs(JobArgs, kind="activity_cleanup"):
    """The Go server's arguments."""

    retention_days: int = Field(0, json_schema_extra={"minimum": 0})
    """0, the Go server's for what is not said: 90."""
    dry_run: bool = omitempty(False)

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )

    def why_never(self) -> str | None:
        """Refuse an age below nothing."""
        return None if self.retention_days >= 0 else f"retention_days must be 0 or more, got {self.retention_days}"


class ActivityCleanupWorker(Worker[ActivityCleanupArgs]):
    """Removes entries whose time is over, a batch at a time."""

    timeout = timedelta(minutes=2)
    run_for_s: ClassVar[float] = 90.0
    """Then it comes back, with its count: less than ``timeout`` by what a batch may take."""
    phases: Mapping[str, float] = {"removing": 1}

    def __init__(self, service: ActivityService, *, removed: Callable[[str, int], None]) -> None:
        self._service = service
        self._removed = removed

    async def work(self, job: Job[ActivityCleanupArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Remove them, or only count them; return how many they were."""
        if (reason := job.args.why_never()) is not None:
            return Cancel(reason)
        days = job.args.retention_days or DEFAULT_RETENTION_DAYS
        if job.args.dry_run:
            found = await self._service.expired(days)
            return {"dry_run": True, "would_delete": found.total, "security": found.security}
        started = time.monotonic()
        deleted, security = job.metadata.get("deleted", 0), job.metadata.get("security", 0)
        total = deleted + (await self._service.expired(days)).total
        async for gone in self._service.expire(days):
            deleted, security = deleted + gone.total, security + gone.security
            self._removed("activity", gone.total)
            job.set_metadata("deleted", deleted)
            job.set_metadata("security", security)
            job.report_progress(phase="removing", current=deleted, total=max(total, deleted))
            if gone.total and time.monotonic() - started > self.run_for_s:
                return Snooze(timedelta(0))
        return {"deleted": deleted, "security": security}


def _why_not(request: LogRequest) -> str | None:
    if not request.action:
        return "an entry says no action"
    return _why_no_time(request.occurred_at) if isinstance(request, TimedRequest) else None


def _why_no_time(occurred_at: datetime) -> str | None:
    return None if in_calendar(occurred_at) else f"occurred_at {occurred_at} is beyond the calendar in UTC"


def _entries(job: Job[ActivityLogArgs], made: datetime) -> Iterator[NewEntry]:
    """Yield those that can be written."""
    args = job.args
    occurred_at = args.occurred_at or made
    if _why_not(args.log_request) is None and in_calendar(occurred_at):
        yield _entry(args.log_request, args.event_id or uuid5(_OF_JOBS, str(job.id)), occurred_at)
    for request in args.also:
        if _why_not(request) is None:
            yield _entry(request, request.event_id, request.occurred_at)


def _entry(request: LogRequest, entry_id: UUID, occurred_at: datetime) -> NewEntry:
    return NewEntry(
        id=entry_id,
        occurred_at=occurred_at,
        action=request.action,
        account_id=request.user_id,
        username=request.username,
        resource_type=request.resource_type,
        resource_id=None if request.resource_id is None else str(request.resource_id),
        changes=request.changes,
        metadata=request.metadata,
        ip_address=request.ip_address,
        user_agent=request.user_agent,
        success=request.success,
        error_message=request.error_message,
    )
