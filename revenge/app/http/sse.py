"""Server-sent events of jobs: the present state first, then what changes, until the job or the server ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from fastapi.sse import ServerSentEvent

from revenge.app.http.services import Jobs
from revenge.app.presentation import job_to_json
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import JobNotFound
from revenge.infra.jobs.events import JobEvent
from revenge.infra.jobs.models import FINAL, UNFINISHED, JobListParams, JobRow, JobState
from revenge.infra.jobs.progress import Progress

RECONNECT_MS = 1000
"""What browsers wait before they come back: a server's restart takes about this."""
FLUSH = timedelta(milliseconds=100)
"""Events of one job within this time become one: an eye can't follow more, and a bar has its second's news at once."""
LOOK_AGAIN = timedelta(seconds=2)
"""A stream of one job reads its row at least this often: notifications are hints, and may be lost."""
OVERLAP = timedelta(seconds=10)
"""How far before the last event a catch-up begins: clocks of nodes differ, and rows are written in batches."""
CATCH_UP_ROWS = 500
MAILBOX_EVENTS = 5000
"""Events that may wait for a slow listener; beyond, it is told to read anew."""

log = structlog.get_logger(__name__)


class Mailbox:
    """Events that wait for one listener; of each job only the latest of each sort."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str], JobEvent] = {}
        self._news = asyncio.Event()
        self.closed = False
        self.overflowed = False

    def put(self, event: JobEvent) -> None:
        """Add an event; a later one of its job and sort takes its place at the end."""
        if len(self._waiting) >= MAILBOX_EVENTS:
            self._waiting.clear()
            self.overflowed = True
        key = (event.job.id, event.event)
        self._waiting.pop(key, None)
        if event.event == "state" and event.state in FINAL:
            self._waiting.pop((event.job.id, "progress"), None)
        self._waiting[key] = event
        self._news.set()

    def close(self) -> None:
        """Let the listener go once it has what waits."""
        self.closed = True
        self._news.set()

    async def wait(self, at_most: timedelta | None = None) -> None:
        """Wait for news, the end, or for the time to pass."""
        try:
            async with asyncio.timeout(at_most.total_seconds() if at_most else None):
                await self._news.wait()
        except TimeoutError:
            return

    def take(self) -> list[JobEvent]:
        """Return what waits, oldest first."""
        taken = list(self._waiting.values())
        self._waiting.clear()
        if not self.closed:
            self._news.clear()
        return taken


class Streams:
    """The open event streams of this process, so that a stop can end them: a server waits for its open answers."""

    def __init__(self, jobs: Jobs, *, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock
        self._open: set[Mailbox] = set()
        self._closed = False

    def close(self) -> None:
        """End every stream, and those that are opened from now on at once."""
        self._closed = True
        for mailbox in self._open:
            mailbox.close()

    @asynccontextmanager
    async def subscribed(
        self, *, kinds: Collection[str] = (), queues: Collection[str] = (), job_ids: Collection[int] = ()
    ) -> AsyncIterator[Mailbox]:
        """Give a mailbox that fills with the cluster's events until the block ends."""
        mailbox = Mailbox()
        self._open.add(mailbox)
        if self._closed:
            mailbox.close()
        async with asyncio.TaskGroup() as tasks:
            events = self._jobs.subscribe(kinds=kinds, queues=queues, job_ids=job_ids)
            pump = tasks.create_task(_pump(events, mailbox), name="http.sse.pump")
            try:
                yield mailbox
            finally:
                self._open.discard(mailbox)
                pump.cancel()

    async def of_job(self, job: JobRow, mailbox: Mailbox) -> AsyncIterator[ServerSentEvent]:
        """Yield the job as it is, then each change, until it is final.

        An event's id is the version of the job that the client has after it, see ``version``.
        """
        row: JobRow | None = job
        progress = (await self._jobs.progress([job.id])).get(job.id)
        yield ServerSentEvent(retry=RECONNECT_MS, **_state_of(job, progress))
        sent = version(job, progress)
        while row is not None and not row.is_final and not mailbox.closed:
            await mailbox.wait(LOOK_AGAIN)
            mailbox.take()
            before = row
            row, progress = await self._read(job.id)
            if row is None or version(row, progress) == sent:
                continue
            sent = version(row, progress)
            if _moved(before, row) or progress is None:
                yield ServerSentEvent(**_state_of(row, progress))
            else:
                yield ServerSentEvent(event="progress", id=sent, raw_data=_dump(_partial(row, progress)))

    async def of_all(
        self, mailbox: Mailbox, *, kinds: Collection[str], queues: Collection[str], since: datetime | None
    ) -> AsyncIterator[ServerSentEvent]:
        """Yield the jobs that run, then each change of any job; first what was missed ``since`` a time."""
        yield ServerSentEvent(retry=RECONNECT_MS, comment="welcome")
        started = self._clock.now()
        rows, complete = await self._present(kinds, queues, since)
        progress = await self._jobs.progress([row.id for row in rows]) if rows else {}
        for row in rows:
            document = _dump(job_to_json(row, progress.get(row.id)))
            yield ServerSentEvent(event="state", id=_moment_id(started), raw_data=document)
        if not complete:
            yield _reset(started)
        while not mailbox.closed:
            await mailbox.wait()
            if mailbox.overflowed:
                mailbox.overflowed = False
                yield _reset(self._clock.now())
            for event in mailbox.take():
                shape = job_to_json if event.event == "state" else _partial
                document = _dump(shape(event.job, event.progress))
                yield ServerSentEvent(event=event.event, id=_moment_id(self._clock.now()), raw_data=document)
            if not mailbox.closed:
                await self._clock.sleep(FLUSH)

    async def _read(self, job_id: int) -> tuple[JobRow | None, Progress | None]:
        try:
            row = await self._jobs.get(job_id)
        except JobNotFound:
            return None, None
        return row, (await self._jobs.progress([job_id])).get(job_id)

    async def _present(
        self, kinds: Collection[str], queues: Collection[str], since: datetime | None
    ) -> tuple[list[JobRow], bool]:
        """Return the jobs to show first, oldest first, and whether they are all."""
        states = UNFINISHED if since else frozenset({JobState.RUNNING})
        page = await self._jobs.list(JobListParams(states=states, kinds=kinds, queues=queues, limit=CATCH_UP_ROWS))
        rows, complete = page.jobs, page.next_cursor is None
        if since is not None:
            ended = await self._jobs.list(JobListParams(states=FINAL, kinds=kinds, queues=queues, limit=CATCH_UP_ROWS))
            complete = complete and ended.next_cursor is None
            rows = rows + [row for row in ended.jobs if (row.finalized_at or row.created_at) >= since - OVERLAP]
        return sorted(rows, key=lambda row: row.id), complete


