"""What the server holds, then and now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stat(StrEnum):
    """What is counted; the Go server's names, and two of ours."""

    TOTAL_USERS = "total_users"
    ACTIVE_USERS_24H = "active_users_24h"
    TOTAL_LIBRARIES = "total_libraries"
    TOTAL_MOVIES = "total_movies"
    """Films that at least one file is there of; so with series and episodes."""
    TOTAL_SERIES = "total_series"
    TOTAL_EPISODES = "total_episodes"
    TOTAL_FILES = "total_files"
    TOTAL_SIZE_BYTES = "total_size_bytes"
    TOTAL_MOVIE_PLAYS = "total_movie_plays"
    TOTAL_EPISODE_PLAYS = "total_episode_plays"
    MOVIE_WATCH_SECONDS = "movie_watch_seconds"
    EPISODE_WATCH_SECONDS = "episode_watch_seconds"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that was counted at one time; ``at`` is None, and nothing there, before the first."""

    at: datetime | None
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one hour, or of one day where that is long past."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class History:
    """Values, newest first, and where the next page begins."""

    points: Sequence[Point]
    next_cursor: str | None
