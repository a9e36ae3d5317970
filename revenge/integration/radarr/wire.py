"""A film as Radarr sends it."""

from revenge.integration.arr.wire import (
    Day,
    File,
    Number,
    Rating,
    Text,
    Title,
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


class Movie(Title):
    """A film, with its file where it has one."""

    original_title: Text = None
    in_cinemas: Day = None
    physical_release: Day = None
    digital_release: Day = None
    website: Text = None
    you_tube_trailer_id: Text = None
    studio: Text = None
    has_file: bool | None = None
    movie_file_id: Number = None
    ratings: Ratings | None = None
    movie_file: MovieFile | None = None
    collection: Collection | None = None
    popularity: float | None = None