async def _pump(events: AsyncIterator[JobEvent], mailbox: Mailbox) -> None:
    try:
        async for event in events:
            mailbox.put(event)
    except Exception as error:  # noqa: BLE001 - the stream ends and its client comes back; nobody else is harmed
        log.warning("http.events_lost", error=repr(error))
    finally:
        mailbox.close()
        if isinstance(events, AsyncGenerator):
            await events.aclose()


def version(row: JobRow, progress: Progress | None) -> str:
    """Return what changes whenever the job's document does."""
    moments = (row.attempted_at, row.finalized_at, row.scheduled_at, progress.updated_at if progress else None)
    marks = (str(int(moment.timestamp() * 1_000_000)) if moment else "0" for moment in moments)
    asked = "1" if row.metadata.get("cancel_attempted_at") else "0"
    return "-".join((row.state.value, str(row.attempt), asked, *marks))


def since_of(last_event_id: str | None) -> datetime | None:
    """Return the time in an event id of the stream of all jobs, None where there is none."""
    if last_event_id is None or not last_event_id.isascii() or not last_event_id.isdigit():
        return None
    try:
        return datetime.fromtimestamp(int(last_event_id) / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _moved(before: JobRow, after: JobRow) -> bool:
    return version(before, None) != version(after, None)


def _state_of(row: JobRow, progress: Progress | None) -> dict[str, Any]:
    return {"event": "state", "id": version(row, progress), "raw_data": _dump(job_to_json(row, progress))}


def _partial(row: JobRow, progress: Progress | None) -> dict[str, Any]:
    whole = job_to_json(row, progress)
    return {name: whole[name] for name in ("id", "kind", "queue", "state", "progress")}


def _reset(moment: datetime) -> ServerSentEvent:
    return ServerSentEvent(event="reset", id=_moment_id(moment), raw_data="{}")


def _moment_id(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000_000))


def _dump(document: Any) -> str:
    return orjson.dumps(document).decode()
