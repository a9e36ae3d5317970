"""Radarr and Sonarr: whether they answer, their syncs, and their webhooks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.integration_schemas import (
    WEBHOOK_BODY,
    IntegrationStatusOut,
    NewSync,
    QualityProfilesOut,
    RootFoldersOut,
    SyncQueuedOut,
    WebhookListOut,
    WebhooksQuery,
    WebhookTakenOut,
)
from revenge.app.http.integration_services import Integration, Integrations
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.presentation import time_to_json
from revenge.infra.http.errors import CallFailed, NotNow
from revenge.infra.jobs.models import JobState
from revenge.integration.arr.errors import InvalidPayload
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import SyncState
from revenge.integration.arr.webhooks import secret_given, secret_matches


def integrations_router(integrations: Integrations) -> APIRouter:
    """Return the routes under ``/admin/integrations``."""
    router = APIRouter(prefix="/admin/integrations", tags=["integrations"], responses=documented(401, 403, 422, 503))

    @router.get("/{name}/status", response_model=IntegrationStatusOut)
    async def integration_status(name: Source) -> Response:
        """Ask the program now whether it is there, and say how its sync goes; no answer is kept from before."""
        used = _used(integrations, name)
        shape: dict[str, Any] = {"version": None, "instanceName": None, "startTime": None, "error": None}
        try:
            said = await used.client.status()
        except CallFailed as error:
            shape |= {"connected": False, "error": str(error)}
        else:
            shape |= {
                "connected": True,
                "version": said.version,
                "instanceName": said.instance_name,
                "startTime": time_to_json(said.start_time) if said.start_time and said.start_time.tzinfo else None,
            }
        shape |= {
            "takesWebhooks": used.webhook_secret is not None,
            "syncStatus": _sync_status(await used.syncs.state()),
        }
        return json_response(shape)

    @router.post("/{name}/sync", response_model=SyncQueuedOut, status_code=202, responses=documented(400, 413))
    async def sync_integration(name: Source, body: NewSync | None = None) -> Response:
        """Have everything synced, or one title; what waits or runs already for the same is not started again."""
        _used(integrations, name)
        assert integrations.queue is not None  # noqa: S101 - what is used has one
        result = await integrations.queue.sync(name, body.id if body else None)
        running = result.job.state is JobState.RUNNING
        shape = {
            "message": "it is being done already" if result.duplicate else "it will be done",
            "status": "running" if running else "queued",
            "job_id": result.job.id,
            "duplicate": result.duplicate,
        }
        return json_response(shape, 202, headers={"Location": f"/api/v1/jobs/{result.job.id}"})

    @router.get("/{name}/quality-profiles", response_model=QualityProfilesOut, responses=documented(502))
    async def list_quality_profiles(name: Source) -> Response:
        """Return the program's quality profiles."""
        used = _used(integrations, name)
        with _asked():
            profiles = await used.client.quality_profiles()
        return json_response({"profiles": [profile.model_dump(by_alias=True) for profile in profiles]})

    @router.get("/{name}/root-folders", response_model=RootFoldersOut, responses=documented(502))
    async def list_root_folders(name: Source) -> Response:
        """Return the folders that the program puts titles in, as it sees them."""
        used = _used(integrations, name)
        with _asked():
            folders = await used.client.root_folders()
        return json_response({"folders": [folder.model_dump(by_alias=True) for folder in folders]})

    @router.get("/{name}/webhooks", response_model=WebhookListOut, responses=documented(404))
    async def list_webhooks(name: Source, query: Annotated[WebhooksQuery, Query()]) -> Response:
        """List the webhooks of the last month, newest first, and what became of them."""
        used = _used(integrations, name)
        try:
            page = await used.inbox.list(limit=query.limit, cursor=query.cursor)
        except ValueError as error:
            raise unknown_cursor() from error
        events = [
            {
                **asdict(event),
                "id": str(event.id),
                "received_at": time_to_json(event.received_at),
                "handled_at": time_to_json(event.handled_at),
            }
            for event in page.events
        ]
        return json_response({"events": events, "next_cursor": page.next_cursor})

    return router


def webhooks_router(integrations: Integrations) -> APIRouter:
    """Return the routes under ``/webhooks``, which want a secret of their own and no key."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=documented(400, 401, 413, 422, 503))

    @router.post("/radarr", response_model=WebhookTakenOut, status_code=202, openapi_extra=WEBHOOK_BODY)
    async def radarr_webhook(request: Request) -> Response:
        """Take what Radarr tells; the same told twice, and much told of one film, is worked once."""
        return await _take(integrations, Source.RADARR, request)

    @router.post("/sonarr", response_model=WebhookTakenOut, status_code=202, openapi_extra=WEBHOOK_BODY)
    async def sonarr_webhook(request: Request) -> Response:
        """Take what Sonarr tells; the same told twice, and much told of one series, is worked once."""
        return await _take(integrations, Source.SONARR, request)

    return router


async def _take(integrations: Integrations, source: Source, request: Request) -> Response:
    used = _used(integrations, source)
    if used.webhook_secret is None:
        raise ProblemError(
            503,
            "webhooks-off",
            f"no webhook is taken while integrations.{source.value}.webhook_secret is not set",
        )
    if not secret_matches(secret_given(request.headers), used.webhook_secret):
        raise ProblemError(
            401,
            "webhook-secret-required",
            "the webhook's secret is wrong or missing: send it as X-Webhook-Secret, or as the password",
            headers={"WWW-Authenticate": 'Basic realm="revenge webhooks"'},
        )
    try:
        raw = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, "invalid-json", "the body is no JSON") from error
    if not isinstance(raw, dict):
        raise ProblemError(422, "invalid-webhook", "the body must be an object")
    try:
        taken = await used.inbox.take(raw)
    except InvalidPayload as error:
        raise ProblemError(422, "invalid-webhook", str(error)) from error
    shape = {"event_id": str(taken.event_id), "job_id": taken.job_id, "duplicate": taken.duplicate}
    return json_response(shape, 202)


def _used(integrations: Integrations, source: Source) -> Integration:
    used = integrations.programs.get(source)
    if used is None:
        detail = f"{source.value} is switched off: set integrations.{source.value}.enabled and restart"
        raise ProblemError(503, "integration-disabled", detail)
    return used


def _sync_status(state: SyncState) -> dict[str, Any]:
    counts = state.counts
    titles = (counts.added, counts.updated, counts.removed, counts.total)
    names = (
        ("moviesAdded", "moviesUpdated", "moviesRemoved", "totalMovies")
        if state.source is Source.RADARR
        else ("seriesAdded", "seriesUpdated", "seriesRemoved", "totalSeries")
    )
    return {
        "isRunning": state.is_running,
        "startedAt": time_to_json(state.started_at),
        "lastSync": time_to_json(state.succeeded_at),
        "lastSyncError": state.error,
        "jobId": state.job_id,
        **dict(zip(names, titles, strict=True)),
        "unchanged": counts.unchanged,
        "failed": counts.failed,
    }


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except NotNow as error:
        wait = max(1, round(error.retry_after.total_seconds()))
        raise ProblemError(503, "integration-busy", str(error), headers={"Retry-After": str(wait)}) from error
    except CallFailed as error:
        raise ProblemError(502, "integration-failed", str(error)) from error
