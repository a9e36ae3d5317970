"""What features want done, as jobs: the features' small ports, spoken to the engine."""

import os
from collections.abc import Sequence
from uuid import UUID

from revenge.content.library.errors import UnscannableLibrary
from revenge.content.library.models import Library
from revenge.content.library.ports import Connection, EnqueuedScan, JobFate, ScanJob
from revenge.content.metadata.jobs import MetadataRefreshPersonArgs
from revenge.content.movie import jobs as movies
from revenge.content.movie.jobs import MovieLibraryScanArgs
from revenge.content.movie.match_jobs import MovieFileMatchArgs
from revenge.content.movie.refresh_jobs import MetadataRefreshMovieArgs
from revenge.content.tvshow import jobs as tvshows
from revenge.content.tvshow.jobs import TvShowLibraryScanArgs
from revenge.content.tvshow.match_jobs import TvShowFileMatchArgs
from revenge.content.tvshow.refresh_jobs import (
    MetadataRefreshEpisodeArgs,
    MetadataRefreshSeasonArgs,
    MetadataRefreshTvShowArgs,
    TvShowMetadataRefreshArgs,
    TvShowSeriesRefreshArgs,
)
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.errors import JobNotFound
from revenge.infra.jobs.models import JobRow, JobState


class ScanQueue:
    """Scans of libraries as jobs, in the transaction of the scan's row."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        """Insert the job of a scan; one that waits or runs for the library already is returned as a duplicate."""
        result = await self._client.insert(scan_args(job.library, job.scan_id, force=job.force), conn=conn)
        return EnqueuedScan(result.job.id, result.duplicate)

    async def enqueue_part(self, library: Library, paths: Sequence[bytes], *, force: bool) -> EnqueuedScan:
        """Insert a job that scans folders within a library; its row is made when it begins."""
        result = await self._client.insert(scan_args(library, None, paths=paths, force=force))
        return EnqueuedScan(result.job.id, result.duplicate)

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        """Say what may still be expected of a job."""
        try:
            return fate_of(await self._client.get(job_id, conn=conn))
        except JobNotFound:
            return JobFate.ENDED


class MovieQueue:
    """What is to be done with films as jobs, in the caller's transaction."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def refresh(self, conn: Connection, movie_id: UUID, *, force: bool, languages: Sequence[str]) -> int:
        """Insert a refresh of a film and return its id; one that waits or runs already is returned."""
        args = MetadataRefreshMovieArgs(movie_id=movie_id, force=force, languages=tuple(languages))
        return (await self._client.insert(args, conn=conn)).job.id

    async def refresh_many(self, conn: Connection, movie_ids: Sequence[UUID]) -> int:
        """Insert refreshes that are not forced, in one statement; return how many are new."""
        if not movie_ids:
            return 0
        results = await self._client.insert_many(
            [MetadataRefreshMovieArgs(movie_id=movie_id) for movie_id in movie_ids], conn=conn
        )
        return sum(not result.duplicate for result in results)

    async def match_item(self, conn: Connection, item_id: UUID, *, force: bool) -> int:
        """Insert the match of an item and return its id."""
        args = MovieFileMatchArgs(item_id=item_id, force_rematch=force)
        return (await self._client.insert(args, conn=conn)).job.id

    async def match_library(self, conn: Connection, library_id: UUID) -> int:
        """Insert the match of all that wait in a library; one that waits or runs already is returned."""
        return (await self._client.insert(MovieFileMatchArgs(library_id=library_id), conn=conn)).job.id


class PersonQueue:
    """What is to be done with people as jobs, in the caller's transaction."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def refresh_many(self, conn: Connection, person_ids: Sequence[UUID]) -> int:
        """Insert refreshes that are not forced, in one statement; return how many are new."""
        args = [MetadataRefreshPersonArgs(person_id=person_id) for person_id in person_ids]
        return sum(not result.duplicate for result in await self._client.insert_many(args, conn=conn))


class ShowQueue:
    """What is to be done with series as jobs, in the caller's transaction; each call returns the job's id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def refresh_series(
        self, conn: Connection, series_id: UUID, *, force: bool, languages: Sequence[str] = ()
    ) -> int:
        """Insert a refresh of a series with its seasons and episodes; one that waits or runs already is returned."""
        args = MetadataRefreshTvShowArgs(
            series_id=series_id, force=force, languages=tuple(languages), include_seasons=True, include_episodes=True
        )
        return (await self._client.insert(args, conn=conn)).job.id

    async def refresh_season(self, conn: Connection, series_id: UUID, season_id: UUID, number: int) -> int:
        """Insert a refresh of a season with its episodes."""
        args = MetadataRefreshSeasonArgs(
            series_id=series_id, season_id=season_id, season_number=number, force=True, include_episodes=True
        )
        return (await self._client.insert(args, conn=conn)).job.id

    async def refresh_episode(self, conn: Connection, episode_id: UUID, series_id: UUID) -> int:
        """Insert a refresh of an episode."""
        args = MetadataRefreshEpisodeArgs(series_id=series_id, episode_id=episode_id, force=True)
        return (await self._client.insert(args, conn=conn)).job.id

    async def refresh_all(self, conn: Connection, *, force: bool, images: bool) -> int:
        """Insert a refresh of all series."""
        args = TvShowMetadataRefreshArgs(force=force, refresh_images=images)
        return (await self._client.insert(args, conn=conn)).job.id

    async def renew_series(
        self, conn: Connection, series_id: UUID, *, seasons: bool, episodes: bool, languages: Sequence[str] = ()
    ) -> int:
        """Insert a refresh of a series that asks anew about it, and about as much of it as is said."""
        args = TvShowSeriesRefreshArgs(
            series_id=series_id, refresh_seasons=seasons, refresh_episodes=episodes, languages=tuple(languages)
        )
        return (await self._client.insert(args, conn=conn)).job.id

    async def match_library(self, conn: Connection, library_id: UUID, *, auto_create: bool = True) -> int:
        """Insert the match of all that waits in a library; one that waits or runs already is returned."""
        args = TvShowFileMatchArgs(library_id=library_id, auto_create=auto_create)
        return (await self._client.insert(args, conn=conn)).job.id


def scan_args(
    library: Library, scan_id: UUID | None, *, paths: Sequence[bytes] = (), force: bool
) -> MovieLibraryScanArgs | TvShowLibraryScanArgs:
    """Return the arguments of the job that scans a library, or folders within it, by what it holds.

    Raises:
        UnscannableLibrary: nothing scans libraries of its type.
    """
    folders = tuple(map(os.fsdecode, paths))
    if library.type in movies.SCANNED:
        return MovieLibraryScanArgs(
            library_id=library.id, scan_id=str(scan_id) if scan_id else "", paths=folders, force=force
        )
    if library.type in tvshows.SCANNED:
        # Go's arguments name no scan: it is found by its job.
        return TvShowLibraryScanArgs(library_id=library.id, paths=folders, force=force)
    raise UnscannableLibrary(library.type)


def fate_of(row: JobRow) -> JobFate:
    """Return what may still be expected of ``row``."""
    if row.state is JobState.CANCELLED:
        return JobFate.CANCELLED
    if row.is_final:
        return JobFate.ENDED
    # River marks a running job that was asked to stop in its metadata; its worker has the last word until it ends.
    asked = row.state is JobState.RUNNING and "cancel_attempted_at" in row.metadata
    return JobFate.CANCELLED if asked else JobFate.ALIVE
