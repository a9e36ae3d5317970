"""Series, their seasons and their episodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import PageQuery
from revenge.app.http.show_schemas import (
    ChoiceIn,
    EpisodeDetailOut,
    JobOut,
    JobsOut,
    MatchIn,
    MergeIn,
    RefreshAllIn,
    RefreshIn,
    SeasonDetailOut,
    SeriesDetailOut,
    SeriesListOut,
    SeriesOut,
    UnmatchedListOut,
    UnmatchedQuery,
)
from revenge.app.http.show_services import ShowsChanged, ShowsSeen
from revenge.app.show_presenter import (
    children_to_json,
    episode_file_to_json,
    episode_to_json,
    season_to_json,
    series_to_json,
    unmatched_to_json,
)
from revenge.content.tvshow.errors import (
    EpisodeNotFound,
    ItemsNotFound,
    SameSeries,
    SeasonNotFound,
    SeriesNotFound,
    ShowError,
    WrongChoice,
)
from revenge.content.tvshow.service import Choice

_PROBLEMS: dict[type[ShowError], tuple[int, str]] = {
    SeriesNotFound: (404, "series-not-found"),
    SeasonNotFound: (404, "season-not-found"),
    EpisodeNotFound: (404, "episode-not-found"),
    ItemsNotFound: (404, "items-not-found"),
    SameSeries: (422, "same-series"),
    WrongChoice: (422, "wrong-choice"),
}
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]


def shows_router(seen: ShowsSeen, access: Access) -> APIRouter:
    """Return the routes that look at series, seasons and episodes."""
    router = APIRouter(tags=["tvshows"], responses=documented(400, 401, 422, 503))

    @router.get("/tvshows", response_model=SeriesListOut, responses=documented(404))
    @open_to_accounts
    async def list_tvshows(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List series, newest first: those of which a library that may be seen has files, for administrators all."""
        visible = await access.visible_libraries(principal_of(request))
        with _told():
            page = await seen.page(visible=visible, limit=query.limit, cursor=query.cursor)
        children = await seen.summaries([series.id for series in page.series])
        shapes = [series_to_json(series, children[series.id]) for series in page.series]
        return json_response({"series": shapes, "next_cursor": page.next_cursor})

    @router.get("/tvshows/{id}", response_model=SeriesDetailOut, responses=documented(404))
    @open_to_accounts
    async def get_tvshow(request: Request, id: UUID) -> Response:
        """Return a series with its seasons and its people."""
        visible = await access.visible_libraries(principal_of(request))
        with _told():
            series = await seen.get(id, visible=visible)
        own, seasons = await seen.children(id), await seen.seasons(id)
        theirs = await seen.summaries([season.id for season in seasons])
        shapes = [season_to_json(season, theirs[season.id]) for season in seasons]
        return json_response({**series_to_json(series, own), **children_to_json(own), "seasons": shapes})

    @router.get("/tvshows/{id}/seasons/{number}", response_model=SeasonDetailOut, responses=documented(404))
    @open_to_accounts
    async def get_season(request: Request, id: UUID, number: Number) -> Response:
        """Return a season with its episodes; 0 is that of the specials."""
        visible = await access.visible_libraries(principal_of(request))
        with _told():
            season, episodes = await seen.season(id, number, visible=visible)
        children = await seen.summaries([season.id, *(episode.id for episode in episodes)])
        shapes = [episode_to_json(episode, children[episode.id]) for episode in episodes]
        return json_response({**season_to_json(season, children[season.id]), "episodes": shapes})

    @router.get("/episodes/{id}", response_model=EpisodeDetailOut, responses=documented(404))
    @open_to_accounts
    async def get_episode(request: Request, id: UUID) -> Response:
        """Return an episode with its files, its guests and its crew.

        Where its files lie is told to administrators; others see their names.
        """
        visible = await access.visible_libraries(principal_of(request))
        with _told():
            episode = await seen.episode(id, visible=visible)
        own = await seen.children(id)
        full_paths = principal_of(request).is_admin
        files = [episode_file_to_json(file, full_paths=full_paths) for file in await seen.files(id, visible=visible)]
        return json_response({**episode_to_json(episode, own), **children_to_json(own), "files": files})

    return router


