"""A scan asked for on the command line: which library is meant, who works it, and how it ended."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from revenge.content.library.errors import LibraryError
from revenge.content.library.models import MAX_NAME, Library, Scan, ScanFileError
from revenge.content.library.repository import LibraryRepository
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.models import JobRow, JobState, QueueInfo
from revenge.infra.jobs.progress import Progress

PAGE = 1000
LONGEST_NAME = MAX_NAME - 10
"""Of a name that is made here: a number may follow."""
PATIENCE = timedelta(seconds=2)
"""How long a job may wait although there are workers: they may be busy, or not know its kind."""
STANDSTILL = timedelta(seconds=5)
"""How long a job that was taken may show no change: a node that was killed looks alive for half a minute, and one more
worker than needed does no harm."""
LOOK_AGAIN = timedelta(seconds=1)
"""Nodes write progress once a second."""


class AmbiguousLibrary(LibraryError):
    """The paths belong to more than one library, or to one of another type than was said."""


class ScanWithoutRow(LibraryError):
    """The job of a scan ended before it made the scan."""


class Jobs(Protocol):
    """What is asked of the engine's client."""

    async def get(self, job_id: int, /) -> JobRow:
        """Return the job."""

    async def queues(self) -> Sequence[QueueInfo]:
        """Return the queues with the workers of living nodes."""

    async def progress(self, job_ids: Sequence[int], /) -> Mapping[int, Progress]:
        """Return the newest reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be scanned."""

    library: Library
    paths: tuple[bytes, ...]
    """Below the library's folders; empty: all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a scan ended."""

    scan: Scan
    job_id: int
    errors: Sequence[ScanFileError]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``revenge scan --json`` writes."""
        scan = self.scan
        return {
            "library_id": str(scan.library_id),
            "scan_id": str(scan.id),
            "job_id": self.job_id,
            "status": scan.status.value,
            **asdict(scan.counts),
            "duration_s": round(scan.duration.total_seconds(), 3) if scan.duration else None,
            "error_message": scan.error_message,
            "errors": [error.to_dict() for error in self.errors],
        }


def find_target(libraries: Sequence[Library], paths: Sequence[bytes]) -> Target | None:
    """Return the library that all absolute ``paths`` are in, and how much of it; None where no library has any.

    Raises:
        AmbiguousLibrary: they are in several, or only some of them are in one.
    """
    found = {path: _owner(libraries, path) for path in paths}
    owners = {owner.id: owner for owner in found.values() if owner is not None}
    if not owners:
        return None
    strays = [os.fsdecode(path) for path, owner in found.items() if owner is None]
    if len(owners) > 1 or strays:
        named = ", ".join(repr(owner.name) for owner in owners.values())
        rest = f"; {', '.join(strays)} is in none" if strays else ""
        message = f"these paths are in the libraries {named}{rest}: scan them one at a time"
        raise AmbiguousLibrary(message)
    (library,) = owners.values()
    return Target(library=library, paths=() if set(library.paths) <= set(paths) else tuple(paths))


def free_name(paths: Sequence[bytes], libraries: Sequence[Library]) -> str:
    """Return a library's name made of its first folder's that no other has."""
    folder = os.path.basename(paths[0]).decode(errors="replace")
    printable = "".join(letter if letter.isprintable() else " " for letter in folder)
    wanted = printable.strip()[:LONGEST_NAME].rstrip() or "Library"
    taken = {library.name.casefold() for library in libraries}
    names = (wanted, *(f"{wanted} {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name.casefold() not in taken)


async def is_left(jobs: Jobs, job_id: int, *, clock: Clock) -> bool:
    """Return True as soon as nobody seems to work this job: its queue has no workers, or it has not moved for a while.

    While somebody does, this waits; False: the job has ended.
    """
    seen: object = None
    since = clock.monotonic()
    while not (row := await jobs.get(job_id)).is_final:
        if not any(queue.name == row.queue and queue.workers for queue in await jobs.queues()):
            return True
        moved = (row.state, row.attempt, (await jobs.progress([job_id])).get(job_id))
        if moved != seen:
            seen, since = moved, clock.monotonic()
        patience = PATIENCE if row.state is JobState.AVAILABLE else STANDSTILL
        if clock.monotonic() - since >= patience.total_seconds():
            return True
        await clock.sleep(LOOK_AGAIN)
    return False


async def is_held_up(jobs: Jobs, job_id: int) -> bool:
    """Return whether the job waits in a queue that somebody has paused."""
    row = await jobs.get(job_id)
    return not row.is_final and any(queue.name == row.queue and queue.paused_at for queue in await jobs.queues())


async def find_scan(repository: LibraryRepository, library_id: UUID, scan_id: UUID | None, job: JobRow) -> Scan | None:
    """Return the scan; without an id the newest of the library that ``job`` worked, None where there is none."""
    if scan_id is not None:
        return await repository.scan(library_id, scan_id)
    scans = (await repository.scans(library_id, limit=PAGE)).scans
    return next((scan for scan in scans if scan.job_id == job.id), None)


async def read_outcome(repository: LibraryRepository, library_id: UUID, scan_id: UUID | None, job: JobRow) -> Outcome:
    """Return how the scan ended that ``job`` worked; ``scan_id`` None: the newest of the library that has this job.

    Raises:
        ScanWithoutRow: the job ended before there was a scan.
    """
    scan = await find_scan(repository, library_id, scan_id, job)
    if scan is None:
        said = job.errors[-1].error if job.errors else job.state.value
        message = f"nothing was scanned: {said} (revenge jobs show {job.id})"
        raise ScanWithoutRow(message)
    page = await repository.scan_errors(scan.id, limit=PAGE)
    errors = page.errors
    while page.next_cursor:
        page = await repository.scan_errors(scan.id, limit=PAGE, cursor=page.next_cursor)
        errors += page.errors
    return Outcome(scan=scan, job_id=job.id, errors=errors)


def _owner(libraries: Sequence[Library], path: bytes) -> Library | None:
    """Return the library with the longest folder that ``path`` is in."""
    inside = [
        (len(root), library)
        for library in libraries
        for root in library.paths
        if path == root or path.startswith(root.rstrip(b"/") + b"/")
    ]
    return max(inside, key=lambda each: each[0])[1] if inside else None
