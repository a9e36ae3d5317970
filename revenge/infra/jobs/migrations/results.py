"""What the migrator answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Direction(StrEnum):
    """Which way a migration goes."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """One version that was applied or taken away."""

    line: str
    version: int
    name: str
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedIndex:
    """An extra index that could not be built; all works without it, some queries slower."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """What one call did, in order; empty when there was nothing to do."""

    direction: Direction
    versions: tuple[Migrated, ...] = ()
    indexes_built: tuple[str, ...] = ()
    indexes_skipped: tuple[SkippedIndex, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanResult:
    """What switching the lean option did; empty when it was so already."""

    dropped: tuple[str, ...] = ()
    built: tuple[str, ...] = ()
    skipped: tuple[SkippedIndex, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """One version of a line, as the database has it."""

    number: int
    name: str
    applied_at: datetime | None
    """None: not applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """A line, as the database has it."""

    line: str
    versions: tuple[VersionStatus, ...]
    unknown: tuple[int, ...]
    """Versions that a newer program applied."""

    missing_indexes: tuple[str, ...]
    """Extra indexes that are missing or half built; ``up`` builds them."""

    @property
    def unapplied(self) -> tuple[int, ...]:
        """Return the versions that ``up`` would apply."""
        return tuple(version.number for version in self.versions if version.applied_at is None)

    @property
    def current(self) -> int:
        """Return the highest version that is applied, 0 when none is."""
        known = (version.number for version in self.versions if version.applied_at is not None)
        return max((*known, *self.unknown), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Whether the database is ready for this program, and what it lacks."""

    messages: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Return whether every version of every line is applied; extra indexes are not asked for."""
        return not self.messages