def show_changes_router(seen: ShowsSeen, changed: ShowsChanged) -> APIRouter:
    """Return the routes of administrators: refreshes, matches, what people choose; before those of `shows_router`."""
    router = APIRouter(tags=["tvshows"], responses=documented(400, 401, 403, 422, 503))

    @router.post("/tvshows/refresh", response_model=JobOut, status_code=202)
    async def refresh_tvshows(body: RefreshAllIn | None = None) -> Response:
        """Refresh all series whose metadata grew old; with `force` all."""
        wanted = body or RefreshAllIn()
        job_id = await changed.refresh_all(force=wanted.force, images=wanted.refresh_images)
        return _enqueued(job_id)

    @router.get("/tvshows/unmatched", response_model=UnmatchedListOut, responses=documented(404))
    async def list_unmatched_tvshows(query: Annotated[UnmatchedQuery, Query()]) -> Response:
        """List series of a library that could not be matched, with what they may be."""
        with _told():
            page = await seen.unmatched(query.library_id, limit=query.limit, cursor=query.cursor)
        return json_response(
            {"unmatched": list(map(unmatched_to_json, page.unmatched)), "next_cursor": page.next_cursor}
        )

    @router.post("/tvshows/match", response_model=JobOut, status_code=202, responses=documented(404))
    async def match_tvshows(body: MatchIn) -> Response:
        """Match again what could not be matched in a library of series; with `force` all but what a person chose."""
        return _enqueued(await changed.match_library(body.library_id, force=body.force))

    @router.post("/tvshows/choices", response_model=JobsOut, status_code=202, responses=documented(404))
    async def choose_tvshow(body: ChoiceIn) -> Response:
        """Say what items are. That stays for ever, for files that come later too, and no match changes it."""
        with _told():
            choice = Choice(
                series_id=body.series_id,
                ids=(body.external_id.provider, body.external_id.value) if body.external_id else None,
                candidate=body.candidate,
                episode_id=body.episode_id,
                ignore=body.ignore,
                undo=body.undo,
            )
            jobs = await changed.choose(body.item_ids, choice, whole_series=body.whole_series)
        return json_response({"job_ids": list(jobs)}, 202)

    @router.delete("/tvshows/{id}", status_code=204, response_class=Response, responses=documented(404))
    async def delete_tvshow(id: UUID) -> Response:
        """Forget a series. Its files stay on disk, and it does not come back before somebody chooses so."""
        with _told():
            await changed.delete(id)
        return Response(status_code=204)

    @router.post("/tvshows/{id}/merge", response_model=SeriesOut, responses=documented(404))
    async def merge_tvshows(id: UUID, body: MergeIn) -> Response:
        """Make one of series that are the same: the others go, and what they had is this one's."""
        with _told():
            series = await changed.merge(id, body.series_ids)
        return json_response(series_to_json(series, await seen.children(id)))

    @router.post("/tvshows/{id}/refresh", response_model=JobOut, status_code=202, responses=documented(404))
    async def refresh_tvshow(id: UUID, body: RefreshIn | None = None) -> Response:
        """Refresh a series with its seasons and episodes, or less of it."""
        wanted = body or RefreshIn()
        with _told():
            job_id = await changed.refresh(
                id, languages=wanted.languages, seasons=wanted.seasons, episodes=wanted.episodes
            )
        return _enqueued(job_id)

    @router.post("/seasons/{id}/refresh", response_model=JobOut, status_code=202, responses=documented(404))
    async def refresh_season(id: UUID) -> Response:
        """Refresh a season with its episodes."""
        with _told():
            return _enqueued(await changed.refresh_season(id))

    @router.post("/episodes/{id}/refresh", response_model=JobOut, status_code=202, responses=documented(404))
    async def refresh_episode(id: UUID) -> Response:
        """Refresh an episode."""
        with _told():
            return _enqueued(await changed.refresh_episode(id))

    return router


def _enqueued(job_id: int) -> Response:
    return json_response({"job_id": job_id}, 202, headers={"Location": f"/api/v1/jobs/{job_id}"})


@contextmanager
def _told() -> Iterator[None]:
    """Make problems of what a call may raise."""
    try:
        yield
    except ShowError as error:
        status, code = _PROBLEMS.get(type(error), (422, "cannot-be-done"))
        raise ProblemError(status, code, str(error)) from error
    except ValueError as error:
        raise unknown_cursor() from error
