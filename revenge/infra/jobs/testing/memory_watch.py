"""What the statements of ``sql/river_job_watch.sql`` do, in this process: what changed, for those who watch."""

from collections.abc import Sequence
from datetime import datetime

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.testing.memory_rows import MemoryRecord, MemoryRow, MemoryRows

_WAITING = frozenset({JobState.AVAILABLE, JobState.RETRYABLE, JobState.SCHEDULED})


class MemoryWatch:
    """Statements that look for changes."""

    def __init__(self, *, clock: Clock, rows: MemoryRows) -> None:
        self._clock = clock
        self._rows = rows

    def job_watch(
        self,
        last_id: int,
        started_since: datetime | None,
        ended_since: datetime,
        ended_id: int,
        followed: Sequence[int],
        limit: int,
        back_since: datetime | None,
        back_id: int,
    ) -> list[MemoryRecord]:
        """Return what was inserted, started, ended or put back since a moment, and what is followed."""
        rows = list(self._rows)
        new = [row for row in rows if row.id > last_id]
        started = [
            row
            for row in rows
            if row.state is JobState.RUNNING
            and started_since is not None
            and row.attempted_at is not None
            and row.attempted_at >= started_since
        ]
        ended = sorted(
            (at, row.id, row)
            for row in rows
            if (at := row.finalized_at) is not None and (at, row.id) > (ended_since, ended_id)
        )
        back = sorted(
            (at, row.id, row)
            for row in rows
            if row.state in _WAITING
            and back_since is not None
            and (at := row.attempted_at) is not None
            and (at, row.id) > (back_since, back_id)
        )
        parts = {
            "new": sorted(new, key=lambda row: row.id),
            "started": started,
            "ended": [row for _, _, row in ended],
            "put_back": [row for _, _, row in back],
        }
        found = [_seen(row, part) for part, rows in parts.items() for row in rows[:limit]]
        return found + [_seen(row, "followed") for row in self._rows if row.id in followed]

    def job_watch_start(self) -> list[MemoryRecord]:
        """Return where watching begins."""
        return [MemoryRecord(id=max((row.id for row in self._rows), default=0), at=self._clock.now())]

    def job_running_ids(self, limit: int) -> list[MemoryRecord]:
        """Return what runs."""
        return [MemoryRecord(id=row.id) for row in self._rows if row.state is JobState.RUNNING][:limit]


def _seen(row: MemoryRow, part: str) -> MemoryRecord:
    at = row.attempted_at if part == "put_back" else row.finalized_at
    return MemoryRecord(id=row.id, state=row.state.value, attempt=row.attempt, finalized_at=at, part=part)
