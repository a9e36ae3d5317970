"""Search: films, series and people in the libraries that whoever asks may see; and building the index anew."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.search_schemas import (
    MovieFacetsOut,
    MovieFilters,
    MovieSearch,
    MultiSearchOut,
    PeopleSearch,
    ReindexOut,
    SearchOut,
    SearchTokenOut,
    Suggestion,
    SuggestionsOut,
    TVShowFacetsOut,
    TVShowFilters,
    TVShowSearch,
)
from revenge.app.http.search_services import Reindexing, Searches
from revenge.app.presentation import time_to_json
from revenge.content.search.models import Group
from revenge.infra.search.models import Collection, Found, Sort, Span
from revenge.infra.search.models import Query as Sought

_MOVIE_FACETS = {
    "genres": "genres",
    "years": "year",
    "status": "status",
    "directors": "directors",
    "resolution": "resolution",
    "has_file": "has_file",
}
_TVSHOW_FACETS = {
    "genres": "genres",
    "years": "year",
    "status": "status",
    "type": "type",
    "networks": "networks",
    "has_file": "has_file",
}
_FIELDS = {
    "genre": "genre_slugs",
    "status": "status",
    "language": "original_language",
    "age_rating": "age_ratings",
    "director": "directors",
    "resolution": "resolution",
    "quality_profile": "quality_profile",
    "type": "type",
    "network": "networks",
}
"""Which field each filter of a request looks at."""


def search_router(search: Searches, reindexing: Reindexing, access: Access) -> APIRouter:
    """Return the routes under ``/search``."""
    router = APIRouter(prefix="/search", tags=["search"], responses=documented(401, 403, 404, 422, 503))
    _titles(router, search, access)
    _people(router, search, access)
    _upkeep(router, search, reindexing, access)
    return router


def _titles(router: APIRouter, search: Searches, access: Access) -> None:
    @router.get("/movies", response_model=SearchOut)
    @open_to_accounts
    async def search_movies(request: Request, query: Annotated[MovieSearch, Query()]) -> Response:
        """Find films by their titles, people and descriptions; mistyped words and parts of titles are found, too."""
        return await _search(request, query, _sought(Collection.MOVIES, query))

    @router.get("/movies/autocomplete", response_model=SuggestionsOut)
    @open_to_accounts
    async def suggest_movies(request: Request, query: Annotated[Suggestion, Query()]) -> Response:
        """Suggest titles of films while somebody types."""
        return await _suggest(request, query, Collection.MOVIES)

    @router.get("/movies/facets", response_model=MovieFacetsOut)
    @open_to_accounts
    async def movie_facets(request: Request, query: Annotated[MovieFilters, Query()]) -> Response:
        """Count films by genre, year and so on; all, or those that a search finds."""
        return await _facets(request, query, Collection.MOVIES, _MOVIE_FACETS)

    @router.get("/tvshows", response_model=SearchOut)
    @open_to_accounts
    async def search_tvshows(request: Request, query: Annotated[TVShowSearch, Query()]) -> Response:
        """Find series, as films are found."""
        return await _search(request, query, _sought(Collection.TVSHOWS, query))

    @router.get("/tvshows/autocomplete", response_model=SuggestionsOut)
    @open_to_accounts
    async def suggest_tvshows(request: Request, query: Annotated[Suggestion, Query()]) -> Response:
        """Suggest titles of series while somebody types."""
        return await _suggest(request, query, Collection.TVSHOWS)

    @router.get("/tvshows/facets", response_model=TVShowFacetsOut)
    @open_to_accounts
    async def tvshow_facets(request: Request, query: Annotated[TVShowFilters, Query()]) -> Response:
        """Count series by genre, year and so on; all, or those that a search finds."""
        return await _facets(request, query, Collection.TVSHOWS, _TVSHOW_FACETS)

    async def _search(request: Request, query: MovieSearch | TVShowSearch, sought: Sought) -> Response:
        visible = await access.visible_libraries(principal_of(request))
        return json_response(_found(await search.search(sought, visible=visible, wanted=query.library)))

    async def _suggest(request: Request, query: Suggestion, collection: Collection) -> Response:
        visible = await access.visible_libraries(principal_of(request))
        titles = await search.suggest(collection, query.q, limit=query.limit, visible=visible)
        return json_response({"suggestions": titles})

    async def _facets(
        request: Request, query: MovieFilters | TVShowFilters, collection: Collection, names: Mapping[str, str]
    ) -> Response:
        visible = await access.visible_libraries(principal_of(request))
        sought = _sought(collection, query, facets=list(names.values()))
        found = await search.search(sought, visible=visible, wanted=query.library)
        return json_response(
            {
                name: [{"value": one.value, "count": one.count} for one in found.facets[field]]
                for name, field in names.items()
            }
        )


def _people(router: APIRouter, search: Searches, access: Access) -> None:
    @router.get("/people", response_model=SearchOut)
    @open_to_accounts
    async def search_people(request: Request, query: Annotated[PeopleSearch, Query()]) -> Response:
        """Find people by their names and by what they are known for."""
        visible = await access.visible_libraries(principal_of(request))
        sought = Sought(
            collection=Collection.PEOPLE,
            text=query.q,
            any_of={"departments": query.department} if query.department else {},
            page=query.page,
            per_page=query.per_page,
        )
        return json_response(_found(await search.search(sought, visible=visible)))

    @router.get("/multi", response_model=MultiSearchOut)
    @open_to_accounts
    async def search_everything(request: Request, query: Annotated[Suggestion, Query()]) -> Response:
        """Find the best films, series, seasons, episodes and people at once."""
        visible = await access.visible_libraries(principal_of(request))
        found = await search.search_all(query.q, limit=query.limit, visible=visible)
        return json_response({collection.value: _found(page) for collection, page in found.items()})


def _upkeep(router: APIRouter, search: Searches, reindexing: Reindexing, access: Access) -> None:
    @router.post("/reindex", status_code=202, response_model=ReindexOut)
    async def reindex_movies() -> Response:
        """Build the index of films and people anew, beside the one that is searched until then."""
        return await _reindex(Group.MOVIES, "films and people")

    @router.post("/tvshows/reindex", status_code=202, response_model=ReindexOut)
    async def reindex_tvshows() -> Response:
        """Build the index of series, seasons, episodes and people anew."""
        return await _reindex(Group.TVSHOWS, "series and people")

    @router.post("/token", response_model=SearchTokenOut)
    @open_to_accounts
    async def make_search_token(request: Request) -> Response:
        """Return a token for the search server itself that finds only what you may see; null without such a server."""
        token = await search.token(visible=await access.visible_libraries(principal_of(request)))
        return json_response(
            {
                "engine": token.engine,
                "token": token.token,
                "url": token.url,
                "expires_at": time_to_json(token.expires_at),
                "collections": list(token.collections),
            }
        )

    async def _reindex(group: Group, what: str) -> Response:
        result = await reindexing.reindex(group)
        message = f"the index of {what} is being built anew" + (" already" if result.duplicate else "")
        location = {"Location": f"/api/v1/jobs/{result.job.id}"}
        answer = {"message": message, "job_id": result.job.id, "duplicate": result.duplicate}
        return json_response(answer, 202, headers=location)


def _sought(collection: Collection, query: MovieFilters | TVShowFilters, *, facets: Sequence[str] = ()) -> Sought:
    """Return what a request asks for: fields by their names, never a filter of the caller's own."""
    wanted: dict[str, Any] = query.model_dump()
    has_years = query.year_from is not None or query.year_to is not None
    return Sought(
        collection=collection,
        text=query.q,
        any_of={field: wanted[name] for name, field in _FIELDS.items() if wanted.get(name)},
        spans={"year": Span(low=query.year_from, high=query.year_to)} if has_years else {},
        flags={} if query.has_file is None else {"has_file": query.has_file},
        sort=_order(wanted.get("sort_by", "relevance")),
        facets=facets,
        page=wanted.get("page", 1),
        per_page=wanted.get("per_page", 1),
    )


def _order(text: str) -> Sort:
    if text == "relevance":
        return Sort()
    field, _, direction = text.partition(":")
    return Sort(field="sort_title" if field == "title" else field, descending=direction == "desc")


def _found(found: Found) -> dict[str, Any]:
    return {
        "hits": [
            {
                "document": hit.document,
                "score": hit.score,
                "highlights": [{"field": one.field, "snippet": one.snippet} for one in hit.highlights],
            }
            for hit in found.hits
        ],
        "total_hits": found.total_hits,
        "total_pages": found.total_pages,
        "current_page": found.page,
        "next_page": found.page + 1 if found.page < found.total_pages else None,
        "search_time_ms": found.search_time_ms,
    }
