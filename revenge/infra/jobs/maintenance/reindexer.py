"""Rebuilds the indexes of ``river_job`` once a night; run by the leader only."""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.store import Store

INDEXES = (
    "river_job_args_index",
    "river_job_kind",
    "river_job_metadata_index",
    "river_job_pkey",
    "river_job_prioritized_fetching_index",
    "river_job_state_and_finalized_at_index",
    "river_job_unique_idx",
    "revenge_job_due_idx",
    "revenge_job_put_back_idx",
    "revenge_job_state_idx",
)
"""River's list, and the engine's own."""
DROP_TIMEOUT = timedelta(seconds=15)
"""River: for dropping what a build left behind."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TOKEN = "/* TEMPLATE: index */"  # noqa: S105 - no secret

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReindexerConfig:
    """Which indexes are rebuilt, and how long one may take."""

    indexes: Sequence[str] = INDEXES
    timeout: timedelta | None = timedelta(minutes=1)
    """For one index; None: no limit. River's default."""

    def __post_init__(self) -> None:
        for name in self.indexes:
            if not _NAME.fullmatch(name):
                message = f"indexes must be lower-case names, got {name!r}"
                raise ValueError(message)
        if self.timeout is not None and self.timeout <= timedelta(0):
            message = f"timeout must be positive or None, got {self.timeout}"
            raise ValueError(message)


def until_midnight(now: datetime) -> timedelta:
    """Return how long it is to the next midnight, UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1) - now


class Reindexer:
    """Rebuilds each index concurrently, so that nobody waits for it."""

    def __init__(self, *, clock: Clock, config: ReindexerConfig, store: Store) -> None:
        self._clock = clock
        self._config = config
        self._store = store

    def interval(self) -> timedelta:
        """Return the time to the next pass."""
        return until_midnight(self._clock.now())

    async def run_once(self) -> int:
        """Rebuild every index that is there; return how many.

        One that cannot be rebuilt (not ours, or it took too long) is logged and left as it was.

        Raises:
            StoreError: the database could not be read.
        """
        rows = await self._store.fetch("index_get", list(self._config.indexes))
        found = {row["name"]: row["artifacts"] for row in rows}
        rebuilt = 0
        for name in self._config.indexes:
            if name not in found:
                logger.debug("reindexer.missing", extra={"index": name})
            elif found[name]:
                # A build under way, or the rest of one that a person should look at.
                logger.warning("reindexer.skipped", extra={"index": name, "artifacts": found[name]})
            else:
                rebuilt += await self._rebuild(name)
        return rebuilt

    async def _rebuild(self, name: str) -> bool:
        limit = self._config.timeout.total_seconds() if self._config.timeout else None
        try:
            async with asyncio.timeout(limit):
                await self._run("index_rebuild", name)
        except (TimeoutError, asyncio.CancelledError) as stopped:
            # River leaves the half-built index after a timeout, and skips the index from then on.
            await self._drop_artifacts(name)
            if isinstance(stopped, asyncio.CancelledError):
                raise
            logger.warning("reindexer.timed_out", extra={"index": name, "timeout_s": limit})
            return False
        except asyncpg.PostgresError as error:
            logger.warning("reindexer.failed", extra={"index": name, "error": str(error)})
            await self._drop_artifacts(name)
            return False
        return True

    async def _drop_artifacts(self, name: str) -> None:
        try:
            async with asyncio.timeout(DROP_TIMEOUT.total_seconds()):
                rows = await self._store.fetch("index_get", [name])
                for artifact in [artifact for row in rows for artifact in row["artifacts"]]:
                    await self._run("index_drop", artifact)
        except (TimeoutError, asyncpg.PostgresError) as error:
            logger.warning("reindexer.left", extra={"index": name, "error": str(error) or type(error).__name__})

    async def _run(self, statement: str, index: str) -> None:
        # Not through the store: these run for minutes, outside any transaction, and a name can't be a parameter.
        async with self._store.pool.acquire() as conn:
            await conn.execute(self._store.sql[statement].replace(_TOKEN, f'"{index}"'))
