"""Rescues jobs that have run for longer than they may, by River's rule; run by the leader only."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.maintenance.batch import TIMEOUT, BatchSize
from revenge.infra.jobs.maintenance.decision import GoneJob, Policies, decide_stuck
from revenge.infra.jobs.maintenance.rescue import gone_job_from, rescue_many, rescue_rivalled
from revenge.infra.jobs.store import Store

ERROR = "Stuck job rescued by JobRescuer"
"""River's own text."""
COUNTER = "river:rescue_count"

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class RescuerConfig:
    """When a running job counts as stuck."""

    interval: timedelta = timedelta(seconds=30)
    rescue_after: timedelta = timedelta(hours=1)
    """Since the attempt's start. River's default; longer than any deadline of a worker, which is respected anyway."""

    def __post_init__(self) -> None:
        for name in ("interval", "rescue_after"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)


class Rescuer:
    """Hands on the jobs of clients that have no node row, Go's for instance.

    A job of a living node of ours is never touched, however long it runs.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        config: RescuerConfig,
        store: Store,
        policies: Policies,
        batch_size: BatchSize | None = None,
    ) -> None:
        self._clock = clock
        self._config = config
        self._store = store
        self._policies = policies
        self._batch_size = batch_size or BatchSize(clock=clock)

    async def run_once(self) -> int:
        """Rescue every stuck job once; return how many rows moved.

        Raises:
            StoreError: the database could not be read or written. Batches already written stay written; the next run
                picks up the rest.
            TimeoutError: reading one batch took too long.
        """
        after_id = rescued = 0
        while True:
            limit = self._batch_size.rows
            try:
                async with asyncio.timeout(TIMEOUT.total_seconds()), self._store.transaction() as conn:
                    rows = await self._store.fetch(
                        "job_get_stuck", self._config.rescue_after, after_id, limit, conn=conn
                    )
            except TimeoutError:
                self._batch_size.timed_out()
                raise
            self._batch_size.succeeded()
            jobs = [gone_job_from(row) for row in rows]
            for row in await self._rescue(jobs):
                rescued += 1
                logger.warning("job.rescued", extra={"job_id": row["id"], "kind": row["kind"], "state": row["state"]})
            if len(jobs) < limit:
                return rescued
            # By id and not by "still stuck": a job that is left alone would otherwise come back in every batch.
            after_id = jobs[-1].id

    async def _rescue(self, jobs: Sequence[GoneJob]) -> list[asyncpg.Record]:
        now = self._clock.now()
        moves = [(job, move) for job in jobs if (move := decide_stuck(job, self._policies)) is not None]
        plain = [pair for pair in moves if not pair[0].is_rivalled]
        rivalled = [pair for pair in moves if pair[0].is_rivalled]
        return [
            *await rescue_many(self._store, plain, error=ERROR, counter=COUNTER, now=now),
            *await rescue_rivalled(self._store, rivalled, error=ERROR, counter=COUNTER, now=now),
        ]
