"""The demo's TMDb: the requests that are made of version 3, answered as TMDb does."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from revenge.app.demo.pictures import paint
from revenge.app.demo.titles import LANGUAGES, Episode, Movie, Person, Series, Title, Titles

_WIDTHS = {"original": None, "h632": 421}
_MISSING = {"success": False, "status_code": 34, "status_message": "The resource you requested could not be found."}
_REFUSED = {"success": False, "status_code": 7, "status_message": "Invalid API key: You must be granted a valid key."}


def routes(titles: Titles, *, key: str) -> list[Route]:
    """Return TMDb's routes; a call without ``key`` is refused."""
    answers = _Answers(titles)

    def guarded(answer: Callable[[Request], dict[str, Any] | None]) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            if request.query_params.get("api_key") != key:
                return JSONResponse(_REFUSED, 401)
            found = answer(request)
            return JSONResponse(_MISSING, 404) if found is None else JSONResponse(found)

        return respond

    return [
        Route("/3/search/movie", guarded(answers.search_movies)),
        Route("/3/search/tv", guarded(answers.search_series)),
        Route("/3/find/{id}", guarded(answers.find)),
        Route("/3/movie/{id:int}", guarded(answers.movie)),
        Route("/3/tv/{id:int}", guarded(answers.series)),
        Route("/3/tv/{id:int}/season/{season:int}", guarded(answers.season)),
        Route("/3/tv/{id:int}/season/{season:int}/episode/{episode:int}", guarded(answers.episode)),
        Route("/3/person/{id:int}", guarded(answers.person)),
        Route("/t/p/{size}/{name}", answers.picture),
    ]


