"""Periodic jobs: look, pause, resume, run now, change when they run."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path
from starlette.responses import Response

from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import EverySchedule, NewSchedule, PeriodicListOut, PeriodicOut
from revenge.app.http.services import Periodic
from revenge.app.presentation import periodic_to_json
from revenge.infra.jobs.cron import Cron
from revenge.infra.jobs.periodic import Every

PeriodicId = Annotated[
    str, Path(description="A periodic job's id.", max_length=127, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_\-\[\]<>.·:+]+$")
]
"""As the engine takes ids, but for slashes: a server can't tell an encoded one from a separator. The CLI takes them."""


def periodic_router(periodic: Periodic) -> APIRouter:
    """Return the routes under ``/periodic``."""
    router = APIRouter(prefix="/periodic", tags=["periodic"], responses=documented(401, 503))

    @router.get("", response_model=PeriodicListOut)
    async def list_periodic() -> Response:
        """List the periodic jobs with their schedules, last and next runs."""
        return json_response({"periodic": [periodic_to_json(info) for info in await periodic.list()]})

    @router.post("/{periodic_id}/pause", response_model=PeriodicOut, responses=documented(404, 422))
    async def pause_periodic(periodic_id: PeriodicId) -> Response:
        """Let no more runs happen but those that are asked for."""
        await periodic.pause(periodic_id)
        return await _one(periodic, periodic_id)

    @router.post("/{periodic_id}/resume", response_model=PeriodicOut, responses=documented(404, 422))
    async def resume_periodic(periodic_id: PeriodicId) -> Response:
        """Run at the planned times again."""
        await periodic.resume(periodic_id)
        return await _one(periodic, periodic_id)

    @router.post("/{periodic_id}/run", status_code=202, response_model=PeriodicOut, responses=documented(404, 422))
    async def run_periodic(periodic_id: PeriodicId) -> Response:
        """Ask for a run now, paused or not; a node that has its code inserts the job within ten seconds."""
        await periodic.request_run(periodic_id)
        return await _one(periodic, periodic_id, status=202)

    @router.put("/{periodic_id}/schedule", response_model=PeriodicOut, responses=documented(404, 422))
    async def reschedule_periodic(periodic_id: PeriodicId, wanted: Annotated[NewSchedule, Body()]) -> Response:
        """Put another schedule in force than the one that code declares, until it is changed again."""
        await periodic.get(periodic_id)  # what is not there is said before what is wrong with the schedule
        await periodic.reschedule(periodic_id, _schedule(wanted))
        return await _one(periodic, periodic_id)

    @router.delete("/{periodic_id}/schedule", response_model=PeriodicOut, responses=documented(404, 422))
    async def reset_periodic(periodic_id: PeriodicId) -> Response:
        """Put the schedule in force again that code declares."""
        await periodic.reschedule(periodic_id, None)
        return await _one(periodic, periodic_id)

    @router.get("/{periodic_id}", response_model=PeriodicOut, responses=documented(404, 422))
    async def get_periodic(periodic_id: PeriodicId) -> Response:
        """Show one periodic job."""
        return await _one(periodic, periodic_id)

    @router.delete("/{periodic_id}", status_code=204, responses=documented(404, 422))
    async def delete_periodic(periodic_id: PeriodicId) -> Response:
        """Forget one that code no longer declares; one that it does comes back when a node starts."""
        await periodic.delete(periodic_id)
        return Response(status_code=204)

    return router


def _schedule(wanted: NewSchedule) -> Every | Cron:
    if isinstance(wanted, EverySchedule):
        return Every(timedelta(seconds=wanted.every_s))
    return Cron(wanted.cron, wanted.zone)


async def _one(periodic: Periodic, periodic_id: str, *, status: int = 200) -> Response:
    return json_response(periodic_to_json(await periodic.get(periodic_id)), status)
