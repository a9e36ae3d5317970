"""What documents look like: each collection's fields, and what can be done with them. Both engines are made from this."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from revenge.infra.search.errors import InvalidSearch, OutOfReach
from revenge.infra.search.models import DEEPEST, MAX_PER_PAGE, Collection, Query

LONGEST_TEXT = 200
LIBRARIES = "library_ids"


class Kind(StrEnum):
    """A field's type, in Typesense's words."""

    TEXT = "string"
    TEXTS = "string[]"
    INT = "int64"
    FLOAT = "float"
    FLAG = "bool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of documents."""

    name: str
    kind: Kind = Kind.TEXT
    weight: int = 0
    """4 for titles down to 1 for descriptions; 0: its words are not searched."""
    facet: bool = False
    """It can be filtered by and counted."""
    sort: bool = False
    stored: bool = True
    """False: only kept, to be shown; nothing can be done with it."""
    required: bool = False

    @property
    def is_number(self) -> bool:
        """Whether spans can be asked for."""
        return self.kind in (Kind.INT, Kind.FLOAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The fields of a collection."""

    collection: Collection
    title: str
    """The field that is suggested while somebody types."""
    fields: Sequence[Field]

    def by_name(self) -> Mapping[str, Field]:
        """Return the fields by their names."""
        return {field.name: field for field in self.fields}

    @property
    def searched(self) -> Sequence[Field]:
        """Return the fields whose words are searched, the weightiest first."""
        return sorted((field for field in self.fields if field.weight), key=lambda field: -field.weight)

    @property
    def facts(self) -> Sequence[str]:
        """Return the names of the fields that are filtered by, counted or sorted by."""
        return [field.name for field in self.fields if field.stored and (field.facet or field.sort or field.is_number)]

    @property
    def fingerprint(self) -> str:
        """Return what changes when the fields do: an index of another fingerprint has to be built anew."""
        return hashlib.sha256(repr((self.collection.value, self.title, tuple(self.fields))).encode()).hexdigest()[:12]


def _texts(*names: str, weight: int = 0) -> tuple[Field, ...]:
    return tuple(Field(name=name, weight=weight) for name in names)


def _shown(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, stored=False) for name in names)


_COMMON = (
    Field(name=LIBRARIES, kind=Kind.TEXTS, required=True),
    Field(name="sort_title", sort=True, required=True),
    Field(name="popularity", kind=Kind.FLOAT, sort=True, required=True),
    Field(name="titles", kind=Kind.TEXTS, weight=3),
)
_RATED = (
    Field(name="vote_average", kind=Kind.FLOAT, sort=True),
    Field(name="vote_count", kind=Kind.INT),
)
_TITLED = (
    *_COMMON,
    *_RATED,
    *_texts("title", "original_title", weight=4),
    *_texts("overview", weight=1),
    *_texts("tmdb_id", "imdb_id", "tvdb_id"),
    Field(name="year", kind=Kind.INT, facet=True),
    Field(name="status", facet=True),
    Field(name="original_language", facet=True),
    Field(name="genres", kind=Kind.TEXTS, facet=True),
    Field(name="genre_slugs", kind=Kind.TEXTS, facet=True),
    Field(name="age_ratings", kind=Kind.TEXTS, facet=True),
    Field(name="cast", kind=Kind.TEXTS, weight=2),
    Field(name="directors", kind=Kind.TEXTS, weight=2, facet=True),
    Field(name="has_file", kind=Kind.FLAG, facet=True, required=True),
    Field(name="library_added_at", kind=Kind.INT, sort=True, required=True),
    *_shown("tagline", "poster_path", "poster_hash", "backdrop_path", "backdrop_hash"),
    Field(name="person_ids", kind=Kind.TEXTS, stored=False),
)

MOVIES = Schema(
    collection=Collection.MOVIES,
    title="title",
    fields=(
        *_TITLED,
        Field(name="release_date", kind=Kind.INT, sort=True),
        Field(name="runtime", kind=Kind.INT),
        Field(name="resolution", facet=True),
        Field(name="quality_profile", facet=True),
        Field(name="collection", weight=2),
    ),
)
TVSHOWS = Schema(
    collection=Collection.TVSHOWS,
    title="title",
    fields=(
        *_TITLED,
        Field(name="first_air_date", kind=Kind.INT, sort=True),
        Field(name="type", facet=True),
        Field(name="networks", kind=Kind.TEXTS, weight=2, facet=True),
        Field(name="total_seasons", kind=Kind.INT),
        Field(name="total_episodes", kind=Kind.INT, sort=True),
    ),
)
SEASONS = Schema(
    collection=Collection.SEASONS,
    title="name",
    fields=(
        *_COMMON,
        *_RATED,
        *_texts("name", weight=4),
        *_texts("series_title", weight=3),
        *_texts("overview", weight=1),
        Field(name="series_id", facet=True, required=True),
        Field(name="season_number", kind=Kind.INT, facet=True, required=True),
        Field(name="air_date", kind=Kind.INT, sort=True),
        Field(name="episode_count", kind=Kind.INT, sort=True),
        *_shown("poster_path", "poster_hash", "series_poster_path", "series_poster_hash"),
    ),
)
EPISODES = Schema(
    collection=Collection.EPISODES,
    title="title",
    fields=(
        *_COMMON,
        *_RATED,
        *_texts("title", weight=4),
        *_texts("series_title", weight=2),
        *_texts("overview", weight=1),
        *_texts("tmdb_id", "imdb_id", "tvdb_id"),
        Field(name="series_id", facet=True, required=True),
        Field(name="season_id", facet=True, required=True),
        Field(name="season_number", kind=Kind.INT, facet=True, required=True),
        Field(name="episode_number", kind=Kind.INT, required=True),
        Field(name="air_date", kind=Kind.INT, sort=True),
        Field(name="runtime", kind=Kind.INT),
        Field(name="has_file", kind=Kind.FLAG, facet=True, required=True),
        *_shown("still_path", "still_hash", "series_poster_path", "series_poster_hash"),
    ),
)
PEOPLE = Schema(
    collection=Collection.PEOPLE,
    title="name",
    fields=(
        *_COMMON,
        *_texts("name", weight=4),
        Field(name="known_for", kind=Kind.TEXTS, weight=2),
        Field(name="characters", kind=Kind.TEXTS, weight=1),
        Field(name="departments", kind=Kind.TEXTS, facet=True),
        Field(name="tmdb_id"),
        Field(name="movie_count", kind=Kind.INT),
        Field(name="tvshow_count", kind=Kind.INT),
        Field(name="total_credits", kind=Kind.INT, sort=True),
        *_shown("profile_path", "profile_hash"),
    ),
)
SCHEMAS: Mapping[Collection, Schema] = {
    schema.collection: schema for schema in (MOVIES, TVSHOWS, SEASONS, EPISODES, PEOPLE)
}


def check(query: Query) -> None:
    """Refuse a query that its collection has no answer to, before any engine is asked.

    Raises:
        InvalidSearch: a field does not exist or cannot be used so.
        OutOfReach: the page is too far.
    """
    for name in query.facets:
        _use(query, name, "facet")
    for name, values in query.any_of.items():
        if _use(query, name, "facet").is_number and not all(value.isascii() and value.isdigit() for value in values):
            raise InvalidSearch(name, "must be whole numbers")
    for name in query.spans:
        _use(query, name, "is_number")
    for name in query.flags:
        if _use(query, name, "facet").kind is not Kind.FLAG:
            raise InvalidSearch(name, "is neither true nor false")
    if query.sort.field is not None:
        _use(query, query.sort.field, "sort")
    if len(query.text) > LONGEST_TEXT:
        raise InvalidSearch("q", f"must be at most {LONGEST_TEXT} characters")
    if not 1 <= query.per_page <= MAX_PER_PAGE:
        raise InvalidSearch("per_page", f"must be 1 to {MAX_PER_PAGE}")
    if query.page < 1:
        raise InvalidSearch("page", "must be 1 or more")
    if query.page * query.per_page > DEEPEST:
        raise OutOfReach("page", f"must be within the first {DEEPEST} hits: narrow the search")


def _use(query: Query, name: str, able: str) -> Field:
    field = SCHEMAS[query.collection].by_name().get(name)
    if field is None or not field.stored or not getattr(field, able):
        raise InvalidSearch(name, f"{query.collection} cannot be used so")
    return field
