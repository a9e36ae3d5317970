"""Runs scans: claims one, takes it through its phases, and leaves it so that another run can go on."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from revenge.content.library.errors import ScanFailed, ScanLost, UnscannableLibrary
from revenge.content.library.facts import SCANNED_TYPES, FactReader
from revenge.content.library.models import Scan, ScanStatus, ScanType
from revenge.content.library.ports import JobFate, LibraryEvents, NoEvents, Pool, Prober, ScanJobs
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans.checkpoint import Phase
from revenge.content.library.scans.claims import Claimed, Claims, ScanRequest
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.finishing import Finishing
from revenge.content.library.scans.ledger import Paused
from revenge.content.library.scans.plan import Standing, check_paths, check_root, is_whole, plan_scopes
from revenge.content.library.scans.probing import Probing
from revenge.content.library.scans.progress import Report, ScanProgress
from revenge.content.library.scans.walking import Walking
from revenge.content.library.statements import statements
from revenge.infra.threads import in_thread

logger = logging.getLogger("revenge.library")


@dataclass(frozen=True, slots=True)
class ScanPaused:
    """The run's time was over with chunks committed; the same request goes on where it stopped."""

    scan_id: UUID


class ScanService:
    """Scans libraries. Any number of processes may have one; a scan is run by one of them at a time."""

    def __init__(
        self,
        pool: Pool,
        *,
        jobs: ScanJobs,
        prober: Prober | None = None,
        events: LibraryEvents | None = None,
        config: ScanConfig | None = None,
        facts: FactReader | None = None,
    ) -> None:
        """``prober``: None leaves files unread until a scan has one."""
        self._pool = pool
        self._prober = prober
        self._events = events or NoEvents()
        self._config = config or ScanConfig()
        self._facts = facts or FactReader()
        self._jobs = jobs
        self._claims = Claims(pool, config=self._config, events=self._events, jobs=jobs)

    async def run(self, request: ScanRequest, *, report: Report = lambda progress: None) -> Scan | ScanPaused:
        """Scan until the end and return the completed scan, or a pause.

        What a run leaves is a scan that its job can take up at the last chunk: when it is cancelled (unless the job
        was cancelled by somebody: then the scan ends as cancelled), when its process dies, when the database fails.

        Args:
            request: what to scan, and for whom.
            report: called with the progress, often; it must be quick.

        Raises:
            LibraryNotFound: there is no such library.
            WrongLibraryType: it is none that the job may scan.
            PathOutsideLibrary: a path is in none of its folders.
            ScanNotFound: the scan is another library's.
            ScanBusy: another run works the library now.
            ScanFailed: the scan ended as failed, with this reason.
            ScanLost: another run took it over, or somebody ended it; nothing was written since.
        """
        claiming = asyncio.ensure_future(self._claims.claim(request))
        try:
            claimed = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.shield(self._interrupted_claim(claiming, request.job_id))
            raise
        if isinstance(claimed, Scan):
            return claimed
        try:
            return await self._work(claimed, report)
        except Paused:
            await self._release(claimed)
            return ScanPaused(claimed.ledger.scan_id)
        except ScanFailed as failure:
            await self._end(claimed, ScanStatus.FAILED, failure.reason)
            raise
        except asyncio.CancelledError:
            # The queue waits for us, and gives up after a while: what is to be said is said first.
            await asyncio.shield(self._interrupted(claimed, request.job_id))
            raise
        except ScanLost:
            raise
        except BaseException:
            with contextlib.suppress(Exception):  # the database may be what failed
                await self._release(claimed)
            raise

    async def fail(self, request: ScanRequest, reason: str) -> None:
        """End the scan of a job that will not be tried again."""
        async with self._pool.acquire() as conn, conn.transaction():
            scan_id = request.scan_id or await conn.fetchval(
                statements()["scan_find"], request.library_id, request.job_id
            )
            row = None if scan_id is None else await conn.fetchrow(statements()["scan_get"], scan_id, 0.0)
            if row is not None and row["job_id"] == request.job_id:
                library = await LibraryRepository(self._pool).get(request.library_id, conn=conn)
                await self._claims.end(conn, row["id"], None, ScanStatus.FAILED, reason, library)

    async def settle_abandoned(self) -> int:
        """End scans that nobody will work: their jobs are over and their runs are not heard of; return how many."""
        return await self._claims.settle_abandoned()

    async def _work(self, claimed: Claimed, report: Report) -> Scan:
        ledger, library, config = claimed.ledger, claimed.library, self._config
        checkpoint = ledger.checkpoint
        if library.type not in SCANNED_TYPES:
            raise UnscannableLibrary(library.type)
        scopes = plan_scopes(claimed.roots, claimed.paths, library=library.name)
        standings = await self._look_at_roots(claimed)
        if checkpoint.phase is Phase.SCANNING:
            await in_thread(partial(check_paths, claimed.roots, claimed.paths))
            walking = Walking(
                ledger,
                config=config,
                events=self._events,
                facts=self._facts,
                library=library,
                report=report,
                scan_type=claimed.type,
                scopes=scopes,
                standings=standings,
                started_at=claimed.started_at,
                auto_create=claimed.auto_create,
            )
            await walking.run()
        whole = is_whole(scopes, claimed.roots)
        finishing = Finishing(
            ledger,
            config=config,
            events=self._events,
            library=library,
            started_at=claimed.started_at,
            auto_create=claimed.auto_create,
        )
        if checkpoint.phase is Phase.SCANNING:
            # Before anything is read: what only moved was read already.
            if whole:
                await finishing.miss_removed_roots()
            await finishing.join_moved()
            checkpoint.phase = Phase.PROBING
        if checkpoint.phase is Phase.PROBING:
            if self._prober is not None and claimed.type is not ScanType.METADATA:
                probing = Probing(
                    ledger,
                    config=config,
                    library=library,
                    prober=self._prober,
                    report=report,
                    started_at=claimed.started_at,
                )
                await probing.run()
            checkpoint.phase = Phase.FINISHING
        report(ScanProgress(Phase.FINISHING, 0, None, library.name))
        if whole:
            await finishing.remove_expired()
        scan = await finishing.complete(standings if whole else {})
        report(ScanProgress(Phase.FINISHING, scan.counts.files_seen, scan.counts.files_seen, library.name))
        return scan

    async def _look_at_roots(self, claimed: Claimed) -> dict[UUID, Standing]:
        """Make sure that all roots are there, also those that are not to be walked now.

        Raises:
            ScanFailed: one is not, so that what is in it would look as if it had vanished.
        """
        standings = {}
        for root in claimed.roots:
            rows = await self._pool.fetch(statements()["root_sample"], root.id) if root.has_files else []
            standings[root.id] = await in_thread(partial(check_root, root, [row["path"] for row in rows]))
        return standings

    async def _interrupted_claim(self, claiming: asyncio.Future[Claimed | Scan], job_id: int | None) -> None:
        """Let go of what the database may give a run that was told to stop while it asked: nobody else could have it."""
        try:
            async with asyncio.timeout(self._config.stop_limit.total_seconds()):
                claimed = await claiming
        except Exception:
            return
        if isinstance(claimed, Claimed):
            await self._interrupted(claimed, job_id)

    async def _interrupted(self, claimed: Claimed, job_id: int | None) -> None:
        """Say what became of a run that was told to stop: ended when somebody wanted that, else to be taken up."""
        try:
            async with asyncio.timeout(self._config.stop_limit.total_seconds()):
                async with self._pool.acquire() as conn:
                    fate = JobFate.CANCELLED if job_id is None else await self._jobs.fate(conn, job_id)
                if fate is JobFate.CANCELLED:
                    await self._end(claimed, ScanStatus.CANCELLED, "cancelled")
                else:
                    await self._release(claimed)
        except Exception:
            # Whoever comes next finds a claim that is not renewed, or a job that is over.
            logger.warning("scan.interrupted", extra={"scan_id": str(claimed.ledger.scan_id)}, exc_info=True)

    async def _end(self, claimed: Claimed, status: ScanStatus, reason: str) -> None:
        ledger = claimed.ledger
        async with self._pool.acquire() as conn, conn.transaction():
            await self._claims.end(conn, ledger.scan_id, ledger.claim, status, reason, claimed.library)

    async def _release(self, claimed: Claimed) -> None:
        await self._pool.execute(statements()["scan_release"], claimed.ledger.scan_id, claimed.ledger.claim)
