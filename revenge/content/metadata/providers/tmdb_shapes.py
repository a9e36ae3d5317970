"""What is read of TMDb's answers, version 3 of its API; what else is in them is not kept."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

Day = Annotated[date | None, BeforeValidator(lambda value: value or None)]
"""TMDb says ``""`` where it does not know a date."""


class Shape(BaseModel):
    """Strict in what is read, blind to the rest."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Found(Shape):
    """A film or a series that a search found."""

    id: int
    title: str = ""
    name: str = ""
    original_title: str | None = None
    original_name: str | None = None
    overview: str | None = None
    popularity: float | None = None
    release_date: Day = None
    first_air_date: Day = None


class Search(Shape):
    """The first page: what is not on it is not meant."""

    results: tuple[Found, ...] = ()


class FoundById(Shape):
    """What has another's id."""

    movie_results: tuple[Found, ...] = ()
    tv_results: tuple[Found, ...] = ()
    person_results: tuple[Found, ...] = ()


class Named(Shape):
    """A genre, a network."""

    name: str
    origin_country: str | None = None


class Picture(Shape):
    """A picture."""

    file_path: str
    iso_639_1: str | None = None


class Pictures(Shape):
    """Pictures, best first."""

    posters: tuple[Picture, ...] = ()
    backdrops: tuple[Picture, ...] = ()
    logos: tuple[Picture, ...] = ()
    stills: tuple[Picture, ...] = ()
    profiles: tuple[Picture, ...] = ()


class Said(Shape):
    """Texts in a language; empty where it has none."""

    title: str | None = None
    name: str | None = None
    overview: str | None = None
    tagline: str | None = None
    biography: str | None = None


class Translated(Shape):
    """A translation."""

    iso_639_1: str
    iso_3166_1: str | None = None
    data: Said = Said()


class Translations(Shape):
    """All of them."""

    translations: tuple[Translated, ...] = ()


class Member(Shape):
    """Somebody in the cast or the crew."""

    id: int
    name: str
    profile_path: str | None = None
    character: str | None = None
    job: str | None = None
    department: str | None = None
    order: int | None = None


class Credits(Shape):
    """Cast and crew; an episode's cast is its season's, with guests beside it."""

    cast: tuple[Member, ...] = ()
    crew: tuple[Member, ...] = ()
    guest_stars: tuple[Member, ...] = ()


class ExternalIds(Shape):
    """Ids of others."""

    imdb_id: str | None = None
    tvdb_id: int | None = None
    wikidata_id: str | None = None


class Release(Shape):
    """A release in a country."""

    certification: str = ""


class CountryReleases(Shape):
    """A country's releases of a film."""

    iso_3166_1: str
    release_dates: tuple[Release, ...] = ()


class Releases(Shape):
    """All countries' releases of a film."""

    results: tuple[CountryReleases, ...] = ()


class ContentRating(Shape):
    """From which age a country lets a series be seen."""

    iso_3166_1: str
    rating: str = ""


class ContentRatings(Shape):
    """The same of all countries."""

    results: tuple[ContentRating, ...] = ()


class Video(Shape):
    """A video about it."""

    key: str
    site: str = ""
    type: str = ""


class Videos(Shape):
    """All of them."""

    results: tuple[Video, ...] = ()


class Collection(Shape):
    """A series of films."""

    id: int
    name: str
    poster_path: str | None = None
    backdrop_path: str | None = None


class Title(Shape):
    """What films and series have in common."""

    id: int
    overview: str | None = None
    tagline: str | None = None
    status: str | None = None
    popularity: float | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    homepage: str | None = None
    original_language: str | None = None
    poster_path: str | None = None
    backdrop_path: str | None = None
    genres: tuple[Named, ...] = ()
    credits: Credits = Credits()
    external_ids: ExternalIds = ExternalIds()
    images: Pictures = Pictures()
    translations: Translations = Translations()
    videos: Videos = Videos()


class Movie(Title):
    """A film."""

    title: str
    original_title: str | None = None
    imdb_id: str | None = None
    release_date: Day = None
    runtime: int | None = None
    budget: int | None = None
    revenue: int | None = None
    belongs_to_collection: Collection | None = None
    release_dates: Releases = Releases()


class Episode(Shape):
    """An episode."""

    id: int
    season_number: int
    episode_number: int
    name: str | None = None
    overview: str | None = None
    air_date: Day = None
    runtime: int | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    production_code: str | None = None
    still_path: str | None = None
    crew: tuple[Member, ...] = ()
    guest_stars: tuple[Member, ...] = ()
    external_ids: ExternalIds = ExternalIds()
    images: Pictures = Pictures()
    translations: Translations = Translations()


class Season(Shape):
    """A season."""

    id: int
    season_number: int
    name: str | None = None
    overview: str | None = None
    air_date: Day = None
    poster_path: str | None = None
    vote_average: float | None = None
    episodes: tuple[Episode, ...] = ()
    external_ids: ExternalIds = ExternalIds()
    images: Pictures = Pictures()
    translations: Translations = Translations()


class Series(Title):
    """A series."""

    name: str
    original_name: str | None = None
    first_air_date: Day = None
    last_air_date: Day = None
    type: str | None = None
    networks: tuple[Named, ...] = ()
    seasons: tuple[Season, ...] = ()
    created_by: tuple[Member, ...] = ()
    content_ratings: ContentRatings = ContentRatings()


class Person(Shape):
    """A person."""

    id: int
    name: str
    biography: str | None = None
    birthday: Day = None
    deathday: Day = None
    place_of_birth: str | None = None
    known_for_department: str | None = None
    popularity: float | None = None
    imdb_id: str | None = None
    profile_path: str | None = None
    external_ids: ExternalIds = ExternalIds()
    images: Pictures = Pictures()
    translations: Translations = Translations()
