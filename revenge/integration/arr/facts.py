"""What Radarr and Sonarr know of titles and their files, in our terms: codes for languages, our paths, plain numbers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum


class Source(StrEnum):
    """Who said it."""

    RADARR = "radarr"
    SONARR = "sonarr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, at the address that the program has it from."""

    type: str
    """``poster``, ``backdrop``, ``still`` or ``logo``."""
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How somebody's readers find it, of ten; of a hundred with ``metacritic`` and ``rottentomatoes``."""

    source: str
    value: float
    votes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file; what is in it is the scan's to say."""

    id: int
    path: bytes
    """Where this server sees it."""
    name: str
    """Below the title's folder, as the program writes it."""
    size_bytes: int | None = None
    quality: str | None = None
    resolution: str | None = None
    """``2160p``, ``1080p`` and so on."""
    release_group: str | None = None
    edition: str | None = None
    languages: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    video_codec: str | None = None
    audio_codec: str | None = None
    dynamic_range: str | None = None
    duration_s: float | None = None
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleFacts:
    """What films and series have in common; None and empty where the program says nothing."""

    arr_id: int
    title: str
    ids: Mapping[str, str] = field(default_factory=dict)
    """``tmdb``, ``imdb``, ``tvdb``, ``tvmaze``."""
    path: bytes | None = None
    """The title's folder, where this server sees it."""
    monitored: bool = False
    files: tuple[FileFacts, ...] = ()
    unreachable: int = 0
    """Files whose path cannot be ours: no mapping says where they are."""
    original_language: str | None = None
    """ISO 639-1."""
    year: int | None = None
    overview: str | None = None
    status: str | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    trailer_url: str | None = None
    homepage: str | None = None
    genres: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    certification: str | None = None
    """Of the United States, as both programs ask for it by default."""
    pictures: tuple[Picture, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether there is anything to watch: what is only wished for is no title of ours yet."""
        return bool(self.files)

    def digest(self) -> bytes:
        """Return what tells whether anything changed that is worth a write: votes and popularity move every day."""
        return hashlib.blake2b(
            repr(self.settled()).encode("utf-8", "surrogateescape"), digest_size=16, usedforsecurity=False
        ).digest()

    def settled(self) -> "TitleFacts":
        """Return it without what changes all the time."""
        scores = tuple(replace(score, value=round(score.value, 1), votes=None) for score in self.scores)
        return replace(self, vote_count=None, vote_average=_tenth(self.vote_average), scores=scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts(TitleFacts):
    """A film."""

    original_title: str | None = None
    release_date: date | None = None
    runtime_min: int | None = None
    popularity: float | None = None
    collection: str | None = None
    collection_tmdb_id: str | None = None

    def settled(self) -> "FilmFacts":
        """Return it without what changes all the time."""
        plain = super(FilmFacts, self).settled()
        assert isinstance(plain, FilmFacts)  # noqa: S101 - replace keeps the class
        return replace(plain, popularity=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFacts:
    """An episode, whether there is a file of it or not."""

    season: int
    number: int
    absolute_number: int | None = None
    tvdb_id: str | None = None
    title: str | None = None
    overview: str | None = None
    air_date: date | None = None
    runtime_min: int | None = None
    still: str | None = None
    file_id: int | None = None
    """Of the file that it is in; several may be in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFacts(TitleFacts):
    """A series with all its episodes."""

    first_air_date: date | None = None
    last_air_date: date | None = None
    type: str | None = None
    """``standard``, ``daily`` or ``anime``."""
    network: str | None = None
    seasons: tuple[int, ...] = ()
    season_posters: Mapping[int, str] = field(default_factory=dict)
    episodes: tuple[EpisodeFacts, ...] = ()


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
