"""Progress on its way to people: one small write a second for all jobs of this node, and the way back."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.progress import Progress, ProgressMeter, Report
from revenge.infra.jobs.store import Store

MAX_ROWS = 1000
"""Reports in one statement; a node with more writes the rest right after it."""

logger = logging.getLogger("revenge.jobs")


class ReporterStore(Protocol):
    """What the reporter needs of the database."""

    async def execute(self, name: str, *args: Any) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRow:
    """A report on its way: what is written, and what subscribers are told."""

    job_id: int
    attempt: int
    attempted_at: datetime
    kind: str
    queue: str
    progress: Progress
    data: str
    """``progress`` as it is stored."""


OnProgress = Callable[[Sequence[ProgressRow]], None]
"""Called in the event loop; it must neither wait nor raise."""


@dataclass(slots=True)
class _Metered:
    job: Job[Any]
    meter: ProgressMeter
    report: Report | None = None
    row: ProgressRow | None = None
    """What the last report amounted to."""


class ProgressReporter:
    """Samples what running jobs have reported, and writes what changed.

    Workers only assign a tuple (``Job.report_progress``); nothing here ever runs in a worker. While the database is
    away the newest report of each job is kept, and written when it is back.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        store: ReporterStore,
        running: Callable[[], Iterable[Job[Any]]],
        phases: Callable[[str], Mapping[str, float]],
        fan_out: OnProgress | None = None,
    ) -> None:
        """Make it; run ``run_once`` every second.

        Args:
            clock: times of the reports, and the time between samples.
            store: where ``revenge_job_progress`` is.
            running: the jobs whose workers run now.
            phases: the phases of a kind with their weights.
            fan_out: gets every report before it is written, at once and whatever the database does.
        """
        self._clock = clock
        self._store = store
        self._running = running
        self._phases = phases
        self._fan_out = fan_out
        self._metered: dict[int, _Metered] = {}
        self._unwritten: dict[int, ProgressRow] = {}
        self._has_last = False

    async def run_once(self) -> int:
        """Sample all running jobs and write the reports that are new; return how many.

        Nothing is read or written when nothing has changed.

        Raises:
            StoreError: the database could not be written; what was to be written is kept for the next call.
        """
        jobs = list(self._running())
        rows = [row for job in jobs if (row := self._sample(job)) is not None]
        if len(self._metered) > len(jobs):
            # Jobs that a stop abandoned never finish.
            alive = {job.id for job in jobs}
            self._metered = {job_id: metered for job_id, metered in self._metered.items() if job_id in alive}
        self._publish(rows)
        return await self._write()

    async def write_last(self) -> None:
        """Write what ended jobs reported last, so that nobody finds a job ended and its progress old.

        What the database does not take now is kept for ``run_once``: a report holds up no result.
        """
        if self._has_last:
            self._has_last = False
            try:
                await self._write()
            except StoreError as error:
                logger.warning("progress.unwritten", extra={"error": str(error)})

    def finished(self, job: Job[Any], *, is_completed: bool = False) -> None:
        """Take the last report of a job whose worker has ended; it is written with ``write_last`` or ``run_once``.

        A job that is completed is so to the last percent, whatever its worker reported last.
        """
        if job.report is None:
            return
        row = self._sample(job)
        metered = self._metered.get(job.id)
        if metered is None or metered.job is not job:
            return
        del self._metered[job.id]
        if is_completed and metered.row is not None:
            row = _whole(metered.row, now=self._clock.now())
        if row is not None:
            self._publish([row])
        self._has_last = self._has_last or job.id in self._unwritten

    def _sample(self, job: Job[Any]) -> ProgressRow | None:
        report = job.report
        if report is None:
            return None
        metered = self._metered.get(job.id)
        if metered is None or metered.job is not job:
            # By the object and not by the id: a job that came back begins anew.
            metered = self._metered[job.id] = _Metered(job, ProgressMeter(self._phases(job.kind)))
        # By identity: a worker that says the same again has been here, and its rate has fallen.
        if metered.report is report:
            return None
        metered.report = report
        progress = metered.meter.sample(report, now=self._clock.now(), monotonic=self._clock.monotonic())
        metered.row = ProgressRow(
            job_id=job.id,
            attempt=job.attempt,
            attempted_at=job.attempted_at,
            kind=job.kind,
            queue=job.queue,
            progress=progress,
            data=progress.encode(),
        )
        return metered.row

    def _publish(self, rows: Sequence[ProgressRow]) -> None:
        for row in rows:
            self._unwritten[row.job_id] = row
        if rows and self._fan_out is not None:
            self._fan_out(rows)

    async def _write(self) -> int:
        written = 0
        while batch := list(self._unwritten.values())[:MAX_ROWS]:
            written += await self._store.execute(
                "progress_write_many",
                [row.job_id for row in batch],
                [row.attempt for row in batch],
                [row.attempted_at for row in batch],
                [row.data for row in batch],
            )
            for row in batch:
                # A newer report may have come while this one was written.
                if self._unwritten.get(row.job_id) is row:
                    del self._unwritten[row.job_id]
        return written


def _whole(row: ProgressRow, *, now: datetime) -> ProgressRow:
    last = row.progress
    current = last.current if last.total is None else last.total
    progress = replace(last, current=current, percent=100.0, eta_s=0.0, updated_at=now)
    return replace(row, progress=progress, data=progress.encode())


class ProgressStore:
    """Reads progress of any job in the cluster."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, job_ids: Sequence[int]) -> dict[int, Progress]:
        """Return the last progress of those jobs that ever reported any.

        A running job of Go's server reports in its own way, which is understood.

        Raises:
            StoreError: the database could not be read.
        """
        if not job_ids:
            return {}
        rows = await self._store.fetch("progress_get_many", list(job_ids))
        return {row["job_id"]: Progress.decode(row["data"], row["updated_at"]) for row in rows}
