"""Server-sent events of jobs: the present state first, then what changes, until the job or the server ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse

from revenge.app.http.services import Jobs
from revenge.app.presentation import job_to_json
from revenge.infra.jobs.clock import Clock, sleep_unless
from revenge.infra.jobs.errors import JobNotFound
from revenge.infra.jobs.events import JobEvent
from revenge.infra.jobs.models import FINAL, UNFINISHED, JobListParams, JobRow, JobState
from revenge.infra.jobs.progress import Progress

RECONNECT_MS = 1000
"""What browsers wait before they come back: a server's restart takes about this."""
FLUSH = timedelta(milliseconds=100)
"""Events of one job within this time become one: an eye can't follow more, and a bar has its second's news at once."""
KEEP_ALIVE = timedelta(seconds=15)
"""A word at least this often, so that no proxy takes a quiet stream for a dead one."""
PING = b": ping\n\n"
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

    async def wait(self, at_most: timedelta) -> bool:
        """Wait for news or the end; return False when the time has passed without."""
        return await sleep_unless(self._news, at_most)

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
        events = self._jobs.subscribe(kinds=kinds, queues=queues, job_ids=job_ids)
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
        self, mailbox: Mailbox, *, kinds: Collection[str], queues: Collection[str], since: datetime | None
    ) -> AsyncIterator[bytes]:
        """Yield the jobs that run, then each change of any job; first what was missed ``since`` a time."""
        yield format_sse_event(retry=RECONNECT_MS, comment="welcome")
        started = self._clock.now()
        rows, complete = await self._present(kinds, queues, since)
        progress = await self._jobs.progress([row.id for row in rows]) if rows else {}
        for row in rows:
            yield _event("state", _moment_id(started), job_to_json(row, progress.get(row.id)))
        if not complete:
            yield _reset(started)
        while not mailbox.closed:
            if not await mailbox.wait(KEEP_ALIVE):
                yield PING
            if mailbox.overflowed:
                mailbox.overflowed = False
                yield _reset(self._clock.now())
            for event in mailbox.take():
                shape = job_to_json if event.event == "state" else _partial
                yield _event(event.event, _moment_id(self._clock.now()), shape(event.job, event.progress))
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


def _partial(row: JobRow, progress: Progress | None) -> dict[str, Any]:
    whole = job_to_json(row, progress)
    return {name: whole[name] for name in ("id", "kind", "queue", "state", "progress")}


def _reset(moment: datetime) -> bytes:
    return _event("reset", _moment_id(moment), {})


def _moment_id(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000_000))


def _event(name: str, id: str, document: Any, *, retry: int | None = None) -> bytes:
    return format_sse_event(event=name, id=id, data_str=orjson.dumps(document).decode(), retry=retry)


def event_stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    """Return the answer that sends ``events`` as they come.

    FastAPI's own generator routes are not used: they raise when a browser leaves in the middle of an event.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
