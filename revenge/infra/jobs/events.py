"""What happens to jobs anywhere in the cluster, for those who watch; read from the tables, so nothing is needed of Go."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job_store import job_from
from revenge.infra.jobs.models import JobRow, JobState
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.store import Store

INTERVAL = timedelta(milliseconds=400)
"""How often the tables are read while somebody watches; nobody watching costs nothing."""
OVERLAP = timedelta(seconds=3)
"""How far each look reaches back: rows become visible when their transaction commits, later than their times say."""
MOST_ROWS = 500
"""Rows of each sort in one look. A flood of tiny jobs is thinned out, never delayed."""
MOST_FOLLOWED = 2000
MOST_REMEMBERED = 10_000
BUFFER = 1000
"""Events kept for a subscriber that does not read; after that the oldest are dropped (River: `subscribeChanSizeDefault`)."""

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """A job changed its state, or its progress moved."""

    event: Literal["state", "progress"]
    job: JobRow
    progress: Progress | None

    @property
    def state(self) -> JobState:
        """The job's state when it was looked at."""
        return self.job.state


class ProgressReader(Protocol):
    """Where progress is read from."""

    async def get(self, job_ids: Sequence[int]) -> dict[int, Progress]: ...


class _Subscriber:
    def __init__(self, *, kinds: Collection[str], queues: Collection[str], job_ids: Collection[int]) -> None:
        self.kinds, self.queues, self.job_ids = frozenset(kinds), frozenset(queues), frozenset(job_ids)
        self.events: asyncio.Queue[JobEvent | None] = asyncio.Queue()
        """None is the end."""

    def offer(self, event: JobEvent) -> None:
        job = event.job
        if (
            (self.kinds and job.kind not in self.kinds)
            or (self.queues and job.queue not in self.queues)
            or (self.job_ids and job.id not in self.job_ids)
        ):
            return
        if self.events.qsize() >= BUFFER:
            self.events.get_nowait()
        self.events.put_nowait(event)


class EventHub:
    """Looks at the tables while there are subscribers and tells them what is new."""

    def __init__(self, *, clock: Clock, store: Store, progress: ProgressReader) -> None:
        self._clock = clock
        self._store = store
        self._progress = progress
        self._subscribers: set[_Subscriber] = set()
        self._looking: asyncio.Task[None] | None = None
        self._last_id = 0
        self._since: datetime | None = None
        self._began_at = 0.0
        self._seen: OrderedDict[int, tuple[JobState, int]] = OrderedDict()
        self._progress_seen: dict[int, datetime] = {}

    async def subscribe(
        self, *, kinds: Collection[str] = (), queues: Collection[str] = (), job_ids: Collection[int] = ()
    ) -> AsyncGenerator[JobEvent, None]:
        """Yield what happens from now on until ``close``; an empty filter lets all pass. Close the iterator to unsubscribe."""
        subscriber = _Subscriber(kinds=kinds, queues=queues, job_ids=job_ids)
        with self._registered(subscriber):
            while (event := await subscriber.events.get()) is not None:
                yield event

    async def close(self) -> None:
        """Stop looking, and end all subscriptions when they have been read."""
        for subscriber in self._subscribers:
            subscriber.events.put_nowait(None)
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    @contextmanager
    def _registered(self, subscriber: _Subscriber) -> Iterator[None]:
        self._subscribers.add(subscriber)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="jobs.events.look")
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    async def _look(self) -> None:
        self._since = None
        while self._subscribers:
            try:
                if self._since is None:
                    await self._begin()
                await self._look_once()
            except StoreError as error:
                logger.warning("events.failed", extra={"error": str(error)})
            await self._clock.sleep(INTERVAL)

    async def _begin(self) -> None:
        start = await self._store.fetchrow("job_watch_start")
        assert start is not None  # noqa: S101 - an aggregate always returns a row
        self._last_id, self._since = start["id"], start["at"]
        self._began_at = self._clock.monotonic()
        self._seen.clear()
        running = [record["id"] for record in await self._store.fetch("job_running_ids", MOST_FOLLOWED)]
        for row in [job_from(record) for record in await self._store.fetch("job_get_many", running)]:
            self._remember(row)

    async def _look_once(self) -> None:
        assert self._since is not None  # noqa: S101 - `_begin` set it
        since = self._since + timedelta(seconds=self._clock.monotonic() - self._began_at) - OVERLAP
        followed = [job_id for job_id, (state, _) in self._seen.items() if state is JobState.RUNNING]
        asked: set[int] = set().union(*(subscriber.job_ids for subscriber in self._subscribers))
        records = await self._store.fetch(
            "job_watch", self._last_id, since, [*followed[-MOST_FOLLOWED:], *asked], MOST_ROWS
        )
        rows = [job_from(record) for record in records]
        progress = await self._progress.get([row.id for row in rows if row.attempted_at is not None])
        for row in rows:
            self._last_id = max(self._last_id, row.id)
            self._tell(row, progress.get(row.id))

    def _tell(self, row: JobRow, progress: Progress | None) -> None:
        is_new = self._seen.get(row.id) != (row.state, row.attempt)
        moved = progress is not None and self._progress_seen.get(row.id) != progress.updated_at
        self._remember(row)
        if progress is not None:
            self._progress_seen[row.id] = progress.updated_at
        if not is_new and not moved:
            return
        event = JobEvent(event="state" if is_new else "progress", job=row, progress=progress)
        for subscriber in self._subscribers:
            subscriber.offer(event)

    def _remember(self, row: JobRow) -> None:
        self._seen[row.id] = (row.state, row.attempt)
        self._seen.move_to_end(row.id)
        while len(self._seen) > MOST_REMEMBERED:
            forgotten, _ = self._seen.popitem(last=False)
            self._progress_seen.pop(forgotten, None)
