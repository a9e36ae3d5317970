"""The job that scans a library of films."""

import os
from typing import ClassVar
from uuid import UUID

from revenge.content.library.jobs import LibraryScanWorker
from revenge.content.library.models import LibraryType
from revenge.content.library.scans import ScanRequest
from revenge.infra.jobs import UNFINISHED, InsertOpts, Job, JobArgs, Queue, UniqueOpts

SCANNED = frozenset({LibraryType.MOVIE, LibraryType.ADULT})
"""The types of libraries that hold films."""


class MovieLibraryScanArgs(JobArgs, kind="movie_library_scan"):
    """The Go server's arguments. One job of a library waits or runs at a time, whatever its scan."""

    library_id: UUID
    scan_id: str = ""
    """Empty, or not a UUID: a scan row is made."""
    paths: tuple[str, ...] = ()
    """Folders of the library, or below them; empty: all of it. Bytes that are not UTF-8 as surrogates."""
    force: bool = False

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK, max_attempts=3, unique=UniqueOpts(by_args=["library_id"], by_state=UNFINISHED)
    )


class MovieLibraryScanWorker(LibraryScanWorker[MovieLibraryScanArgs]):
    """Scans libraries of films, and refuses others."""

    async def request(self, job: Job[MovieLibraryScanArgs]) -> ScanRequest:
        """Return what the arguments ask for."""
        args = job.args
        return ScanRequest(
            library_id=args.library_id,
            types=SCANNED,
            scan_id=_uuid(args.scan_id),
            paths=[os.fsencode(path) for path in args.paths],
            force=args.force,
            job_id=job.id,
            run_for_s=self.run_for.total_seconds(),
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
