"""Scans on schedule and the clean-up behind them, with the real queue: kinds, rows, uniqueness, counts."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.app.enqueue import ScanQueue
from revenge.content.library.errors import InvalidLibrary
from revenge.content.library.models import LibraryFields, LibraryType, Scan, ScanType
from revenge.content.library.schedule import ScanSchedule
from revenge.content.library.service import LibraryService
from revenge.content.library.upkeep import LibraryUpkeep, UpkeepConfig
from revenge.content.library.upkeep_jobs import (
    LibraryScanCleanupArgs,
    LibraryScanCleanupWorker,
    MissingFileCleanupArgs,
    MissingFileCleanupWorker,
    PeriodicLibraryScanArgs,
    PeriodicLibraryScanWorker,
    ScanReaperArgs,
    ScanReaperWorker,
)
from revenge.infra.jobs import Client, InvalidJob, JobArgs, JobState, Workers
from revenge.infra.jobs.testing import drain


class House:
    """Libraries, and a client that works what keeps them in order."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", root: Path) -> None:
        self.pool = pool
        self.root = root
        queue = ScanQueue(Client(pool))
        self.libraries = LibraryService(pool, jobs=queue)
        self.removed: list[tuple[str, int]] = []
        self.schedule = ScanSchedule(pool, libraries=self.libraries, interval=timedelta(hours=24))
        upkeep = LibraryUpkeep(
            pool,
            jobs=queue,
            config=UpkeepConfig(scans_kept=2, batch=3),
            removed=lambda target, rows: self.removed.append((target, rows)),
        )
        self.client = Client(
            pool,
            workers=Workers(
                [
                    PeriodicLibraryScanWorker(self.schedule),
                    LibraryScanCleanupWorker(upkeep),
                    ScanReaperWorker(upkeep),
                    MissingFileCleanupWorker(upkeep),
                ]
            ),
        )

    async def library(self, name: str, **fields: Any) -> UUID:
        folder = self.root / name
        folder.mkdir()
        wanted: dict[str, Any] = {"name": name, "type": LibraryType.MOVIE, "paths": [str(folder)]}
        return (await self.libraries.create(LibraryFields(**wanted | fields))).id

    async def work(self, args: JobArgs) -> Any:
        job = (await self.client.insert(args)).job
        await drain(self.client, queues=["default", "low"])
        return (await self.client.get(job.id)).metadata.get("output")

    async def ended_scan(self, library_id: UUID, *, days_ago: int, status: str = "completed") -> UUID:
        scan_id = uuid7()
        await self.pool.execute(
            "INSERT INTO revenge.library_scan (id, library_id, scan_type, status, created_at, started_at, completed_at, error_message)"
            " VALUES ($1, $2, 'full', $3, now() - make_interval(days => $4), now(), now(), 'x')",
            scan_id,
            library_id,
            status,
            days_ago,
        )
        return scan_id

    async def scans(self, library_id: UUID) -> Sequence[asyncpg.Record]:
        return await self.pool.fetch(
            "SELECT id, status, job_id FROM revenge.library_scan WHERE library_id = $1 ORDER BY id", library_id
        )


@pytest.fixture
def house(pool: "asyncpg.Pool[asyncpg.Record]", tmp_path: Path) -> House:
    return House(pool, tmp_path)


async def test_due_library_gets_a_scan_with_its_row_and_the_job_that_people_get(house: House) -> None:
    """W08: the periodic scan goes through the service, so that row, kind, queue, attempts and uniqueness come with it."""
    library_id = await house.library("Films")
    output = await house.work(PeriodicLibraryScanArgs())
    [scan] = await house.scans(library_id)
    job = await house.client.get(scan["job_id"])
    assert output["started"] == [{"library_id": str(library_id), "scan_id": str(scan["id"]), "job_id": job.id}]
    assert (job.kind, job.queue, job.max_attempts) == ("movie_library_scan", "bulk", 3)
    assert job.args["scan_id"] == str(scan["id"])
    assert (await house.work(PeriodicLibraryScanArgs()))["busy"] == 1
    assert len(await house.scans(library_id)) == 1


