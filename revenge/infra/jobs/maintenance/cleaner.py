"""Deletes ended jobs after their retention; run by the leader only."""

import asyncio
import random
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import RetentionConfig
from revenge.infra.jobs.maintenance.batch import PAUSE_LONGEST, PAUSE_SHORTEST, TIMEOUT, BatchSize
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.store import Store

INTERVAL = timedelta(seconds=30)
"""River: `JobCleanerIntervalDefault`."""


class Cleaner:
    """Deletes completed, cancelled and discarded jobs that are older than their state's retention."""

    def __init__(
        self, *, clock: Clock, config: RetentionConfig, store: Store, batch_size: BatchSize | None = None
    ) -> None:
        self._clock = clock
        self._store = store
        self._batch_size = batch_size or BatchSize(clock=clock)
        retentions = {
            JobState.COMPLETED: config.completed,
            JobState.CANCELLED: config.cancelled,
            JobState.DISCARDED: config.discarded,
        }
        self._retentions = {state.value: kept for state, kept in retentions.items() if kept is not None}

    async def run_once(self) -> int:
        """Delete what is old enough; return how many jobs.

        Raises:
            StoreError: the database could not be written. Batches already deleted stay deleted.
            TimeoutError: one batch took too long; after three in a row batches are smaller.
        """
        deleted = 0
        while self._retentions:
            limit = self._batch_size.rows
            try:
                async with asyncio.timeout(TIMEOUT.total_seconds()), self._store.transaction() as conn:
                    count = await self._store.execute(
                        "job_delete_before", list(self._retentions), list(self._retentions.values()), limit, conn=conn
                    )
            except TimeoutError:
                self._batch_size.timed_out()
                raise
            self._batch_size.succeeded()
            deleted += count
            if count < limit:
                break
            # Others want the disk and the rows' pages, too.
            await self._clock.sleep(random.uniform(0, 1) * (PAUSE_LONGEST - PAUSE_SHORTEST) + PAUSE_SHORTEST)  # noqa: S311
        return deleted
