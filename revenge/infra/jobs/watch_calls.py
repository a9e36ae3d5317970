"""How callers learn what becomes of jobs on any node: they wait for one, or follow all."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import JobFailed
from revenge.infra.jobs.events import EventHub, JobEvent
from revenge.infra.jobs.given import check_lists, check_span
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import JobRow, JobState
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.progress_store import ProgressStore
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.waiting import Waiters


class WatchCalls:
    """The part of ``Client`` that reads the tables again and again, for as long as somebody wants to know."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._progress = ProgressStore(store)
        self._hub = EventHub(clock=clock, store=store, progress=self._progress)
        self.waiters = Waiters(clock=clock, store=JobStore(store))

    async def wait(self, job_id: int, *, timeout: timedelta | None = None) -> JobRow:  # noqa: ASYNC109 - part of the contract
        """Wait until a job has ended, however and wherever; return its row.

        Its output is ``row.output``. A database that goes away for less than a minute is waited for.

        Raises:
            JobNotFound: there is none, or it was deleted meanwhile.
            TimeoutError: it has not ended within ``timeout``.
            TypeError: ``timeout`` is no timedelta.
        """
        check_span("timeout", timeout, optional=True)
        async with asyncio.timeout(timeout.total_seconds() if timeout is not None else None):
            return await self.waiters.wait(job_id)

    async def result(self, job_id: int, *, timeout: timedelta | None = None) -> Any:  # noqa: ASYNC109 - as above
        """Wait until a job has completed, on whatever node; return what its worker recorded.

        Raises:
            JobFailed: it was discarded or cancelled; the error is its last attempt's.
            JobNotFound, TimeoutError: as for ``wait``.
        """
        row = await self.wait(job_id, timeout=timeout)
        if row.state is not JobState.COMPLETED:
            raise JobFailed(job_id, row.state.value, row.errors[-1].error if row.errors else "")
        return row.output

    async def progress(self, job_ids: Sequence[int]) -> dict[int, Progress]:
        """Return the last progress of those of the jobs that reported any."""
        return await self._progress.get(job_ids)

    def tell_progress(self, job_id: int, attempt: int, progress: Progress) -> None:
        """Tell those who subscribed here of progress that came past the tables, sooner: see ``on_progress``."""
        self._hub.tell_progress(job_id, attempt, progress)

    async def subscribe(
        self,
        *,
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        job_ids: Collection[int] = (),
        after: str | None = None,
    ) -> AsyncGenerator[JobEvent, None]:
        """Yield what happens to jobs on any node, within about half a second, until this client stops.

        It begins now, or ``after`` the position of an event that was seen, on any client and however long ago: what was
        missed is read from the tables, the last moments before it once more. So it is after an outage of the database,
        and when a subscriber is slow. An empty filter lets all pass.

        Raises:
            InvalidCursor: ``after`` is no event's position.
            TypeError: a filter is no list.
        """
        check_lists(kinds=kinds, queues=queues, job_ids=job_ids)
        stream = self._hub.subscribe(kinds=kinds, queues=queues, job_ids=job_ids, after=after)
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def position(self) -> str:
        """Return what ``subscribe(after=...)`` takes to tell all that happens from now on, whenever it begins.

        With it a list that is read next, and the events behind it, leave no gap between them.
        """
        return await self._hub.position()

    async def close_watches(self) -> None:
        """End all subscriptions, and fail whoever still waits."""
        await self._hub.close()
        await self.waiters.close()
