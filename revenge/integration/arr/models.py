"""What is kept of syncs and webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from revenge.integration.arr.facts import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCounts:
    """What became of titles."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    total: int = 0
    """Titles that the program has."""

    def plus(
        self, *, added: int = 0, updated: int = 0, unchanged: int = 0, removed: int = 0, failed: int = 0
    ) -> "SyncCounts":
        """Return the counts with more."""
        return SyncCounts(
            added=self.added + added,
            updated=self.updated + updated,
            unchanged=self.unchanged + unchanged,
            removed=self.removed + removed,
            failed=self.failed + failed,
            total=self.total,
        )

    @property
    def changes(self) -> int:
        """Return how many titles are not what they were."""
        return self.added + self.updated + self.removed + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """How the full sync of a program goes, or how the last one went; the same on all nodes."""

    source: Source
    started_at: datetime | None = None
    ended_at: datetime | None = None
    succeeded_at: datetime | None = None
    job_id: int | None = None
    sync_id: UUID | None = None
    cursor: int = 0
    counts: SyncCounts = SyncCounts()
    error: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether one has begun and not ended."""
        return self.started_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True)
class Known:
    """A title as it was last written."""

    digest: bytes
    entity_id: UUID | None
    is_removed: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDone:
    """A sync that is complete: a worker's output."""

    operation: str
    counts: SyncCounts
    scans_asked: int = 0
    """Folders that are scanned for it."""
    outside: int = 0
    """Folders that no library has."""
    unreachable: int = 0
    """Files whose path no mapping makes ours."""
    errors: Sequence[str] = ()
    """The first of those that titles failed with."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "operation": self.operation,
            "status": "completed",
            **asdict(self.counts),
            "scans_asked": self.scans_asked,
            "outside": self.outside,
            "unreachable": self.unreachable,
            "errors": list(self.errors),
        }


@dataclass(frozen=True, slots=True)
class SyncPaused:
    """It has come some way, and goes on from there: its time was over, or the program failed."""

    again_in: timedelta = timedelta(0)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SyncElsewhere:
    """Another job does the same already."""

    job_id: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"operation": "full", "status": "duplicate", "job_id": self.job_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A webhook's event, as it is kept."""

    id: UUID
    source: Source
    event_type: str
    subject: str
    payload: Mapping[str, Any]
    dedupe_key: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """An event with what became of it, to show."""

    id: UUID
    event_type: str
    subject: str
    received_at: datetime
    seen: int
    job_id: int | None
    handled_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """Events, newest first, and where the next page begins."""

    events: Sequence[WebhookEvent] = field(default_factory=list)
    next_cursor: str | None = None