class _Answers:
    def __init__(self, titles: Titles) -> None:
        self._titles = titles

    def search_movies(self, request: Request) -> dict[str, Any]:
        return self._search(request, list(self._titles.movies.values()), "year", _found_movie)

    def search_series(self, request: Request) -> dict[str, Any]:
        return self._search(request, list(self._titles.series.values()), "first_air_date_year", _found_series)

    def _search(
        self, request: Request, known: Sequence[Title], year_key: str, show: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        query, year = request.query_params.get("query", ""), request.query_params.get(year_key)
        found = list(self._titles.find(known, query, int(year) if year else None))
        return {"page": 1, "total_pages": 1, "total_results": len(found), "results": [show(one) for one in found[:20]]}

    def find(self, request: Request) -> dict[str, Any]:
        wanted, source = request.path_params["id"], request.query_params.get("external_source")
        movies = [one for one in self._titles.movies.values() if source == "imdb_id" and one.imdb_id == wanted]
        series = [
            one
            for one in self._titles.series.values()
            if (source == "imdb_id" and one.imdb_id == wanted) or (source == "tvdb_id" and str(one.tvdb_id) == wanted)
        ]
        return {
            "movie_results": [_found_movie(one) for one in movies],
            "tv_results": [_found_series(one) for one in series],
            "person_results": [],
        }

    def movie(self, request: Request) -> dict[str, Any] | None:
        movie = self._titles.movies.get(request.path_params["id"])
        return None if movie is None else _movie(movie, _language(request))

    def series(self, request: Request) -> dict[str, Any] | None:
        series = self._titles.series.get(request.path_params["id"])
        return None if series is None else _series(series, _language(request))

    def season(self, request: Request) -> dict[str, Any] | None:
        series = self._titles.series.get(request.path_params["id"])
        if series is None or request.path_params["season"] not in series.seasons:
            return None
        language, number = _language(request), request.path_params["season"]
        return _season(series, number, language) | {
            "episodes": [_episode(series, one, language) for one in series.seasons[number]],
            "external_ids": {},
            "translations": _translations(lambda told: {"name": f"{number}", "overview": series.plot(told)}),
        }

    def episode(self, request: Request) -> dict[str, Any] | None:
        series = self._titles.series.get(request.path_params["id"])
        episodes = () if series is None else series.seasons.get(request.path_params["season"], ())
        found = next((one for one in episodes if one.number == request.path_params["episode"]), None)
        if series is None or found is None:
            return None
        told = _translations(lambda told: {"name": found.title, "overview": series.plot(told)})
        return _episode(series, found, _language(request)) | {"external_ids": {}, "translations": told}

    def person(self, request: Request) -> dict[str, Any] | None:
        person = self._titles.people.get(request.path_params["id"])
        return None if person is None else _person(person)

    def picture(self, request: Request) -> Response:
        """Paint what is asked for; its name is ``kind-number-....jpg``."""
        kind, _, rest = request.path_params["name"].partition("-")
        number = rest.partition(".")[0].partition("-")[0]
        size = request.path_params["size"]
        if kind not in _TYPES or not number.isdigit():
            return Response(status_code=404)
        width = _WIDTHS[size] if size in _WIDTHS else int(size[1:]) if size[1:].isdigit() else None
        return Response(
            paint(kind, int(number), self._caption(int(number)), width=width),
            media_type="image/png" if kind == "logo" else "image/jpeg",
        )

    def _caption(self, number: int) -> str:
        title = self._titles.movies.get(number) or self._titles.series.get(number)
        person = self._titles.people.get(number)
        return title.title if title else person.name if person else ""


_TYPES = ("poster", "backdrop", "profile", "still", "logo")


def _language(request: Request) -> str:
    said = request.query_params.get("language", "en")[:2]
    return said if said in LANGUAGES else "en"


def _found_movie(movie: Movie) -> dict[str, Any]:
    return {
        "id": movie.id,
        "title": movie.title,
        "original_title": movie.title,
        "release_date": movie.first_day.isoformat(),
        "overview": movie.plot(),
        "popularity": movie.votes / 10,
        "poster_path": f"/poster-{movie.id}.jpg",
    }


def _found_series(series: Series) -> dict[str, Any]:
    return {
        "id": series.id,
        "name": series.title,
        "original_name": series.title,
        "first_air_date": series.first_day.isoformat(),
        "overview": series.plot(),
        "popularity": series.votes / 10,
        "poster_path": f"/poster-{series.id}.jpg",
    }


def _title(title: Title, language: str) -> dict[str, Any]:
    return {
        "id": title.id,
        "overview": title.plot(language),
        "tagline": "",
        "popularity": title.votes / 10,
        "vote_average": title.vote,
        "vote_count": title.votes,
        "homepage": "",
        "poster_path": f"/poster-{title.id}.jpg",
        "backdrop_path": f"/backdrop-{title.id}.jpg",
        "genres": [{"id": number, "name": name} for number, name in enumerate(title.genres, start=1)],
        "credits": {
            "cast": [
                {**_member(person), "character": role, "order": order}
                for order, (person, role) in enumerate(title.cast())
            ],
            "crew": [{**_member(title.director()), "job": "Director", "department": "Directing"}],
        },
        "images": {
            "posters": [{"file_path": f"/poster-{title.id}.jpg", "iso_639_1": "en", "width": 500, "height": 750}],
            "backdrops": [{"file_path": f"/backdrop-{title.id}.jpg", "iso_639_1": None, "width": 1280, "height": 720}],
            "logos": [{"file_path": f"/logo-{title.id}.png", "iso_639_1": "en", "width": 500, "height": 200}],
        },
        "videos": {"results": [{"key": f"demo{title.id}", "site": "YouTube", "type": "Trailer"}]},
    }


def _member(person: Person) -> dict[str, Any]:
    return {"id": person.id, "name": person.name, "profile_path": f"/profile-{person.id}.jpg"}


def _movie(movie: Movie, language: str) -> dict[str, Any]:
    return _title(movie, language) | {
        "title": movie.title,
        "original_title": movie.title,
        "original_language": "en",
        "imdb_id": movie.imdb_id,
        "release_date": movie.first_day.isoformat(),
        "runtime": movie.runtime,
        "status": "Released",
        "budget": 0,
        "revenue": 0,
        "belongs_to_collection": None,
        "external_ids": {"imdb_id": movie.imdb_id, "wikidata_id": None},
        "release_dates": {"results": [{"iso_3166_1": "US", "release_dates": [{"certification": "PG", "type": 3}]}]},
        "translations": _translations(lambda told: {"title": movie.title, "overview": movie.plot(told)}),
    }


def _series(series: Series, language: str) -> dict[str, Any]:
    days = [one.air_date for episodes in series.seasons.values() for one in episodes]
    return _title(series, language) | {
        "name": series.title,
        "original_name": series.title,
        "original_language": series.language,
        "first_air_date": series.first_day.isoformat(),
        "last_air_date": max(days).isoformat(),
        "status": "Ended",
        "type": series.type,
        "networks": [{"id": 1, "name": series.network, "origin_country": series.country}],
        "created_by": [],
        "seasons": [_season(series, number, language) for number in sorted(series.seasons)],
        "external_ids": {"imdb_id": series.imdb_id, "tvdb_id": series.tvdb_id},
        "content_ratings": {"results": [{"iso_3166_1": "US", "rating": "TV-PG"}]},
        "translations": _translations(lambda told: {"name": series.title, "overview": series.plot(told)}),
    }


def _season(series: Series, number: int, language: str) -> dict[str, Any]:
    episodes = series.seasons[number]
    return {
        "id": series.id * 100 + number,
        "season_number": number,
        "name": f"Season {number}" if number else "Specials",
        "overview": series.plot(language),
        "air_date": episodes[0].air_date.isoformat(),
        "episode_count": len(episodes),
        "poster_path": f"/poster-{series.id}-{number}.jpg",
        "vote_average": series.vote,
    }


def _episode(series: Series, episode: Episode, language: str) -> dict[str, Any]:
    return {
        "id": episode.id,
        "season_number": episode.season,
        "episode_number": episode.number,
        "name": episode.title,
        "overview": series.plot(language),
        "air_date": episode.air_date.isoformat(),
        "runtime": 25,
        "vote_average": series.vote,
        "vote_count": series.votes,
        "production_code": "",
        "still_path": f"/still-{episode.id}.jpg",
        "crew": [{**_member(series.director()), "job": "Director", "department": "Directing"}],
        "guest_stars": [],
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "biography": f"{person.name} was invented for the demo.",
        "birthday": person.born.isoformat(),
        "deathday": None,
        "place_of_birth": "Demo City",
        "known_for_department": "Acting",
        "popularity": 1.0,
        "imdb_id": f"nm{person.id}",
        "profile_path": f"/profile-{person.id}.jpg",
        "external_ids": {"imdb_id": f"nm{person.id}"},
        "translations": {"translations": []},
    }


def _translations(said: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    return {"translations": [{"iso_639_1": told, "iso_3166_1": "XX", "data": said(told)} for told in LANGUAGES]}
