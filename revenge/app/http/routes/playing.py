"""What one has watched, and what is played now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.account_presenter import fields_json
from revenge.app.http.callers import own_account
from revenge.app.http.playing_schemas import (
    NewPlaybackIn,
    PlaybackListOut,
    PlaybackOut,
    ViewingIn,
    WatchedListOut,
    WatchedOut,
)
from revenge.app.http.playing_services import Playbacks, WatchedLists
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.routes.auth import cursor_checked
from revenge.app.http.schemas import PageQuery
from revenge.service.playback.models import NewPlayback, Viewing


def watched_router(watched: WatchedLists, access: Access) -> APIRouter:
    """Return the routes under ``/watched``."""
    router = APIRouter(prefix="/watched", tags=["playing"], responses=documented(404, 422, 503))

    @router.get("", response_model=WatchedListOut)
    @open_to_accounts
    async def list_watched(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List what one has watched, the latest first."""
        account_id = own_account(request)
        with cursor_checked(query.cursor):
            found, more = await watched.list(account_id, limit=query.limit, cursor=query.cursor)
        return json_response({"watched": [fields_json(each) for each in found], "next_cursor": more})

    @router.get("/{entity_id}", response_model=WatchedOut)
    @open_to_accounts
    async def get_watched(request: Request, entity_id: UUID) -> Response:
        """Say how far one has watched a film or an episode."""
        return json_response(fields_json(await watched.get(own_account(request), entity_id)))

    @router.put("/{entity_id}", response_model=WatchedOut, responses=documented(400, 413))
    @open_to_accounts
    async def put_watched(request: Request, entity_id: UUID, body: ViewingIn) -> Response:
        """Remember how far one has watched a film or an episode; each time to its end counts."""
        account_id = own_account(request)
        seen = await access.visible_libraries(principal_of(request))
        return json_response(fields_json(await watched.put(account_id, entity_id, _viewing(body), only=seen)))

    @router.delete("/{entity_id}", status_code=204, response_class=Response)
    @open_to_accounts
    async def forget_watched(request: Request, entity_id: UUID) -> Response:
        """Forget that one has watched a film or an episode."""
        await watched.forget(own_account(request), entity_id)
        return Response(status_code=204)

    return router


def playback_router(playbacks: Playbacks, access: Access) -> APIRouter:
    """Return the routes under ``/playback/sessions``."""
    router = APIRouter(prefix="/playback/sessions", tags=["playing"], responses=documented(404, 422, 503))

    @router.get("", response_model=PlaybackListOut)
    @open_to_accounts
    async def list_playbacks(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List what one plays now; for administrators what everybody plays."""
        owner = None if principal_of(request).is_admin else own_account(request)
        with cursor_checked(query.cursor):
            found, more = await playbacks.list(owner, limit=query.limit, cursor=query.cursor)
        return json_response({"sessions": [fields_json(each) for each in found], "next_cursor": more})

    @router.post("", status_code=201, response_model=PlaybackOut, responses=documented(400, 409, 413))
    @open_to_accounts
    async def start_playback(request: Request, body: NewPlaybackIn) -> Response:
        """Begin to play a film or an episode; then send heartbeats, at least as often as the server's timeout."""
        account_id = own_account(request)
        seen = await access.visible_libraries(principal_of(request))
        playback = await playbacks.start(account_id, NewPlayback(**body.model_dump()), only=seen)
        return json_response(fields_json(playback), 201)

    @router.post("/{id}/heartbeat", response_model=PlaybackOut, responses=documented(400, 413))
    @open_to_accounts
    async def beat_playback(request: Request, id: UUID, body: ViewingIn) -> Response:
        """Say that it is played still, and where; what was watched is remembered with it."""
        return json_response(fields_json(await playbacks.beat(own_account(request), id, _viewing(body))))

    @router.post("/{id}/stop", response_model=PlaybackOut, responses=documented(400, 413))
    @open_to_accounts
    async def stop_playback(request: Request, id: UUID, body: ViewingIn) -> Response:
        """Say that it is played no more, and where it stopped."""
        return json_response(fields_json(await playbacks.stop(own_account(request), id, _viewing(body))))

    return router


def _viewing(body: ViewingIn) -> Viewing:
    return Viewing(**body.model_dump())
