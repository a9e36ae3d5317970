"""Deletes what ended jobs and dead nodes leave in the engine's own tables; run by the holder of our lease."""

from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs.lease import MAINTENANCE, Lease
from revenge.infra.jobs.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverCleanerConfig:
    """How long leftovers stay."""

    interval: timedelta = timedelta(minutes=10)
    node_retention: timedelta = timedelta(hours=24)
    """For which people still see that a node has died."""
    window: int = 10_000
    """Progress rows that one statement looks at."""

    def __post_init__(self) -> None:
        for name in ("interval", "node_retention"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
        if self.window < 1:
            message = f"window must be at least 1, got {self.window}"
            raise ValueError(message)


class LeftoverCleaner:
    """Deletes progress rows whose job is gone, and rows of nodes that died long ago."""

    def __init__(self, *, config: LeftoverCleanerConfig, store: Store, client_id: str) -> None:
        self._config = config
        self._store = store
        # Twice the interval: the holder keeps it from pass to pass.
        self._lease = Lease(store=store, name=MAINTENANCE, holder=client_id, ttl=2 * config.interval)

    async def run_once(self) -> int:
        """Delete what is left over, if this node holds the lease; return how many rows.

        Raises:
            StoreError: the database could not be read or written.
        """
        if await self._lease.acquire() is None:
            return 0
        deleted = await self._store.execute("node_delete_dead", self._config.node_retention)
        after_id: int | None = -1
        while after_id is not None:
            row = await self._store.fetchrow("progress_delete_orphans", after_id, self._config.window)
            after_id = row["last_id"] if row else None
            deleted += row["deleted"] if row else 0
        return deleted

    async def release(self) -> None:
        """Let another node clean at once; call it when this one stops.

        Raises:
            StoreError: the database could not be written; the lease then runs out.
        """
        await self._lease.release()
