"""Jobs: list, look, enqueue, cancel, retry, delete."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.responses import Response

from revenge.app.given_args import read_args
from revenge.app.http.problems import documented, invalid, unknown_cursor
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import EnqueuedOut, JobId, JobListOut, JobOut, JobsQuery, NewJob
from revenge.app.http.services import Jobs
from revenge.app.known_queues import unknown_queue
from revenge.app.presentation import job_to_json
from revenge.infra.jobs.errors import InvalidCursor, UnknownKind
from revenge.infra.jobs.models import InsertOpts, JobListParams, JobRow, JobState


def jobs_router(jobs: Jobs, queues: Collection[str] = ()) -> APIRouter:
    """Return the routes under ``/jobs``; ``queues`` are those that the settings name."""
    router = APIRouter(prefix="/jobs", tags=["jobs"], responses=documented(400, 401, 422, 503))

    @router.get("", response_model=JobListOut, responses=documented(404))
    async def list_jobs(query: Annotated[JobsQuery, Query()]) -> Response:
        """List jobs, newest first."""
        params = JobListParams(
            states=query.state,
            kinds=query.kind,
            queues=query.queue,
            tags=query.tag,
            limit=query.limit,
            cursor=query.cursor,
        )
        try:
            page = await jobs.list(params)
        except InvalidCursor as error:
            raise unknown_cursor() from error
        shapes = await _shapes(jobs, page.jobs)
        return json_response({"jobs": shapes, "next_cursor": page.next_cursor})

    @router.post(
        "",
        response_model=EnqueuedOut,
        status_code=201,
        responses={
            200: {"model": EnqueuedOut, "description": "An equal unique job was there already: this is it."},
            **documented(404, 413),
        },
    )
    async def enqueue_job(body: NewJob) -> Response:
        """Enqueue a job of a kind that this server knows; its arguments are checked.

        A queue that nobody serves is refused: its jobs would wait for ever. Those of other services are fine, once one has run.
        """
        opts = InsertOpts(
            queue=body.queue,
            priority=body.priority,
            max_attempts=body.max_attempts,
            scheduled_at=body.scheduled_at,
            tags=body.tags,
            metadata=body.metadata,
        )
        try:
            args = read_args(jobs.workers.args_type(body.kind), body.args)
        except UnknownKind as error:
            detail = f"there is no kind {error.kind!r} on this server"
            raise ProblemError(404, "unknown-kind", detail) from error
        except ValidationError as error:
            raise invalid(error.errors(), prefix=("body", "args")) from error
        await _check_queue(jobs, body.queue, queues, own=args.insert_opts.queue)
        result = await jobs.insert(args, opts)
        shape = job_to_json(result.job, None)
        shape["duplicate"] = result.duplicate
        location = {"Location": f"/api/v1/jobs/{result.job.id}"}
        return json_response(shape, 200 if result.duplicate else 201, headers=location)

    @router.get("/{id}", response_model=JobOut, responses=documented(404))
    async def get_job(id: JobId) -> Response:
        """Return a job, with what its worker logged in each attempt."""
        return await _one(jobs, await jobs.get(id))

    @router.post("/{id}/cancel", response_model=JobOut, responses=documented(404, 409))
    async def cancel_job(id: JobId) -> Response:
        """Cancel a job: one that waits at once, one that runs as soon as it notices."""
        row = await jobs.cancel(id)
        if row.is_final and row.state is not JobState.CANCELLED:
            detail = f"job {id} is {row.state} already: there is nothing left to cancel"
            raise ProblemError(409, "job-has-ended", detail, job_id=id)
        return await _one(jobs, row)

    @router.post("/{id}/retry", response_model=JobOut, responses=documented(404, 409))
    async def retry_job(id: JobId) -> Response:
        """Make a job available now, with one more attempt if it had used up its own."""
        row = await jobs.retry(id)
        if row.state is JobState.RUNNING:
            detail = f"job {id} is running: cancel it first and wait until it has stopped"
            raise ProblemError(409, "job-is-running", detail, job_id=id)
        return await _one(jobs, row)

    @router.delete("/{id}", response_model=JobOut, responses=documented(404, 409))
    async def delete_job(id: JobId) -> Response:
        """Delete a job that is not running; return it as it was."""
        return json_response(job_to_json(await jobs.delete(id), None, with_log=True))

    return router


async def _check_queue(jobs: Jobs, name: str | None, queues: Collection[str], *, own: str | None) -> None:
    if name is None or name == own:
        return
    known = await unknown_queue(jobs, name, settings=queues)
    if known is not None:
        detail = f"nobody serves the queue {name!r}: queues are {', '.join(known)}; another one is known once a worker serves it"
        raise ProblemError(422, "unknown-queue", detail, errors=[{"pointer": "/queue", "detail": detail}])


async def _one(jobs: Jobs, row: JobRow) -> Response:
    progress = await jobs.progress([row.id])
    return json_response(job_to_json(row, progress.get(row.id), with_log=True))


async def _shapes(jobs: Jobs, rows: Sequence[JobRow]) -> list[dict[str, Any]]:
    progress = await jobs.progress([row.id for row in rows]) if rows else {}
    return [job_to_json(row, progress.get(row.id)) for row in rows]
