"""Series that grow old, and series that somebody wants to know more of: what jobs about whatever is known ask for."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.ports import MetadataSource
from revenge.content.tvshow.config import ShowConfig
from revenge.content.tvshow.errors import SeriesNotFound
from revenge.content.tvshow.refresh_models import Clock, Wish
from revenge.content.tvshow.refreshing import ShowRefresher
from revenge.content.tvshow.statements import statements


class RefreshQueue(Protocol):
    """The queue, as far as it takes one refresh of all series."""

    async def refresh_all(self, conn: Connection, *, force: bool, images: bool) -> int:
        """Have all series refreshed."""
        ...


class StaleSeries:
    """Enqueues one refresh of all series that grew old."""

    def __init__(
        self, pool: Pool, *, source: MetadataSource, jobs: RefreshQueue, clock: Clock, config: ShowConfig
    ) -> None:
        self._pool = pool
        self._source = source
        self._jobs = jobs
        self._clock = clock
        self._config = config

    async def enqueue_stale(self) -> int:
        """Enqueue it where anything is old and somebody can be asked; return how many series."""
        if not self._source.enabled:
            return 0
        before = self._clock.now() - self._config.stale_after
        async with self._pool.acquire() as conn, conn.transaction():
            count = int(await conn.fetchval(statements()["series_count_stale"], before))
            if count:
                await self._jobs.refresh_all(conn, force=False, images=False)
        return count


class ShowEnricher:
    """Series, as ``metadata_enrich_content`` knows them."""

    def __init__(self, refresher: ShowRefresher) -> None:
        self._refresher = refresher

    async def enrich(self, entity_id: UUID, *, providers: Sequence[str], languages: Sequence[str]) -> Mapping[str, Any]:
        """Ask ``providers`` about a series and add what they say; without any it is a forced refresh.

        Raises:
            EntityGone: there is no such series.
            MetadataError: as from `ShowRefresher.refresh_series`.
        """
        try:
            done = await self._refresher.refresh_series(
                entity_id, Wish(force=True, languages=languages, providers=providers)
            )
        except SeriesNotFound as error:
            raise EntityGone([entity_id]) from error
        return done.to_dict()
