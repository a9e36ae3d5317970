"""Server-sent events: of one job, and of all."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from pydantic import Field
from starlette.responses import StreamingResponse

from revenge.app.http.problems import documented
from revenge.app.http.schemas import FilterText, JobId, Strict
from revenge.app.http.services import Jobs
from revenge.app.http.sse import Beginning, Mailbox, Streams, event_stream, version
from revenge.infra.jobs.models import JobRow

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=256)]


_EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["state", "progress", "reset"]},
        "id": {"type": "string", "description": "To be sent as `Last-Event-ID` after a reconnect."},
        "data": {"type": "string", "description": "JSON."},
        "retry": {"type": "integer", "minimum": 0},
    },
}
EVENT_STREAM = {"description": "Events.", "content": {"text/event-stream": {"schema": _EVENT}}}


class NothingMore(Exception):
    """The client has seen the job's end: 204 tells its EventSource not to come back."""


class EventsQuery(Strict):
    """Which jobs' events to send; an empty filter lets all pass."""

    kinds: list[FilterText] = Field(default=[])
    queues: list[FilterText] = Field(default=[])


def events_router(jobs: Jobs, streams: Streams) -> APIRouter:
    """Return ``/jobs/{id}/events`` and ``/events``."""
    router = APIRouter(tags=["events"], responses=documented(401, 422, 503))

    async def watched(id: JobId, last_event_id: LastEventId = None) -> AsyncIterator[tuple[JobRow, Mailbox]]:
        job = await jobs.get(id)
        async with streams.subscribed(job_ids=(id,)) as mailbox:
            # Read again now that the subscription stands: what happened in between is in the row.
            job = await jobs.get(id)
            if job.is_final and last_event_id == version(job, (await jobs.progress([id])).get(id)):
                raise NothingMore
            yield job, mailbox

    async def watched_all(
        query: Annotated[EventsQuery, Query()], last_event_id: LastEventId = None
    ) -> AsyncIterator[tuple[Beginning, Mailbox]]:
        # Before anything is listed: what happens from here on is told, whatever takes its time.
        beginning = Beginning.of(last_event_id, present=await jobs.position())
        kinds, queues = _split(query.kinds), _split(query.queues)
        async with streams.subscribed(kinds=kinds, queues=queues, after=beginning.position) as mailbox:
            yield beginning, mailbox

    @router.get(
        "/jobs/{id}/events",
        response_class=StreamingResponse,
        responses={
            200: EVENT_STREAM,
            204: {"description": "The job has ended, and `Last-Event-ID` says that it was seen."},
            **documented(404),
        },
    )
    async def job_events(watch: Annotated[tuple[JobRow, Mailbox], Depends(watched)]) -> StreamingResponse:
        """Follow a job until it is final.

        `state` events hold the whole job, `progress` events its `id kind queue state progress`. The present state
        comes first, after a reconnect too; what was missed in between is in it.
        """
        job, mailbox = watch
        return event_stream(streams.of_job(job, mailbox))

    @router.get("/events", response_class=StreamingResponse, responses={200: EVENT_STREAM})
    async def all_events(
        query: Annotated[EventsQuery, Query()],
        watch: Annotated[tuple[Beginning, Mailbox], Depends(watched_all)],
    ) -> StreamingResponse:
        """Follow all jobs; `kinds` and `queues` are repeated or separated by commas.

        Events are those of a single job's stream: `state` for each job that runs now, then for whatever changes. With
        `Last-Event-ID` what was missed is told too, whichever node answers and whatever was restarted meanwhile; the last seconds
        before come again. `reset` says that something is left out, since more than 500 jobs run or more than an hour was missed:
        read the lists anew then.
        """
        beginning, mailbox = watch
        kinds, queues = _split(query.kinds), _split(query.queues)
        return event_stream(streams.of_all(mailbox, beginning, kinds=kinds, queues=queues))

    return router


def _split(values: list[str]) -> tuple[str, ...]:
    return tuple(part for value in values for part in value.split(",") if part)
