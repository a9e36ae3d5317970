"""TMDb, version 3 of its API: one request for a title, whatever the languages."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from pydantic import TypeAdapter

from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import (
    EpisodeDetails,
    IdProvider,
    Ids,
    MovieDetails,
    PersonDetails,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
)
from revenge.content.metadata.providers import tmdb_mapping as mapping
from revenge.content.metadata.providers import tmdb_shapes as shapes
from revenge.content.metadata.providers.provider import Provider
from revenge.infra.http.caller import Caller, Params

T = TypeVar("T", bound=shapes.Shape)

_OTHERS = ((IdProvider.IMDB, "imdb_id"), (IdProvider.TVDB, "tvdb_id"), (IdProvider.WIKIDATA, "wikidata_id"))
_MOVIE = "credits,external_ids,images,release_dates,translations,videos"
_SERIES = "content_ratings,credits,external_ids,images,translations,videos"
_PART = "external_ids,images,translations"


class Tmdb(Provider):
    """Films, series and people in every language."""

    name: ClassVar[str] = mapping.NAME

    def __init__(self, caller: Caller, answers: KeptAnswers) -> None:
        self._caller = caller
        self._answers = answers

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return films that may be meant; with a year that finds none, those of any year."""
        return await self._search("/search/movie", title, "year", year, language)

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return series that may be meant; with a year that finds none, those of any year."""
        return await self._search("/search/tv", title, "first_air_date_year", year, language)

    async def movie(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> MovieDetails:
        """Return a film."""
        tmdb_id = await self._id(ids, "movie_results")
        found = await self._title(f"/movie/{tmdb_id}", shapes.Movie, _MOVIE, languages, fresh)
        return mapping.movie(found, languages[1:])

    async def series(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> SeriesDetails:
        """Return a series."""
        tmdb_id = await self._id(ids, "tv_results")
        found = await self._title(f"/tv/{tmdb_id}", shapes.Series, _SERIES, languages, fresh)
        return mapping.series(found, languages[1:])

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool) -> SeasonDetails:
        """Return a season with its episodes.

        The texts of episodes come in one language a request: only those languages are asked for that the season is told in.
        """
        path = f"/tv/{await self._id(ids, 'tv_results')}/season/{number}"
        found = await self._title(path, shapes.Season, _PART, languages, fresh)
        told = {one.iso_639_1 for one in found.translations.translations if one.data.name or one.data.overview}
        others = {
            language: await self._title(path, shapes.Season, "", [language], fresh)
            for language in languages[1:]
            if language in told
        }
        return mapping.season(found, languages[1:], others)

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool
    ) -> EpisodeDetails:
        """Return an episode."""
        path = f"/tv/{await self._id(ids, 'tv_results')}/season/{season}/episode/{number}"
        return mapping.episode(await self._title(path, shapes.Episode, _PART, languages, fresh), languages[1:])

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> PersonDetails:
        """Return a person."""
        tmdb_id = await self._id(ids, "person_results")
        found = await self._title(f"/person/{tmdb_id}", shapes.Person, _PART, languages, fresh)
        return mapping.person(found, languages[1:])

    async def _search(
        self, path: str, title: str, year_key: str, year: int | None, language: str
    ) -> Sequence[SearchHit]:
        params: dict[str, str | int | bool] = {"query": title, "language": language, "include_adult": False}
        found = shapes.Search()
        if year is not None:
            found = await self._ask(path, shapes.Search, {**params, year_key: year}, is_search=True)
        if not found.results:
            found = await self._ask(path, shapes.Search, params, is_search=True)
        return [mapping.search_hit(one) for one in found.results]

    async def _id(self, ids: Ids, results: str) -> str:
        """Return TMDb's own id, which it is asked for where only another's is known."""
        if own := ids.get(IdProvider.TMDB):
            return own
        for provider, source in _OTHERS:
            if other := ids.get(provider):
                by_id = await self._ask(f"/find/{other}", shapes.FoundById, {"external_source": source})
                found: tuple[shapes.Found, ...] = getattr(by_id, results)
                if found:
                    return str(found[0].id)
        raise UnknownTitle(f"{self.name} is asked by an id of its own, IMDb's or TVDb's, and knows none of these")

    async def _title(self, path: str, shape: type[T], append: str, languages: Sequence[str], fresh: bool) -> T:
        params: dict[str, str | int | bool] = {"language": languages[0] if languages else "en"}
        if append:
            params |= {"append_to_response": append, "include_image_language": ",".join((*languages, "null"))}
        return await self._ask(path, shape, params, fresh=fresh)

    async def _ask(
        self, path: str, shape: type[T], params: Params, *, is_search: bool = False, fresh: bool = False
    ) -> T:
        key = f"{path}?" + "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        keep = self._answers.keep.searches if is_search else self._answers.keep.titles

        async def fetch() -> T:
            return await self._caller.get(path, TypeAdapter(shape), params=params)

        return await self._answers.ask(self.name, key, shape, fetch, keep=keep, fresh=fresh)
