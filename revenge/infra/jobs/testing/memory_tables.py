"""What the statements on the engine's smaller tables do, in this process: queues, leases, progress, and the test kit's own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.models import UNFINISHED, JobState
from revenge.infra.jobs.testing.memory_jobs import Records, in_line
from revenge.infra.jobs.testing.memory_rows import MemoryRecord, MemoryRow, MemoryRows


@dataclass(slots=True)
class _Queue:
    created_at: datetime
    updated_at: datetime
    paused_at: datetime | None = None
    metadata: str = "{}"


@dataclass(frozen=True, slots=True)
class _Lease:
    holder: str
    term: int
    expires_at: datetime | None


class MemoryQueues:
    """Statements of ``sql/river_queue.sql``."""

    def __init__(self, *, clock: Clock, rows: MemoryRows) -> None:
        self._clock = clock
        self._rows = rows
        self._queues: dict[str, _Queue] = {}

    def is_paused(self, name: str) -> bool:
        """Whether nobody may fetch from a queue."""
        queue = self._queues.get(name)
        return queue is not None and queue.paused_at is not None

    def queue_create_or_touch(self, names: Iterable[str]) -> Records:
        """Note that queues are worked."""
        now = self._clock.now()
        for name in names:
            self._queues.setdefault(name, _Queue(now, now)).updated_at = now
        return [MemoryRecord(name=name, is_paused=self.is_paused(name)) for name in sorted(set(names))]

    def queue_get_paused(self, names: Iterable[str]) -> Records:
        """Return which are paused."""
        return [MemoryRecord(name=name) for name in names if self.is_paused(name)]

    def queue_update(self, name: str, metadata: str | None, _channel: str, _payload: str | None) -> Records:
        """Replace a queue's metadata."""
        queue = self._queues.get(name)
        if queue is None:
            return [MemoryRecord(queues=0, notified=0)]
        queue.updated_at = self._clock.now()
        queue.metadata = queue.metadata if metadata is None else metadata
        return [MemoryRecord(queues=1, notified=0)]

    def queue_pause(self, name: str, _channel: str, _payload: str) -> Records:
        """Pause one or all."""
        return self._set_paused(name, self._clock.now())

    def queue_resume(self, name: str, _channel: str, _payload: str) -> Records:
        """Undo that."""
        return self._set_paused(name, None)

    def queue_list(self, limit: int, _beaten_within: timedelta, wanted: str | None) -> Records:
        """Return all queues that have a row or hold unfinished jobs, or one of them."""
        now = self._clock.now()
        unfinished = [row for row in self._rows if row.state in UNFINISHED]
        names = {*self._queues, *(row.queue for row in unfinished)}
        records = []
        for name in sorted(names if wanted is None else names & {wanted})[:limit]:
            jobs = [row for row in unfinished if row.queue == name]
            first_at = min((row.scheduled_at for row in jobs), default=now)
            due = [row.scheduled_at for row in jobs if row.state is JobState.AVAILABLE and row.scheduled_at <= now]
            states = [row.state.value for row in jobs]
            queue = self._queues.get(name) or _Queue(first_at, first_at)
            records.append(
                MemoryRecord(
                    name=name,
                    paused_at=queue.paused_at,
                    created_at=queue.created_at,
                    updated_at=queue.updated_at,
                    counts=orjson.dumps({state: states.count(state) for state in states}).decode(),
                    oldest_wait_s=(now - min(due)).total_seconds() if due else None,
                    workers=0,
                    metadata=queue.metadata,
                    is_served=name in self._queues,
                )
            )
        return records

    def _set_paused(self, name: str, paused_at: datetime | None) -> Records:
        matched = [queue for known, queue in self._queues.items() if name in (known, "*")]
        for queue in matched:
            if (queue.paused_at is None) != (paused_at is None):
                queue.paused_at, queue.updated_at = paused_at, self._clock.now()
        return [MemoryRecord(queues=len(matched), notified=0)]


