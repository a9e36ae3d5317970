"""What libraries and scans need of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Protocol
from uuid import UUID

from revenge.content.library.models import Library, Scan
from revenge.content.library.probe import Probe
from revenge.infra.database.connection import Connection as Connection
from revenge.infra.database.connection import Pool as Pool


class Prober(Protocol):
    """Reads what is in a media file."""

    async def probe(self, path: bytes) -> Probe:
        """Return what the file holds.

        Raises:
            ProbeFailed: the file is broken.
            ProberUnavailable: nothing can be read now.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanJob:
    """The job that will work a scan."""

    library: Library
    scan_id: UUID
    force: bool


@dataclass(frozen=True, slots=True)
class EnqueuedScan:
    """The job, and whether it was there before: then it will work another scan than the one asked for."""

    job_id: int
    duplicate: bool


class ChoiceKind(StrEnum):
    """What a person said of items."""

    CHOSEN = "chosen"
    IGNORED = "ignored"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceMade:
    """A person said what items of a library are."""

    library_id: UUID
    item_ids: Sequence[UUID]
    kind: ChoiceKind
    entity_id: UUID | None = None
    """What was chosen."""
    is_episode: bool = False
    """It is an episode, and no film or series."""


class JobFate(Enum):
    """What may still be expected of a job."""

    ALIVE = auto()
    """It waits or runs."""
    CANCELLED = auto()
    """It was cancelled, or runs and was asked to stop."""
    ENDED = auto()
    """It is completed, discarded, or deleted."""


class ScanJobs(Protocol):
    """The queue, as far as scans need it; ``conn`` is in the caller's transaction."""

    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        """Insert the job of a scan."""
        ...

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        """Say what may be expected of a job."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesChanged:
    """Files, or pictures beside them, of one committed chunk, by their ids."""

    library_id: UUID
    scan_id: UUID | None
    """None: no scan did it, but the clean-up of what has been missing for too long."""
    added: Sequence[UUID] = ()
    updated: Sequence[UUID] = ()
    moved: Sequence[UUID] = ()
    missing: Sequence[UUID] = ()
    removed: Sequence[UUID] = ()
    pictures: Sequence[UUID] = ()
    """Pictures beside files that are new, or have other content."""
    pictures_gone: Sequence[UUID] = ()
    """Their rows go at the end of this event."""
    auto_create: bool = True
    """Whether they may become something that nobody knows yet; else they are only joined to what is known."""


class LibraryEvents(Protocol):
    """Where events go, each with the connection whose transaction makes it true."""

    async def scan_started(self, conn: Connection, scan: Scan, library: Library) -> None:
        """A scan begins; a resumed one does not begin again."""
        ...

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Files were added, changed, moved, found missing, or forgotten."""
        ...

    async def scan_done(self, conn: Connection, scan: Scan, library: Library) -> None:
        """A scan is complete."""
        ...

    async def scan_failed(self, conn: Connection, scan: Scan, library: Library) -> None:
        """A scan ended without being complete: failed, or cancelled."""
        ...

    async def library_made(self, conn: Connection, library: Library) -> None:
        """There is a new library."""
        ...

    async def library_changed(self, conn: Connection, before: Library, after: Library) -> None:
        """A person changed a library."""
        ...

    async def library_hidden(self, conn: Connection, library: Library) -> None:
        """A library was deleted: what it holds is out of sight, and may be restored."""
        ...

    async def library_restored(self, conn: Connection, library: Library) -> None:
        """A library is there again, with what it holds."""
        ...


class NoEvents:
    """Tells nobody."""

    async def scan_started(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Do nothing."""

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Do nothing."""

    async def scan_done(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Do nothing."""

    async def scan_failed(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Do nothing."""

    async def library_made(self, conn: Connection, library: Library) -> None:
        """Do nothing."""

    async def library_changed(self, conn: Connection, before: Library, after: Library) -> None:
        """Do nothing."""

    async def library_hidden(self, conn: Connection, library: Library) -> None:
        """Do nothing."""

    async def library_restored(self, conn: Connection, library: Library) -> None:
        """Do nothing."""
