"""What the statements of ``sql/river_job.sql`` do, done to rows in this process: one method for each, of its name.

A statement is the smallest thing that differs between the two clients: whatever stands above it (options, unique keys,
verdicts, lists) is the engine's own code in both. One suite of tests runs on both and keeps these twins of theirs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.models import FINAL, JobState
from revenge.infra.jobs.testing.memory_rows import MemoryRecord, MemoryRow, MemoryRows, as_text, in_microseconds

MOST_ATTEMPTED_BY = 100
"""River: `maxAttemptedBy`."""
MAX_ATTEMPT = 32_767
RUNS_AGAIN = frozenset({JobState.AVAILABLE, JobState.RETRYABLE, JobState.SCHEDULED})

Records = list[MemoryRecord]


def in_line(row: MemoryRow) -> tuple[int, datetime, int]:
    """Return what a fetch sorts by."""
    return row.priority, row.scheduled_at, row.id


class MemoryJobs:
    """Statements on jobs. Parameters are positional and mean what the statement says of ``$1``, ``$2``, …"""

    def __init__(self, *, clock: Clock, rows: MemoryRows) -> None:
        self._clock = clock
        self._rows = rows

    # Inserting

    def job_insert_many(self, *columns: Any) -> Records:
        """Insert jobs without unique keys."""
        *common, _payloads = columns
        now = self._clock.now()
        rows = list(self._new_rows(now, *common))
        self._rows.write(rows)
        return [MemoryRecord(ids=[row.id for row in rows], now=in_microseconds(now))]

    def job_insert_unique(self, *columns: Any) -> Records:
        """Insert jobs of which some have unique keys; one whose key is taken comes back as a duplicate."""
        *common, keys, states = columns
        now, answers = self._clock.now(), []
        rows: list[MemoryRow] = []
        taken: dict[bytes, MemoryRow] = {}
        for row, key, mask in zip(self._new_rows(now, *common), keys, states, strict=True):
            new = replace(row, unique_key=key or None, unique_states=mask or None)
            there = taken.get(key) or self._rows.holder(key) if new.taken_key else None
            if there is None:
                rows.append(new)
                if new.taken_key:
                    taken[key] = new
            answers.append((there or new).record(duplicate=there is not None, inserted_at=in_microseconds(now)))
        self._rows.write(rows)
        return [answer for _, answer in sorted(zip(keys, answers, strict=True), key=lambda pair: bytes(pair[0]))]

    def copy(self, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
        """Insert what COPY brings; what it leaves out has the table's defaults."""
        now = self._clock.now()
        defaults = {"state": "available", "scheduled_at": now, "metadata": "{}", "tags": (), "priority": 1}
        rows = []
        for record in records:
            values = {**defaults, **dict(zip(columns, record, strict=True)), "created_at": now}
            mask = values.pop("unique_states", None)
            states = mask.to_int() if mask is not None else None
            rows.append(
                MemoryRow(
                    **{**values, "state": JobState(values["state"])}, id=self._rows.new_id(), unique_states=states
                )
            )
        self._rows.write(rows)

    def _new_rows(
        self,
        now: datetime,
        _channel: str,
        kinds: Sequence[str],
        queues: Sequence[str],
        states: Sequence[str],
        priorities: Sequence[int],
        max_attempts: Sequence[int],
        scheduled_at: Sequence[str | None],
        metadata: Sequence[str],
        tags: Sequence[str],
        args: Sequence[str],
        shapes: Sequence[int],
    ) -> Iterator[MemoryRow]:
        for text, number in zip(args, shapes, strict=True):
            shape = number - 1
            yield MemoryRow(
                id=self._rows.new_id(),
                kind=kinds[shape],
                queue=queues[shape],
                state=JobState(states[shape]),
                priority=priorities[shape],
                max_attempts=max_attempts[shape],
                args=text,
                metadata=metadata[shape],
                tags=tags[shape].split(",") if tags[shape] else (),
                created_at=now,
                scheduled_at=now if (due := scheduled_at[shape]) is None else datetime.fromisoformat(due),
            )

    # Working

    def job_fetch(
        self, client_id: str, queues: Sequence[str], slots: Sequence[int], kinds: Sequence[str] | None
    ) -> Records:
        """Claim what is due."""
        now, claimed = self._clock.now(), []
        for queue, most in zip(queues, slots, strict=True):
            due = [
                row
                for row in self._rows
                if row.state is JobState.AVAILABLE
                and row.queue == queue
                and row.scheduled_at <= now
                and (kinds is None or row.kind in kinds)
            ]
            claimed += [
                replace(
                    row,
                    state=JobState.RUNNING,
                    attempt=min(row.attempt + 1, MAX_ATTEMPT),
                    attempted_at=now,
                    attempted_by=[*row.attempted_by[-MOST_ATTEMPTED_BY + 1 :], client_id],
                )
                for row in sorted(due, key=in_line)[:most]
            ]
        self._rows.write(claimed)
        return [
            MemoryRecord(
                id=row.id,
                kind=row.kind,
                queue=row.queue,
                args=row.args,
                attempt=row.attempt,
                max_attempts=row.max_attempts,
                attempted_at=row.attempted_at,
                scheduled_at=row.scheduled_at,
                priority=row.priority,
                metadata=None if row.metadata == "{}" else row.metadata,
                errors=len(row.errors),
            )
            for row in claimed
        ]

    def job_complete_many(
        self, ids: Sequence[int], attempts: Sequence[int], attempted_at: Sequence[datetime], finalized_at: datetime
    ) -> Records:
        """End attempts that simply succeeded."""
        done = [
            replace(row, state=JobState.COMPLETED, finalized_at=finalized_at)
            for row in map(self._fenced, ids, attempts, attempted_at)
            if row is not None and row.state is JobState.RUNNING
        ]
        return self._written(done)

    def job_settle_many(self, *columns: Any) -> Records:
        """End attempts in any other way."""
        *settled, now = columns
        rows = [
            _settled(row, *item[3:], now=now)
            for item in zip(*settled, strict=True)
            if (row := self._fenced(*item[:3])) is not None and (row.state is JobState.RUNNING or item[8] is not None)
        ]
        return self._written(rows)

    def job_merge_metadata(self, job_id: int, attempt: int, attempted_at: datetime, metadata: str) -> Records:
        """Add to the metadata of a running attempt."""
        row = self._fenced(job_id, attempt, attempted_at)
        if row is None or row.state is not JobState.RUNNING:
            return []
        return self._put(replace(row, metadata=row.merged(decode(metadata))))

    def job_schedule(
        self,
        look_ahead: timedelta,
        lane_rows: int,
        _channel: str,
        _due_at_once: timedelta,
        _grain: timedelta,
        ids: Sequence[int] | None,
    ) -> Records:
        """Promote what is due; of those with one unique key only one."""
        now = self._clock.now()
        due = [
            row
            for row in self._rows
            if row.state in (JobState.RETRYABLE, JobState.SCHEDULED)
            and row.scheduled_at <= now + look_ahead
            and (ids is None or row.id in ids)
        ][:lane_rows]
        moved: list[MemoryRow] = []
        promoted_keys: set[bytes] = set()
        for row in sorted(due, key=in_line):
            key = row.unique_key if row.unique_states is not None else None
            holder = self._rows.holder(key) if key is not None else None
            is_promoted = key is None or (holder.id == row.id if holder else key not in promoted_keys)
            if is_promoted:
                promoted_keys |= {key} if key is not None else set()
                moved.append(replace(row, state=JobState.AVAILABLE))
                continue
            moved.append(
                replace(
                    row,
                    state=JobState.DISCARDED,
                    finalized_at=now,
                    metadata=row.merged({"unique_key_conflict": "scheduler_discarded"}),
                    unique_states=None if row.blocks_in(JobState.DISCARDED) else row.unique_states,
                )
            )
        self._rows.write(moved)
        return [
            MemoryRecord(queue=row.queue, is_promoted=row.state is JobState.AVAILABLE, jobs=1, due_in=None, notified=0)
            for row in moved
        ]

    def job_get_cancel_requested(self, ids: Sequence[int]) -> Records:
        """Return the attempts that somebody asked to cancel."""
        return [
            MemoryRecord(id=row.id, attempt=row.attempt, attempted_at=row.attempted_at)
            for row in self._of(ids)
            if row.state is JobState.RUNNING and "cancel_attempted_at" in row.metadata_dict()
        ]

    # Looking

    def job_get(self, job_id: int) -> Records:
        """Return one row."""
        return [row.record() for row in self._of([job_id])]

    job_get_locked = job_get

    def job_get_many(self, ids: Sequence[int]) -> Records:
        """Return some rows, by id."""
        return [row.record() for row in sorted(self._of(ids), key=lambda row: row.id)]

    job_get_states = job_get_many

    def job_list(
        self,
        kinds: Sequence[str] | None,
        queues: Sequence[str] | None,
        tags: Sequence[str] | None,
        before: int | None,
        limit: int,
    ) -> Records:
        """Return a page, newest first."""
        return self.job_list_by_state(list(JobState), kinds, queues, tags, before, limit)

    def job_list_by_state(
        self,
        states: Sequence[str],
        kinds: Sequence[str] | None,
        queues: Sequence[str] | None,
        tags: Sequence[str] | None,
        before: int | None,
        limit: int,
    ) -> Records:
        """Return a page of jobs in some states, newest first."""
        found = [
            row
            for row in self._rows
            if row.state in states
            and (kinds is None or row.kind in kinds)
            and (queues is None or row.queue in queues)
            and (tags is None or set(tags) <= set(row.tags))
            and (before is None or row.id < before)
        ]
        return [row.record() for row in sorted(found, key=lambda row: -row.id)[:limit]]

    # What people do to single jobs

    def job_cancel(self, job_id: int, _channel: str, requested_at: str) -> Records:
        """Cancel what waits, mark what runs."""
        row = self._rows.get(job_id)
        if row is None or row.state in FINAL:
            return []
        metadata = row.merged({"cancel_attempted_at": decode(requested_at)})
        if row.state is not JobState.RUNNING:
            row = replace(row, state=JobState.CANCELLED, finalized_at=self._clock.now())
        return self._put(replace(row, metadata=metadata))

    def job_retry(self, job_id: int) -> Records:
        """Make available now."""
        row, now = self._rows.get(job_id), self._clock.now()
        if row is None or row.state is JobState.RUNNING or (row.state is JobState.AVAILABLE and row.scheduled_at < now):
            return []
        metadata = {key: value for key, value in row.metadata_dict().items() if key != "cancel_attempted_at"}
        return self._put(
            replace(
                row,
                state=JobState.AVAILABLE,
                finalized_at=None,
                scheduled_at=now,
                max_attempts=row.max_attempts + (row.attempt == row.max_attempts),
                metadata=as_text(metadata),
            )
        )

    def job_update(self, job_id: int, metadata: str) -> Records:
        """Add to the metadata, whatever the state."""
        row = self._rows.get(job_id)
        return [] if row is None else self._put(replace(row, metadata=row.merged(decode(metadata))))

    def job_delete(self, job_id: int) -> Records:
        """Delete what does not run."""
        row = self._rows.get(job_id)
        if row is None or row.state is JobState.RUNNING:
            return []
        self._rows.delete(job_id)
        return [row.record()]

    def _fenced(self, job_id: int, attempt: int, attempted_at: datetime) -> MemoryRow | None:
        row = self._rows.get(job_id)
        return row if row is not None and (row.attempt, row.attempted_at) == (attempt, attempted_at) else None

    def _of(self, ids: Sequence[int]) -> list[MemoryRow]:
        return [row for job_id in ids if (row := self._rows.get(job_id)) is not None]

    def _put(self, row: MemoryRow) -> Records:
        self._rows.write([row])
        return [row.record()]

    def _written(self, rows: Sequence[MemoryRow]) -> Records:
        self._rows.write(rows)
        return [MemoryRecord(id=row.id, state=row.state.value) for row in rows]


def _settled(
    row: MemoryRow,
    state: str,
    finalized_at: datetime | None,
    scheduled_at: datetime | None,
    new_attempt: int | None,
    error: str | None,
    metadata: str | None,
    *,
    now: datetime,
) -> MemoryRow:
    text = row.merged(decode(metadata)) if metadata is not None else row.metadata
    if row.state is not JobState.RUNNING:
        return replace(row, metadata=text)
    errors = row.errors if error is None else [*row.errors, error]
    # A cancel request turns what would run again into cancelled.
    if JobState(state) in RUNS_AGAIN and "cancel_attempted_at" in row.metadata_dict():
        return replace(row, state=JobState.CANCELLED, finalized_at=now, errors=errors, metadata=text)
    return replace(
        row,
        state=JobState(state),
        finalized_at=finalized_at or row.finalized_at,
        scheduled_at=scheduled_at or row.scheduled_at,
        attempt=row.attempt if new_attempt is None else new_attempt,
        errors=errors,
        metadata=text,
    )
