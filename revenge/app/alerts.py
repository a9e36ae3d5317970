"""The queue's ended jobs, for whoever tells people of them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from revenge.infra.jobs import Client, JobListParams, JobOrder, JobRow, JobState
from revenge.service.notification.alerts import DiscardedJob
from revenge.service.notification.jobs import NotificationArgs
from revenge.service.notification.models import EndedJob

_PAGE = 500


class EndedJobsOfQueue:
    """Reads them by the index that River's own clean-up goes by."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def discarded(self, since: datetime) -> AsyncIterator[Sequence[DiscardedJob]]:
        """Yield batches of jobs that have failed for good since a time, newest first."""
        async for rows in self._ended(since, states=[JobState.DISCARDED]):
            yield [
                DiscardedJob(job_id=row.id, kind=row.kind, finalized_at=at, error=_error(row))
                for row in rows
                if (at := row.finalized_at) is not None
            ]

    async def undelivered(self, since: datetime) -> AsyncIterator[Sequence[EndedJob]]:
        """Yield batches of notification jobs that were cancelled or discarded since a time, newest first."""
        # Kinds are told apart here: to find 500 of one, the database would read every job that has ended.
        for state in (JobState.CANCELLED, JobState.DISCARDED):
            async for rows in self._ended(since, states=[state]):
                ended = [found for row in rows if (found := _undelivered(row)) is not None]
                if ended:
                    yield ended

    async def _ended(self, since: datetime, *, states: Sequence[JobState]) -> AsyncIterator[Sequence[JobRow]]:
        cursor: str | None = None
        while True:
            page = await self._client.list(
                JobListParams(states=states, order_by=JobOrder.FINALIZED_AT, limit=_PAGE, cursor=cursor)
            )
            rows = [row for row in page.jobs if row.finalized_at is not None and row.finalized_at >= since]
            if rows:
                yield rows
            if len(rows) < len(page.jobs) or page.next_cursor is None:
                return
            cursor = page.next_cursor


def _error(row: JobRow) -> str:
    return row.errors[-1].error if row.errors else ""


def _undelivered(row: JobRow) -> EndedJob | None:
    if row.kind != NotificationArgs.kind:
        return None
    names = row.args.get("agent_names")
    try:
        event_id = UUID(str(row.args.get("event_id")))
    except ValueError:
        return None
    if not isinstance(names, list) or len(names) != 1:
        return None
    reason = f"its job was {row.state}" + (f": {error}" if (error := _error(row)) else "")
    return EndedJob(job_id=row.id, event_id=event_id, agent=str(names[0]), reason=reason)
