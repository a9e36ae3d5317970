"""All of series, made of what the container has: one part of it, since they know only one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from revenge.app.configuration import make_show_config
from revenge.app.enqueue import ShowQueue
from revenge.app.events.pictures import Pictures
from revenge.app.events.shows import ShowFanOut, ShowFiles
from revenge.app.events.sinks import ActivityLog, Notifications, SearchChanges
from revenge.app.http.show_services import ShowServices
from revenge.app.settings import Settings
from revenge.content.library.ports import Pool
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.repository import EntityRepository
from revenge.content.tvshow.match_jobs import TvShowFileMatchWorker
from revenge.content.tvshow.matching import Matching
from revenge.content.tvshow.refresh_jobs import (
    MetadataRefreshEpisodeWorker,
    MetadataRefreshSeasonWorker,
    MetadataRefreshTvShowWorker,
    TvShowMetadataRefreshWorker,
    TvShowSeriesRefreshWorker,
)
from revenge.content.tvshow.refresh_models import Clock
from revenge.content.tvshow.refreshing import ShowRefresher
from revenge.content.tvshow.repository import ShowRepository
from revenge.content.tvshow.service import ShowService
from revenge.content.tvshow.upkeep import ShowEnricher, StaleSeries
from revenge.content.tvshow.writer import ShowWriter
from revenge.infra.jobs import Worker
from revenge.infra.jobs.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """What others need of series."""

    service: ShowService
    repository: ShowRepository
    matching: Matching
    refresher: ShowRefresher
    files: ShowFiles
    """Listens to what scans find."""
    stale: StaleSeries
    enricher: ShowEnricher
    http: ShowServices
    workers: Sequence[Worker[Any]]
    """But the one that scans, which is a library's."""


def make_shows(
    pool: Pool,
    *,
    inserts: Client,
    source: MetadataSource,
    clock: Clock,
    search: SearchChanges,
    notifications: Notifications,
    activity: ActivityLog,
    pictures: Pictures,
    settings: Settings,
) -> Shows:
    """Return all of series, wired."""
    config, queue = make_show_config(settings), ShowQueue(inserts)
    events = ShowFanOut(
        pool, jobs=queue, search=search, notifications=notifications, activity=activity, pictures=pictures
    )
    writer = ShowWriter(EntityRepository())
    repository = ShowRepository(pool)
    service = ShowService(pool, jobs=queue, writer=writer, events=events)
    matching = Matching(pool, source=source, writer=writer, events=events, config=config)
    refresher = ShowRefresher(pool, source=source, writer=writer, clock=clock, events=events, config=config)
    return Shows(
        service=service,
        repository=repository,
        matching=matching,
        refresher=refresher,
        files=ShowFiles(pool, jobs=queue, search=search),
        stale=StaleSeries(pool, source=source, jobs=queue, clock=clock, config=config),
        enricher=ShowEnricher(refresher),
        http=ShowServices(seen=repository, changed=service),
        workers=(
            TvShowFileMatchWorker(matching, pool),
            MetadataRefreshTvShowWorker(refresher),
            MetadataRefreshSeasonWorker(refresher),
            MetadataRefreshEpisodeWorker(refresher),
            TvShowMetadataRefreshWorker(refresher),
            TvShowSeriesRefreshWorker(refresher, service),
        ),
    )