async def test_library_is_left_alone_that_is_not_due_not_enabled_or_not_scannable(house: House) -> None:
    recent = await house.library("Recent")
    await house.ended_scan(recent, days_ago=0)
    await house.library("Off", enabled=False)
    await house.library("Never", scanner_config={"scan_interval_s": 0})
    await house.library("Music", type=LibraryType.MUSIC)
    output = await house.work(PeriodicLibraryScanArgs())
    assert output == {"started": [], "not_due": 2, "busy": 0, "unscannable": 1, "failed": {}}


async def test_library_s_own_interval_counts(house: House) -> None:
    often = await house.library("Often", scanner_config={"scan_interval_s": 3600})
    rarely = await house.library("Rarely", scanner_config={"scan_interval_s": 30 * 86_400})
    for library_id in (often, rarely):
        await house.ended_scan(library_id, days_ago=2)
    output = await house.work(PeriodicLibraryScanArgs())
    assert [scan["library_id"] for scan in output["started"]] == [str(often)]


async def test_interval_that_is_none_is_refused(house: House) -> None:
    for wrong in ("1h", True, -1, 5):
        with pytest.raises(InvalidLibrary, match="scan_interval_s"):
            await house.library(f"Wrong {wrong}", scanner_config={"scan_interval_s": wrong})


