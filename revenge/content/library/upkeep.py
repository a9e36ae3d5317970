"""Keeps the history of scans short, and ends scans that nobody works any more."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from revenge.content.library.ports import FilesChanged, LibraryEvents, NoEvents, Pool, ScanJobs
from revenge.content.library.scans.claims import Claims
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.statements import statements

Removed = Callable[[str, int], object]
"""Told what was removed, and how many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepConfig:
    """What is kept."""

    scan_retention: timedelta = timedelta(days=30)
    """How long scans that have ended are shown, unless a job says otherwise."""
    scans_kept: int = 10
    """So many of each library stay, however old they are: what a library's page shows must not be empty."""
    batch: int = 200
    """Scans deleted in one transaction; the errors of each go with it."""

    def __post_init__(self) -> None:
        if self.scan_retention <= timedelta(0):
            raise ValueError(f"scan_retention must be positive, got {self.scan_retention}")
        if self.scans_kept < 0:
            raise ValueError(f"scans_kept must not be negative, got {self.scans_kept}")
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanUpkeep:
    """What one clean-up of scans did, or would do."""

    settled: int
    """Scans whose job is gone, ended as failed or cancelled."""
    deleted: int
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return asdict(self)


class LibraryUpkeep:
    """Cleans up behind scans."""

    def __init__(
        self,
        pool: Pool,
        *,
        jobs: ScanJobs,
        events: LibraryEvents | None = None,
        scans: ScanConfig | None = None,
        config: UpkeepConfig | None = None,
        removed: Removed = lambda target, rows: None,
    ) -> None:
        self._pool = pool
        self._config = config or UpkeepConfig()
        self._scans = scans or ScanConfig()
        self._events = events or NoEvents()
        self._claims = Claims(pool, config=self._scans, events=self._events, jobs=jobs)
        self._removed = removed

    async def settle(self) -> int:
        """End scans whose job is over and whose run is not heard of; return how many."""
        return await self._claims.settle_abandoned()

    async def clean(
        self,
        retention: timedelta | None = None,
        *,
        dry_run: bool = False,
        report: Callable[[int, int], object] = lambda done, total: None,
    ) -> ScanUpkeep:
        """Settle abandoned scans and delete those that ended longer ago than ``retention``, a batch a transaction.

        Args:
            retention: None is what the settings say.
            dry_run: only count; abandoned scans stay as they are, too.
            report: called with how many are deleted, of how many.
        """
        sql, age = statements(), retention or self._config.scan_retention
        settled = 0 if dry_run else await self.settle()
        total = await self._pool.fetchval(sql["scan_count_expired"], age, self._config.scans_kept)
        report(0, total)
        deleted = 0
        while not dry_run:
            rows = await self._pool.fetch(sql["scan_delete_expired"], age, self._config.scans_kept, self._config.batch)
            deleted += len(rows)
            self._removed("library_scans", len(rows))
            report(deleted, max(total, deleted))
            if len(rows) < self._config.batch:
                break
        return ScanUpkeep(settled=settled, deleted=total if dry_run else deleted, dry_run=dry_run)

    async def forget_missing(self, *, report: Callable[[int], object] = lambda done: None) -> int:
        """Forget files that have been missing for longer than the grace period, a batch a transaction; return how many.

        Scans do that too, but a library that is never scanned would remember its files for ever.
        """
        sql, grace, total = statements(), self._scans.missing_grace, 0
        for library in await self._pool.fetch(sql["library_with_missing"], grace):
            rows = self._config.batch
            while rows == self._config.batch:
                async with self._pool.acquire() as conn, conn.transaction():
                    gone = await conn.fetch(sql["file_remove_expired"], library["id"], grace, self._config.batch)
                    rows = len(gone)
                    if gone:
                        change = FilesChanged(
                            library_id=library["id"], scan_id=None, removed=[row["id"] for row in gone]
                        )
                        await self._events.files_changed(conn, change)
                        await conn.execute(sql["item_delete_unused"], library["id"])
                total += rows
                self._removed("missing_files", rows)
                report(total)
        return total
