"""Server-sent events of jobs: the present state first, then what changes, until the job or the server ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse

from revenge.app.http.services import Jobs
from revenge.app.json_text import json_text
from revenge.app.presentation import job_to_json
from revenge.infra.jobs.clock import Clock, sleep_unless
from revenge.infra.jobs.errors import InvalidCursor, JobNotFound
from revenge.infra.jobs.events import JobEvent
from revenge.infra.jobs.models import FINAL, JobListParams, JobRow, JobState
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.watching import Position

RECONNECT_MS = 1000
"""What browsers wait before they come back: a server's restart takes about this."""
FLUSH = timedelta(milliseconds=100)
"""Events of one job within this time become one: an eye can't follow more, and a bar has its second's news at once."""
KEEP_ALIVE = timedelta(seconds=15)
"""A word at least this often, so that no proxy takes a quiet stream for a dead one."""
PING = b": ping\n\n"
LOOK_AGAIN = timedelta(seconds=2)
"""A stream of one job reads its row at least this often: notifications are hints, and may be lost."""
CATCH_UP = timedelta(hours=1)
"""Who was away for longer is told to read anew: that is less than all that has happened since."""
PRESENT_ROWS = 500
MAILBOX_EVENTS = 5000
"""Events that may wait for a slow listener; what comes beyond waits in the tables."""

log = structlog.get_logger(__name__)


class Mailbox:
    """Events that wait for one listener; of each job only the latest of each sort."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str], JobEvent] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.closed = False

    async def put(self, event: JobEvent) -> None:
        """Add an event when there is room; a later one of its job and sort takes its place at the end."""
        await self._room.wait()
        key = (event.job.id, event.event)
        self._waiting.pop(key, None)
        if event.event == "state" and event.state in FINAL:
            self._waiting.pop((event.job.id, "progress"), None)
        self._waiting[key] = event
        if len(self._waiting) >= MAILBOX_EVENTS:
            self._room.clear()
        self._news.set()

    def close(self) -> None:
        """Let the listener go once it has what waits."""
        self.closed = True
        self._news.set()

    async def wait(self, at_most: timedelta) -> bool:
        """Wait for news or the end; return False when the time has passed without."""
        return await sleep_unless(self._news, at_most)

    def take(self) -> list[JobEvent]:
        """Return what waits, oldest first."""
        taken = list(self._waiting.values())
        self._waiting.clear()
        self._room.set()
        if not self.closed:
            self._news.clear()
        return taken


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a stream of all jobs begins."""

    position: str
    """Of the client: everything behind it is told."""
    is_gapless: bool = True
    """False: the listener was away for too long, and has to read anew what it knows."""

    @classmethod
    def of(cls, last_event_id: str | None, *, present: str) -> "Beginning":
        """Return it for a listener that comes with ``last_event_id``; one that is none of ours counts as none."""
        if last_event_id is None:
            return cls(present)
        now = Position.decode(present)
        try:
            last = Position.decode(last_event_id)
        except InvalidCursor:
            return cls(present)
        # What lies ahead is another database's: this one was put back to an earlier state, or is a new one.
        if last.since > now.since or last.last_id > now.last_id or now.since - last.since > CATCH_UP:
            return cls(present, is_gapless=False)
        return cls(last_event_id)


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
        self,
        *,
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        job_ids: Collection[int] = (),
        after: str | None = None,
    ) -> AsyncIterator[Mailbox]:
        """Give a mailbox that fills with the cluster's events until the block ends, from now on or ``after`` a position."""
        mailbox = Mailbox()
        self._open.add(mailbox)
        if self._closed:
            mailbox.close()
        events = self._jobs.subscribe(kinds=kinds, queues=queues, job_ids=job_ids, after=after)
        # No TaskGroup: it would wrap the errors by which a route answers 404 or 422.
        pump = asyncio.create_task(_pump(events, mailbox), name="http.sse.pump")
        try:
            yield mailbox
        finally:
            self._open.discard(mailbox)
            pump.cancel()
            await asyncio.wait([pump])

    async def of_job(self, job: JobRow, mailbox: Mailbox) -> AsyncIterator[bytes]:
        """Yield the job as it is, then each change, until it is final.

        An event's id is the version of the job that the client has after it, see ``version``.
        """
        row: JobRow | None = job
        progress = (await self._jobs.progress([job.id])).get(job.id)
        yield _event("state", version(job, progress), job_to_json(job, progress), retry=RECONNECT_MS)
        sent = version(job, progress)
        quiet = timedelta(0)
        while row is not None and not row.is_final and not mailbox.closed:
            told = await mailbox.wait(LOOK_AGAIN)
            mailbox.take()
            before = row
            row, progress = await self._read(job.id)
            if row is not None and version(row, progress) != sent:
                sent = version(row, progress)
                moved = version(before, None) != version(row, None)
                shape = job_to_json if moved or progress is None else _partial
                yield _event("state" if shape is job_to_json else "progress", sent, shape(row, progress))
                quiet = timedelta(0)
            elif not told and (quiet := quiet + LOOK_AGAIN) >= KEEP_ALIVE:
                yield PING
                quiet = timedelta(0)

    async def of_all(
        self, mailbox: Mailbox, beginning: Beginning, *, kinds: Collection[str], queues: Collection[str]
    ) -> AsyncIterator[bytes]:
        """Yield the jobs that run, then what happens to any job from ``beginning`` on.

        An event's id is its position: with it a listener goes on wherever it comes back, on another node too.
        """
        yield format_sse_event(retry=RECONNECT_MS, comment="welcome")
        running = frozenset({JobState.RUNNING})
        page = await self._jobs.list(JobListParams(states=running, kinds=kinds, queues=queues, limit=PRESENT_ROWS))
        progress = await self._jobs.progress([row.id for row in page.jobs]) if page.jobs else {}
        for row in reversed(page.jobs):
            yield _event("state", beginning.position, job_to_json(row, progress.get(row.id)))
        if page.next_cursor is not None or not beginning.is_gapless:
            yield _event("reset", beginning.position, {})
        while not mailbox.closed:
            if not await mailbox.wait(KEEP_ALIVE):
                yield PING
            for event in mailbox.take():
                shape = job_to_json if event.event == "state" else _partial
                yield _event(event.event, event.position, shape(event.job, event.progress))
            if not mailbox.closed:
                await self._clock.sleep(FLUSH)

    async def _read(self, job_id: int) -> tuple[JobRow | None, Progress | None]:
        try:
            row = await self._jobs.get(job_id)
        except JobNotFound:
            return None, None
        return row, (await self._jobs.progress([job_id])).get(job_id)


async def _pump(events: AsyncIterator[JobEvent], mailbox: Mailbox) -> None:
    try:
        async for event in events:
            await mailbox.put(event)
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


def _partial(row: JobRow, progress: Progress | None) -> dict[str, Any]:
    whole = job_to_json(row, progress)
    return {name: whole[name] for name in ("id", "kind", "queue", "state", "progress")}


def _event(name: str, id: str, document: Any, *, retry: int | None = None) -> bytes:
    return format_sse_event(event=name, id=id, data_str=json_text(document).decode(), retry=retry)


def event_stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    """Return the answer that sends ``events`` as they come.

    FastAPI's own generator routes are not used: they raise when a browser leaves in the middle of an event.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
