"""A source that knows a few series, and counts what it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NoReturn

from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import (
    Credit,
    CreditType,
    EpisodeDetails,
    IdProvider,
    Ids,
    ImageRef,
    ImageType,
    MovieDetails,
    Network,
    PersonDetails,
    PersonRef,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
    Translation,
)

START = date(2024, 1, 1)


def person(number: int) -> PersonRef:
    return PersonRef(name=f"Person {number}", ids={IdProvider.TMDB: str(number)})


def series(
    number: int,
    title: str,
    year: int,
    *seasons: int,
    specials: Sequence[str] = (),
    popularity: float = 10.0,
    **more: Any,
) -> "Entry":
    """Return a series of as many episodes as each season has, one a day from the year's first on."""
    shapes = [_season(number, at + 1, count, year) for at, count in enumerate(seasons)]
    if specials:
        shapes.insert(0, _specials(number, specials))
    return Entry(
        details=SeriesDetails(
            provider="tmdb",
            ids={IdProvider.TMDB: str(number), IdProvider.TVDB: str(70_000 + number)},
            title=title,
            year=year,
            overview=f"All about {title}.",
            status="Ended",
            popularity=popularity,
            genres=("Drama", "Comedy"),
            networks=(Network(name="Channel 4", country="GB"),),
            credits=tuple(
                Credit(person=person(number * 100 + at), type=CreditType.CAST, character=f"Role {at}")
                for at in range(3)
            ),
            images=(ImageRef(type=ImageType.POSTER, provider="tmdb", source=f"/{number}.jpg"),),
            translations=(Translation(language="en", title=title), Translation(language="de", title=f"{title} (D)")),
            **more,
        ),
        seasons={shape.number: shape for shape in shapes},
    )


@dataclass(frozen=True)
class Entry:
    """A series and its seasons."""

    details: SeriesDetails
    seasons: Mapping[int, SeasonDetails]

    @property
    def id(self) -> str:
        return self.details.ids[IdProvider.TMDB]

    @property
    def with_seasons(self) -> SeriesDetails:
        return replace(self.details, seasons=tuple(replace(season, episodes=()) for season in self.seasons.values()))


class FakeSource:
    """Answers out of a list; ``fails`` says whom and how: by method, or by method and series."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {entry.id: entry for entry in entries}
        self.enabled = True
        self.asked: list[tuple[Any, ...]] = []
        self.fails: dict[Any, Exception] = {}
        self.languages: set[tuple[str, ...]] = set()

    def count(self, method: str) -> int:
        """Return how often something was asked."""
        return sum(call[0] == method for call in self.asked)

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        self._ask("search", title, year)
        word = title.casefold().split()[0]
        return [
            SearchHit(
                provider="tmdb",
                provider_id=entry.id,
                title=entry.details.title,
                year=entry.details.year,
                popularity=entry.details.popularity,
                ids={IdProvider.TMDB: entry.id},
            )
            for entry in self.entries.values()
            if word in entry.details.title.casefold() and year in (None, entry.details.year)
        ]

    async def series(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> SeriesDetails:
        entry = self._entry(ids)
        self._ask("series", entry.id, fresh)
        self.languages.add(tuple(languages))
        return entry.with_seasons

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool = False) -> SeasonDetails:
        entry = self._entry(ids)
        self._ask("season", entry.id, number)
        self.languages.add(tuple(languages))
        if number not in entry.seasons:
            raise UnknownTitle(f"no season {number}")
        return entry.seasons[number]

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool = False
    ) -> EpisodeDetails:
        entry = self._entry(ids)
        self._ask("episode", entry.id, season, number)
        found = [each for each in entry.seasons[season].episodes if each.number == number]
        if not found:
            raise UnknownTitle(f"no episode {number}")
        return found[0]

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        return ()

    async def movie(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> MovieDetails:
        _unknown()

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool = False) -> PersonDetails:
        _unknown()

    def _entry(self, ids: Ids) -> Entry:
        for entry in self.entries.values():
            if any(entry.details.ids.get(provider) == value for provider, value in ids.items()):
                return entry
        raise UnknownTitle("nobody knows it")

    def _ask(self, *call: Any) -> None:
        self.asked.append(call)
        for key in (call[0], call[:2], call):
            if key in self.fails:
                raise self.fails[key]


def _unknown() -> NoReturn:
    raise UnknownTitle("nobody knows it")


def _season(series_number: int, number: int, count: int, year: int) -> SeasonDetails:
    first = date(year, 1, 1) + timedelta(days=200 * (number - 1))
    return SeasonDetails(
        provider="tmdb",
        ids={IdProvider.TMDB: f"{series_number}{number:02}"},
        number=number,
        name=f"Season {number}",
        air_date=first,
        episodes=tuple(
            EpisodeDetails(
                provider="tmdb",
                ids={IdProvider.TMDB: f"{series_number}{number:02}{at:04}"},
                season=number,
                number=at,
                title=f"Episode {number}x{at}",
                air_date=first + timedelta(days=2 * at),
                runtime_min=42,
                credits=(Credit(person=person(9000 + at), type=CreditType.GUEST_STAR, character="A guest"),),
                images=(ImageRef(type=ImageType.STILL, provider="tmdb", source=f"/{series_number}-{number}-{at}.jpg"),),
            )
            for at in range(1, count + 1)
        ),
    )


def _specials(series_number: int, titles: Sequence[str]) -> SeasonDetails:
    return SeasonDetails(
        provider="tmdb",
        number=0,
        name="Specials",
        episodes=tuple(
            EpisodeDetails(
                provider="tmdb",
                ids={IdProvider.TMDB: f"{series_number}00{at:04}"},
                season=0,
                number=at,
                title=title,
            )
            for at, title in enumerate(titles, start=1)
        ),
    )
