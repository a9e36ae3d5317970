"""The last phase: settle moves between file systems, forget what is missing for too long, and remember the roots."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from revenge.content.library.errors import ScanLost
from revenge.content.library.models import Library, Scan, ScanStatus
from revenge.content.library.ports import Connection, FilesChanged, LibraryEvents
from revenge.content.library.records import scan_from
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.ledger import Ledger
from revenge.content.library.scans.plan import Standing
from revenge.content.library.statements import statements

_REMOVED_AT_ONCE = 5_000


class Finishing:
    """The end of one run."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        config: ScanConfig,
        events: LibraryEvents,
        library: Library,
        started_at: datetime,
        auto_create: bool = True,
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._events = events
        self._library = library
        self._started_at = started_at
        self._auto_create = auto_create

    async def join_moved(self) -> None:
        """Give files that came to another file system the rows they had; errors as those of ``Ledger.chunk``."""
        counts = self._ledger.counts
        async with self._ledger.chunk(may_pause=False) as conn:
            if counts.missing and counts.added:
                moved = await conn.fetch(statements()["file_join_moved"], self._library.id, self._started_at)
                counts.moved += len(moved)
                counts.added -= len(moved)
                counts.missing -= len(moved)
                await self._tell(conn, moved=[row["id"] for row in moved])

    async def miss_removed_roots(self) -> None:
        """Mark what lies in folders that were taken out of the library; errors as those of ``Ledger.chunk``."""
        async with self._ledger.chunk(may_pause=False) as conn:
            missing = await conn.fetch(statements()["file_set_missing_of_removed_roots"], self._library.id)
            self._ledger.counts.missing += len(missing)
            await self._tell(conn, missing=[row["id"] for row in missing])

    async def remove_expired(self) -> None:
        """Forget what has been missing for longer than the grace period; errors as those of ``Ledger.chunk``."""
        sql, grace = statements()["file_remove_expired"], self._config.missing_grace
        while True:
            async with self._ledger.chunk(may_pause=False) as conn:
                removed = await conn.fetch(sql, self._library.id, grace, _REMOVED_AT_ONCE)
                self._ledger.counts.removed += len(removed)
                await self._tell(conn, removed=[row["id"] for row in removed])
            if len(removed) < _REMOVED_AT_ONCE:
                return

    async def complete(self, standings: dict[UUID, Standing]) -> Scan:
        """Remember the roots as they are now and end the scan, all at once.

        Raises:
            ScanLost: as from ``Ledger.transaction``.
        """
        counts = self._ledger.counts
        async with self._ledger.transaction() as conn:
            if counts.removed or counts.updated or counts.moved:
                await conn.execute(statements()["item_delete_unused"], self._library.id)
            counts.unmatched = await conn.fetchval(statements()["file_count_unmatched"], self._library.id)
            if standings:
                devices = [standing.device for standing in standings.values()]
                await conn.execute(statements()["root_done"], list(standings), devices)
                await conn.execute(statements()["root_delete_empty"], self._library.id)
            await self._ledger.save(conn)
            ended = await conn.fetchrow(
                statements()["scan_end"], self._ledger.scan_id, self._ledger.claim, ScanStatus.COMPLETED, None
            )
            if ended is None:
                raise ScanLost(self._ledger.scan_id)
            scan = scan_from(ended)
            await self._events.scan_done(conn, scan, self._library)
        return scan

    async def _tell(
        self,
        conn: Connection,
        *,
        moved: Sequence[UUID] = (),
        missing: Sequence[UUID] = (),
        removed: Sequence[UUID] = (),
    ) -> None:
        if moved or missing or removed:
            change = FilesChanged(
                library_id=self._library.id,
                scan_id=self._ledger.scan_id,
                moved=moved,
                missing=missing,
                removed=removed,
                auto_create=self._auto_create,
            )
            await self._events.files_changed(conn, change)
