"""Logging in and out, and keys for programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import open_to_accounts
from revenge.app.http.account_presenter import account_json, fields_json
from revenge.app.http.account_schemas import ApiKeyListOut, LoginIn, LoginOut, NewApiKey, NewApiKeyOut, RefreshIn
from revenge.app.http.account_services import AccountServices
from revenge.app.http.callers import actor_of, caller_of, own_account
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import PageQuery
from revenge.service.auth.models import Login


def auth_router(services: AccountServices) -> APIRouter:
    """Return the routes under ``/auth``."""
    router = APIRouter(prefix="/auth", tags=["accounts"], responses=documented(422, 503))

    @router.post("/login", response_model=LoginOut, responses=documented(400, 401, 413, 429))
    async def login(request: Request, body: LoginIn) -> Response:
        """Log in with name and password; after too many wrong ones from an address or for a name no more are read."""
        caller = caller_of(request, device_name=body.device_name)
        return json_response(_login(await services.sessions.login(body.username, body.password, caller=caller)))

    @router.post("/refresh", response_model=LoginOut, responses=documented(400, 401, 413))
    async def refresh(request: Request, body: RefreshIn) -> Response:
        """Get a new token, and a new refresh token; one that comes twice ends its login, for somebody else has it."""
        return json_response(_login(await services.sessions.refresh(body.refresh_token, caller=caller_of(request))))

    @router.post("/logout", status_code=204, response_class=Response)
    @open_to_accounts
    async def logout(request: Request) -> Response:
        """End the login whose token this request carries."""
        session_id = principal_of(request).session_id
        if session_id is not None:
            await services.sessions.logout(session_id, actor=actor_of(request))
        return Response(status_code=204)

    @router.get("/api-keys", response_model=ApiKeyListOut, responses=documented(404))
    @open_to_accounts
    async def list_api_keys(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List one's own keys, oldest first."""
        account_id = own_account(request)
        with cursor_checked(query.cursor):
            keys, more = await services.keys.list(account_id, limit=query.limit, cursor=query.cursor)
        return json_response(
            {"keys": [fields_json(key, leave_out={"account_id"}) for key in keys], "next_cursor": more}
        )

    @router.post("/api-keys", status_code=201, response_model=NewApiKeyOut, responses=documented(400, 404, 409, 413))
    @open_to_accounts
    async def create_api_key(request: Request, body: NewApiKey) -> Response:
        """Make a key for a program: it may what its account may."""
        lifetime = None if body.expires_in_days is None else timedelta(days=body.expires_in_days)
        made = await services.keys.create(own_account(request), body.name, actor=actor_of(request), lifetime=lifetime)
        shape = fields_json(made, leave_out={"text"}) | {"key": made.text}
        return json_response(shape, 201)

    @router.delete("/api-keys/{id}", status_code=204, response_class=Response, responses=documented(404))
    @open_to_accounts
    async def revoke_api_key(request: Request, id: UUID) -> Response:
        """Let one of one's own keys work no more."""
        await services.keys.revoke(own_account(request), id, actor=actor_of(request))
        return Response(status_code=204)

    return router


def _login(login: Login) -> dict[str, Any]:
    shape = fields_json(login, leave_out={"account"})
    return {**shape, "token_type": "bearer", "user": account_json(login.account)}


@contextmanager
def cursor_checked(cursor: str | None) -> Iterator[None]:
    """Make a cursor that no list has told of the 404 that it is."""
    try:
        yield
    except ValueError as error:
        if cursor is None:
            raise
        raise unknown_cursor() from error
