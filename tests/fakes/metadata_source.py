"""A source of metadata that answers what a test tells it to, and remembers what it was asked."""

from collections.abc import Sequence
from typing import Any

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


class FakeSource:
    """Knows the films and people that it is given, by their TMDb ids."""

    def __init__(self, *movies: MovieDetails, people: Sequence[PersonDetails] = ()) -> None:
        self.enabled = True
        self.movies = {details.ids[IdProvider.TMDB]: details for details in movies}
        self.people = {details.ids[IdProvider.TMDB]: details for details in people}
        self.asked: list[tuple[Any, ...]] = []
        self.trouble: dict[str, Exception] = {}
        """What is raised for a title or an id."""

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        self.asked.append(("search", title, year, language))
        self._check(title)
        words = set(title.casefold().split())
        return [
            SearchHit(
                provider="tmdb",
                provider_id=number,
                title=details.title,
                original_title=details.original_title,
                year=details.year,
                ids={IdProvider.TMDB: number},
            )
            for number, details in self.movies.items()
            if words & {*details.title.casefold().split(), *(details.original_title or "").casefold().split()}
            and year in (None, details.year)
        ]

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        return []

    async def movie(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> MovieDetails:
        self.asked.append(("movie", dict(ids), tuple(languages), fresh, tuple(providers)))
        for details in self.movies.values():
            if any(details.ids.get(provider) == value for provider, value in ids.items()):
                self._check(details.ids[IdProvider.TMDB])
                return details
        raise UnknownTitle("nobody has it")

    async def series(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> SeriesDetails:
        raise UnknownTitle("nobody has it")

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool = False) -> SeasonDetails:
        raise UnknownTitle("nobody has it")

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool = False
    ) -> EpisodeDetails:
        raise UnknownTitle("nobody has it")

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool = False) -> PersonDetails:
        self.asked.append(("person", dict(ids), tuple(languages), fresh))
        number = ids.get(IdProvider.TMDB, "")
        self._check(number)
        if number not in self.people:
            raise UnknownTitle("nobody has them")
        return self.people[number]

    def _check(self, key: str) -> None:
        if key in self.trouble:
            raise self.trouble[key]
