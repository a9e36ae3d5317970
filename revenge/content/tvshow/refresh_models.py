"""What is wished of a refresh, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from revenge.content.metadata.models import IdProvider

Report = Callable[[str, int, int | None, str], object]
"""Called with phase, how many are done, of how many, and what is next."""


class Which(StrEnum):
    """Which seasons of a series are asked about."""

    NONE = "none"
    ALL = "all"
    NEW = "new"
    """Those that nobody was asked about yet, and the last one of a series that goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be refreshed, and how."""

    seasons: Which = Which.NONE
    episodes: bool = False
    """With their episodes."""
    force: bool = False
    """Ask although somebody was asked lately; answers about anything else stay."""
    since: datetime | None = None
    """What was written after this moment is done: when the job was made, so that a new attempt goes on."""
    languages: Sequence[str] = ()
    """Empty: those of the libraries that have it, and of the settings."""
    images: bool = False
    """Pictures that were fetched are fetched again."""
    providers: Sequence[str] = ()
    """These alone are asked, and what they say is added; empty: all."""


@dataclass(slots=True, kw_only=True)
class Refreshed:
    """What a refresh did."""

    series: int = 0
    seasons: int = 0
    episodes: int = 0
    fresh: int = 0
    """Series of which somebody was asked lately."""
    unknown: list[str] = field(default_factory=list)
    """What nobody has, or what nobody is known to have."""
    failed: list[dict[str, str]] = field(default_factory=list)
    """About what nobody could be asked, and why."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "series": self.series,
            "seasons": self.seasons,
            "episodes": self.episodes,
            "fresh": self.fresh,
            "unknown": self.unknown,
            "failed": self.failed,
        }


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What is known of a series before it is refreshed."""

    id: UUID
    title: str
    year: int | None
    status: str | None
    updated_at: datetime | None
    languages: Sequence[str]
    ids: dict[IdProvider, str]
