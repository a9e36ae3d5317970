"""Who did what."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from revenge.app.http.activity_schemas import (
    ActionListOut,
    ActionsQuery,
    ActivityStatsOut,
    EntriesOfQuery,
    EntriesQuery,
    EntryListOut,
)
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import FilterText
from revenge.app.http.telling_services import Activity
from revenge.service.activity.models import Entry, EntryFilter


def activity_router(activity: Activity) -> APIRouter:
    """Return the routes under ``/admin/activity``."""
    router = APIRouter(prefix="/admin/activity", tags=["activity"], responses=documented(400, 401, 422, 503))

    async def page(query: EntriesOfQuery, **of: Any) -> Response:
        wanted = EntryFilter(
            action=query.action,
            success=query.success,
            security=query.security,
            start=query.start_time,
            end=query.end_time,
            **of,
        )
        try:
            found = await activity.list(wanted, limit=query.limit, cursor=query.cursor)
        except ValueError as error:
            raise unknown_cursor() from error
        return json_response({"entries": list(map(_entry, found.entries)), "next_cursor": found.next_cursor})

    @router.get("", response_model=EntryListOut, responses=documented(404))
    async def list_activity(query: Annotated[EntriesQuery, Query()]) -> Response:
        """List what was done, newest first."""
        of = {"account_id": query.user_id, "resource_type": query.resource_type, "resource_id": query.resource_id}
        return await page(query, **of)

    @router.get("/stats", response_model=ActivityStatsOut)
    async def get_activity_stats() -> Response:
        """Return how many entries there are."""
        return json_response(asdict(await activity.stats()))

    @router.get("/actions", response_model=ActionListOut)
    async def list_actions(query: Annotated[ActionsQuery, Query()]) -> Response:
        """List what was done most often in the last week."""
        return json_response({"actions": [asdict(each) for each in await activity.actions(limit=query.limit)]})

    @router.get("/users/{user_id}", response_model=EntryListOut, responses=documented(404))
    async def list_activity_of_user(user_id: UUID, query: Annotated[EntriesOfQuery, Query()]) -> Response:
        """List what somebody did, newest first."""
        return await page(query, account_id=user_id)

    @router.get("/resources/{resource_type}/{resource_id}", response_model=EntryListOut, responses=documented(404))
    async def list_activity_of_resource(
        resource_type: Annotated[FilterText, Path()],
        resource_id: Annotated[FilterText, Path()],
        query: Annotated[EntriesOfQuery, Query()],
    ) -> Response:
        """List what was done with something, newest first."""
        return await page(query, resource_type=resource_type, resource_id=resource_id)

    return router


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "user_id": entry.account_id and str(entry.account_id),
        "username": entry.username,
        "action": entry.action,
        "security": entry.is_security,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "changes": entry.changes,
        "metadata": entry.metadata,
        "ip_address": entry.ip_address,
        "user_agent": entry.user_agent,
        "success": entry.success,
        "error_message": entry.error_message,
        "created_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
    }
