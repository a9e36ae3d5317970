"""Lets a job of any kind hang in the middle of its work: a table that it needs is locked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from tests.fakes.engine import eventually

IN_THE_WAY = {
    "cleanup": "account_token",
    "notification": "notification_delivery",
    "activity_log": "activity",
    "activity_cleanup": "activity",
    "library_scan_cleanup": "library_scan",
    "periodic_library_scan": "library",
    "session_maintenance": "session",
    "stats_aggregation": "server_stat",
    "playback_cleanup": "playback_session",
    "movie_library_scan": "library_file",
    "movie_file_match": "library_item",
    "movie_search_index": "search_document",
    "metadata_refresh_movie": "external_id",
    "metadata_refresh_tvshow": "external_id",
    "metadata_refresh_season": "season",
    "metadata_refresh_episode": "episode",
    "metadata_refresh_person": "person",
    "metadata_enrich_content": "external_id",
    "metadata_download_image": "image",
    "tvshow_library_scan": "library_file",
    "tvshow_metadata_refresh": "external_id",
    "tvshow_file_match": "library_item",
    "tvshow_search_index": "search_document",
    "tvshow_series_refresh": "external_id",
    "radarr_sync": "arr_title",
    "sonarr_sync": "arr_title",
    "radarr_webhook": "arr_title",
    "sonarr_webhook": "arr_title",
}
"""A table that each kind needs in the middle of its work: while the test has it locked, the job hangs there."""


@dataclass(frozen=True, slots=True)
class Way:
    """A table that is locked."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    table: str

    async def reached_by(self, job_id: int, *, within: timedelta = timedelta(seconds=20)) -> None:
        """Return once the job waits for the table."""

        async def hangs() -> bool:
            return bool(
                await self.pool.fetchval(
                    "SELECT count(*) FROM river_job WHERE id = $1 AND state = 'running' AND EXISTS (SELECT FROM pg_locks"
                    " WHERE NOT granted AND relation = $2::text::regclass)",
                    job_id,
                    f"revenge.{self.table}",
                )
            )

        await eventually(hangs, within=within)


@asynccontextmanager
async def in_the_way_of(
    kind: str, pool: "asyncpg.Pool[asyncpg.Record]", *, table: str | None = None
) -> AsyncIterator[Way]:
    """Lock the kind's table, or another one, until the block ends."""
    table = table or IN_THE_WAY[kind]
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(f"LOCK TABLE revenge.{table} IN ACCESS EXCLUSIVE MODE")
        yield Way(pool, table)
