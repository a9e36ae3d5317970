"""Events of the jobs that this client works, told once their ends are in the database; without subscribers they cost nothing."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple, Self, assert_never

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.given import check_lists
from revenge.infra.jobs.models import JobRow, JobState
from revenge.infra.jobs.outcome import Settlement

BUFFER = 1000
"""Events kept for a subscriber that does not read (River: `subscribeChanSizeDefault`)."""
AVERAGES_S = 5.0
"""Least time between two lines with averages. River's interval."""

logger = logging.getLogger("revenge.jobs")


class EventKind(StrEnum):
    """What a client tells of (River: ``EventKind``)."""

    JOB_CANCELLED = "job_cancelled"
    JOB_COMPLETED = "job_completed"
    JOB_FAILED = "job_failed"
    """Both with a retry to come and for the last time: ``job.state`` says which."""
    JOB_INTERRUPTED = "job_interrupted"
    """A stop took it out of its worker's hands; it is available again."""
    JOB_SNOOZED = "job_snoozed"
    QUEUE_PAUSED = "queue_paused"
    QUEUE_RESUMED = "queue_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """How long one attempt took (River: ``JobStatistics``)."""

    complete_duration: timedelta
    """From the worker's end until its result was in the database."""
    queue_wait_duration: timedelta
    """From when it was due until it was fetched."""
    run_duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded:
    """An attempt ended here: the job as it was persisted, which is not always as its worker wished."""

    kind: EventKind
    job: JobRow
    statistics: JobStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged:
    """A queue that this client works was paused or resumed, by whomever."""

    kind: EventKind
    queue: str


LocalEvent = AttemptEnded | QueueChanged


def kind_of(state: JobState, wished: EventKind) -> EventKind | None:
    """Return what an attempt amounts to whose row is in ``state`` after its end was written; None: not an end at all."""
    match state:
        case JobState.COMPLETED:
            return EventKind.JOB_COMPLETED
        case JobState.CANCELLED:
            return EventKind.JOB_CANCELLED
        case JobState.DISCARDED | JobState.RETRYABLE:
            return EventKind.JOB_FAILED
        case JobState.SCHEDULED:
            return EventKind.JOB_SNOOZED
        case JobState.AVAILABLE:
            # Early retries, short snoozes and interruptions all end here.
            is_known = wished in (EventKind.JOB_FAILED, EventKind.JOB_INTERRUPTED, EventKind.JOB_SNOOZED)
            return wished if is_known else EventKind.JOB_FAILED
        case JobState.PENDING | JobState.RUNNING:
            return None
        case _:
            assert_never(state)


def wish_of(settlement: Settlement) -> EventKind:
    """Return what a settlement is meant to be."""
    if settlement.state is JobState.COMPLETED:
        return EventKind.JOB_COMPLETED
    if settlement.state is JobState.CANCELLED:
        return EventKind.JOB_CANCELLED
    if settlement.error is not None:
        return EventKind.JOB_FAILED
    return EventKind.JOB_INTERRUPTED if settlement.is_interruption else EventKind.JOB_SNOOZED


