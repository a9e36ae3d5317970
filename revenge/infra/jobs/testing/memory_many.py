"""What the statements on many rows of ``river_job`` at a time do, in this process."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.models import FINAL, JobState
from revenge.infra.jobs.testing.memory_jobs import MemoryJobs, Records
from revenge.infra.jobs.testing.memory_rows import MemoryRow, MemoryRows

EARLIEST = datetime.min.replace(tzinfo=UTC)
Some = Collection[Any] | None
"""Values of which a column has one; None lets all pass."""


class MemoryMany:
    """Statements whose first parameters are filters."""

    def __init__(self, *, clock: Clock, rows: MemoryRows, jobs: MemoryJobs) -> None:
        self._clock = clock
        self._rows = rows
        self._jobs = jobs

    def search(self, fills: Mapping[str, str], *args: Any) -> Records:
        """Return a page in any order: ``job_search``, with the words that its marks are filled with."""
        *filters, tags, tags_any, metadata, limit = args[:9]
        column, way = fills["order"].split(",")[0].removeprefix("river_job.").split()
        is_after = _cursor(column, fills["after"], args[9:], descending=way == "DESC")
        contained = decode(metadata) if metadata else {}
        found = [
            row
            for row in self._matching(*filters)
            if set(tags or ()) <= set(row.tags)
            and (tags_any is None or set(tags_any) & set(row.tags))
            and _contains(row.metadata_dict(), contained)
            and is_after(row)
        ]
        found.sort(key=lambda row: _rank(column, row), reverse=way == "DESC")
        return [row.record() for row in found[:limit]]

    def job_delete_many(
        self, ids: Some, kinds: Some, priorities: Some, queues: Some, states: Some, limit: int
    ) -> Records:
        """Delete what does not run."""
        found = [row for row in self._matching(ids, kinds, priorities, queues, states) if row.state != JobState.RUNNING]
        return [record for row in found[:limit] for record in self._jobs.job_delete(row.id)]

    def job_cancel_many(
        self,
        ids: Some,
        kinds: Some,
        priorities: Some,
        queues: Some,
        states: Some,
        limit: int,
        channel: str,
        requested_at: str,
    ) -> Records:
        """Cancel what has not ended."""
        found = [row for row in self._matching(ids, kinds, priorities, queues, states) if row.state not in FINAL]
        return [record for row in found[:limit] for record in self._jobs.job_cancel(row.id, channel, requested_at)]

    def job_retry_many(
        self, ids: Some, kinds: Some, priorities: Some, queues: Some, states: Some, limit: int, _channel: str
    ) -> Records:
        """Make available what can be."""
        now = self._clock.now()
        found = [
            row
            for row in self._matching(ids, kinds, priorities, queues, states)
            if row.state is not JobState.RUNNING and not (row.state is JobState.AVAILABLE and row.scheduled_at < now)
        ][:limit]
        records: Records = []
        taken: set[bytes] = set()
        for row in found:
            key = row.unique_key
            holder = self._rows.holder(key) if key is not None else None
            if key is None or ((holder is None or holder.id == row.id) and key not in taken):
                taken |= {key} if key is not None else set()
                records += self._jobs.job_retry(row.id)
        return records

    def _matching(self, ids: Some, kinds: Some, priorities: Some, queues: Some, states: Some) -> list[MemoryRow]:
        """Return what passes the filters, by id."""
        return sorted(
            (
                row
                for row in self._rows
                if (ids is None or row.id in ids)
                and (kinds is None or row.kind in kinds)
                and (priorities is None or row.priority in priorities)
                and (queues is None or row.queue in queues)
                and (states is None or row.state in states)
            ),
            key=lambda row: row.id,
        )


def _rank(column: str, row: MemoryRow) -> tuple[Any, ...]:
    """Return what sorts as PostgreSQL does: nulls are the latest of all."""
    if column == "id":
        return (row.id,)
    moment: datetime | None = getattr(row, column)
    return moment is None, moment or EARLIEST, row.id


def _cursor(column: str, words: str, args: Sequence[Any], *, descending: bool) -> Callable[[MemoryRow], bool]:
    """Return whether a row comes after the one where the page before ended."""
    if not args:
        return lambda _: True
    last_id, *times = args
    if words.startswith("id "):
        return lambda row: row.id < last_id if descending else row.id > last_id
    last = (False, datetime.fromisoformat(times[0]), last_id) if times else (True, EARLIEST, last_id)
    return lambda row: _rank(column, row) < last if descending else _rank(column, row) > last


def _contains(there: Any, wanted: Any) -> bool:
    """Whether JSON contains JSON, as ``@>`` says."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(
            key in there and _contains(there[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(there, list) and all(any(_contains(item, value) for item in there) for value in wanted)
    return bool(there == wanted and isinstance(there, bool) == isinstance(wanted, bool))
