"""Accounts, and the logins that they have."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import open_to_accounts
from revenge.app.http.account_presenter import account_json, fields_json
from revenge.app.http.account_schemas import (
    AccountChanges,
    AccountListOut,
    AccountOut,
    LoginSessionListOut,
    NewAccountIn,
    NewPassword,
    OwnChanges,
    PasswordChange,
)
from revenge.app.http.account_services import Accounts, AccountServices, Sessions
from revenge.app.http.callers import account_meant, actor_of, own_account
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.routes.auth import cursor_checked
from revenge.app.http.schemas import PageQuery
from revenge.service.auth.models import NewAccount


def users_router(services: AccountServices) -> APIRouter:
    """Return the routes under ``/users``."""
    router = APIRouter(prefix="/users", tags=["accounts"], responses=documented(422, 503))
    _own_routes(router, services.accounts)
    _session_routes(router, services.accounts, services.sessions)
    accounts = services.accounts

    @router.get("", response_model=AccountListOut, responses=documented(404))
    async def list_users(query: Annotated[PageQuery, Query()]) -> Response:
        """List accounts by name."""
        with cursor_checked(query.cursor):
            page = await accounts.list(limit=query.limit, cursor=query.cursor)
        return json_response({"users": [account_json(each) for each in page.accounts], "next_cursor": page.next_cursor})

    @router.post("", response_model=AccountOut, status_code=201, responses=documented(400, 409, 413))
    async def create_user(request: Request, body: NewAccountIn) -> Response:
        """Make an account."""
        account = await accounts.create(NewAccount(**body.model_dump()), actor=actor_of(request))
        return json_response(account_json(account), 201, headers={"Location": f"/api/v1/users/{account.id}"})

    @router.get("/{id}", response_model=AccountOut, responses=documented(404))
    @open_to_accounts
    async def get_user(request: Request, id: UUID) -> Response:
        """Return an account: one's own, or for administrators any."""
        return json_response(account_json(await accounts.get(account_meant(request, id))))

    @router.put("/{id}", response_model=AccountOut, responses=documented(400, 404, 409, 413))
    async def update_user(request: Request, id: UUID, body: AccountChanges) -> Response:
        """Change an account: make it an administrator, ban it."""
        changes = body.model_dump(exclude_unset=True)
        return json_response(account_json(await accounts.update(id, changes, actor=actor_of(request))))

    @router.put("/{id}/password", status_code=204, response_class=Response, responses=documented(400, 404, 413))
    async def set_password(request: Request, id: UUID, body: NewPassword) -> Response:
        """Set an account's password; every login of it ends."""
        await accounts.set_password(id, body.password, actor=actor_of(request))
        return Response(status_code=204)

    @router.delete("/{id}", status_code=204, response_class=Response, responses=documented(404, 409))
    async def delete_user(request: Request, id: UUID) -> Response:
        """Delete an account, with all that is its own."""
        await accounts.delete(id, actor=actor_of(request))
        return Response(status_code=204)

    return router


def _own_routes(router: APIRouter, accounts: Accounts) -> None:
    # Before those of any account: 'me' is no id.
    @router.get("/me", response_model=AccountOut, responses=documented(404))
    @open_to_accounts
    async def get_me(request: Request) -> Response:
        """Return one's own account."""
        return json_response(account_json(await accounts.get(own_account(request))))

    @router.put("/me", response_model=AccountOut, responses=documented(400, 404, 409, 413))
    @open_to_accounts
    async def update_me(request: Request, body: OwnChanges) -> Response:
        """Change one's own account."""
        changes = body.model_dump(exclude_unset=True)
        return json_response(
            account_json(await accounts.update(own_account(request), changes, actor=actor_of(request)))
        )

    @router.post("/me/password", status_code=204, response_class=Response, responses=documented(400, 404, 413))
    @open_to_accounts
    async def change_password(request: Request, body: PasswordChange) -> Response:
        """Change one's own password; every other login ends.

        Where `current_password` is not the present one the answer is 422 `wrong-password`, and the login goes on.
        """
        await accounts.change_password(
            own_account(request),
            present=body.current_password,
            wanted=body.new_password,
            actor=actor_of(request),
            session_id=principal_of(request).session_id,
        )
        return Response(status_code=204)


def _session_routes(router: APIRouter, accounts: Accounts, sessions: Sessions) -> None:
    @router.get("/{id}/sessions", response_model=LoginSessionListOut, responses=documented(404))
    @open_to_accounts
    async def list_sessions(request: Request, id: UUID, query: Annotated[PageQuery, Query()]) -> Response:
        """List an account's logins, newest first."""
        await accounts.get(account_meant(request, id))
        with cursor_checked(query.cursor):
            found, more = await sessions.list(id, limit=query.limit, cursor=query.cursor)
        current = principal_of(request).session_id
        shapes = [fields_json(each, leave_out={"account_id"}) | {"is_current": each.id == current} for each in found]
        return json_response({"sessions": shapes, "next_cursor": more})

    @router.delete("/{id}/sessions", status_code=204, response_class=Response, responses=documented(404))
    @open_to_accounts
    async def revoke_sessions(request: Request, id: UUID) -> Response:
        """End every login of an account."""
        await accounts.get(account_meant(request, id))
        await sessions.revoke_all(id, actor=actor_of(request))
        return Response(status_code=204)

    @router.delete("/{id}/sessions/{session_id}", status_code=204, response_class=Response, responses=documented(404))
    @open_to_accounts
    async def revoke_session(request: Request, id: UUID, session_id: UUID) -> Response:
        """End a login of an account."""
        await sessions.revoke(account_meant(request, id), session_id, actor=actor_of(request))
        return Response(status_code=204)
