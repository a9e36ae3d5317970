"""What happens to jobs anywhere in the cluster, for those who watch; read from the tables, so nothing is needed of Go."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.models import FINAL, JobRow, JobState
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.watching import Position, Seen, Watch

INTERVAL = timedelta(milliseconds=400)
"""How often the tables are read while somebody watches; nobody watching costs nothing."""
OVERLAP = timedelta(seconds=3)
"""How far each look reaches back: rows become visible when their transaction commits, later than their times say."""
HOLE_AGE_S, MOST_HOLES = 30.0, 1000
"""How long an id that was passed over is looked for: its transaction may commit still."""
MOST_PAGES = 5
"""In one look; beyond, each subscriber reads on by itself and at its own pace."""
MOST_FOLLOWED = 2000
MOST_REMEMBERED = 50_000
BUFFER = 1000
"""Events kept for a subscriber that does not read. Those beyond are read from the tables when it goes on."""

_TOLD_BY_TIME = FINAL | {JobState.RUNNING}

EventName = Literal["inserted", "started", "progress", "waiting", "finished"]

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """A job changed its state, or its progress moved."""

    event: Literal["state", "progress"]
    job: JobRow
    """As it was found, which may be further on: of a quick job all events have the last row."""
    progress: Progress | None
    name: EventName = "progress"
    """What happened. ``waiting``: it was worked and is to be worked again, after a failure, a snooze, a stop or by hand."""
    position: str = ""
    """``subscribe(after=...)`` goes on from here; events shortly before come again."""

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
        """None: look whether this is the end, or something is to be caught up."""
        self.behind: Position | None = None
        self.is_closed = False

    def wants(self, job: JobRow) -> bool:
        return (
            (not self.kinds or job.kind in self.kinds)
            and (not self.queues or job.queue in self.queues)
            and (not self.job_ids or job.id in self.job_ids)
        )

    def offer(self, event: JobEvent) -> None:
        if self.behind is not None or not self.wants(event.job):
            return
        if self.events.qsize() >= BUFFER:
            first = self.events.get_nowait()
            self.fall_behind(Position.decode((first or event).position))
            return
        self.events.put_nowait(event)

    def fall_behind(self, position: Position) -> None:
        """Forget what waits: it is in the tables, and will be read from there."""
        if self.behind is None:
            self.behind = position
        while not self.events.empty():
            self.events.get_nowait()
        self.events.put_nowait(None)

    def close(self) -> None:
        self.is_closed = True
        self.events.put_nowait(None)


class EventHub:
    """Looks at the tables while there are subscribers and tells them what is new.

    After an outage it looks as far back as it was away, so that nothing is missed but what came and went unseen: a state
    that a job has left again, a row that has been deleted.
    """

    def __init__(self, *, clock: Clock, store: Store, progress: ProgressReader) -> None:
        self._clock = clock
        self._watch = Watch(store)
        self._progress = progress
        self._subscribers: set[_Subscriber] = set()
        self._looking: asyncio.Task[None] | None = None
        self._started: Position | None = None
        self._started_at = self._looked_at = 0.0
        self._last_id = 0
        self._holes: dict[int, float] = {}
        self._seen: OrderedDict[int, tuple[JobState, int]] = OrderedDict()
        self._running: dict[int, JobRow] = {}
        self._progress_seen: dict[int, object] = {}
        self._progress_told: dict[int, tuple[str, datetime]] = {}
        self._position: Position | None = None

    @property
    def is_looking(self) -> bool:
        """Whether what happens from now on will be told."""
        return self._started is not None

    async def subscribe(
        self,
        *,
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        job_ids: Collection[int] = (),
        after: str | None = None,
    ) -> AsyncGenerator[JobEvent, None]:
        """Yield what happens until ``close``, from now on or ``after`` a position; close the iterator to unsubscribe.

        Raises:
            InvalidCursor: ``after`` is no event's position.
        """
        subscriber = _Subscriber(kinds=kinds, queues=queues, job_ids=job_ids)
        if after is not None:
            subscriber.fall_behind(Position.decode(after))
        with self._registered(subscriber):
            while True:
                event = await subscriber.events.get()
                if event is not None:
                    yield event
                    continue
                async for missed in self._missed_by(subscriber):
                    yield missed
                if subscriber.is_closed and subscriber.events.empty():
                    return

    def tell_progress(self, job_id: int, attempt: int, progress: Progress) -> None:
        """Tell of progress that somebody brought sooner than the tables do; of a job that is not followed nothing is told."""
        row = self._running.get(job_id)
        if row is None or row.attempt != attempt or self._position is None:
            return
        self._offer_progress(row, progress, self._position)

    async def position(self) -> str:
        """Return where events begin that come after this call."""
        now = await self._watch.start()
        return replace(now, since=now.since - OVERLAP).encode()

    async def close(self) -> None:
        """Stop looking, and end all subscriptions when they have been read."""
        for subscriber in self._subscribers:
            subscriber.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        self._started = None

    @contextmanager
    def _registered(self, subscriber: _Subscriber) -> Iterator[None]:
        self._subscribers.add(subscriber)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="jobs.events.look")
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    async def _missed_by(self, subscriber: _Subscriber) -> AsyncGenerator[JobEvent, None]:
        """Read on from where ``subscriber`` fell behind to the present, until it is there."""
        told: set[Seen] = set()
        while (position := subscriber.behind) is not None and not subscriber.is_closed:
            # Before the first page is asked for: what happens from now on waits for the subscriber as usual.
            subscriber.behind = None
            try:
                async for page in self._watch.pages(position, sorted(subscriber.job_ids), put_back=True):
                    news = sorted(set(page) - told)
                    told.update(news)
                    rows = [row for row in await self._watch.rows([seen.id for seen in news]) if subscriber.wants(row)]
                    progress = await self._progress.get([row.id for row in rows if row.attempted_at is not None])
                    for row in rows:
                        for name in _names(None, row, position, is_new=row.id > position.last_id):
                            yield _event(name, row, progress.get(row.id), position)
            except StoreError as error:
                logger.warning("events.failed", extra={"error": str(error)})
                # From here, though it may have fallen behind once more meanwhile: that is later.
                subscriber.behind = position
                await self._clock.sleep(INTERVAL)
            if len(told) > MOST_REMEMBERED:
                told.clear()

    async def _look(self) -> None:
        self._started = None
        while self._subscribers:
            try:
                if self._started is None:
                    await self._begin()
                await self._look_once()
            except StoreError as error:
                logger.warning("events.failed", extra={"error": str(error)})
            except Exception as error:
                # The subscribers wait for this task alone: they would never learn that it has ended. The next look may
                # meet the same again, so it begins with the present.
                logger.exception("events.failed", extra={"error": repr(error)})
                self._started = None
            await self._clock.sleep(INTERVAL)
        self._started = None

    async def _begin(self) -> None:
        started = await self._watch.start()
        self._seen.clear()
        self._running.clear()
        self._holes.clear()
        for row in await self._watch.running(MOST_FOLLOWED):
            self._remember(row)
        self._last_id = started.last_id
        self._started_at = self._looked_at = self._clock.monotonic()
        self._started = started

    async def _look_once(self) -> None:
        assert self._started is not None  # noqa: S101 - `_begin` set it
        began_at = self._clock.monotonic()
        since = self._started.since + timedelta(seconds=self._looked_at - self._started_at) - OVERLAP
        followed = self._followed(began_at)
        # Who comes back is told from the first id on that may be committed still: a gap is no longer followed then.
        position = Position(since, min([self._last_id, *(job_id - 1 for job_id in self._holes)]))
        self._position = position
        moved, ids = set(self._running), set[int]()
        pages = 0
        async for page in self._watch.pages(Position(since, self._last_id), followed):
            pages += 1
            if pages > MOST_PAGES:
                for subscriber in self._subscribers:
                    subscriber.fall_behind(position)
                self._started = None
                return
            news = [seen.id for seen in page if self._seen.get(seen.id) != (seen.state, seen.attempt)]
            rows = await self._watch.rows(sorted(set(news)))
            progress = await self._progress.get([row.id for row in rows if row.attempted_at is not None])
            for row in rows:
                moved.discard(row.id)
                self._tell_state(row, progress.get(row.id), position)
            ids.update(seen.id for seen in page)
        self._note_ids(ids, began_at)
        await self._tell_progress(sorted(moved), position)
        self._looked_at = began_at

    def _followed(self, now: float) -> list[int]:
        """Return the jobs whose next state is looked for by their ids: a time would not tell it."""
        waiting = [job_id for job_id, (state, _) in self._seen.items() if state not in _TOLD_BY_TIME]
        self._holes = {job_id: at for job_id, at in self._holes.items() if now - at < HOLE_AGE_S}
        asked: set[int] = set().union(*(subscriber.job_ids for subscriber in self._subscribers))
        return [*list(self._running)[-MOST_FOLLOWED:], *waiting[-MOST_FOLLOWED:], *self._holes, *asked]

    def _note_ids(self, ids: Collection[int], now: float) -> None:
        for job_id in ids:
            self._holes.pop(job_id, None)
        last = max(ids, default=0)
        if last > self._last_id:
            # A transaction that took an id earlier may commit later.
            missing = set(range(max(self._last_id, last - MOST_HOLES) + 1, last)).difference(ids)
            self._holes.update(dict.fromkeys(missing, now))
            self._last_id = last

    def _tell_state(self, row: JobRow, progress: Progress | None, position: Position) -> None:
        assert self._started is not None  # noqa: S101 - `_begin` set it
        before = self._seen.get(row.id)
        is_new = before is None and (row.id > self._started.last_id or row.id in self._holes)
        self._remember(row)
        if progress is not None:
            self._progress_seen[row.id] = progress.updated_at
        for name in _names(before, row, position, is_new=is_new):
            self._offer(_event(name, row, progress, position))

    async def _tell_progress(self, job_ids: Sequence[int], position: Position) -> None:
        found: Mapping[int, Progress] = await self._progress.get(job_ids) if job_ids else {}
        for job_id, progress in found.items():
            row = self._running.get(job_id)
            if row is not None and self._progress_seen.get(job_id) != progress.updated_at:
                self._progress_seen[job_id] = progress.updated_at
                self._offer_progress(row, progress, position)

    def _offer_progress(self, row: JobRow, progress: Progress, position: Position) -> None:
        """Tell it once and in order: what was brought comes from the tables too, later, and with the time of its writing."""
        text = progress.encode()
        told, at = self._progress_told.get(row.id, ("", progress.updated_at))
        if told != text and progress.updated_at >= at:
            self._progress_told[row.id] = (text, progress.updated_at)
            self._offer(_event("progress", row, progress, position))

    def _offer(self, event: JobEvent) -> None:
        for subscriber in self._subscribers:
            subscriber.offer(event)

    def _remember(self, row: JobRow) -> None:
        self._seen[row.id] = (row.state, row.attempt)
        self._seen.move_to_end(row.id)
        if row.state is JobState.RUNNING:
            self._running[row.id] = row
        else:
            self._running.pop(row.id, None)
            self._progress_told.pop(row.id, None)
        while len(self._seen) > MOST_REMEMBERED:
            forgotten, _ = self._seen.popitem(last=False)
            if forgotten in self._running and len(self._running) <= MOST_REMEMBERED // 2:
                self._seen[forgotten] = (JobState.RUNNING, self._running[forgotten].attempt)
            else:
                self._running.pop(forgotten, None)
                self._progress_seen.pop(forgotten, None)
                self._progress_told.pop(forgotten, None)


def _names(before: tuple[JobState, int] | None, row: JobRow, position: Position, *, is_new: bool) -> list[EventName]:
    """Return what must have happened to a job since ``position``, in its order."""
    names: list[EventName] = ["inserted"] if is_new else []
    was_started = row.attempted_at is not None and row.attempted_at >= position.since
    if row.state is JobState.RUNNING or (was_started and (before is None or row.attempt > before[1])):
        names.append("started")
    if row.state in FINAL:
        names.append("finished")
    elif row.state is not JobState.RUNNING and not (is_new and row.attempted_at is None):
        names.append("waiting")
    return names


def _event(name: EventName, row: JobRow, progress: Progress | None, position: Position) -> JobEvent:
    event: Literal["state", "progress"] = "progress" if name == "progress" else "state"
    return JobEvent(event=event, job=row, progress=progress, name=name, position=position.encode())
