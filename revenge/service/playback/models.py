"""What is played, and what was watched, as the rest of the program sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How far somebody has watched a film or an episode."""

    entity_id: UUID
    kind: str
    position_s: int
    duration_s: int | None
    is_completed: bool
    play_count: int
    last_watched_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """Where somebody is in a film or an episode."""

    position_s: int
    duration_s: int | None = None
    """None: as it was."""
    completed: bool | None = None
    """None: once nine tenths are behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlayback:
    """What somebody begins to play."""

    entity_id: UUID
    file_id: UUID | None = None
    client: str | None = None
    position_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """Somebody plays something."""

    id: UUID
    account_id: UUID | None
    entity_id: UUID | None
    file_id: UUID | None
    node: str
    client: str | None
    position_s: int
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackConfig:
    """How playing is looked after."""

    timeout: timedelta = timedelta(minutes=30)
    """A player that is not heard of for so long has gone."""
    max_sessions: int = 10
    """Of one account at once."""
    retention: timedelta = timedelta(days=90)
    """How long what was played is remembered."""
    batch: int = 500

    def __post_init__(self) -> None:
        for name in ("timeout", "retention"):
            if getattr(self, name) <= timedelta(0):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("max_sessions", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
