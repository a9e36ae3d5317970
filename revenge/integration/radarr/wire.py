"""A film as Radarr sends it."""

from typing import Annotated

from pydantic import Field

from revenge.integration.arr.wire import (
    ArrId,
    Covers,
    Day,
    File,
    Language,
    Moment,
    Number,
    Rating,
    Text,
    Texts,
    Wire,
)


class Collection(Wire):
    """A series of films; newer versions call its name title."""

    title: Text = None
    name: Text = None
    tmdb_id: Number = None


class Ratings(Wire):
    """How a film is found, by source."""

    imdb: Rating | None = None
    tmdb: Rating | None = None
    metacritic: Rating | None = None
    rotten_tomatoes: Rating | None = None
    trakt: Rating | None = None


class MovieFile(File):
    """The file of a film."""

    movie_id: int = 0


class Movie(Wire):
    """A film, with its file where it has one."""

    id: ArrId
    title: Annotated[str, Field(min_length=1)]
    original_title: Text = None
    original_language: Language | None = None
    status: Text = None
    overview: Text = None
    in_cinemas: Day = None
    physical_release: Day = None
    digital_release: Day = None
    images: Covers = ()
    website: Text = None
    year: Number = None
    you_tube_trailer_id: Text = None
    studio: Text = None
    path: Text = None
    has_file: bool | None = None
    movie_file_id: Number = None
    monitored: bool = False
    runtime: Number = None
    imdb_id: Text = None
    tmdb_id: Number = None
    certification: Text = None
    genres: Texts = ()
    added: Moment = None
    ratings: Ratings | None = None
    movie_file: MovieFile | None = None
    collection: Collection | None = None
    popularity: float | None = None
