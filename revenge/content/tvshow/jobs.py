"""The job that scans a library of series."""

import os
from typing import ClassVar

from revenge.content.library.jobs import LibraryScanWorker
from revenge.content.library.models import LibraryType
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanRequest, ScanService
from revenge.infra.jobs import UNFINISHED, InsertOpts, Job, JobArgs, OptionalUuid, Queue, UniqueOpts, omitempty

SCANNED = frozenset({LibraryType.TVSHOW})
"""The types of libraries that hold series."""


class TvShowLibraryScanArgs(JobArgs, kind="tvshow_library_scan"):
    """The Go server's arguments. One job of a library waits or runs at a time, whatever its scan."""

    paths: tuple[str, ...] = ()
    """Folders of the library, or below them; empty: all of it. Bytes that are not UTF-8 as surrogates."""
    force: bool = False
    library_id: OptionalUuid = omitempty()
    """None: the library that the first of ``paths`` lies in."""
    auto_create: bool = True
    """False: what is found is joined to series that are known, and makes none."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK, max_attempts=3, unique=UniqueOpts(by_args=["library_id"], by_state=UNFINISHED)
    )


class TvShowLibraryScanWorker(LibraryScanWorker[TvShowLibraryScanArgs]):
    """Scans libraries of series, and refuses others."""

    def __init__(self, scans: ScanService, libraries: LibraryRepository) -> None:
        super().__init__(scans)
        self._libraries = libraries

    async def request(self, job: Job[TvShowLibraryScanArgs]) -> ScanRequest:
        """Return what the arguments ask for.

        Raises:
            LibraryNotFound: they name no library, and no folder of one.
        """
        args = job.args
        paths = [os.fsencode(path) for path in args.paths]
        library_id = args.library_id
        if library_id is None:
            library_id = await self._libraries.find_by_path(paths[0] if paths else b"", SCANNED)
        return ScanRequest(
            library_id=library_id,
            types=SCANNED,
            paths=paths,
            force=args.force,
            auto_create=args.auto_create,
            job_id=job.id,
            run_for_s=self.run_for.total_seconds(),
        )