class Subscription:
    """The events of one subscriber: ``async for event in subscription``; ends when its client stops.

    Use it as a context manager, or ``close`` it. Who does not read for a thousand events misses those that come then.
    """

    def __init__(
        self,
        *,
        events: Collection[EventKind],
        kinds: Collection[str],
        queues: Collection[str],
        buffer: int,
        on_close: "Callable[[Subscription], None]",
    ) -> None:
        check_lists(events=events, kinds=kinds, queues=queues)
        if buffer < 1:
            message = f"buffer must be at least 1, got {buffer}"
            raise ValueError(message)
        self._events = frozenset(EventKind(event) for event in events)
        self._kinds, self._queues = frozenset(kinds), frozenset(queues)
        self._size = buffer
        self._on_close = on_close
        self._buffer: deque[LocalEvent] = deque()
        self._changed = asyncio.Event()
        self._is_closed = False
        self.dropped = 0
        """Events that were missed because the buffer was full."""

    def wants(self, kind: EventKind) -> bool:
        """Whether events of this kind may pass the filters."""
        return not self._events or kind in self._events

    def offer(self, event: LocalEvent) -> None:
        """Keep ``event`` if it passes the filters and there is room."""
        queue = event.queue if isinstance(event, QueueChanged) else event.job.queue
        if not self.wants(event.kind) or (self._queues and queue not in self._queues):
            return
        if self._kinds and isinstance(event, AttemptEnded) and event.job.kind not in self._kinds:
            return
        if len(self._buffer) >= self._size:
            self.dropped += 1
            logger.warning("subscription.dropped", extra={"event": event.kind.value, "dropped": self.dropped})
            return
        self._buffer.append(event)
        self._changed.set()

    def close(self) -> None:
        """Take no more events; what is in the buffer can still be read."""
        self._is_closed = True
        self._changed.set()
        self._on_close(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LocalEvent:
        while not self._buffer:
            if self._is_closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._buffer.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Times(NamedTuple):
    """What is known of an attempt when its worker has ended."""

    ended_at: float
    queue_wait: timedelta
    run: timedelta


class LocalEvents:
    """The subscribers of one client."""

    def __init__(self) -> None:
        self.is_watched = False
        """Whether there are any."""
        self._subscriptions: set[Subscription] = set()
        self._times: dict[int, _Times] = {}
        self._sums = [timedelta(0)] * 3
        self._count = 0
        self._logged_at = float("-inf")

    def subscribe(
        self, *, events: Collection[EventKind], kinds: Collection[str], queues: Collection[str], buffer: int
    ) -> Subscription:
        """Return a new subscriber; an empty filter lets all pass.

        Raises:
            ValueError: there is no such event, or no room.
        """
        subscription = Subscription(events=events, kinds=kinds, queues=queues, buffer=buffer, on_close=self._forget)
        self._subscriptions.add(subscription)
        self.is_watched = True
        return subscription

    def wants(self, kind: EventKind) -> bool:
        """Whether any subscriber listens for events of this kind."""
        return any(subscription.wants(kind) for subscription in self._subscriptions)

    def attempt_ended(self, attempt: Attempt) -> None:
        """Note the times of an attempt whose end is about to be written."""
        claim, now = attempt.claim, asyncio.get_running_loop().time()
        queue_wait = max(claim.attempted_at - claim.scheduled_at, timedelta(0))
        # One that a stop ends before its turn has not run at all.
        run = timedelta(seconds=now - attempt.started_at) if attempt.started_at else timedelta(0)
        self._times[claim.id] = _Times(now, queue_wait, run)

    def queue_changed(self, name: str, *, paused: bool) -> None:
        """Tell that a queue was paused or resumed."""
        kind = EventKind.QUEUE_PAUSED if paused else EventKind.QUEUE_RESUMED
        self._tell(QueueChanged(kind=kind, queue=name))

    def persisted(self, ends: Iterable[tuple[EventKind | None, JobRow]], written: Iterable[int]) -> None:
        """Tell of attempts whose ends are in the database; forget the times of all that were ``written``."""
        now = asyncio.get_running_loop().time()
        for kind, row in ends:
            if kind is None:
                logger.debug("job.not_ended", extra={"job_id": row.id, "kind": row.kind, "state": row.state.value})
                continue
            times = self._times.get(row.id, _Times(now, timedelta(0), timedelta(0)))
            statistics = JobStatistics(
                complete_duration=timedelta(seconds=now - times.ended_at),
                queue_wait_duration=times.queue_wait,
                run_duration=times.run,
            )
            self._add_up(statistics)
            self._tell(AttemptEnded(kind=kind, job=row, statistics=statistics))
        for job_id in written:
            self._times.pop(job_id, None)
        self._log_averages(now)

    def close(self) -> None:
        """End all subscriptions when they have been read."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def _forget(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        self.is_watched = bool(self._subscriptions)
        if not self.is_watched:
            self._times.clear()

    def _tell(self, event: LocalEvent) -> None:
        for subscription in list(self._subscriptions):
            subscription.offer(event)

    def _add_up(self, one: JobStatistics) -> None:
        for place, duration in enumerate((one.complete_duration, one.queue_wait_duration, one.run_duration)):
            self._sums[place] += duration
        self._count += 1

    def _log_averages(self, now: float) -> None:
        if not self._count or now - self._logged_at < AVERAGES_S:
            return
        complete, queue_wait, run = (total / self._count / timedelta(milliseconds=1) for total in self._sums)
        extra = {"jobs": self._count, "complete_ms": complete, "queue_wait_ms": queue_wait, "run_ms": run}
        logger.debug("jobs.averages", extra=extra)
        self._sums, self._count, self._logged_at = [timedelta(0)] * 3, 0, now
