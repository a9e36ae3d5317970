"""The engine's client as the HTTP side sees it, in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from revenge.infra.jobs import (
    FINAL,
    AttemptError,
    Cron,
    Every,
    InsertOpts,
    InsertResult,
    InvalidCursor,
    Job,
    JobArgs,
    JobEvent,
    JobIsRunning,
    JobListParams,
    JobNotFound,
    JobPage,
    JobRow,
    JobState,
    MissedPolicy,
    PeriodicInfo,
    PeriodicNotFound,
    Progress,
    QueueInfo,
    QueueNotFound,
    UniqueConflict,
    Worker,
    Workers,
)
from revenge.infra.jobs.periodic import describe

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class ScanArgs(JobArgs, kind="movie_library_scan"):
    library_id: UUID
    scan_id: str = ""
    force: bool = False


class CountArgs(JobArgs, kind="count"):
    """A kind whose arguments are all optional."""

    up_to: int = 10


class ScanWorker(Worker[ScanArgs]):
    async def work(self, job: Job[ScanArgs]) -> None:
        """Do nothing: here jobs are moved by hand."""


class CountWorker(Worker[CountArgs]):
    async def work(self, job: Job[CountArgs]) -> None:
        """Do nothing: here jobs are moved by hand."""


class FakePeriodic:
    """One nightly job that code declares."""

    def __init__(self) -> None:
        self.declared = Cron("0 3 * * *")
        self.rows = {
            "nightly.cleanup": PeriodicInfo(
                id="nightly.cleanup",
                kind="count",
                schedule=describe(self.declared),
                is_overridden=False,
                missed=MissedPolicy.ONCE,
                paused_at=None,
                last_run_at=None,
                next_run_at=START + timedelta(hours=15),
                last_job_id=None,
                is_run_requested=False,
                created_at=START,
                updated_at=START,
            )
        }

    async def list(self) -> Sequence[PeriodicInfo]:
        return list(self.rows.values())

    async def get(self, schedule_id: str) -> PeriodicInfo:
        if schedule_id not in self.rows:
            raise PeriodicNotFound(schedule_id)
        return self.rows[schedule_id]

    async def pause(self, schedule_id: str) -> None:
        await self._change(schedule_id, paused_at=START)

    async def resume(self, schedule_id: str) -> None:
        await self._change(schedule_id, paused_at=None)

    async def request_run(self, schedule_id: str) -> None:
        await self._change(schedule_id, is_run_requested=True)

    async def reschedule(self, schedule_id: str, schedule: Every | Cron | None) -> None:
        described = describe(schedule or self.declared)
        await self._change(schedule_id, schedule=described, is_overridden=schedule is not None)

    async def delete(self, schedule_id: str) -> None:
        await self.get(schedule_id)
        del self.rows[schedule_id]

    async def _change(self, schedule_id: str, **columns: Any) -> None:
        self.rows[schedule_id] = replace(await self.get(schedule_id), **columns)


class FakeJobs:
    """Rows in a dictionary; what a worker would do is said by ``start``, ``report`` and ``end``."""

    def __init__(self) -> None:
        self.workers = Workers()
        self.periodic = FakePeriodic()
        self.workers.add(ScanWorker())
        self.workers.add(CountWorker())
        self.rows: dict[int, JobRow] = {}
        self.reports: dict[int, Progress] = {}
        self.paused: dict[str, datetime] = {}
        self.slots = {"critical": 20, "high": 15, "default": 10, "low": 5, "bulk": 3}
        self.failure: Exception | None = None
        self.obeys_cancel = False
        self.subscribed = asyncio.Event()
        """Set as soon as somebody subscribes."""
        self.subscribers: set[asyncio.Queue[JobEvent]] = set()
        self._ids = count(1)
        self._moments = count(int(START.timestamp() * 1_000_000), 1_000_000)
        self.told: list[JobEvent] = []

    # What tests say

    def add(self, kind: str = "count", **columns: Any) -> JobRow:
        """Put a row there as it is told."""
        now = datetime.now(UTC)
        defaults: dict[str, Any] = {
            "id": next(self._ids),
            "kind": kind,
            "queue": "default",
            "state": JobState.AVAILABLE,
            "priority": 1,
            "attempt": 0,
            "max_attempts": 3,
            "args": {},
            "metadata": {},
            "tags": [],
            "created_at": now,
            "scheduled_at": now,
            "attempted_at": None,
            "finalized_at": None,
            "attempted_by": [],
            "errors": [],
        }
        return self._keep(JobRow(**(defaults | columns)))

    def running(self, kind: str = "count", **columns: Any) -> JobRow:
        """Put a running row there."""
        shape: dict[str, Any] = {
            "state": JobState.RUNNING,
            "attempt": 1,
            "attempted_at": datetime.now(UTC),
            "attempted_by": ["node-1"],
        }
        return self.add(kind, **(shape | columns))

    def report(self, job_id: int, phase: str, current: int, total: int | None = None, **more: Any) -> None:
        """Let a running job say how far it is."""
        shape: dict[str, Any] = {
            "percent": 100 * current / total if total else None,
            "message": "",
            "rate_per_s": None,
            "eta_s": None,
            "updated_at": datetime.now(UTC),
        }
        self.reports[job_id] = Progress(phase=phase, current=current, total=total, **(shape | more))
        self._tell("progress", self.rows[job_id])

    def end(self, job_id: int, state: JobState = JobState.COMPLETED, *, error: str = "", **columns: Any) -> JobRow:
        """Let a running job end."""
        row = self.rows[job_id]
        now = datetime.now(UTC)
        if error:
            failed = AttemptError(at=row.attempted_at, attempt=row.attempt, error=error, trace="")
            columns["errors"] = [*row.errors, failed]
        return self._keep(replace(row, state=state, finalized_at=now if state in FINAL else None, **columns))

    def _keep(self, row: JobRow) -> JobRow:
        self.rows[row.id] = row
        self._tell("state", row)
        return row

    def _tell(self, event: Any, row: JobRow) -> None:
        position = f"{next(self._moments)}-{row.id}"
        news = JobEvent(event=event, job=row, progress=self.reports.get(row.id), position=position)
        self.told.append(news)
        for queue in self.subscribers:
            queue.put_nowait(news)

    # The port

    async def get(self, job_id: int) -> JobRow:
        self._fail()
        if job_id not in self.rows:
            raise JobNotFound(job_id)
        return self.rows[job_id]

    async def list(self, params: JobListParams) -> JobPage:
        self._fail()
        before = 2**63
        if params.cursor is not None:
            if not params.cursor.isdigit():
                raise InvalidCursor(params.cursor)
            before = int(params.cursor)
        rows = [
            row
            for row in sorted(self.rows.values(), key=lambda row: -row.id)
            if row.id < before
            and (not params.states or row.state in params.states)
            and (not params.kinds or row.kind in params.kinds)
            and (not params.queues or row.queue in params.queues)
            and set(params.tags) <= set(row.tags)
        ]
        page = rows[: params.limit]
        return JobPage(page, str(page[-1].id) if len(rows) > len(page) else None)

    async def insert(self, args: JobArgs, opts: InsertOpts | None = None) -> InsertResult:
        self._fail()
        opts = opts or InsertOpts()
        for row in self.rows.values():
            if args.kind == ScanArgs.kind == row.kind and not row.is_final:
                return InsertResult(row, duplicate=True)
        columns: dict[str, Any] = {"args": args.model_dump(mode="json"), "queue": opts.queue or "default"}
        for name in ("priority", "max_attempts", "scheduled_at", "tags", "metadata"):
            if getattr(opts, name) is not None:
                columns[name] = getattr(opts, name)
        if opts.scheduled_at is not None and opts.scheduled_at > datetime.now(UTC):
            columns["state"] = JobState.SCHEDULED
        return InsertResult(self.add(args.kind, **columns), duplicate=False)

    async def cancel(self, job_id: int) -> JobRow:
        row = await self.get(job_id)
        if row.is_final:
            return row
        metadata = {**row.metadata, "cancel_attempted_at": "2026-11-23T12:00:00Z"}
        if row.state is JobState.RUNNING and not self.obeys_cancel:
            self.rows[job_id] = replace(row, metadata=metadata)
            return self.rows[job_id]
        return self.end(job_id, JobState.CANCELLED, metadata=metadata)

    async def retry(self, job_id: int) -> JobRow:
        row = await self.get(job_id)
        if row.kind == "unique":
            raise UniqueConflict(job_id)
        if row.state is JobState.RUNNING:
            return row
        now = datetime.now(UTC)
        more = max(row.max_attempts, row.attempt + 1)
        return self._keep(
            replace(row, state=JobState.AVAILABLE, finalized_at=None, scheduled_at=now, max_attempts=more)
        )

    async def delete(self, job_id: int) -> JobRow:
        row = await self.get(job_id)
        if row.state is JobState.RUNNING:
            raise JobIsRunning(job_id)
        return self.rows.pop(job_id)

    async def progress(self, job_ids: Sequence[int]) -> dict[int, Progress]:
        return {job_id: self.reports[job_id] for job_id in job_ids if job_id in self.reports}

    async def queues(self) -> Sequence[QueueInfo]:
        self._fail()
        now = datetime.now(UTC)
        found = []
        for name in sorted({*self.slots, *(row.queue for row in self.rows.values() if not row.is_final)}):
            rows = [row for row in self.rows.values() if row.queue == name and not row.is_final]
            waits = [now - row.scheduled_at for row in rows if row.state is JobState.AVAILABLE]
            found.append(
                QueueInfo(
                    name=name,
                    paused_at=self.paused.get(name),
                    counts={state: sum(row.state is state for row in rows) for state in JobState if state not in FINAL},
                    oldest_wait_s=max(waits, default=timedelta(0)).total_seconds() if waits else None,
                    workers=self.slots.get(name, 0),
                    created_at=START,
                    updated_at=now,
                    is_served=name in self.slots,
                )
            )
        return found

    async def pause_queue(self, name: str) -> None:
        for queue in self._named(name):
            self.paused.setdefault(queue, datetime.now(UTC))

    async def resume_queue(self, name: str) -> None:
        for queue in self._named(name):
            self.paused.pop(queue, None)

    async def position(self) -> str:
        self._fail()
        return f"{next(self._moments)}-{max(self.rows, default=0)}"

    async def subscribe(
        self,
        *,
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        job_ids: Collection[int] = (),
        after: str | None = None,
    ) -> AsyncIterator[JobEvent]:
        mine: asyncio.Queue[JobEvent] = asyncio.Queue()
        for event in self.told:
            if after is not None and event.position > after:
                mine.put_nowait(event)
        self.subscribers.add(mine)
        self.subscribed.set()
        try:
            while True:
                event = await mine.get()
                job = event.job
                if (
                    (not kinds or job.kind in kinds)
                    and (not queues or job.queue in queues)
                    and (not job_ids or job.id in job_ids)
                ):
                    yield event
        finally:
            self.subscribers.discard(mine)

    def _named(self, name: str) -> Sequence[str]:
        self._fail()
        if name == "*":
            return list(self.slots)
        if name not in self.slots:
            raise QueueNotFound(name)
        return [name]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
