"""Series, seasons, episodes, and what libraries have of them, as the rest of the program sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from revenge.content.library.models import path_fields
from revenge.content.metadata.models import IdProvider, Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An episode as far as it takes to find it."""

    id: UUID
    season: int
    number: int
    absolute: int | None = None
    air_date: date | None = None
    title: str | None = None
    told: bool = False
    """A provider told of it; else names alone did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What files of a library say that they are: an episode, or several in one file."""

    id: UUID
    key: str
    series_key: str
    title: str
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    ids: Ids = field(default_factory=dict)
    """The series', as its folder names them."""
    state: str = "pending"
    path: bytes | None = None
    """Of one of its files; None: it has none."""
    root: bytes | None = None
    episode_title: str | None = None
    nfo: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series with what is counted of it."""

    id: UUID
    title: str
    original_title: str | None
    original_language: str | None
    year: int | None
    first_air_date: date | None
    last_air_date: date | None
    overview: str | None
    tagline: str | None
    status: str | None
    type: str | None
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    trailer_url: str | None
    homepage: str | None
    local_key: str | None
    metadata_provider: str | None
    metadata_updated_at: datetime | None
    added_at: datetime
    updated_at: datetime
    season_count: int
    episode_count: int
    episode_file_count: int
    genres: tuple[str, ...]
    networks: tuple[str, ...]
    ids: Ids
    library_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """Series, newest first, and the cursor of the next page, None at the end."""

    series: list[Series]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A season; 0 is that of the specials."""

    id: UUID
    series_id: UUID
    number: int
    name: str | None
    overview: str | None
    air_date: date | None
    vote_average: float | None
    metadata_updated_at: datetime | None
    episode_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An episode."""

    id: UUID
    series_id: UUID
    season_id: UUID
    season_number: int
    number: int
    absolute_number: int | None
    title: str | None
    overview: str | None
    air_date: date | None
    runtime_min: int | None
    vote_average: float | None
    vote_count: int | None
    production_code: str | None
    metadata_updated_at: datetime | None
    added_at: datetime
    has_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFile:
    """A file that holds an episode, perhaps others too."""

    id: UUID
    library_id: UUID
    path: bytes
    size_bytes: int
    state: str
    part: int | None
    resolution: str | None
    duration_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "id": str(self.id),
            "library_id": str(self.library_id),
            **path_fields(self.path),
            "size_bytes": self.size_bytes,
            "state": self.state,
            "part": self.part,
            "resolution": self.resolution,
            "duration_s": self.duration_s,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCandidate:
    """What a series that could not be matched may be."""

    provider: str
    provider_id: str
    title: str
    year: int | None
    score: float
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedSeries:
    """Items of one series that could not be matched."""

    library_id: UUID
    series_key: str
    title: str
    year: int | None
    item_count: int
    item_id: UUID
    """The first of them."""
    error: str | None
    candidates: Sequence[StoredCandidate] = ()


@dataclass(frozen=True, slots=True)
class UnmatchedPage:
    """Series that could not be matched, and the cursor of the next page, None at the end."""

    unmatched: list[UnmatchedSeries]
    next_cursor: str | None


def ids_from(row: asyncpg.Record) -> dict[IdProvider, str]:
    """Return the ids that an item's row names."""
    named = {IdProvider.TMDB: row["tmdb_id"], IdProvider.IMDB: row["imdb_id"], IdProvider.TVDB: row["tvdb_id"]}
    return {provider: str(value) for provider, value in named.items() if value is not None}
