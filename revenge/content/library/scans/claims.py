"""Finds or makes a scan's row and claims it: who may work which scan."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from revenge.content.library.errors import LibraryNotFound, ScanBusy, ScanNotFound, WrongLibraryType
from revenge.content.library.models import ACTIVE, Library, LibraryType, Scan, ScanStatus, ScanType
from revenge.content.library.ports import Connection, JobFate, LibraryEvents, Pool, ScanJobs
from revenge.content.library.records import counts_from, scan_from
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans.checkpoint import Checkpoint
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.ledger import Ledger
from revenge.content.library.scans.plan import Root, is_whole, plan_scopes
from revenge.content.library.statements import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What a job asks for."""

    library_id: UUID
    types: Collection[LibraryType] | None = None
    """The libraries that the job may scan; None: any that can be scanned."""
    scan_id: UUID | None = None
    """None: the scan that this job began, or the one nobody works any more, or a new one."""
    paths: Sequence[bytes] = ()
    """Folders below the library's own; empty: all of it."""
    force: bool = False
    """A new scan is a full one. A scan that has a row is what its row says."""
    job_id: int | None = None
    """None: no job, the caller works it itself."""
    auto_create: bool = True
    """What is found may become something that nobody knows yet; else it is only joined to what is known."""
    run_for_s: float | None = None
    """After so long the run pauses behind the next chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A scan that this run may work."""

    ledger: Ledger
    library: Library
    roots: Sequence[Root]
    paths: Sequence[bytes]
    type: ScanType
    started_at: datetime
    is_new: bool
    """It has no checkpoint yet."""
    auto_create: bool


