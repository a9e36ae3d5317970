"""The job that scans a library of films."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.content.library.errors import (
    LibraryNotFound,
    PathOutsideLibrary,
    ScanBusy,
    ScanFailed,
    ScanLost,
    ScanNotFound,
)
from revenge.content.library.models import Scan
from revenge.content.library.scans import PHASES, ScanPaused, ScanProgress, ScanRequest, ScanService
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker

_BUSY_AGAIN = timedelta(seconds=15)


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


class MovieLibraryScanWorker(Worker[MovieLibraryScanArgs]):
    """Runs scans; they pause and come back before an attempt's time is over."""

    timeout = timedelta(minutes=30)
    run_for = timedelta(minutes=25)
    """Less than ``timeout`` by what the longest chunk may take."""
    phases: Mapping[str, float] = {phase.value: share for phase, share in PHASES.items()}

    def __init__(self, scans: ScanService) -> None:
        self._scans = scans

    async def work(self, job: Job[MovieLibraryScanArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Scan, and return the scan's row as the job's output."""

        def report(progress: ScanProgress) -> None:
            job.report_progress(
                phase=progress.phase, current=progress.current, total=progress.total, message=progress.message
            )

        request = self._request(job)
        try:
            outcome = await self._scans.run(request, report=report)
        except (LibraryNotFound, PathOutsideLibrary, ScanNotFound, ScanFailed, ScanLost) as reason:
            return Cancel(str(reason))
        except ScanBusy:
            return Snooze(_BUSY_AGAIN)
        except Exception as error:
            if job.attempt >= job.max_attempts:
                await self._scans.fail(request, f"{type(error).__name__}: {error}")
            raise
        match outcome:
            case Scan():
                return outcome.to_dict()
            case ScanPaused():
                return Snooze(timedelta(0))

    def _request(self, job: Job[MovieLibraryScanArgs]) -> ScanRequest:
        args = job.args
        return ScanRequest(
            library_id=args.library_id,
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
