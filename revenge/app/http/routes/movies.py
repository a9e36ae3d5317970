"""Films, collections and people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.film_schemas import (
    CollectionDetailOut,
    CollectionListOut,
    EnqueuedRefreshOut,
    MergeWanted,
    MovieListOut,
    MovieOut,
    MoviesQuery,
    PersonOut,
    RefreshWanted,
)
from revenge.app.http.film_services import FilmServices
from revenge.app.http.pages import cursor_checked
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import PageQuery
from revenge.app.movie_presenter import movie_detail, movie_summary, person_to_json, shown_images
from revenge.content.metadata.people import PersonNotFound
from revenge.content.movie.models import MovieFilter, MovieOrder, MoviePage


def movies_router(services: FilmServices, access: Access) -> APIRouter:
    """Return the routes under ``/movies``, ``/collections`` and ``/people``."""
    router = APIRouter(responses=documented(400, 401, 403, 422, 503))
    films, describe = services.films, services.descriptions

    async def summaries(page: MoviePage) -> list[dict[str, object]]:
        children = await describe.summaries([movie.id for movie in page.movies])
        return [movie_summary(movie, children[movie.id]) for movie in page.movies]

    @router.get("/movies", tags=["movies"], response_model=MovieListOut, responses=documented(404))
    @open_to_accounts
    async def list_movies(request: Request, query: Annotated[MoviesQuery, Query()]) -> Response:
        """List films that the caller may see, the newest first or by title."""
        visible = await access.visible_libraries(principal_of(request))
        wanted = MovieFilter(**query.model_dump(exclude={"limit", "cursor"}))
        with cursor_checked(query.cursor):
            page = await films.page(wanted, visible=visible, limit=query.limit, cursor=query.cursor)
        return json_response({"movies": await summaries(page), "next_cursor": page.next_cursor})

    @router.get("/movies/{id}", tags=["movies"], response_model=MovieOut, responses=documented(404))
    @open_to_accounts
    async def get_movie(request: Request, id: UUID) -> Response:
        """Return a film with its versions, files, streams, credits and pictures.

        Where its files lie is told to administrators; others see their names.
        """
        visible = await access.visible_libraries(principal_of(request))
        movie = await films.get(id, visible=visible)
        children = await describe.children([id])
        versions = await films.versions(id, visible=visible)
        collection = await films.collection(movie.collection_id) if movie.collection_id else None
        full_paths = principal_of(request).is_admin
        return json_response(movie_detail(movie, children[id], versions, collection, full_paths=full_paths))

    @router.post(
        "/movies/{id}/refresh",
        tags=["movies"],
        response_model=EnqueuedRefreshOut,
        status_code=202,
        responses=documented(404, 413),
    )
    async def refresh_movie(id: UUID, body: RefreshWanted | None = None) -> Response:
        """Have a film asked about anew, whenever that was done last."""
        job_id = await films.refresh(id, languages=(body or RefreshWanted()).languages)
        return json_response({"job_id": job_id}, 202, headers={"Location": f"/api/v1/jobs/{job_id}"})

    @router.delete("/movies/{id}", tags=["movies"], status_code=204, response_class=Response, responses=documented(404))
    async def delete_movie(id: UUID) -> Response:
        """Delete a film; its files stay, and no match makes it again before an item's choice is undone."""
        await films.delete(id)
        return Response(status_code=204)

    @router.post("/movies/{id}/merge", tags=["movies"], response_model=MovieOut, responses=documented(404, 413))
    async def merge_movies(id: UUID, body: MergeWanted) -> Response:
        """Make one film of several that are the same; what is theirs moves to this one."""
        movie = await films.merge(id, body.movies)
        children = await describe.children([id])
        versions = await films.versions(id)
        collection = await films.collection(movie.collection_id) if movie.collection_id else None
        return json_response(movie_detail(movie, children[id], versions, collection))

    @router.get("/collections", tags=["movies"], response_model=CollectionListOut, responses=documented(404))
    @open_to_accounts
    async def list_collections(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List series of films of which the caller may see any, by name."""
        visible = await access.visible_libraries(principal_of(request))
        with cursor_checked(query.cursor):
            page = await films.collections(visible=visible, limit=query.limit, cursor=query.cursor)
        children = await describe.summaries([each.id for each in page.collections])
        found = [
            {
                "id": str(each.id),
                "name": each.name,
                "overview": each.overview,
                "images": shown_images(children[each.id]),
            }
            for each in page.collections
        ]
        return json_response({"collections": found, "next_cursor": page.next_cursor})

    @router.get("/collections/{id}", tags=["movies"], response_model=CollectionDetailOut, responses=documented(404))
    @open_to_accounts
    async def get_collection(request: Request, id: UUID) -> Response:
        """Return a series of films with those that the caller may see; further ones are at `/movies?collection_id=`."""
        visible = await access.visible_libraries(principal_of(request))
        found = await films.collection(id, visible=visible)
        page = await films.page(
            MovieFilter(collection_id=id, order=MovieOrder.TITLE), visible=visible, limit=100, cursor=None
        )
        children = await describe.summaries([id])
        return json_response(
            {
                "id": str(found.id),
                "name": found.name,
                "overview": found.overview,
                "images": shown_images(children[id]),
                "movies": await summaries(page),
                "next_cursor": page.next_cursor,
            }
        )

    @router.get("/people/{id}", tags=["people"], response_model=PersonOut, responses=documented(404))
    @open_to_accounts
    async def get_person(request: Request, id: UUID) -> Response:
        """Return a person with the films and series that the caller may see."""
        visible = await access.visible_libraries(principal_of(request))
        person = await services.people.get(id)
        children = await describe.children([id])
        credits_of = await services.people.credits(id, visible=visible)
        if visible is not None and not credits_of:
            raise PersonNotFound(id)
        return json_response(person_to_json(person, children[id], credits_of))

    return router
