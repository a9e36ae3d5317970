"""What the jobs that scan a library have in common, whatever the library holds."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from revenge.content.library.errors import (
    LibraryNotFound,
    PathOutsideLibrary,
    ScanBusy,
    ScanFailed,
    ScanLost,
    ScanNotFound,
    WrongLibraryType,
)
from revenge.content.library.models import Scan
from revenge.content.library.scans import PHASES, ScanPaused, ScanProgress, ScanRequest, ScanService
from revenge.infra.jobs import Cancel, Job, Snooze, Worker
from revenge.infra.jobs.job import A

_BUSY_AGAIN = timedelta(seconds=15)


class LibraryScanWorker(Worker[A]):
    """Runs scans; they pause and come back before an attempt's time is over."""

    timeout = timedelta(minutes=30)
    run_for = timedelta(minutes=25)
    """Less than ``timeout`` by what the longest chunk may take."""
    phases: Mapping[str, float] = {phase.value: share for phase, share in PHASES.items()}

    def __init__(self, scans: ScanService) -> None:
        self._scans = scans

    @abstractmethod
    async def request(self, job: Job[A]) -> ScanRequest:
        """Return what the job's arguments ask for; errors as those of ``ScanService.run``."""

    async def work(self, job: Job[A]) -> dict[str, Any] | Snooze | Cancel:
        """Scan, and return the scan's row as the job's output."""

        def report(progress: ScanProgress) -> None:
            job.report_progress(
                phase=progress.phase, current=progress.current, total=progress.total, message=progress.message
            )

        request: ScanRequest | None = None
        try:
            request = await self.request(job)
            outcome = await self._scans.run(request, report=report)
        except (LibraryNotFound, PathOutsideLibrary, ScanNotFound, ScanFailed, ScanLost, WrongLibraryType) as reason:
            return Cancel(str(reason))
        except ScanBusy:
            return Snooze(_BUSY_AGAIN)
        except Exception as error:
            if request is not None and job.attempt >= job.max_attempts:
                await self._scans.fail(request, f"{type(error).__name__}: {error}")
            raise
        match outcome:
            case Scan():
                return outcome.to_dict()
            case ScanPaused():
                return Snooze(timedelta(0))
