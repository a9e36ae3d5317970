"""What the demo's servers know: every title of the demo library, with invented people and plots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from revenge.content.library.demo import catalogue

LANGUAGES = ("en", "de", "fr", "es", "ja")
_FIRST_INVENTED = 9_000_000
"""Ids that the real TMDb will not give for a while."""
_FIRST_DAY = date(2024, 1, 8)
_DAYS = 120
"""Of the daily programme."""

_GENRES = ("Drama", "Comedy", "Horror", "Science Fiction", "Romance", "Crime", "Adventure", "Mystery")
_GIVEN = ("Ada", "Bruno", "Clara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kaya", "Lino")
_FAMILY = ("Abend", "Brook", "Castillo", "Dahl", "Eriksson", "Fontaine", "Grau", "Hara", "Ivanova", "Jovanovic")
_ROLES = ("The Stranger", "Inspector Holm", "Marta", "The Conductor", "Young Emil", "Mrs. Park")
_PLOTS = {
    "en": "A story about {title}, told for the demo.",
    "de": "Eine Geschichte über {title}, für die Vorführung erzählt.",
    "fr": "Une histoire sur {title}, racontée pour la démonstration.",
    "es": "Una historia sobre {title}, contada para la demostración.",
    "ja": "デモのための「{title}」の物語。",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who never was."""

    id: int
    name: str

    @property
    def born(self) -> date:
        """When."""
        return date(1890 + self.id % 80, 1 + self.id % 12, 1 + self.id % 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What films and series have in common."""

    id: int
    imdb_id: str
    title: str
    year: int
    first_day: date

    @property
    def genres(self) -> Sequence[str]:
        """Two of the eight."""
        return _GENRES[self.id % 8], _GENRES[(self.id * 3 + 1) % 8]

    @property
    def vote(self) -> float:
        """Between 5.0 and 9.4."""
        return 5 + self.id * 7 % 45 / 10

    @property
    def votes(self) -> int:
        """Some hundreds."""
        return 100 + self.id % 900

    def plot(self, language: str = "en") -> str:
        """Return what happens in it."""
        return _PLOTS[language].format(title=self.title)

    def cast(self) -> Iterator[tuple[Person, str]]:
        """Yield who plays, and whom."""
        for number in range(4):
            yield PEOPLE[(self.id * 5 + number * 7) % len(PEOPLE)], _ROLES[(self.id + number) % len(_ROLES)]

    def director(self) -> Person:
        """Return who made it."""
        return PEOPLE[(self.id * 11 + 3) % len(PEOPLE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie(Title):
    """A film."""

    @property
    def runtime(self) -> int:
        """Minutes."""
        return 60 + self.id % 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An episode."""

    id: int
    season: int
    number: int
    title: str
    air_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Series(Title):
    """A series."""

    tvdb_id: int
    language: str = "en"
    country: str = "GB"
    network: str = "Demo One"
    type: str = "Scripted"
    seasons: dict[int, Sequence[Episode]] = field(default_factory=dict)


PEOPLE = [
    Person(7_000_000 + number, f"{given} {family}")
    for number, (given, family) in enumerate((given, family) for family in _FAMILY for given in _GIVEN)
]


def _films() -> Iterator[Movie]:
    named = [value for value in vars(catalogue).values() if isinstance(value, catalogue.Film)]
    others = (
        catalogue.Film(title, year)
        for title, year in (("Orphans of the Storm", 1921), ("Seventh Heaven", 1927), ("The Crowd", 1928), ("The Wind", 1928))
    )  # fmt: skip
    known: dict[tuple[str, int], catalogue.Film] = {}
    for film in (*named, *catalogue.CLASSICS, *catalogue.INVENTED, *others):
        known.setdefault((film.title, film.year), film)
    for number, film in enumerate(known.values(), start=1):
        yield Movie(
            id=film.tmdb_id or _FIRST_INVENTED + number,
            imdb_id=film.imdb_id or f"tt9{number:06}",
            title=film.title,
            year=film.year,
            first_day=date(film.year, 1 + number % 12, 1 + number % 28),
        )


def _series() -> Iterator[Series]:
    origins = (
        ("en", "GB", "Demo One", "Scripted"), ("de", "DE", "Erstes Demo", "Scripted"), ("en", "US", "Demo+", "Scripted"),
        ("en", "GB", "Demo One", "Miniseries"), ("ja", "JP", "Demo TV", "Animation"),
    )  # fmt: skip
    for number, (show, origin) in enumerate(zip(catalogue.SHOWS, origins, strict=True), start=1):
        language, country, network, form = origin
        lengths = dict(enumerate(show.episodes, start=1))
        if number == 1:
            lengths[0] = 1
        if number == 3:
            lengths[2] = 2  # what the demo has of it is broken
        yield Series(
            id=_FIRST_INVENTED + number,
            imdb_id=f"tt98{number:05}",
            tvdb_id=8_000_000 + number,
            title=show.title,
            year=show.year,
            first_day=date(show.year, 3, 1),
            language=language,
            country=country,
            network=network,
            type=form,
            seasons={season: list(_episodes(number, show, season, length)) for season, length in lengths.items()},
        )
    days = [_FIRST_DAY + timedelta(days=number) for number in range(_DAYS)]
    yield Series(
        id=_FIRST_INVENTED + 6,
        imdb_id="tt9800006",
        tvdb_id=8_000_006,
        title="The Noon Report",
        year=2024,
        first_day=_FIRST_DAY,
        type="News",
        seasons={
            1: [
                Episode(id=6_000_000 + number, season=1, number=number, title=f"{day:%d %B %Y}", air_date=day)
                for number, day in enumerate(days, start=1)
            ]
        },
    )


def _episodes(series: int, show: catalogue.Show, season: int, length: int) -> Iterator[Episode]:
    names = catalogue.EPISODE_TITLES
    for number in range(1, length + 1):
        day = date(show.year + max(season - 1, 0), 3, 1) + timedelta(weeks=number - 1)
        title = "Making the Depot" if season == 0 else names[(number - 1) % len(names)]
        episode_id = 5_000_000 + series * 10_000 + season * 100 + number
        yield Episode(id=episode_id, season=season, number=number, title=title, air_date=day)


class Titles:
    """All of them, by what they are asked for."""

    @cached_property
    def movies(self) -> dict[int, Movie]:
        """Films by their id."""
        return {movie.id: movie for movie in _films()}

    @cached_property
    def series(self) -> dict[int, Series]:
        """Series by their id."""
        return {series.id: series for series in _series()}

    @cached_property
    def people(self) -> dict[int, Person]:
        """People by their id."""
        return {person.id: person for person in PEOPLE}

    def find(self, known: Sequence[Title], query: str, year: int | None) -> Iterator[Title]:
        """Yield titles that hold all words of ``query``, those called just so first."""
        words = set(_words(query))
        hits = [one for one in known if words and words <= set(_words(one.title))]
        hits.sort(key=lambda one: len(_words(one.title)) - len(words))
        yield from (one for one in hits if year is None or one.year == year)


def _words(text: str) -> list[str]:
    kept = "".join(letter if letter.isalnum() else " " for letter in text.casefold().replace("'", ""))
    return kept.split()
