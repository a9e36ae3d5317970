"""A claimed scan: all that a run writes goes through its ledger, which lets nobody write who lost the claim."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from uuid import UUID

from revenge.content.library.errors import ScanLost
from revenge.content.library.models import ScanCounts
from revenge.content.library.ports import Connection, Pool
from revenge.content.library.scans.checkpoint import Checkpoint
from revenge.content.library.statements import statements


class Paused(Exception):
    """The run's time is over and a chunk was committed in it: the rest is for the next run."""


class Ledger:
    """Counts and checkpoint of one run, saved in the transaction of each chunk."""

    def __init__(
        self,
        pool: Pool,
        *,
        scan_id: UUID,
        claim: UUID,
        counts: ScanCounts,
        checkpoint: Checkpoint,
        run_for_s: float | None,
    ) -> None:
        self.pool = pool
        self.scan_id = scan_id
        self.claim = claim
        self.counts = counts
        self.checkpoint = checkpoint
        self._sql = statements()
        self._until = None if run_for_s is None else time.monotonic() + run_for_s

    @asynccontextmanager
    async def chunk(self, *, may_pause: bool = True) -> AsyncIterator[Connection]:
        """Give the connection of a transaction that commits together with the counts and the checkpoint.

        ``may_pause``: the checkpoint is beyond this chunk, so that the next run does not begin with it.

        Raises:
            ScanLost: the scan is another run's, or ended; nothing was written.
            Paused: the chunk is committed, and the run's time is over.
        """
        async with self.transaction() as conn:
            yield conn
            await self.save(conn)
        if may_pause and self._until is not None and time.monotonic() > self._until:
            raise Paused

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give the connection of a transaction that nobody else can write this scan in, and save nothing by itself.

        Raises:
            ScanLost: the scan is another run's, or ended; nothing was written.
        """
        async with self.pool.acquire() as conn, conn.transaction():
            if await conn.fetchval(self._sql["scan_hold"], self.scan_id, self.claim) is None:
                raise ScanLost(self.scan_id)
            yield conn

    async def save(self, conn: Connection) -> None:
        """Save counts and checkpoint in the caller's transaction."""
        await conn.execute(self._sql["scan_save"], self.scan_id, self.checkpoint.to_json(), *astuple(self.counts))

    async def beat(self) -> None:
        """Say that the run lives although it has nothing to commit.

        Raises:
            ScanLost: the scan is another run's, or ended.
        """
        if await self.pool.fetchval(self._sql["scan_beat"], self.scan_id, self.claim) is None:
            raise ScanLost(self.scan_id)
