"""What every feature stands on: the database, metrics, the queue to insert into, and those who are told what happens."""

from revenge.app.account_mails import AccountAddressees, AccountMails
from revenge.app.alerts import EndedJobsOfQueue
from revenge.app.configuration import (
    make_agents,
    make_auth_config,
    make_client_config,
    make_mail_config,
    make_playback_config,
    make_sender,
)
from revenge.app.database import Database
from revenge.app.enqueue import ScanQueue
from revenge.app.events.accounts import AccountEvents
from revenge.app.events.images import PictureQueue
from revenge.app.events.playback import PlaybackFanOut
from revenge.app.events.telling import DeliveryQueue, MailQueue, RaisedEvents, RecordedActivity
from revenge.app.injector import containers, providers
from revenge.app.metadata import (
    MetadataCallers,
    make_image_config,
    make_image_hosts,
    make_image_store,
    make_keep,
    make_sources,
)
from revenge.app.schema import Schema, make_migrator
from revenge.app.settings import Settings
from revenge.app.sharing import ProgressRelay, make_channels, make_redis, make_traffic
from revenge.content.image.repository import ImageRepository
from revenge.content.image.service import ImageService
from revenge.content.metadata.answers import KeptAnswers
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.telemetry.call_metrics import CallMetrics
from revenge.infra.telemetry.counters import FeatureMetrics
from revenge.infra.telemetry.metrics import JobMetrics, make_registry
from revenge.infra.telemetry.upkeep import UpkeepMetrics
from revenge.service.activity.repository import ActivityRepository
from revenge.service.activity.service import ActivityService
from revenge.service.auth.accounts import AccountService
from revenge.service.auth.api_keys import ApiKeyService
from revenge.service.auth.clean_up import CleanupService
from revenge.service.auth.once import OnceTokens
from revenge.service.auth.passwords import Argon2Passwords
from revenge.service.auth.permissions import PermissionService
from revenge.service.auth.sessions import SessionService
from revenge.service.mail.service import MailService, Postman
from revenge.service.mail.transport import SmtpTransport
from revenge.service.notification.alerts import Alerts
from revenge.service.notification.deliveries import Deliveries
from revenge.service.notification.pacing import PacedSender
from revenge.service.notification.repository import NotificationRepository
from revenge.service.notification.service import NotificationService
from revenge.service.playback.clean_up import PlaybackCleanup
from revenge.service.playback.segments import Segments
from revenge.service.playback.sessions import PlaybackService
from revenge.service.playback.watched import WatchedService
from revenge.service.statistics.service import StatisticsService


