"""The composition root: every part of the process and what it stands on, from the ground up.

Parts are made once, when they are first asked for, and nothing here is asked for per job. ``process`` says in which
order they start. To give a test its fake, override one provider: ``container.prober.override(FakeProber())``.
"""

from revenge.app.accounts import Authenticator
from revenge.app.configuration import (
    all_workers,
    make_http_config,
    make_library_watching,
    make_match_config,
    make_people_config,
    make_playback_workers,
    make_plugins,
    make_prober,
    make_refresh_config,
    make_scan_config,
    make_upkeep_config,
    make_view,
    make_watch_config,
)
from revenge.app.doctor import Doctor
from revenge.app.enqueue import MovieQueue, PersonQueue
from revenge.app.events.beside import ChangesWithPictures, PictureFiles
from revenge.app.events.library import LibraryFanOut
from revenge.app.events.movies import MovieFanOut, MovieFiles
from revenge.app.events.people import PersonFanOut
from revenge.app.forgetting import EntityChildren, LibraryGraves
from revenge.app.foundations import Foundations
from revenge.app.health import Health, Metrics
from revenge.app.http.access import Access
from revenge.app.http.account_services import AccountServices
from revenge.app.http.film_services import FilmServices
from revenge.app.http.playing_services import PlayingServices
from revenge.app.http.services import ApiServices
from revenge.app.http.telling_services import TellingServices
from revenge.app.injector import providers
from revenge.app.integration_parts import IntegrationParts
from revenge.app.periodic import make_periodic
from revenge.app.search_parts import SearchParts
from revenge.app.serving import make_api, make_server
from revenge.app.settings import Settings
from revenge.app.shows import make_shows
from revenge.content.image.beside import PicturesBeside
from revenge.content.image.jobs import ImageCleanupWorker, MetadataDownloadImageWorker
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanService
from revenge.content.library.schedule import ScanSchedule
from revenge.content.library.service import LibraryService
from revenge.content.library.upkeep import LibraryUpkeep
from revenge.content.library.upkeep_jobs import (
    LibraryScanCleanupWorker,
    MissingFileCleanupWorker,
    PeriodicLibraryScanWorker,
    ScanReaperWorker,
)
from revenge.content.metadata.answer_jobs import MetadataAnswerCleanupWorker
from revenge.content.metadata.enriching import Enrichment
from revenge.content.metadata.jobs import (
    MetadataEnrichContentWorker,
    MetadataRefreshPersonWorker,
    MetadataRefreshStaleWorker,
)
from revenge.content.metadata.people import People
from revenge.content.movie.jobs import MovieLibraryScanWorker
from revenge.content.movie.match_jobs import MovieFileMatchWorker
from revenge.content.movie.matcher import MovieMatcher
from revenge.content.movie.matching_runs import MatchRuns
from revenge.content.movie.refresh_jobs import MetadataRefreshMovieWorker
from revenge.content.movie.refreshing import MovieEnricher, MovieRefresher
from revenge.content.movie.service import MovieService
from revenge.content.tvshow.jobs import TvShowLibraryScanWorker
from revenge.infra.jobs import Workers
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.isolation import Isolate
from revenge.service.activity.jobs import ActivityCleanupWorker, ActivityLogWorker
from revenge.service.auth.jobs import CleanupWorker, SessionMaintenanceWorker
from revenge.service.mail.jobs import MailWorker
from revenge.service.notification.jobs import NotificationCleanupWorker, NotificationWorker
from revenge.service.statistics.jobs import StatsAggregationWorker


