"""Which libraries are due for a scan, and getting them scanned."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson

from revenge.content.library.errors import LibraryError, LibraryNotFound, ScanConflict, UnscannableLibrary
from revenge.content.library.facts import SCANNED_TYPES
from revenge.content.library.models import LibraryType, Scan, ScanType
from revenge.content.library.ports import Pool
from revenge.content.library.statements import statements
from revenge.infra.jobs import JobsError

INTERVAL_KEY = "scan_interval_s"
"""In a library's ``scanner_config``: seconds from one scan to the next, 0 for never."""
JITTER = 0.1
"""Of the interval, at most: libraries that were made together are not scanned together for ever."""

logger = logging.getLogger("revenge.library")


class NoScanStarted(LibraryError):
    """Libraries are due, and not one scan could be started."""


class ScanStarter(Protocol):
    """Makes a scan's row and its job, in one transaction."""

    async def trigger_scan(self, library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan:
        """Start a scan; raises ``LibraryError`` where none can be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An enabled library, and when it was last scanned."""

    id: UUID
    name: str
    type: LibraryType
    interval: timedelta | None
    """None: never by itself."""
    age: timedelta | None
    """Since the last scan of all of it was asked for; None: never was one."""
    is_scanned: bool
    """A scan waits or runs."""
    scan_on_startup: bool


@dataclass(slots=True)
class Started:
    """What a look at all libraries set going."""

    scans: list[Scan] = field(default_factory=list)
    not_due: int = 0
    busy: int = 0
    """Being scanned already."""
    unscannable: int = 0
    """Of a type that no scan can read."""
    failed: dict[str, str] = field(default_factory=dict)
    """What went wrong, by the library's name."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "started": [
                {"library_id": str(scan.library_id), "scan_id": str(scan.id), "job_id": scan.job_id}
                for scan in self.scans
            ],
            "not_due": self.not_due,
            "busy": self.busy,
            "unscannable": self.unscannable,
            "failed": self.failed,
        }


def is_due(candidate: Candidate) -> bool:
    """Return whether it is time to scan the library again."""
    if candidate.interval is None:
        return False
    return candidate.age is None or candidate.age >= candidate.interval + jitter(candidate.id, candidate.interval)


def jitter(library_id: UUID, interval: timedelta) -> timedelta:
    """Return how much later than ``interval`` this library is due: always the same, another for each library."""
    share = int.from_bytes(sha256(library_id.bytes).digest()[:4]) / 2**32
    return interval * JITTER * share


class ScanSchedule:
    """Scans libraries whose time has come, and those that want a scan when the server starts."""

    def __init__(self, pool: Pool, *, libraries: ScanStarter, interval: timedelta | None) -> None:
        """``interval``: of libraries that do not say; None is never."""
        self._pool = pool
        self._libraries = libraries
        self._interval = interval

    async def scan_due(self) -> Started:
        """Start a scan of every enabled library that is due.

        Raises:
            NoScanStarted: some are due, and none could be started.
        """
        return await self._start(await self.candidates(), is_due)

    async def scan_at_start(self) -> Started:
        """Start a scan of every enabled library that wants one when the server starts.

        Raises:
            NoScanStarted: there are some, and none could be started.
        """
        return await self._start(await self.candidates(), lambda candidate: candidate.scan_on_startup)

    async def candidates(self) -> list[Candidate]:
        """Return the enabled libraries."""
        rows = await self._pool.fetch(statements()["library_scan_ages"])
        return [self._candidate(row) for row in rows]

    async def _start(self, candidates: Sequence[Candidate], wants: "Wants") -> Started:
        started = Started()
        for candidate in candidates:
            if candidate.type not in SCANNED_TYPES:
                started.unscannable += 1
            elif candidate.is_scanned:
                started.busy += 1
            elif not wants(candidate):
                started.not_due += 1
            else:
                await self._scan(candidate, started)
        if started.failed and not started.scans:
            told = "; ".join(f"{name}: {reason}" for name, reason in started.failed.items())
            raise NoScanStarted(told)
        return started

    async def _scan(self, candidate: Candidate, started: Started) -> None:
        try:
            started.scans.append(await self._libraries.trigger_scan(candidate.id))
        except ScanConflict:
            started.busy += 1
        except (LibraryNotFound, UnscannableLibrary):
            started.not_due += 1  # deleted since we looked
        except (LibraryError, JobsError, asyncpg.PostgresError) as error:
            logger.warning("library.scan_not_started", extra={"library": candidate.name, "error": str(error)})
            started.failed[candidate.name] = str(error) or type(error).__name__

    def _candidate(self, row: asyncpg.Record) -> Candidate:
        return Candidate(
            id=row["id"],
            name=row["name"],
            type=LibraryType(row["type"]),
            interval=self._interval_of(orjson.loads(row["scanner_config"])),
            age=None if row["age_s"] is None else timedelta(seconds=row["age_s"]),
            is_scanned=row["is_scanned"],
            scan_on_startup=row["scan_on_startup"],
        )

    def _interval_of(self, config: Mapping[str, Any]) -> timedelta | None:
        seconds = config.get(INTERVAL_KEY)
        if seconds is None:
            return self._interval
        return timedelta(seconds=seconds) if seconds > 0 else None


class Wants(Protocol):
    """Chooses libraries."""

    def __call__(self, candidate: Candidate, /) -> bool:
        """Return whether this one is to be scanned."""
        ...
