"""The film scan's job: Go's arguments in, results out, and nothing else."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from revenge.content.library.errors import LibraryNotFound, PathOutsideLibrary, ScanBusy, ScanFailed
from revenge.content.library.models import Scan, ScanCounts, ScanStatus, ScanType
from revenge.content.library.scans import ScanPaused, ScanProgress, ScanRequest, ScanService
from revenge.content.movie.jobs import MovieLibraryScanArgs, MovieLibraryScanWorker
from revenge.infra.jobs import UNFINISHED, Cancel, Job, Queue, Snooze

LIBRARY = uuid4()


@dataclass
class FakeJob:
    args: MovieLibraryScanArgs
    id: int = 7
    attempt: int = 1
    max_attempts: int = 3
    reports: list[tuple[str, int, int | None, str]] = field(default_factory=list)

    def report_progress(self, *, phase: str, current: int, total: int | None, message: str) -> None:
        self.reports.append((phase, current, total, message))


@dataclass
class FakeScans:
    outcome: Any
    requests: list[ScanRequest] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    async def run(self, request: ScanRequest, *, report: Any) -> Any:
        self.requests.append(request)
        report(ScanProgress("scanning", 1, None, "/m/x"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def fail(self, request: ScanRequest, reason: str) -> None:
        self.failed.append(reason)


def scan() -> Scan:
    now = datetime.now(UTC)
    return Scan(
        id=uuid4(), library_id=LIBRARY, type=ScanType.FULL, status=ScanStatus.COMPLETED, job_id=7,
        counts=ScanCounts(files_seen=3, added=3), error_message=None, created_at=now, started_at=now,
        completed_at=now + timedelta(seconds=2),
    )  # fmt: skip


async def work(outcome: Any, **values: Any) -> tuple[Any, FakeScans, FakeJob]:
    scans = FakeScans(outcome)
    args = MovieLibraryScanArgs.model_validate({"library_id": str(LIBRARY), **values.pop("args", {})})
    job = FakeJob(args, **values)
    worker = MovieLibraryScanWorker(cast("ScanService", scans))
    return await worker.work(cast("Job[MovieLibraryScanArgs]", job)), scans, job


async def test_gos_arguments_are_taken_as_they_are() -> None:
    scan_id = str(uuid4())
    _, scans, job = await work(scan(), args={"scan_id": scan_id, "paths": ["/m"], "force": True})
    (request,) = scans.requests
    assert (request.library_id, request.scan_id, request.paths, request.force, request.job_id) == (
        LIBRARY, UUID(scan_id), [b"/m"], True, 7,
    )  # fmt: skip
    assert job.reports == [("scanning", 1, None, "/m/x")]


@pytest.mark.parametrize("scan_id", ["", "none of ours"])
async def test_a_scan_id_that_is_none_means_a_new_scan(scan_id: str) -> None:
    _, scans, _ = await work(scan(), args={"scan_id": scan_id})
    assert scans.requests[0].scan_id is None


async def test_the_scan_is_the_jobs_output() -> None:
    output, _, _ = await work(scan())
    assert (output["status"], output["added"], output["duration_s"]) == ("completed", 3, 2.0)


@pytest.mark.parametrize(
    "reason", [LibraryNotFound(LIBRARY), PathOutsideLibrary(b"/etc", "Films"), ScanFailed("/m is missing")]
)
async def test_what_cannot_work_cancels_the_job_with_its_reason(reason: Exception) -> None:
    result, scans, _ = await work(reason, attempt=3)
    assert result == Cancel(str(reason))
    assert scans.failed == []


async def test_a_pause_is_a_snooze_and_so_is_a_library_that_is_busy() -> None:
    assert (await work(ScanPaused(uuid4())))[0] == Snooze(timedelta(0))
    busy, _, _ = await work(ScanBusy(library_id=LIBRARY, scan_id=uuid4(), job_id=8))
    assert isinstance(busy, Snooze)
    assert busy.for_ > timedelta(0)


@pytest.mark.parametrize(("attempt", "told"), [(1, []), (3, ["RuntimeError: no database"])])
async def test_only_the_last_failed_attempt_fails_the_scan(attempt: int, told: list[str]) -> None:
    scans = FakeScans(RuntimeError("no database"))
    job = FakeJob(MovieLibraryScanArgs(library_id=LIBRARY), attempt=attempt)
    with pytest.raises(RuntimeError):
        await MovieLibraryScanWorker(cast("ScanService", scans)).work(cast("Job[MovieLibraryScanArgs]", job))
    assert scans.failed == told


async def test_paths_that_are_not_utf8_come_back_as_their_bytes() -> None:
    _, scans, _ = await work(scan(), args={"paths": [os.fsdecode(b"/m/\xff")]})
    assert scans.requests[0].paths == [b"/m/\xff"]


def test_one_job_of_a_library_waits_or_runs_at_a_time() -> None:
    options = MovieLibraryScanArgs.insert_opts
    assert (MovieLibraryScanArgs.kind, options.queue, options.max_attempts) == ("movie_library_scan", Queue.BULK, 3)
    assert options.unique is not None
    assert (options.unique.by_args, options.unique.by_state) == (["library_id"], UNFINISHED)
    assert MovieLibraryScanWorker.run_for < MovieLibraryScanWorker.timeout