class Container(Foundations):
    """All parts of a process; see the module."""

    # What stands in `foundations` goes by the same names here
    settings = Foundations.settings
    clock = Foundations.clock
    schema_name = Foundations.schema_name
    database = Foundations.database
    schema = Foundations.schema
    job_metrics = Foundations.job_metrics
    upkeep_metrics = Foundations.upkeep_metrics
    feature_metrics = Foundations.feature_metrics
    client_config = Foundations.client_config
    inserts = Foundations.inserts
    scan_queue = Foundations.scan_queue
    notification_service = Foundations.notification_service
    deliveries = Foundations.deliveries
    notifications = Foundations.notifications
    activity_service = Foundations.activity_service
    activity = Foundations.activity
    postman = Foundations.postman
    statistics = Foundations.statistics
    traffic = Foundations.traffic
    progress_relay = Foundations.progress_relay
    metadata_source = Foundations.metadata_source
    images = Foundations.images
    pictures = Foundations.pictures
    passwords = Foundations.passwords
    accounts = Foundations.accounts
    sessions = Foundations.sessions
    api_keys = Foundations.api_keys
    permissions = Foundations.permissions
    account_cleanup = Foundations.account_cleanup
    watched = Foundations.watched
    playbacks = Foundations.playbacks
    segments = Foundations.segments
    playback_cleanup = Foundations.playback_cleanup

    # What is known of films, series and people
    search = providers.Container(SearchParts, settings=settings, clock=clock, database=database, inserts=inserts)
    changes = providers.Singleton(
        ChangesWithPictures, search.changes, beside=providers.Singleton(PicturesBeside), pictures=pictures
    )
    match_config = providers.Singleton(make_match_config, settings)
    people = providers.Singleton(
        People,
        database.provided.pool,
        source=metadata_source,
        events=providers.Singleton(PersonFanOut, search=search.changes, pictures=pictures),
        jobs=providers.Singleton(PersonQueue, inserts),
        clock=clock,
        config=providers.Singleton(make_people_config, settings),
    )

    # Films
    movie_queue = providers.Singleton(MovieQueue, inserts)
    movie_events = providers.Singleton(
        MovieFanOut,
        jobs=movie_queue,
        source=metadata_source,
        search=changes,
        notifications=notifications,
        activity=activity,
        pictures=pictures,
    )
    movie_service = providers.Singleton(MovieService, database.provided.pool, jobs=movie_queue, events=movie_events)
    movie_matcher = providers.Singleton(
        MovieMatcher, database.provided.pool, source=metadata_source, events=movie_events, config=match_config
    )
    movie_refresher = providers.Singleton(
        MovieRefresher,
        database.provided.pool,
        source=metadata_source,
        events=movie_events,
        jobs=movie_queue,
        clock=clock,
        match=match_config,
        config=providers.Singleton(make_refresh_config, settings),
    )

    # Series
    shows = providers.Singleton(
        make_shows,
        database.provided.pool,
        inserts=inserts,
        source=metadata_source,
        clock=clock,
        search=changes,
        notifications=notifications,
        activity=activity,
        pictures=pictures,
        settings=settings,
    )
    enrichment = providers.Singleton(
        Enrichment,
        providers.Dict(
            movie=providers.Singleton(MovieEnricher, movie_refresher),
            tvshow=shows.provided.enricher,
        ),
    )

    # Radarr and Sonarr
    integrations = providers.Container(
        IntegrationParts,
        settings=settings,
        clock=clock,
        database=database,
        inserts=inserts,
        traffic=traffic,
        search_changes=changes,
        notifications=notifications,
        metadata_source=metadata_source,
        movie_queue=movie_queue,
    )

    # Libraries
    library_events = providers.Singleton(
        LibraryFanOut,
        providers.List(
            integrations.files,  # first: what Radarr knows need not be guessed
            providers.Singleton(MovieFiles, jobs=movie_queue, search=changes),
            shows.provided.files,
            providers.Singleton(PictureFiles, changes),
        ),
        notifications=notifications,
        activity=activity,
    )
    prober = providers.Singleton(make_prober, settings)
    scan_config = providers.Singleton(make_scan_config, settings)
    library_repository = providers.Singleton(LibraryRepository, database.provided.pool)
    library_service = providers.Singleton(
        LibraryService, database.provided.pool, jobs=scan_queue, events=library_events, config=scan_config
    )
    scans = providers.Singleton(
        ScanService, database.provided.pool, jobs=scan_queue, prober=prober, events=library_events, config=scan_config
    )

    scan_schedule = providers.Singleton(
        ScanSchedule,
        database.provided.pool,
        libraries=library_service,
        interval=settings.provided.library.scan_interval,
    )
    library_watching = providers.Singleton(
        make_library_watching,
        libraries=library_service,
        scans=scan_queue,
        client=inserts,
        clock=clock,
        config=providers.Singleton(make_watch_config, settings),
    )
    library_upkeep = providers.Singleton(
        LibraryUpkeep,
        database.provided.pool,
        jobs=scan_queue,
        events=library_events,
        scans=scan_config,
        config=providers.Singleton(make_upkeep_config, settings),
        removed=upkeep_metrics.provided.removed,
    )

    # The engine, with all that it works
    workers = providers.Singleton(
        all_workers,
        providers.List(
            providers.Singleton(MovieLibraryScanWorker, scans),
            providers.Singleton(
                MovieFileMatchWorker,
                providers.Singleton(
                    MatchRuns, database.provided.pool, matcher=movie_matcher, libraries=library_repository
                ),
            ),
            providers.Singleton(MetadataRefreshMovieWorker, movie_refresher),
            providers.Singleton(MetadataRefreshPersonWorker, people),
            providers.Singleton(MetadataEnrichContentWorker, enrichment),
            providers.Singleton(
                MetadataRefreshStaleWorker,
                providers.Dict(movies=movie_refresher, people=people, tvshows=shows.provided.stale),
            ),
            providers.Singleton(TvShowLibraryScanWorker, scans, library_repository),
            providers.Singleton(MetadataDownloadImageWorker, images),
            providers.Singleton(ImageCleanupWorker, images),
            providers.Singleton(MetadataAnswerCleanupWorker, Foundations.answers),
            integrations.radarr_sync_worker,
            integrations.radarr_webhook_worker,
            integrations.sonarr_sync_worker,
            integrations.sonarr_webhook_worker,
            providers.Singleton(PeriodicLibraryScanWorker, scan_schedule),
            providers.Singleton(LibraryScanCleanupWorker, library_upkeep),
            providers.Singleton(ScanReaperWorker, library_upkeep),
            providers.Singleton(MissingFileCleanupWorker, library_upkeep),
            providers.Singleton(
                NotificationWorker, database.provided.pool, service=notification_service, deliveries=deliveries
            ),
            providers.Singleton(ActivityLogWorker, activity_service),
            providers.Singleton(ActivityCleanupWorker, activity_service, removed=upkeep_metrics.provided.removed),
            providers.Singleton(StatsAggregationWorker, statistics),
            providers.Singleton(MailWorker, postman, on_mail=feature_metrics.provided.mail),
            providers.Singleton(
                NotificationCleanupWorker, notification_service, removed=upkeep_metrics.provided.removed
            ),
            providers.Singleton(CleanupWorker, account_cleanup),
            providers.Singleton(SessionMaintenanceWorker, account_cleanup),
            search.movie_worker,
            search.tvshow_worker,
            search.check_worker,
        ),
        shows.provided.workers,
        providers.Singleton(make_playback_workers, settings, playback_cleanup),
    )
    isolate: providers.Provider[Isolate | None] = providers.Object(None)
    """Makes the same again in another process; set where a process works jobs."""
    client = providers.Singleton(
        Client,
        database.provided.jobs_pool,
        config=client_config,
        workers=workers,
        schema=schema_name,
        listen=database.provided.listen,
        clock=clock,
        on_end=job_metrics.provided.finished,
        on_insert=job_metrics.provided.enqueued,
        isolate=isolate,
        on_stuck=job_metrics.provided.stuck,
        on_blocked=job_metrics.provided.blocked,
        on_progress=progress_relay.provided.say,
        plugins=providers.Singleton(make_plugins, settings),
        periodic=providers.Singleton(make_periodic, settings, workers),
    )

    doctor = providers.Singleton(
        Doctor,
        settings=settings,
        database=database,
        schema=schema,
        libraries=library_repository.provider,
        jobs=inserts.provider,
        workers=workers.provider,
        search=search.service.provider,
        integrations=integrations.used.provider,
        clock=clock,
    )

    # HTTP
    health = providers.Singleton(
        Health,
        pool=database.provided.pool,
        schema=schema,
        client=client,
        works=settings.provided.jobs.enabled,
        search=search.service.provided.check,
    )
    metrics = providers.Singleton(
        Metrics,
        metrics=job_metrics,
        queues=client.provided.queues,
        upkeep=upkeep_metrics,
        sessions=sessions.provided.count_active,
    )
    access = providers.Singleton(Access, permissions)
    api_services = providers.Singleton(
        ApiServices,
        client=client,
        libraries=library_service,
        counts=library_repository,
        films=providers.Singleton(
            FilmServices,
            films=movie_service,
            people=people,
            descriptions=providers.Singleton(EntityChildren, database.provided.pool),
            deleted=providers.Singleton(
                LibraryGraves,
                library_service,
                library_repository,
                features=providers.List(movie_service, shows.provided.service),
            ),
        ),
        readiness=health,
        metrics=metrics,
        shows=shows.provided.http,
        telling=providers.Singleton(
            TellingServices, notifications=notification_service, activity=activity_service, statistics=statistics
        ),
        images=images,
        search=search.service,
        reindexing=search.queue,
        integrations=integrations.api,
        queues=settings.provided.jobs.queues,
        view=providers.Singleton(make_view, settings=settings, client_config=client_config, clock=clock),
        clock=clock,
        playing=providers.Singleton(
            PlayingServices, watched=watched, playbacks=playbacks, enabled=settings.provided.playback.enabled
        ),
        authenticator=providers.Singleton(Authenticator, sessions=sessions, keys=api_keys),
        access=access,
        accounts=providers.Singleton(
            AccountServices,
            accounts=accounts,
            sessions=sessions,
            keys=api_keys,
            permissions=permissions,
            mails=Foundations.account_mails,
        ),
    )
    api = providers.Singleton(make_api, api_services, config=providers.Singleton(make_http_config, settings))
    server = providers.Singleton(make_server, settings, api.provider)


def build_container(settings: Settings, *, workers: Workers | None = None) -> Container:
    """Return the container of one process; with ``workers`` it works those kinds and no others."""
    container = Container(settings=settings)
    if workers is not None:
        container.workers.override(workers)
    return container
