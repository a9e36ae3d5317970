"""Makes scheduled and retryable jobs available when they are due; run by the leader only."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.store import Connection, Store, is_in_the_way

DUE_AT_ONCE = timedelta(milliseconds=5)
"""River: jobs due within this are notified of as they are promoted."""
GRAIN = timedelta(milliseconds=10)
"""Moments of the later ones are rounded up to this, so that many jobs share a notification."""
LANES = 4
"""Priorities, each of which a statement takes its rows from."""

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerConfig:
    """How the scheduler looks ahead."""

    interval: timedelta = timedelta(seconds=5)
    """Between two passes, and how far a pass looks ahead: what falls due before the next pass is promoted now, and is
    not fetched before its time."""
    lock_timeout: timedelta = timedelta(seconds=1)
    """How long a unique job waits for a transaction that holds its key, when it holds up others."""

    def __post_init__(self) -> None:
        for name in ("interval", "lock_timeout"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)


class Scheduler:
    """Promotes what is due within the next interval, and says which queue has something due when."""

    def __init__(
        self,
        *,
        clock: Clock,
        config: SchedulerConfig,
        store: Store,
        on_due: Callable[[str, timedelta], None],
        batch_size: BatchSize | None = None,
    ) -> None:
        """Make it.

        Args:
            clock: for the batch's breaker.
            config: intervals.
            store: where the jobs are.
            on_due: called with a queue and the time until jobs of it, promoted ahead, are due.
            batch_size: rows of a pass's statement.
        """
        self._config = config
        self._store = store
        self._on_due = on_due
        self._batch_size = batch_size or BatchSize(clock=clock)
        self._is_blocked = False

    async def run_once(self) -> int:
        """Promote every job that is due within an interval; return how many rows moved.

        Raises:
            StoreError: the database could not be read or written. Batches already written stay written.
        """
        moved = 0
        while True:
            lane_rows = max(self._batch_size.rows // LANES, 1)
            if self._is_blocked:
                return moved + await self._promote_singly(lane_rows)
            try:
                count = await self._promote(lane_rows)
            except StoreError as error:
                if not is_in_the_way(error):
                    raise
                if isinstance(error.__cause__, TimeoutError):
                    self._batch_size.timed_out()
                logger.warning("scheduler.blocked", extra={"error": str(error)})
                self._is_blocked = True
                continue
            self._batch_size.succeeded()
            moved += count
            if count < lane_rows:
                return moved

    async def _promote(self, lane_rows: int, ids: Sequence[int] | None = None, conn: Connection | None = None) -> int:
        channel = await self._store.channel("river_insert")
        rows = await self._store.fetch(
            "job_schedule", self._config.interval, lane_rows, channel, DUE_AT_ONCE, GRAIN, ids, conn=conn
        )
        for row in rows:
            if row["due_in"] is not None:
                self._on_due(row["queue"], row["due_in"])
            if not row["is_promoted"]:
                logger.info("job.unique_discarded", extra={"queue": row["queue"], "jobs": row["jobs"]})
        return sum(row["jobs"] for row in rows)

    async def _promote_singly(self, lane_rows: int) -> int:
        # A transaction that has a unique key in hand, or took it in this moment, must not hold up all other jobs.
        due = await self._store.fetch("job_get_due", self._config.interval, lane_rows)
        moved = await self._promote(lane_rows, [row["id"] for row in due if not row["is_unique"]])
        self._is_blocked = False
        for row in due:
            if row["is_unique"]:
                moved += await self._promote_one(row["id"])
        return moved

    async def _promote_one(self, job_id: int) -> int:
        try:
            async with self._store.transaction() as conn:
                await self._store.execute("set_lock_timeout", self._config.lock_timeout, conn=conn)
                return await self._promote(1, [job_id], conn)
        except StoreError as error:
            if not is_in_the_way(error):
                raise
            # The next pass takes this way from its beginning, or it would wait for the same key.
            self._is_blocked = True
            logger.info("scheduler.passed_over", extra={"job_id": job_id, "error": str(error)})
            return 0
