"""The jobs that refresh what is known of series: Go has five kinds for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from revenge.content.metadata.errors import EntityGone, MetadataError
from revenge.content.metadata.models import IdProvider
from revenge.content.metadata.verdicts import verdict
from revenge.content.tvshow.errors import ShowError
from revenge.content.tvshow.refresh_models import Which, Wish
from revenge.content.tvshow.refreshing import ShowRefresher
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, OptionalUuid, Snooze, UniqueOpts, Worker
from revenge.infra.jobs.args import omitempty
from revenge.infra.jobs.job import A

Result = dict[str, Any] | Snooze | Cancel
BATCH = 50
_ONE_BY_ONE = 1000
"""More series than this in one page are not held in memory, whatever the arguments say."""


def _unique(*names: str) -> InsertOpts:
    return InsertOpts(max_attempts=5, unique=UniqueOpts(by_args=names, by_state=UNFINISHED))


class MetadataRefreshTvShowArgs(JobArgs, kind="metadata_refresh_tvshow"):
    """The Go server's arguments."""

    series_id: UUID
    force: bool = False
    """Ask although somebody was asked lately; kept answers about other series stay."""
    languages: tuple[str, ...] = omitempty(())
    include_seasons: bool = False
    include_episodes: bool = False

    insert_opts: ClassVar[InsertOpts] = _unique("series_id", "force", "include_seasons", "include_episodes")


class MetadataRefreshSeasonArgs(JobArgs, kind="metadata_refresh_season"):
    """The Go server's arguments; without ``season_id`` the season of the number is meant."""

    series_id: OptionalUuid = None
    season_id: OptionalUuid = None
    season_number: int = 0
    force: bool = False
    languages: tuple[str, ...] = omitempty(())
    include_episodes: bool = False

    insert_opts: ClassVar[InsertOpts] = _unique("series_id", "season_id", "season_number", "force", "include_episodes")


class MetadataRefreshEpisodeArgs(JobArgs, kind="metadata_refresh_episode"):
    """The Go server's arguments."""

    series_id: OptionalUuid = None
    season_id: OptionalUuid = None
    episode_id: UUID
    season_number: int = 0
    episode_number: int = 0
    force: bool = False
    languages: tuple[str, ...] = omitempty(())

    insert_opts: ClassVar[InsertOpts] = _unique("episode_id", "force")


class TvShowMetadataRefreshArgs(JobArgs, kind="tvshow_metadata_refresh"):
    """The Go server's arguments: the most specific id says what is refreshed; none: all series, as they grow old."""

    series_id: OptionalUuid = omitempty()
    season_id: OptionalUuid = omitempty()
    episode_id: OptionalUuid = omitempty()
    force: bool = False
    refresh_images: bool = False
    """Pictures that were fetched are fetched again."""
    batch_size: int = omitempty(0)
    """Series that are read from the database at a time; 0: 50."""

    insert_opts: ClassVar[InsertOpts] = _unique("series_id", "season_id", "episode_id", "force", "refresh_images")


class TvShowSeriesRefreshArgs(JobArgs, kind="tvshow_series_refresh"):
    """The Go server's arguments. It is always asked anew: whoever enqueues it wants that."""

    series_id: OptionalUuid = None
    tmdb_id: int = omitempty(0)
    """Says which series is meant where ``series_id`` does not."""
    refresh_seasons: bool = False
    refresh_episodes: bool = False
    languages: tuple[str, ...] = omitempty(())

    insert_opts: ClassVar[InsertOpts] = _unique("series_id", "tmdb_id", "refresh_seasons", "refresh_episodes")


class SeriesFinder(Protocol):
    """Finds series by what others call them."""

    async def find(self, provider: IdProvider, value: str) -> UUID | None:
        """Return the series that a provider calls so."""
        ...


class _RefreshWorker(Worker[A]):
    """What the five have in common."""

    phases: Mapping[str, float] = {"refreshing": 1.0, "refreshing seasons": 4.0}

    def __init__(self, refresher: ShowRefresher) -> None:
        self._refresher = refresher

    async def work(self, job: Job[A]) -> Result:
        """Refresh, and return what was done."""
        try:
            return await self.refresh(job)
        except (MetadataError, ShowError, EntityGone) as error:
            return verdict(error)

    async def refresh(self, job: Job[A]) -> Result:
        """Do it; errors as those of `ShowRefresher`."""
        raise NotImplementedError

    def report(self, job: Job[A]) -> Any:
        """Return what passes progress on."""

        def tell(phase: str, done: int, total: int | None, what: str) -> None:
            job.report_progress(phase=phase, current=done, total=total, message=what)

        return tell


async def made_at(job: Job[Any]) -> datetime:
    """Return when a job was made: what was refreshed since then was refreshed by an earlier attempt of it."""
    return (await job.client.get(job.id)).created_at


