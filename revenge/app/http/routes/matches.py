"""What libraries' items were found to be, what people say they are; and what becomes of deleted libraries."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.film_schemas import ChosenOut, ItemChoice, ItemListOut, ItemsQuery
from revenge.app.http.film_services import FilmServices
from revenge.app.http.library_schemas import LibraryOut, RestoreWanted
from revenge.app.http.pages import cursor_checked
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.services import Libraries
from revenge.app.library_presenter import LibraryPresenter
from revenge.app.movie_presenter import item_to_json
from revenge.content.movie.service import ByCandidate, ById, ByMovie, Choice, Ignore, Undo
from revenge.service.auth.models import Permission


def matches_router(
    services: FilmServices, libraries: Libraries, access: Access, present: LibraryPresenter
) -> APIRouter:
    """Return the routes under ``/libraries`` about items and deleted libraries."""
    router = APIRouter(prefix="/libraries", tags=["libraries"], responses=documented(400, 401, 403, 404, 422, 503))

    @router.get("/{id}/unmatched", response_model=ItemListOut)
    @open_to_accounts
    async def list_unmatched(request: Request, id: UUID, query: Annotated[ItemsQuery, Query()]) -> Response:
        """List items that wait for a person, each with what it may be; or those of another state."""
        await access.require(principal_of(request), id, Permission.MANAGE)
        await libraries.get(id)
        with cursor_checked(query.cursor):
            page = await services.films.items(id, state=query.state, limit=query.limit, cursor=query.cursor)
        return json_response({"items": list(map(item_to_json, page.items)), "next_cursor": page.next_cursor})

    @router.post("/{id}/items/{item_id}/match", response_model=ChosenOut, responses=documented(413))
    @open_to_accounts
    async def match_item(request: Request, id: UUID, item_id: UUID, body: ItemChoice) -> Response:
        """Say what an item is. No match changes that, and it outlives the item's files."""
        await access.require(principal_of(request), id, Permission.MANAGE)
        await libraries.get(id)
        chosen = await services.films.choose(id, item_id, choice_of(body))
        return json_response({"item": item_to_json(chosen.item), "job_id": chosen.job_id})

    @router.post("/{id}/restore", response_model=LibraryOut, responses=documented(409, 413))
    async def restore_library(id: UUID, body: RestoreWanted | None = None) -> Response:
        """Bring back a library that was deleted, with all that it holds; by a new name where another has the old one."""
        library = await services.deleted.restore(id, name=body.name if body else None)
        return json_response((await present.libraries([library]))[0])

    @router.post("/{id}/forget", status_code=204, response_class=Response, responses=documented(409))
    async def forget_library(id: UUID) -> Response:
        """Remove a library that was deleted for good, with the films and series that no other library has and what was chosen."""
        await services.deleted.forget(id)
        return Response(status_code=204)

    return router


def choice_of(body: ItemChoice) -> Choice:
    """Return what was chosen."""
    if body.candidate is not None:
        return ByCandidate(body.candidate)
    if body.provider is not None and body.id is not None:
        return ById(body.provider, body.id)
    if body.movie_id is not None:
        return ByMovie(body.movie_id)
    return Ignore() if body.ignore else Undo()
