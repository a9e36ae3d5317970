"""What every feature stands on: the database, metrics, the queue to insert into, and those who are told what happens."""

from dependency_injector import containers, providers

from revenge.app.alerts import EndedJobsOfQueue
from revenge.app.configuration import make_agents, make_client_config, make_mail_config, make_sender
from revenge.app.database import Database
from revenge.app.enqueue import ScanQueue
from revenge.app.events.telling import DeliveryQueue, MailQueue, RaisedEvents, RecordedActivity
from revenge.app.schema import Schema, make_migrator
from revenge.app.settings import Settings
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.telemetry.counters import FeatureMetrics
from revenge.infra.telemetry.metrics import JobMetrics, make_registry
from revenge.infra.telemetry.upkeep import UpkeepMetrics
from revenge.service.activity.repository import ActivityRepository
from revenge.service.activity.service import ActivityService
from revenge.service.mail.ports import Addressees, NoAddressees
from revenge.service.mail.service import MailService, Postman
from revenge.service.mail.transport import SmtpTransport
from revenge.service.notification.alerts import Alerts
from revenge.service.notification.deliveries import Deliveries
from revenge.service.notification.repository import NotificationRepository
from revenge.service.notification.service import NotificationService
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

    # Telemetry
    registry = providers.Singleton(make_registry)
    job_metrics = providers.Singleton(JobMetrics, registry=registry)
    upkeep_metrics = providers.Singleton(UpkeepMetrics, registry=registry)
    feature_metrics = providers.Singleton(FeatureMetrics, registry=registry)

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
        sender=sender,
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
    addressees: providers.Provider[Addressees] = providers.Singleton(NoAddressees)
    postman = providers.Singleton(
        Postman,
        config=mail_config,
        addressees=addressees,
        transport=providers.Singleton(SmtpTransport, mail_config),
        clock=clock,
    )
    statistics = providers.Singleton(
        StatisticsService, database.provided.pool, clock=clock, hourly_for=settings.provided.statistics.hourly_for
    )

    # Calls to the outside, in turn with all nodes
    traffic = providers.Singleton(StoredTraffic, database.provided.pool)
