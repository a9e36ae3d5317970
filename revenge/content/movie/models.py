"""Films, and what libraries have of them, as the rest of the program sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from revenge.content.library.models import LibraryFile
from revenge.content.metadata.models import IdProvider, Ids, MovieDetails


class MatchState(StrEnum):
    """What is known of what an item is."""

    PENDING = "pending"
    MATCHED = "matched"
    UNMATCHED = "unmatched"
    MANUAL = "manual"
    """A person chose it; no match changes it."""
    IGNORED = "ignored"
    """A person wants no match."""


CHOSEN = frozenset({MatchState.MANUAL, MatchState.IGNORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """A film's row."""

    id: UUID
    title: str
    original_title: str | None
    original_language: str | None
    year: int | None
    release_date: date | None
    runtime_min: int | None
    overview: str | None
    tagline: str | None
    status: str | None
    budget: int | None
    revenue: int | None
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    trailer_url: str | None
    homepage: str | None
    collection_id: UUID | None
    is_local: bool
    """Known by names and NFO files alone; no provider has identified it."""
    metadata_provider: str | None
    metadata_updated_at: datetime | None
    added_at: datetime
    updated_at: datetime


class MovieOrder(StrEnum):
    """How films are listed."""

    ADDED = "added"
    """The newest first."""
    TITLE = "title"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieFilter:
    """Which films are asked for; None: any."""

    library_id: UUID | None = None
    genre: str | None = None
    """Its slug."""
    year: int | None = None
    collection_id: UUID | None = None
    title: str | None = None
    """A part of a title, at least three letters for the index to help."""
    order: MovieOrder = MovieOrder.ADDED


@dataclass(frozen=True, slots=True)
class MoviePage:
    """Films, and the cursor of the next page, None at the end."""

    movies: list[Movie]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One cut of a film in one quality: a file, or the parts of a stack in their order."""

    item_id: UUID | None
    library_id: UUID
    edition: str | None
    resolution: str | None
    files: Sequence[LibraryFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieToRefresh:
    """A film as a refresh needs it."""

    id: UUID
    title: str
    original_title: str | None
    year: int | None
    local_key: str | None
    metadata_updated_at: datetime | None
    languages: tuple[str, ...]
    """Of the libraries that have it, the oldest library's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchItem:
    """A film of a library as its files tell it."""

    id: UUID
    library_id: UUID
    key: str
    title: str
    year: int | None
    ids: Ids
    state: MatchState
    movie_id: UUID | None
    nfo: Mapping[str, Any] = field(default_factory=dict)

    @property
    def local_key(self) -> str:
        """What films that no provider has identified are told apart by."""
        return self.key.removeprefix("movie:")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMovie:
    """A film to be made, with what is known of it so far."""

    id: UUID
    details: MovieDetails
    local_key: str | None = None
    """What it is told apart by while it has no ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMatch:
    """What an item was found to be."""

    item_id: UUID
    state: MatchState
    movie_id: UUID | None = None
    confidence: float | None = None
    evidence: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """What an item may be, as it is shown to people."""

    position: int
    provider: str
    provider_id: str
    title: str
    year: int | None
    score: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item with what it was found to be, or may be."""

    id: UUID
    library_id: UUID
    kind: str
    title: str
    year: int | None
    season: int | None
    episodes: tuple[int, ...]
    state: MatchState
    confidence: float | None
    evidence: Mapping[str, Any] | None
    error: str | None
    matched_at: datetime | None
    movie_id: UUID | None
    series_id: UUID | None
    paths: Sequence[bytes]
    """A few of its files."""
    candidates: Sequence[StoredCandidate]


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items, and the cursor of the next page, None at the end."""

    items: list[ItemView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A series of films."""

    id: UUID
    name: str
    overview: str | None


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """Collections by name, and the cursor of the next page, None at the end."""

    collections: list[Collection]
    next_cursor: str | None


def item_ids(tmdb_id: int | None, imdb_id: str | None, tvdb_id: int | None) -> Ids:
    """Return ids that names or NFO files told."""
    told = {IdProvider.TMDB: tmdb_id, IdProvider.IMDB: imdb_id, IdProvider.TVDB: tvdb_id}
    return {provider: str(value) for provider, value in told.items() if value}
