"""The demo's OMDb and Fanart.tv: ratings and pictures beside what TMDb says."""

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge.app.demo.pictures import paint
from revenge.app.demo.titles import Title, Titles


def omdb_routes(titles: Titles, *, key: str) -> list[Route]:
    """Return OMDb's one route; it says 200 to nearly everything."""

    def answer(request: Request) -> Response:
        if request.query_params.get("apikey") != key:
            return JSONResponse({"Response": "False", "Error": "Invalid API key!"}, 401)
        wanted = request.query_params.get("i")
        for one in (*titles.movies.values(), *titles.series.values()):
            if one.imdb_id == wanted:
                return JSONResponse(_rated(one))
        return JSONResponse({"Response": "False", "Error": "Error getting data."})

    return [Route("/", answer)]


def _rated(title: Title) -> dict[str, Any]:
    percent = round(title.vote * 10) - 3
    return {
        "Response": "True",
        "Title": title.title,
        "Year": str(title.year),
        "Rated": "PG",
        "Released": f"{title.first_day:%d %b %Y}",
        "Plot": "N/A",
        "imdbID": title.imdb_id,
        "imdbVotes": f"{title.votes * 31:,}",
        "Ratings": [
            {"Source": "Internet Movie Database", "Value": f"{title.vote:.1f}/10"},
            {"Source": "Rotten Tomatoes", "Value": f"{percent}%"},
            {"Source": "Metacritic", "Value": f"{percent - 5}/100"},
        ],
    }


def fanart_routes(titles: Titles, *, key: str) -> list[Route]:
    """Return Fanart.tv's routes."""

    def movie(request: Request) -> Response:
        found = titles.movies.get(request.path_params["id"])
        return _art(request, found, poster="movieposter", backdrop="moviebackground", logo="hdmovielogo")

    def series(request: Request) -> Response:
        found = next((one for one in titles.series.values() if one.tvdb_id == request.path_params["id"]), None)
        return _art(request, found, poster="tvposter", backdrop="showbackground", logo="hdtvlogo")

    def _art(request: Request, title: Title | None, *, poster: str, backdrop: str, logo: str) -> Response:
        if request.query_params.get("api_key") != key:
            return JSONResponse({"status": "error", "error message": "Invalid API key"}, 401)
        if title is None:
            return JSONResponse({"status": "error", "error message": "Not found"}, 404)
        base = str(request.base_url).rstrip("/") + str(request.scope["root_path"])
        kinds = {poster: "poster", backdrop: "backdrop", logo: "logo"}
        return JSONResponse({"name": title.title} | dict(_pictures(base, kinds, title)))

    def picture(request: Request) -> Response:
        kind, _, number = request.path_params["name"].partition("-")
        number = number.partition(".")[0]
        title = titles.movies.get(int(number)) or titles.series.get(int(number)) if number.isdigit() else None
        if kind not in ("poster", "backdrop", "logo") or title is None:
            return Response(status_code=404)
        media = "image/png" if kind == "logo" else "image/jpeg"
        # Another number than TMDb's picture has: it is another picture.
        return Response(paint(kind, title.id + 1, title.title), media_type=media)

    return [
        Route("/v3/movies/{id:int}", movie),
        Route("/v3/tv/{id:int}", series),
        Route("/fanart/{name}", picture),
    ]


def _pictures(base: str, kinds: dict[str, str], title: Title) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name, kind in kinds.items():
        end = "png" if kind == "logo" else "jpg"
        yield name, [{"id": "1", "url": f"{base}/fanart/{kind}-{title.id}.{end}", "lang": "en", "likes": "3"}]
