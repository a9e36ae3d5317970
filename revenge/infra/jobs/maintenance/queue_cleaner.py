"""Deletes the rows of queues that no client has worked for a day; run by the leader only."""

from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCleanerConfig:
    """When a queue counts as given up; River's defaults."""

    interval: timedelta = timedelta(hours=1)
    retention: timedelta = timedelta(hours=24)
    """Since a client last touched the row, which each does every ten minutes."""

    def __post_init__(self) -> None:
        for name in ("interval", "retention"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)


class QueueCleaner:
    """Deletes queue rows; the jobs in such a queue stay."""

    def __init__(self, *, clock: Clock, config: QueueCleanerConfig, store: Store) -> None:
        self._config = config
        self._store = store
        self._batch_size = BatchSize(clock=clock)

    async def run_once(self) -> int:
        """Delete what has expired; return how many rows.

        Raises:
            StoreError: the database could not be written.
        """
        deleted = 0
        while True:
            limit = self._batch_size.rows
            count = await self._store.execute("queue_delete_expired", self._config.retention, limit)
            deleted += count
            if count < limit:
                return deleted
