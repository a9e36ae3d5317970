"""The show scan's job: Go's arguments in, results out, and nothing else."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from revenge.content.library.errors import LibraryNotFound, WrongLibraryType
from revenge.content.library.models import LibraryType, Scan, ScanCounts, ScanStatus, ScanType
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanPaused, ScanProgress, ScanRequest, ScanService
from revenge.content.tvshow.jobs import TvShowLibraryScanArgs, TvShowLibraryScanWorker
from revenge.infra.jobs import UNFINISHED, Cancel, Job, Queue, Snooze

LIBRARY = uuid4()
NONE = "00000000-0000-0000-0000-000000000000"


@dataclass
class FakeJob:
    args: TvShowLibraryScanArgs
    id: int = 7
    attempt: int = 1
    max_attempts: int = 3
    reports: list[str] = field(default_factory=list)

    def report_progress(self, *, phase: str, current: int, total: int | None, message: str) -> None:
        self.reports.append(phase)


@dataclass
class FakeScans:
    outcome: Any
    requests: list[ScanRequest] = field(default_factory=list)

    async def run(self, request: ScanRequest, *, report: Any) -> Any:
        self.requests.append(request)
        report(ScanProgress("scanning", 1, None, "/tv/x"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class FakeLibraries:
    async def find_by_path(self, path: bytes, types: Any) -> UUID:
        if path != b"/tv":
            raise LibraryNotFound("that holds it")
        return LIBRARY


def scan() -> Scan:
    now = datetime.now(UTC)
    return Scan(
        id=uuid4(), library_id=LIBRARY, type=ScanType.FULL, status=ScanStatus.COMPLETED, job_id=7,
        counts=ScanCounts(files_seen=3, added=3), error_message=None, created_at=now, started_at=now,
        completed_at=now + timedelta(seconds=2),
    )  # fmt: skip


async def work(outcome: Any, **args: Any) -> tuple[Any, FakeScans]:
    scans = FakeScans(outcome)
    job = FakeJob(TvShowLibraryScanArgs.model_validate(args))
    worker = TvShowLibraryScanWorker(cast("ScanService", scans), cast("LibraryRepository", FakeLibraries()))
    return await worker.work(cast("Job[TvShowLibraryScanArgs]", job)), scans


async def test_gos_arguments_are_taken_as_they_are_and_unknown_ones_are_let_be() -> None:
    output, scans = await work(
        scan(), paths=["/tv"], force=True, library_id=str(LIBRARY), auto_create=False, invented_later=1
    )
    (request,) = scans.requests
    assert (request.library_id, request.paths, request.force, request.auto_create, request.job_id) == (
        LIBRARY, [b"/tv"], True, False, 7,
    )  # fmt: skip
    assert request.types == {LibraryType.TVSHOW}
    assert (output["status"], output["added"]) == ("completed", 3)  # W26: what was done is in the output and the row


def test_json_is_that_of_the_go_server() -> None:
    whole = TvShowLibraryScanArgs(paths=("/tv",), library_id=LIBRARY)
    assert json.loads(whole.wire_text()) == {
        "paths": ["/tv"], "force": False, "library_id": str(LIBRARY), "auto_create": True,
    }  # fmt: skip
    without = TvShowLibraryScanArgs.model_validate({"paths": ["/tv"], "library_id": NONE})
    assert "library_id" not in json.loads(without.wire_text())


async def test_without_a_library_the_one_around_the_folder_is_meant() -> None:
    _, scans = await work(scan(), paths=["/tv"], library_id=NONE)
    assert scans.requests[0].library_id == LIBRARY
    assert isinstance((await work(scan(), paths=["/elsewhere"]))[0], Cancel)
    assert isinstance((await work(scan()))[0], Cancel)


async def test_library_of_another_type_cancels_the_job() -> None:  # W27
    result, _ = await work(WrongLibraryType("Films", "movie"), library_id=str(LIBRARY))
    assert isinstance(result, Cancel)


async def test_a_pause_is_a_snooze() -> None:
    assert (await work(ScanPaused(uuid4()), library_id=str(LIBRARY)))[0] == Snooze(timedelta(0))


def test_one_job_of_a_library_waits_or_runs_at_a_time() -> None:
    options = TvShowLibraryScanArgs.insert_opts
    assert (TvShowLibraryScanArgs.kind, options.queue, options.max_attempts) == ("tvshow_library_scan", Queue.BULK, 3)
    assert options.unique is not None
    assert (options.unique.by_args, options.unique.by_state) == (["library_id"], UNFINISHED)
