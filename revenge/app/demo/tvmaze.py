"""The demo's TVmaze: series without a key, in English."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from revenge.app.demo.pictures import paint
from revenge.app.demo.titles import Episode, Person, Series, Titles

_LANGUAGES = {"en": "English", "de": "German", "ja": "Japanese"}
_MISSING = {"name": "Not Found", "message": "", "code": 0, "status": 404}


def routes(titles: Titles) -> list[Route]:
    """Return TVmaze's routes; series have the ids that they have with TMDb."""
    answers = _Answers(titles)
    return [
        Route("/search/shows", answers.search),
        Route("/lookup/shows", answers.lookup),
        Route("/shows/{id:int}", answers.show),
        Route("/shows/{id:int}/episodes", answers.episodes),
        Route("/people/{id:int}", answers.person),
        Route("/uploads/{name}", answers.picture),
    ]


class _Answers:
    def __init__(self, titles: Titles) -> None:
        self._titles = titles

    def search(self, request: Request) -> Response:
        known, query = list(self._titles.series.values()), request.query_params.get("q", "")
        found = [one for one in self._titles.find(known, query, None) if isinstance(one, Series)]
        return JSONResponse(
            [{"score": 1 / number, "show": _show(one, _base(request))} for number, one in enumerate(found, 1)]
        )

    def lookup(self, request: Request) -> Response:
        query = request.query_params
        for one in self._titles.series.values():
            if query.get("imdb") == one.imdb_id or query.get("thetvdb") == str(one.tvdb_id):
                return RedirectResponse(f"{_base(request)}/shows/{one.id}", 301)
        return JSONResponse(_MISSING, 404)

    def show(self, request: Request) -> Response:
        series = self._titles.series.get(request.path_params["id"])
        if series is None:
            return JSONResponse(_MISSING, 404)
        found = _show(series, _base(request))
        if wanted := request.query_params.getlist("embed[]"):
            embedded = {"cast": _cast(series, _base(request)), "seasons": _seasons(series, _base(request))}
            found["_embedded"] = {name: embedded[name] for name in wanted if name in embedded}
        return JSONResponse(found)

    def episodes(self, request: Request) -> Response:
        series = self._titles.series.get(request.path_params["id"])
        if series is None:
            return JSONResponse(_MISSING, 404)
        numbers = sorted(series.seasons, key=lambda number: number or 1000)
        return JSONResponse([_episode(one, _base(request)) for number in numbers for one in series.seasons[number]])

    def person(self, request: Request) -> Response:
        found = self._titles.people.get(request.path_params["id"])
        return JSONResponse(_MISSING, 404) if found is None else JSONResponse(_person(found, _base(request)))

    def picture(self, request: Request) -> Response:
        kind, _, number = request.path_params["name"].partition("-")
        number = number.partition(".")[0]
        if kind not in ("poster", "profile", "still") or not number.isdigit():
            return Response(status_code=404)
        return Response(paint(kind, int(number), ""), media_type="image/jpeg")


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/") + str(request.scope["root_path"])


def _image(base: str, kind: str, number: int) -> dict[str, str]:
    address = f"{base}/uploads/{kind}-{number}.jpg"
    return {"medium": address, "original": address}


def _show(series: Series, base: str) -> dict[str, Any]:
    return {
        "id": series.id,
        "name": series.title,
        "type": series.type,
        "language": _LANGUAGES[series.language],
        "genres": list(series.genres),
        "status": "Ended",
        "premiered": series.first_day.isoformat(),
        "ended": None,
        "officialSite": None,
        "rating": {"average": series.vote},
        "weight": 50,
        "network": {"id": 1, "name": series.network, "country": {"name": series.country, "code": series.country}},
        "webChannel": None,
        "externals": {"tvrage": None, "thetvdb": series.tvdb_id, "imdb": series.imdb_id},
        "image": _image(base, "poster", series.id),
        "summary": f"<p>{series.plot()}</p>",
    }


def _cast(series: Series, base: str) -> list[dict[str, Any]]:
    return [
        {"person": _person(person, base), "character": {"id": order, "name": role}}
        for order, (person, role) in enumerate(series.cast())
    ]


def _person(person: Person, base: str) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "country": None,
        "birthday": person.born.isoformat(),
        "deathday": None,
        "image": _image(base, "profile", person.id),
    }


def _seasons(series: Series, base: str) -> list[dict[str, Any]]:
    return [
        {
            "id": series.id * 100 + number,
            "number": number,
            "name": "",
            "premiereDate": series.seasons[number][0].air_date.isoformat(),
            "image": _image(base, "poster", series.id),
            "summary": None,
        }
        for number in sorted(series.seasons)
        if number  # TVmaze counts no season 0: specials are within the others
    ]


def _episode(episode: Episode, base: str) -> dict[str, Any]:
    return {
        "id": episode.id,
        "season": episode.season or 1,
        "number": episode.number if episode.season else None,
        "name": episode.title,
        "airdate": episode.air_date.isoformat(),
        "runtime": 25,
        "rating": {"average": None},
        "image": _image(base, "still", episode.id),
        "summary": None,
    }
