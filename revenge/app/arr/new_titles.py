"""Whoever is asked about films and series that Radarr and Sonarr made."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from revenge.infra.database.connection import Connection


class RefreshQueue(Protocol):
    """The queue of refreshes."""

    async def refresh_many(self, conn: Connection, movie_ids: Sequence[UUID]) -> int: ...


class Asked(Protocol):
    """Whether anybody can be asked."""

    @property
    def enabled(self) -> bool: ...


class RefreshNew:
    """Has providers asked about new titles, where any can be."""

    def __init__(self, jobs: RefreshQueue, *, source: Asked) -> None:
        self._jobs = jobs
        self._source = source

    async def made(self, conn: Connection, ids: Collection[UUID]) -> None:
        """Have them refreshed, as the caller's transaction commits."""
        if self._source.enabled:
            await self._jobs.refresh_many(conn, list(ids))


class SeriesQueue(Protocol):
    """The queue of refreshes of series."""

    async def refresh_series(self, conn: Connection, series_id: UUID, *, force: bool) -> int: ...


class RefreshNewSeries:
    """Has providers asked about new series, where any can be."""

    def __init__(self, jobs: SeriesQueue, *, source: Asked) -> None:
        self._jobs = jobs
        self._source = source

    async def made(self, conn: Connection, ids: Collection[UUID]) -> None:
        """Have them refreshed with their seasons, as the caller's transaction commits."""
        if self._source.enabled:
            for series_id in ids:
                await self._jobs.refresh_series(conn, series_id, force=False)
