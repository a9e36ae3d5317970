"""Who may do what with a library."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.account_presenter import fields_json
from revenge.app.http.account_schemas import GrantIn, GrantListOut
from revenge.app.http.account_services import Permissions
from revenge.app.http.callers import actor_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.routes.auth import cursor_checked
from revenge.app.http.schemas import PageQuery
from revenge.app.http.services import Libraries
from revenge.service.auth.models import Permission


def permissions_router(permissions: Permissions, libraries: Libraries) -> APIRouter:
    """Return the routes under ``/libraries/{id}/permissions``."""
    router = APIRouter(prefix="/libraries/{id}/permissions", tags=["accounts"], responses=documented(404, 422, 503))

    @router.get("", response_model=GrantListOut)
    async def list_permissions(id: UUID, query: Annotated[PageQuery, Query()]) -> Response:
        """List what accounts may do with a library; administrators may do everything and are not listed."""
        await libraries.get(id)
        with cursor_checked(query.cursor):
            grants, more = await permissions.list(id, limit=query.limit, cursor=query.cursor)
        shapes = [fields_json(grant, leave_out={"account_id"}) | {"user_id": str(grant.account_id)} for grant in grants]
        return json_response({"permissions": shapes, "next_cursor": more})

    @router.post("", status_code=204, response_class=Response, responses=documented(400, 413))
    async def grant_permission(request: Request, id: UUID, body: GrantIn) -> Response:
        """Give an account a permission; one that it has stays as it is."""
        await libraries.get(id)
        await permissions.grant(id, body.user_id, body.permission, actor=actor_of(request))
        return Response(status_code=204)

    @router.delete("/{user_id}", status_code=204, response_class=Response)
    async def revoke_permission(
        request: Request, id: UUID, user_id: UUID, permission: Annotated[Permission | None, Query()] = None
    ) -> Response:
        """Take a permission from an account; without a name all that it has for the library."""
        await permissions.revoke(id, user_id, permission, actor=actor_of(request))
        return Response(status_code=204)

    return router
