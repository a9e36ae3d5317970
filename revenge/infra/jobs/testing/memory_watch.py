"""What the statements of ``sql/river_job_watch.sql`` do, in this process: what changed, for those who watch."""

from collections.abc import Sequence
from datetime import datetime

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.models import FINAL, JobState
from revenge.infra.jobs.testing.memory_rows import MemoryRecord, MemoryRow, MemoryRows


class MemoryWatch:
    """Statements that look for changes."""

    def __init__(self, *, clock: Clock, rows: MemoryRows) -> None:
        self._clock = clock
        self._rows = rows

    def job_watch(self, last_id: int, since: datetime, followed: Sequence[int], _limit: int) -> list[MemoryRecord]:
        """Return what was inserted, started or ended since a moment, and what is followed."""

        def has_changed(row: MemoryRow) -> bool:
            if row.id > last_id or row.id in followed:
                return True
            moment = row.finalized_at if row.state in FINAL else row.attempted_at
            return row.state in {*FINAL, JobState.RUNNING} and moment is not None and moment >= since

        return [row.record() for row in self._rows if has_changed(row)]

    def job_watch_start(self) -> list[MemoryRecord]:
        """Return where watching begins."""
        return [MemoryRecord(id=max((row.id for row in self._rows), default=0), at=self._clock.now())]

    def job_running_ids(self, limit: int) -> list[MemoryRecord]:
        """Return what runs."""
        return [MemoryRecord(id=row.id) for row in self._rows if row.state is JobState.RUNNING][:limit]