class MemoryLeases:
    """Statements of ``sql/revenge_job_lease.sql``."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, _Lease] = {}

    def lease_acquire(self, name: str, holder: str, ttl: timedelta) -> Records:
        """Take a lease or renew it."""
        now, there = self._clock.now(), self._leases.get(name)
        is_live = there is not None and there.expires_at is not None and there.expires_at >= now
        if there is not None and is_live and there.holder != holder:
            return []
        term = 1 if there is None else there.term + (not is_live or there.holder != holder)
        self._leases[name] = _Lease(holder, term, now + ttl)
        return [MemoryRecord(term=term)]

    def lease_release(self, name: str, holder: str) -> Records:
        """Let another have it."""
        there = self._leases.get(name)
        if there is None or there.holder != holder:
            return []
        self._leases[name] = replace(there, expires_at=None)
        return [MemoryRecord(name=name)]


class MemoryProgress:
    """Statements of ``sql/revenge_job_progress.sql``."""

    def __init__(self, *, clock: Clock, rows: MemoryRows) -> None:
        self._clock = clock
        self._rows = rows
        self._reports: dict[int, tuple[int, str, datetime]] = {}

    def progress_write_many(
        self, ids: Sequence[int], attempts: Sequence[int], attempted_at: Sequence[datetime], data: Sequence[str]
    ) -> Records:
        """Keep the newest reports of attempts that are their jobs' latest."""
        written = []
        for job_id, attempt, began_at, text in zip(ids, attempts, attempted_at, data, strict=True):
            row, there = self._rows.get(job_id), self._reports.get(job_id)
            if row is None or row.attempted_at != began_at or (there is not None and there[0] > attempt):
                continue
            self._reports[job_id] = attempt, text, self._clock.now()
            written.append(MemoryRecord(job_id=job_id))
        return written

    def progress_get_many(self, ids: Iterable[int]) -> Records:
        """Return the newest reports."""
        return [
            MemoryRecord(job_id=job_id, data=self._reports[job_id][1], updated_at=self._reports[job_id][2])
            for job_id in ids
            if job_id in self._reports
        ]


class MemoryDrain:
    """Statements of ``testing/sql/drain.sql``."""

    def __init__(self, *, clock: Clock, rows: MemoryRows, is_paused: Callable[[str], bool]) -> None:
        self._clock = clock
        self._rows = rows
        self._is_paused = is_paused

    def drain_next(self, queues: Sequence[str] | None, kinds: Sequence[str] | None) -> Records:
        """Return the queue of the job that is first in line."""
        now = self._clock.now()
        due = [
            row for row in self._waiting(queues, kinds) if row.state is JobState.AVAILABLE and row.scheduled_at <= now
        ]
        return [MemoryRecord(queue=row.queue) for row in sorted(due, key=in_line)[:1]]

    def drain_bring_forward(
        self, queues: Sequence[str] | None, kinds: Sequence[str] | None, scheduled: bool, retries: bool
    ) -> Records:
        """Make due now what would be due next."""
        now = self._clock.now()
        later = [
            row
            for row in self._waiting(queues, kinds)
            if row.scheduled_at > now and (retries if _has_failed(row) else scheduled)
        ]
        soonest = sorted(later, key=lambda row: (row.scheduled_at, row.priority, row.id))[:1]
        self._rows.write([replace(row, scheduled_at=now) for row in soonest])
        return [MemoryRecord(id=row.id) for row in soonest]

    def _waiting(self, queues: Sequence[str] | None, kinds: Sequence[str] | None) -> list[MemoryRow]:
        return [
            row
            for row in self._rows
            if row.state in (JobState.AVAILABLE, JobState.RETRYABLE, JobState.SCHEDULED)
            and (queues is None or row.queue in queues)
            and (kinds is None or row.kind in kinds)
            and not self._is_paused(row.queue)
        ]


def _has_failed(row: MemoryRow) -> bool:
    """Whether the row waits for its retry, and not for a time that was set."""
    if row.state is JobState.RETRYABLE:
        return True
    return bool(row.errors) and orjson.loads(row.errors[-1])["attempt"] == row.attempt
