"""Queues: look, pause, resume."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import QueueListOut, QueueOut
from revenge.app.http.services import Jobs
from revenge.app.presentation import queue_to_json
from revenge.infra.jobs.errors import QueueNotFound

EVERY_QUEUE = "*"

QueueOrAll = Annotated[
    str,
    Path(
        description="A queue's name, or `*` for every queue.",
        max_length=64,
        pattern=r"^(\*|[a-z0-9]+([_|\-]?[a-z0-9]+)*)$",
    ),
]


def queues_router(jobs: Jobs) -> APIRouter:
    """Return the routes under ``/queues``."""
    router = APIRouter(prefix="/queues", tags=["queues"], responses=documented(401, 503))

    @router.get("", response_model=QueueListOut)
    async def list_queues() -> Response:
        """List every queue with its unfinished jobs by state, its longest wait and its workers."""
        return await _queues(jobs, EVERY_QUEUE)

    @router.post("/{name}/pause", response_model=QueueOut | QueueListOut, responses=documented(404, 422))
    async def pause_queue(name: QueueOrAll) -> Response:
        """Stop fetching from a queue; what runs goes on. Return the queue, for `*` all of them."""
        await jobs.pause_queue(name)
        return await _queues(jobs, name)

    @router.post("/{name}/resume", response_model=QueueOut | QueueListOut, responses=documented(404, 422))
    async def resume_queue(name: QueueOrAll) -> Response:
        """Fetch from a queue again. Return the queue, for `*` all of them."""
        await jobs.resume_queue(name)
        return await _queues(jobs, name)

    return router


async def _queues(jobs: Jobs, name: str) -> Response:
    shapes = [queue_to_json(queue) for queue in await jobs.queues()]
    if name == EVERY_QUEUE:
        return json_response({"queues": shapes})
    for shape in shapes:
        if shape["name"] == name:
            return json_response(shape)
    raise QueueNotFound(name)