async def test_one_library_that_fails_does_not_keep_the_others_from_their_scan(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = await house.library("Broken"), await house.library("Fine")
    trigger = house.libraries.trigger_scan

    async def trigger_scan(library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan:
        if library_id == broken:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return await trigger(library_id, scan_type)

    monkeypatch.setattr(house.libraries, "trigger_scan", trigger_scan)
    output = await house.work(PeriodicLibraryScanArgs())
    assert output["failed"] == {"Broken": "deadlock detected"}
    assert [scan["library_id"] for scan in output["started"]] == [str(fine)]


async def test_run_without_any_scan_fails_when_all_that_were_due_did(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.library("Broken")

    async def trigger_scan(library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan:
        raise asyncpg.DeadlockDetectedError("deadlock detected")

    monkeypatch.setattr(house.libraries, "trigger_scan", trigger_scan)
    job = (await house.client.insert(PeriodicLibraryScanArgs())).job
    await drain(house.client, raise_errors=False)
    row = await house.client.get(job.id)
    assert row.attempt == 1
    assert "Broken: deadlock detected" in row.errors[0].error


async def test_libraries_that_want_it_are_scanned_when_the_server_starts(house: House) -> None:
    """W27: scan_on_startup is read."""
    wanting = await house.library("Wanting", scan_on_startup=True)
    await house.ended_scan(wanting, days_ago=0)
    await house.library("Patient")
    started = await house.schedule.scan_at_start()
    assert [scan.library_id for scan in started.scans] == [wanting]


async def test_old_scans_go_but_the_latest_of_each_library(house: House) -> None:
    """W47: in batches, with counts as output and metrics."""
    library_id = await house.library("Films")
    for days in range(50, 42, -1):
        await house.ended_scan(library_id, days_ago=days)
    quiet = await house.library("Quiet")
    await house.ended_scan(quiet, days_ago=400)
    output = await house.work(LibraryScanCleanupArgs(retention_days=30))
    assert output == {"settled": 0, "deleted": 6, "dry_run": False}
    assert (len(await house.scans(library_id)), len(await house.scans(quiet))) == (2, 1)
    assert house.removed == [("library_scans", 3), ("library_scans", 3), ("library_scans", 0)]


async def test_retention_is_the_one_that_the_job_names(house: House) -> None:
    library_id = await house.library("Films")
    for days in (20, 19, 18, 1):
        await house.ended_scan(library_id, days_ago=days)
    assert (await house.work(LibraryScanCleanupArgs(retention_days=0)))["deleted"] == 0
    assert (await house.work(LibraryScanCleanupArgs(retention_days=15)))["deleted"] == 2


async def test_dry_run_counts_and_changes_nothing(house: House) -> None:
    library_id = await house.library("Films")
    for days in range(50, 45, -1):
        await house.ended_scan(library_id, days_ago=days)
    output = await house.work(LibraryScanCleanupArgs(retention_days=30, dry_run=True))
    assert output == {"settled": 0, "deleted": 3, "dry_run": True}
    assert len(await house.scans(library_id)) == 5


@pytest.mark.parametrize("days", [10**9, -1])
async def test_retention_that_is_none_is_refused_and_not_tried_again(house: House, days: int) -> None:
    with pytest.raises(InvalidJob, match=f"retention_days must be 0 to 36500, got {days}"):
        await house.client.insert(LibraryScanCleanupArgs(retention_days=days))
    job = (await house.client.insert(LibraryScanCleanupArgs(retention_days=1))).job
    await house.pool.execute("UPDATE river_job SET args = $1 WHERE id = $2", f'{{"retention_days": {days}}}', job.id)
    await drain(house.client)
    ended = await house.client.get(job.id)
    assert ended.state is JobState.CANCELLED
    assert f"got {days}" in ended.errors[0].error


async def test_scan_whose_job_is_gone_stands_in_no_later_one_s_way(house: House) -> None:
    """W16: an interrupted scan does not stay `running` for ever."""
    library_id = await house.library("Films")
    scan = await house.libraries.trigger_scan(library_id)
    assert scan.job_id is not None
    await house.client.cancel(scan.job_id)
    await house.client.delete(scan.job_id)
    assert await house.work(ScanReaperArgs()) == {"settled": 1}
    [row] = await house.scans(library_id)
    assert row["status"] == "failed"
    await house.libraries.trigger_scan(library_id)


async def test_reaper_leaves_a_scan_alone_whose_job_waits(house: House) -> None:
    library_id = await house.library("Films")
    await house.libraries.trigger_scan(library_id)
    assert await house.work(ScanReaperArgs()) == {"settled": 0}


async def test_files_that_have_been_missing_for_too_long_are_forgotten_without_a_scan(house: House) -> None:
    library_id, scanned = await house.library("Films"), await house.library("Scanned")
    for owner in (library_id, scanned):
        root_id = await house.pool.fetchval("SELECT id FROM revenge.library_root WHERE library_id = $1", owner)
        for number, days in enumerate((40, 40, 40, 40, 1)):
            await house.pool.execute(
                "INSERT INTO revenge.library_file (id, library_id, root_id, path, path_text, size_bytes, mtime_ns, inode, state, missing_since)"
                " VALUES ($1, $2, $3, $4, 'x', 1, 1, 1, 'missing', now() - make_interval(days => $5))",
                uuid7(),
                owner,
                root_id,
                f"/{number}".encode(),
                days,
            )
    await house.libraries.trigger_scan(scanned)
    assert await house.work(MissingFileCleanupArgs()) == {"removed": 4}
    left = await house.pool.fetch("SELECT library_id, count(*) FROM revenge.library_file GROUP BY library_id")
    assert {row["library_id"]: row["count"] for row in left} == {library_id: 1, scanned: 5}
    assert house.removed == [("missing_files", 3), ("missing_files", 1)]


async def test_second_clean_up_waits_for_the_first_instead_of_calling_itself_done(house: House) -> None:
    async with house.client.once_per_cluster("library_scan_cleanup", ttl=timedelta(minutes=1)) as hold:
        assert hold
        job = (await house.client.insert(LibraryScanCleanupArgs())).job
        await drain(house.client)
        row = await house.client.get(job.id)
        assert (row.state, row.attempt) == (JobState.SCHEDULED, 0)


def test_arguments_are_those_of_the_go_server() -> None:
    assert LibraryScanCleanupArgs(retention_days=30).wire_text() == '{"retention_days":30}'
    assert LibraryScanCleanupArgs(retention_days=1, dry_run=True).wire_text() == '{"retention_days":1,"dry_run":true}'
    assert PeriodicLibraryScanArgs().wire_text() == "{}"