class Claims:
    """Gives scans to runs, each to one at a time."""

    def __init__(self, pool: Pool, *, config: ScanConfig, events: LibraryEvents, jobs: ScanJobs) -> None:
        self._pool = pool
        self._config = config
        self._events = events
        self._jobs = jobs
        self._libraries = LibraryRepository(pool)
        self._sql = statements()

    async def claim(self, request: ScanRequest) -> Claimed | Scan:
        """Return the scan, claimed; or its row when this job has completed it before.

        Raises:
            LibraryNotFound: there is no such library.
            WrongLibraryType: it is none that the job may scan; its scans are left alone.
            PathOutsideLibrary: a path is in none of its folders.
            ScanNotFound: ``scan_id`` is another library's scan.
            ScanBusy: another run works the library now, or another job will.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            library = await self._libraries.get(request.library_id, conn=conn)
            if request.types is not None and library.type not in request.types:
                raise WrongLibraryType(library.name, library.type)
            roots = [Root._make(row) for row in await conn.fetch(self._sql["root_list"], library.id)]
            scopes = plan_scopes(roots, request.paths, library=library.name)
            paths = () if is_whole(scopes, roots) else tuple(request.paths)
            row = await self._find(conn, request)
            if row is not None and row["library_id"] != library.id:
                raise ScanNotFound(row["id"])
            if row is not None and ScanStatus(row["status"]) in ACTIVE:
                await self._make_free(conn, row, request)
                if tuple(row["paths"]) != paths and row["job_id"] != request.job_id:
                    await self.end(conn, row["id"], None, ScanStatus.FAILED, "its job is gone", library)
                    row = None
            elif row is not None:
                if row["status"] == ScanStatus.COMPLETED:
                    return scan_from(row)
                await conn.execute(self._sql["scan_reset"], row["id"])
                row = await self._get(conn, row["id"])
            if row is None:
                row = await self._make(conn, request, paths)
            return await self._take(conn, row, request, library, roots)

    async def end(
        self, conn: Connection, scan_id: UUID, claim: UUID | None, status: ScanStatus, reason: str, library: Library
    ) -> Scan | None:
        """End an active scan without completing it; None when it has ended, or another holds it."""
        row = await conn.fetchrow(self._sql["scan_end"], scan_id, claim, status, reason)
        if row is None:
            return None
        scan = scan_from(row)
        await self._events.scan_failed(conn, scan, library)
        return scan

    async def settle_abandoned(self, library_id: UUID | None = None, *, conn: Connection | None = None) -> int:
        """End scans whose job is over and whose run is not heard of; return how many.

        That is what is left when a waiting job is cancelled, or when every attempt of one died with its process.
        """
        if conn is None:
            async with self._pool.acquire() as own, own.transaction():
                return await self.settle_abandoned(library_id, conn=own)
        settled = 0
        for row in await conn.fetch(self._sql["scan_active"], library_id, self._lease_s):
            if row["is_held"]:
                continue
            fate = JobFate.ENDED if row["job_id"] is None else await self._jobs.fate(conn, row["job_id"])
            if fate is JobFate.ALIVE:
                continue
            status = ScanStatus.CANCELLED if fate is JobFate.CANCELLED else ScanStatus.FAILED
            reason = "its job was cancelled" if fate is JobFate.CANCELLED else "its job ended without completing it"
            try:
                library = await self._libraries.get(row["library_id"], conn=conn)
            except LibraryNotFound:
                # Deleted since, and nobody is there to hear of its scan.
                settled += await conn.fetchrow(self._sql["scan_end"], row["id"], None, status, reason) is not None
                continue
            settled += await self.end(conn, row["id"], None, status, reason, library) is not None
        return settled

    @property
    def _lease_s(self) -> float:
        return self._config.lease.total_seconds()

    async def _get(self, conn: Connection, scan_id: UUID) -> asyncpg.Record | None:
        return await conn.fetchrow(self._sql["scan_get"], scan_id, self._lease_s)

    async def _find(self, conn: Connection, request: ScanRequest) -> asyncpg.Record | None:
        scan_id = request.scan_id
        if scan_id is None or await self._get(conn, scan_id) is None:
            # Without an id, or with one of a Go service's own table.
            found = await conn.fetchval(self._sql["scan_find"], request.library_id, request.job_id)
            if found is None:
                return None
            scan_id = found
        return await self._get(conn, scan_id)

    async def _make_free(self, conn: Connection, row: asyncpg.Record, request: ScanRequest) -> None:
        """Make sure that an active scan is nobody else's.

        The queue gives a job to one run at a time, so that a run of the same job need not wait for the lease.

        Raises:
            ScanBusy: a run of another job holds it, or will come.
        """
        if row["job_id"] is None or row["job_id"] == request.job_id:
            if not (row["job_id"] is None and row["is_held"]):
                return
        elif not row["is_held"]:
            fate = await self._jobs.fate(conn, row["job_id"])
            if fate is not JobFate.ALIVE or row["claim"] is not None:
                return
        raise ScanBusy(library_id=row["library_id"], scan_id=row["id"], job_id=row["job_id"])

    async def _make(self, conn: Connection, request: ScanRequest, paths: Sequence[bytes]) -> asyncpg.Record:
        scan_type = ScanType.FULL if request.force else ScanType.INCREMENTAL
        scan_id = request.scan_id or uuid7()
        if request.scan_id is not None and await self._get(conn, scan_id) is not None:
            scan_id = uuid7()
        try:
            async with conn.transaction():
                await conn.execute(
                    self._sql["scan_insert"], scan_id, request.library_id, scan_type, list(paths), request.job_id
                )
        except asyncpg.UniqueViolationError as error:
            # Another run made one between our look and our insert.
            raise ScanBusy(library_id=request.library_id, scan_id=None, job_id=None) from error
        row = await self._get(conn, scan_id)
        if row is None:
            raise ScanNotFound(scan_id)
        return row

    async def _take(
        self, conn: Connection, row: asyncpg.Record, request: ScanRequest, library: Library, roots: Sequence[Root]
    ) -> Claimed:
        claim = uuid7()
        is_first_run = row["started_at"] is None
        started_at = await conn.fetchval(self._sql["scan_claim"], row["id"], claim, request.job_id)
        checkpoint = Checkpoint.from_json(row["checkpoint"])
        is_new = checkpoint is None
        if checkpoint is None:
            checkpoint = Checkpoint(first=not await conn.fetchval(self._sql["file_any"], library.id))
        if is_first_run:
            claimed = await conn.fetchrow(self._sql["scan_show"], library.id, row["id"])
            if claimed is not None:
                await self._events.scan_started(conn, scan_from(claimed), library)
        ledger = Ledger(
            self._pool,
            scan_id=row["id"],
            claim=claim,
            counts=counts_from(row),
            checkpoint=checkpoint,
            run_for_s=request.run_for_s,
        )
        return Claimed(
            ledger=ledger,
            library=library,
            roots=roots,
            paths=tuple(row["paths"]),
            type=ScanType(row["scan_type"]),
            started_at=started_at,
            is_new=is_new,
            auto_create=request.auto_create,
        )