class MetadataRefreshTvShowWorker(_RefreshWorker[MetadataRefreshTvShowArgs]):
    """Refreshes a series, with its seasons and episodes where that is asked for."""

    timeout = timedelta(minutes=10)

    async def refresh(self, job: Job[MetadataRefreshTvShowArgs]) -> Result:
        """Do it."""
        args = job.args
        wish = Wish(
            seasons=_which(seasons=args.include_seasons, episodes=args.include_episodes),
            episodes=args.include_episodes,
            force=args.force,
            since=await made_at(job) if args.force else None,
            languages=args.languages,
        )
        return (await self._refresher.refresh_series(args.series_id, wish, report=self.report(job))).to_dict()


class MetadataRefreshSeasonWorker(_RefreshWorker[MetadataRefreshSeasonArgs]):
    """Refreshes a season."""

    timeout = timedelta(minutes=5)

    async def refresh(self, job: Job[MetadataRefreshSeasonArgs]) -> Result:
        """Do it."""
        args = job.args
        season_id = args.season_id
        if season_id is None:
            if args.series_id is None:
                return Cancel("neither season_id nor series_id says which season is to be refreshed")
            season_id = await self._refresher.season_of(args.series_id, args.season_number)
        wish = Wish(
            episodes=args.include_episodes,
            force=args.force,
            since=await made_at(job) if args.force else None,
            languages=args.languages,
        )
        return (await self._refresher.refresh_season(season_id, wish, report=self.report(job))).to_dict()


class MetadataRefreshEpisodeWorker(_RefreshWorker[MetadataRefreshEpisodeArgs]):
    """Refreshes an episode, with its guests and its crew."""

    timeout = timedelta(minutes=5)

    async def refresh(self, job: Job[MetadataRefreshEpisodeArgs]) -> Result:
        """Do it."""
        args = job.args
        job.report_progress(phase="refreshing", current=0, total=1)
        since = await made_at(job) if args.force else None
        wish = Wish(force=args.force, since=since, languages=args.languages)
        return (await self._refresher.refresh_episode(args.episode_id, wish)).to_dict()


class TvShowMetadataRefreshWorker(_RefreshWorker[TvShowMetadataRefreshArgs]):
    """Refreshes an episode, a season, a series, or all series; a long run pauses and goes on where it stopped."""

    timeout = timedelta(minutes=15)
    run_for = timedelta(minutes=12)
    """Less than ``timeout`` by what the longest series may take."""

    async def refresh(self, job: Job[TvShowMetadataRefreshArgs]) -> Result:
        """Do it."""
        args = job.args
        wish = Wish(
            seasons=Which.NEW,
            episodes=True,
            force=args.force,
            since=await made_at(job) if args.force else None,
            images=args.refresh_images,
        )
        report = self.report(job)
        if args.episode_id is not None:
            return (await self._refresher.refresh_episode(args.episode_id, wish)).to_dict()
        if args.season_id is not None:
            return (await self._refresher.refresh_season(args.season_id, wish, report=report)).to_dict()
        if args.series_id is not None:
            return (await self._refresher.refresh_series(args.series_id, wish, report=report)).to_dict()
        batch = min(args.batch_size, _ONE_BY_ONE) if args.batch_size > 0 else BATCH
        done, ended = await self._refresher.refresh_all(wish, batch=batch, run_for=self.run_for, report=report)
        return done.to_dict() if ended else Snooze(timedelta(0))


class TvShowSeriesRefreshWorker(_RefreshWorker[TvShowSeriesRefreshArgs]):
    """Refreshes a series anew, season by season."""

    timeout = timedelta(minutes=10)

    def __init__(self, refresher: ShowRefresher, finder: SeriesFinder) -> None:
        super().__init__(refresher)
        self._finder = finder

    async def refresh(self, job: Job[TvShowSeriesRefreshArgs]) -> Result:
        """Do it."""
        args = job.args
        series_id = args.series_id
        if series_id is None and args.tmdb_id > 0:
            series_id = await self._finder.find(IdProvider.TMDB, str(args.tmdb_id))
            if series_id is None:
                return Cancel(f"there is no series that TMDb calls {args.tmdb_id}")
        if series_id is None:
            return Cancel("neither series_id nor tmdb_id says which series is to be refreshed")
        wish = Wish(
            seasons=_which(seasons=args.refresh_seasons, episodes=args.refresh_episodes),
            episodes=args.refresh_episodes,
            force=True,
            since=await made_at(job),
            languages=args.languages,
        )
        return (await self._refresher.refresh_series(series_id, wish, report=self.report(job))).to_dict()


def _which(*, seasons: bool, episodes: bool) -> Which:
    # Episodes come with their seasons: there is no other way to all of them.
    return Which.ALL if seasons or episodes else Which.NONE
