"""Counts what the server holds, keeps it, and lets it be read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from revenge.infra.database.connection import Pool
from revenge.infra.jobs.clock import Clock
from revenge.service.statistics.models import History, Point, Snapshot, Stat
from revenge.service.statistics.statements import statements


class StatisticsService:
    """Statistics: one value an hour, and one a day of what is long past."""

    def __init__(self, pool: Pool, *, clock: Clock, hourly_for: timedelta) -> None:
        self._pool = pool
        self._sql = statements()
        self._clock = clock
        self._hourly_for = hourly_for

    async def aggregate(self) -> tuple[Mapping[str, int], int]:
        """Count and write everything in one transaction; return the values, and how many old ones were thinned out."""
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            counted = await conn.fetch(self._sql["stat_aggregate"], now)
            thinned = await conn.fetch(self._sql["stat_thin"], now - self._hourly_for)
        return {row["key"]: row["value"] for row in counted}, len(thinned)

    async def latest(self) -> Snapshot:
        """Return what was counted last."""
        rows = await self._pool.fetch(self._sql["stat_latest"])
        return Snapshot(rows[0]["at"] if rows else None, {row["key"]: row["value"] for row in rows})

    async def history(
        self,
        stat: Stat,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> History:
        """Return the values of one thing, newest first, from ``start`` on and before ``end``.

        Raises:
            ValueError: the cursor is none of ours.
        """
        before = _earlier(end, _moment_of(cursor)) if cursor else end
        rows = await self._pool.fetch(self._sql["stat_history"], stat, start, before, limit + 1)
        more = rows[limit - 1]["at"].isoformat() if len(rows) > limit else None
        return History([Point(row["at"], row["value"]) for row in rows[:limit]], more)


def _moment_of(cursor: str) -> datetime:
    try:
        moment = datetime.fromisoformat(cursor)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"{cursor!r} is no cursor of this list"
    raise ValueError(message)


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
