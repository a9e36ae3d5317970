"""What a provider says of a film, a series, an episode or a person, whoever the provider is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class EntityKind(StrEnum):
    """What has ids, translations, pictures and credits."""

    MOVIE = "movie"
    COLLECTION = "collection"
    SERIES = "series"
    SEASON = "season"
    EPISODE = "episode"
    PERSON = "person"


class IdProvider(StrEnum):
    """Whose ids are kept; unique for each of them and kind."""

    TMDB = "tmdb"
    IMDB = "imdb"
    TVDB = "tvdb"
    TVMAZE = "tvmaze"
    WIKIDATA = "wikidata"


Ids = Mapping[IdProvider, str]

_ID_SHAPES = {
    IdProvider.TMDB: re.compile(r"[1-9][0-9]{0,9}"),
    IdProvider.IMDB: re.compile(r"tt[0-9]{7,10}"),
    IdProvider.TVDB: re.compile(r"[1-9][0-9]{0,9}"),
    IdProvider.TVMAZE: re.compile(r"[1-9][0-9]{0,9}"),
    IdProvider.WIKIDATA: re.compile(r"Q[1-9][0-9]{0,11}"),
}


def is_id(provider: IdProvider, value: str) -> bool:
    """Return whether ``value`` looks like an id of ``provider``."""
    return _ID_SHAPES[provider].fullmatch(value) is not None


class ImageType(StrEnum):
    """What a picture shows."""

    POSTER = "poster"
    BACKDROP = "backdrop"
    PROFILE = "profile"
    STILL = "still"
    LOGO = "logo"


class CreditType(StrEnum):
    """What a person has to do with it."""

    CAST = "cast"
    CREW = "crew"
    GUEST_STAR = "guest_star"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture that a provider has."""

    type: ImageType
    provider: str
    source: str
    """The provider's own path or address of it."""
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What it is called and told in a language; None where the provider says nothing."""

    language: str
    title: str | None = None
    overview: str | None = None
    tagline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRef:
    """A person as somebody's credit names it."""

    name: str
    ids: Ids = field(default_factory=dict)
    image: ImageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What a person did; they come in the order of their importance."""

    person: PersonRef
    type: CreditType
    character: str = ""
    job: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How somebody's readers find it: of ten, or of a hundred with ``metacritic`` and ``rottentomatoes``."""

    source: str
    value: float
    votes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRef:
    """The series of films that a film belongs to."""

    name: str
    ids: Ids = field(default_factory=dict)
    overview: str | None = None
    images: tuple[ImageRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What films, series, seasons, episodes and people have in common."""

    provider: str
    """Who said it."""
    ids: Ids = field(default_factory=dict)
    translations: tuple[Translation, ...] = ()
    images: tuple[ImageRef, ...] = ()
    """The first of each type is the one to show."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """Providers that could have added something and could not be asked, and why: for a job's output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleDetails(Details):
    """What films and series have in common; None and empty where the provider says nothing."""

    title: str
    original_title: str | None = None
    original_language: str | None = None
    """ISO 639-1."""
    year: int | None = None
    overview: str | None = None
    tagline: str | None = None
    status: str | None = None
    popularity: float | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    trailer_url: str | None = None
    homepage: str | None = None
    genres: tuple[str, ...] = ()
    credits: tuple[Credit, ...] = ()
    ratings: tuple[Rating, ...] = ()
    certifications: Mapping[str, str] = field(default_factory=dict)
    """By country, ISO 3166-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieDetails(TitleDetails):
    """A film."""

    release_date: date | None = None
    runtime_min: int | None = None
    budget: int | None = None
    revenue: int | None = None
    collection: CollectionRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Who broadcasts a series."""

    name: str
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeDetails(Details):
    """An episode."""

    season: int
    number: int
    absolute_number: int | None = None
    title: str | None = None
    overview: str | None = None
    air_date: date | None = None
    runtime_min: int | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    production_code: str | None = None
    credits: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonDetails(Details):
    """A season; its episodes where the provider was asked for them."""

    number: int
    """0: specials."""
    name: str | None = None
    overview: str | None = None
    air_date: date | None = None
    vote_average: float | None = None
    episodes: tuple[EpisodeDetails, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDetails(TitleDetails):
    """A series; its seasons without their episodes, unless they came along."""

    first_air_date: date | None = None
    last_air_date: date | None = None
    type: str | None = None
    networks: tuple[Network, ...] = ()
    seasons: tuple[SeasonDetails, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDetails(Details):
    """A person."""

    name: str
    biography: str | None = None
    birth_date: date | None = None
    death_date: date | None = None
    birthplace: str | None = None
    known_for: str | None = None
    popularity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """What a provider found for a title, best first as it sees it."""

    provider: str
    provider_id: str
    title: str
    original_title: str | None = None
    aliases: tuple[str, ...] = ()
    year: int | None = None
    overview: str | None = None
    popularity: float | None = None
    ids: Ids = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
