"""What an NFO file says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class NfoUnreadable(Exception):
    """The file is an NFO that cannot be read; ``reason`` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NfoKind(StrEnum):
    """What the file describes."""

    MOVIE = "movie"
    TVSHOW = "tvshow"
    EPISODE = "episode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who plays, and whom."""

    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A rating by one source, on its own scale."""

    value: float
    source: str = "default"
    highest: float = 10.0
    votes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nfo:
    """What an NFO file says; None or empty where it does not.

    The ids are those of the thing described: of the episode in an episode's file.
    """

    kind: NfoKind | None = None
    """None when the file holds nothing but an address that does not tell."""
    title: str | None = None
    original_title: str | None = None
    sort_title: str | None = None
    show_title: str | None = None
    year: int | None = None
    premiered: date | None = None
    plot: str | None = None
    tagline: str | None = None
    runtime_min: int | None = None
    mpaa: str | None = None
    collection: str | None = None
    season: int | None = None
    episode: int | None = None
    tmdb_id: int | None = None
    imdb_id: str | None = None
    """``tt`` and at least seven digits."""
    tvdb_id: int | None = None
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    actors: tuple[Actor, ...] = ()
    ratings: tuple[Rating, ...] = ()
    further: tuple[Nfo, ...] = ()
    """The other episodes of a file that describes several."""
