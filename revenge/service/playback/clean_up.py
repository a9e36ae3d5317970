"""Ends what is not heard of, and forgets what was played long ago."""

from collections.abc import Awaitable, Callable

from revenge.infra.database.connection import Pool
from revenge.service.playback.models import PlaybackConfig
from revenge.service.playback.ports import NoPlaybackEvents, PlaybackEvents
from revenge.service.playback.records import playback_from
from revenge.service.playback.segments import Segments
from revenge.service.playback.statements import statements

Removed = Callable[[str, int], object]
"""Told what was removed, and how many."""


class PlaybackCleanup:
    """Cleans up behind players."""

    def __init__(
        self,
        pool: Pool,
        *,
        segments: Segments,
        config: PlaybackConfig | None = None,
        events: PlaybackEvents | None = None,
        removed: Removed = lambda target, rows: None,
    ) -> None:
        self._pool = pool
        self._segments = segments
        self._config = config or PlaybackConfig()
        self._events = events or NoPlaybackEvents()
        self._removed = removed
        self._sql = statements()

    async def clean(self, *, report: Removed = lambda target, rows: None) -> dict[str, int]:
        """End lost sessions, remove their segments from this node, forget old ones; return how many of each."""
        counts = {
            "ended": await self._repeat("playback_ended", self._end_lost, report),
            "segments_removed": await self._segments.sweep(),
            "deleted": await self._repeat("playback_deleted", self._delete_old, report),
        }
        self._removed("playback_segments", counts["segments_removed"])
        return counts

    async def _end_lost(self) -> int:
        async with self._pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch(self._sql["playback_end_lost"], self._config.timeout, self._config.batch)
            for row in rows:
                await self._events.stopped(conn, playback_from(row))
            return len(rows)

    async def _delete_old(self) -> int:
        rows = await self._pool.fetch(self._sql["playback_delete_old"], self._config.retention, self._config.batch)
        return len(rows)

    async def _repeat(self, target: str, step: Callable[[], Awaitable[int]], report: Removed) -> int:
        total, rows = 0, self._config.batch
        while rows == self._config.batch:
            rows = await step()
            total += rows
            self._removed(target, rows)
            report(target, total)
        return total
