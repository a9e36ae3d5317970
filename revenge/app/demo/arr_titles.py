"""The demo's Radarr and Sonarr: they have the demo library's films and series, where these lie on this machine."""

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from revenge.app.demo.arr import DemoArr
from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.app.demo.titles import Titles
from revenge.content.library.demo.movies import movie_files
from revenge.content.library.demo.plan import FileKind
from revenge.content.library.grouping import fold
from revenge.content.library.names.models import MediaType
from revenge.content.library.names.reader import read_name

FIRST_FILES = 400
"""The demo's films never end; so many files hold all that have a name of their own."""


def routes(demo: DemoArr) -> list[Route]:
    """Return the routes of a stand-in, whatever it is asked."""

    async def respond(request: Request) -> Response:
        query = {key: request.query_params.getlist(key) for key in request.query_params}
        reply = demo.answer(
            request.method, request.scope["path"][len(request.scope["root_path"]) :], query, request.headers
        )
        return Response(reply.body, reply.status, dict(reply.headers))

    return [Route("/{path:path}", respond, methods=["GET", "POST", "PUT", "DELETE"])]


def fill_radarr(demo: DemoRadarr, titles: Titles) -> None:
    """Give it the films of the demo library, each with the first of its files."""
    files = dict(reversed(list(_film_files())))
    for number, movie in enumerate(titles.movies.values(), start=1):
        path = files.get((fold(movie.title), movie.year))
        added = demo.add(
            number,
            movie.title,
            year=movie.year,
            tmdb_id=movie.id,
            file=None if path is None else path.name,
            imdbId=movie.imdb_id,
        )
        if path is not None:
            folder = f"{demo.root}/{path.parent}".removesuffix("/.")
            added |= {"path": folder, "folderName": folder}
            added["movieFile"]["path"] = f"{demo.root}/{path}"


def fill_sonarr(demo: DemoSonarr, titles: Titles) -> None:
    """Give it the series of the demo's TMDb; it knows no files of them."""
    for number, series in enumerate(titles.series.values(), start=1):
        seasons = {season: len(episodes) for season, episodes in series.seasons.items() if season > 0}
        demo.add(
            number,
            series.title,
            seasons=max(seasons, default=1),
            episodes=max(seasons.values(), default=1),
            year=series.year,
            with_files=False,
            tmdbId=series.id,
            tvdbId=series.tvdb_id,
            imdbId=series.imdb_id,
        )


def _film_files() -> Iterator[tuple[tuple[str, int | None], PurePosixPath]]:
    for file in islice(movie_files(), FIRST_FILES):
        if file.kind is not FileKind.VIDEO:
            continue
        name = read_name(file.path, media=MediaType.MOVIE)
        if name.media is MediaType.MOVIE and name.title:
            yield (fold(name.title), name.year), PurePosixPath(file.path)