class Foundations(containers.DeclarativeContainer):
    """The lower parts of a process; ``Container`` has all of them."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)

    # The database
    schema_name = settings.provided.database.schema_name
    database = providers.Singleton(Database, settings)
    migrator = providers.Singleton(make_migrator, schema_name)
    schema = providers.Singleton(Schema, database=database, migrator=migrator)

    # What nodes share beside the database
    redis = providers.Singleton(make_redis, settings)
    channels = providers.Singleton(make_channels, redis, clock=clock)
    progress_relay = providers.Singleton(ProgressRelay, channels)

    # Telemetry
    registry = providers.Singleton(make_registry)
    job_metrics = providers.Singleton(JobMetrics, registry=registry)
    upkeep_metrics = providers.Singleton(UpkeepMetrics, registry=registry)
    feature_metrics = providers.Singleton(FeatureMetrics, registry=registry)
    call_metrics = providers.Singleton(CallMetrics, registry=registry)

    # The engine, as far as features enqueue: it knows no workers, so that workers may stand on features
    client_config = providers.Singleton(make_client_config, settings)
    inserts = providers.Singleton(
        Client,
        database.provided.jobs_pool,
        config=client_config,
        schema=schema_name,
        clock=clock,
        on_insert=job_metrics.provided.enqueued,
    )
    scan_queue = providers.Singleton(ScanQueue, inserts)

    # Calls to the outside, in turn with all nodes
    traffic = providers.Singleton(
        make_traffic, redis, stored=providers.Singleton(StoredTraffic, database.provided.pool), clock=clock
    )

    # Telling: people, and the log of who did what. `notifications` and `activity` are the sinks of all features
    agents = providers.Singleton(make_agents, settings)
    sender = providers.Singleton(make_sender, settings, clock=clock)
    notification_repository = providers.Singleton(NotificationRepository, database.provided.pool)
    notification_service = providers.Singleton(
        NotificationService,
        database.provided.pool,
        repository=notification_repository,
        agents=agents,
        jobs=providers.Singleton(DeliveryQueue, inserts, clock=clock, gather=settings.provided.notifications.gather),
        clock=clock,
    )
    deliveries = providers.Singleton(
        Deliveries,
        database.provided.pool,
        repository=notification_repository,
        agents=agents,
        sender=providers.Singleton(PacedSender, sender, traffic=traffic, clock=clock),
        clock=clock,
        give_up_after=settings.provided.notifications.give_up_after,
        on_delivery=feature_metrics.provided.delivery,
    )
    alerts = providers.Singleton(
        Alerts,
        database.provided.pool,
        jobs=providers.Singleton(EndedJobsOfQueue, inserts),
        service=notification_service,
        repository=notification_repository,
        clock=clock,
        every=settings.provided.notifications.alert_every,
        on_delivery=feature_metrics.provided.delivery,
    )
    notifications = providers.Singleton(RaisedEvents, notification_service, clock=clock)
    activity_service = providers.Singleton(
        ActivityService,
        providers.Singleton(ActivityRepository, database.provided.pool),
        clock=clock,
        security_retention_days=settings.provided.activity.security_retention_days,
        on_entry=feature_metrics.provided.activity,
    )
    activity = providers.Singleton(RecordedActivity, activity_service, clock=clock)
    mails = providers.Singleton(MailService, jobs=providers.Singleton(MailQueue, inserts))
    mail_config = providers.Singleton(make_mail_config, settings)
    statistics = providers.Singleton(
        StatisticsService, database.provided.pool, clock=clock, hourly_for=settings.provided.statistics.hourly_for
    )

    # Metadata: who is asked, through what is kept of their answers
    answers = providers.Singleton(KeptAnswers, database.provided.pool, keep=providers.Singleton(make_keep, settings))
    metadata_callers = providers.Singleton(
        MetadataCallers, settings, traffic=traffic, clock=clock, on_call=call_metrics.provided.called
    )
    metadata_source = providers.Singleton(make_sources, settings, metadata_callers, answers)

    # Pictures
    image_hosts = providers.Singleton(
        make_image_hosts, settings, traffic=traffic, clock=clock, on_call=call_metrics.provided.called
    )
    image_repository = providers.Singleton(ImageRepository, database.provided.pool)
    images = providers.Singleton(
        ImageService,
        image_repository,
        store=providers.Singleton(make_image_store, settings),
        hosts=image_hosts,
        config=providers.Singleton(make_image_config, settings),
    )
    pictures = providers.Singleton(PictureQueue, inserts, images=image_repository)

    # Accounts
    auth_config = providers.Singleton(make_auth_config, settings)
    passwords = providers.Singleton(Argon2Passwords)
    account_events = providers.Singleton(AccountEvents, notifications=notifications, activity=activity)
    accounts = providers.Singleton(AccountService, database.provided.pool, passwords=passwords, events=account_events)
    sessions = providers.Singleton(
        SessionService, database.provided.pool, passwords=passwords, events=account_events, config=auth_config
    )
    api_keys = providers.Singleton(ApiKeyService, database.provided.pool, events=account_events, config=auth_config)
    permissions = providers.Singleton(PermissionService, database.provided.pool, events=account_events)
    once_tokens = providers.Singleton(OnceTokens, database.provided.pool)
    postman = providers.Singleton(
        Postman,
        config=mail_config,
        addressees=providers.Singleton(
            AccountAddressees, accounts, tokens=once_tokens, base_url=settings.provided.email.base_url
        ),
        transport=providers.Singleton(SmtpTransport, mail_config),
        clock=clock,
    )
    account_mails = providers.Singleton(
        AccountMails, database.provided.pool, accounts=accounts, tokens=once_tokens, mails=mails
    )
    account_cleanup = providers.Singleton(
        CleanupService, database.provided.pool, config=auth_config, removed=upkeep_metrics.provided.removed
    )

    # Playing and watching
    playback_config = providers.Singleton(make_playback_config, settings)
    playback_events = providers.Singleton(PlaybackFanOut, notifications=notifications)
    watched = providers.Singleton(WatchedService, database.provided.pool)
    playbacks = providers.Singleton(
        PlaybackService,
        database.provided.pool,
        node=client_config.provided.client_id,
        config=playback_config,
        events=playback_events,
    )
    segments = providers.Singleton(
        Segments,
        database.provided.pool,
        directory=settings.provided.segment_dir,
        grace=settings.provided.playback.session_timeout,
    )
    playback_cleanup = providers.Singleton(
        PlaybackCleanup,
        database.provided.pool,
        segments=segments,
        config=playback_config,
        events=playback_events,
        removed=upkeep_metrics.provided.removed,
    )
