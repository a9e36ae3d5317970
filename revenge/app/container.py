"""The composition root: every part of the process and what it stands on, from the ground up.

Parts are made once, when they are first asked for, and nothing here is asked for per job. ``process`` says in which
order they start. To give a test its fake, override one provider: ``container.prober.override(FakeProber())``.
"""

from dependency_injector import containers, providers

from revenge.app.configuration import make_client_config, make_http_config, make_view
from revenge.app.database import Database
from revenge.app.doctor import Doctor
from revenge.app.health import Health, Metrics
from revenge.app.http.app import close_streams, create_app
from revenge.app.http.services import ApiServices
from revenge.app.schema import Schema, make_migrator
from revenge.app.server import HttpServer
from revenge.app.settings import Settings
from revenge.infra.jobs import Workers
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.telemetry.metrics import JobMetrics, make_registry


class Container(containers.DeclarativeContainer):
    """All parts of a process; see the module."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)

    # The database
    database = providers.Singleton(Database, settings)
    migrator = providers.Singleton(make_migrator, settings.provided.database.schema_name)
    schema = providers.Singleton(Schema, database=database, migrator=migrator)

    doctor = providers.Singleton(Doctor, settings=settings, database=database, schema=schema, clock=clock)

    # Telemetry
    job_metrics = providers.Singleton(JobMetrics, registry=providers.Singleton(make_registry))

    # The engine
    client_config = providers.Singleton(make_client_config, settings)
    workers = providers.Singleton(Workers)
    client = providers.Singleton(
        Client,
        database.provided.jobs_pool,
        config=client_config,
        workers=workers,
        schema=settings.provided.database.schema_name,
        listen=database.provided.listen,
        clock=clock,
        on_end=job_metrics.provided.finished,
    )

    # HTTP
    health = providers.Singleton(
        Health, pool=database.provided.pool, schema=schema, client=client, works=settings.provided.jobs.enabled
    )
    metrics = providers.Singleton(Metrics, metrics=job_metrics, queues=client.provided.queues)
    api_services = providers.Singleton(
        ApiServices,
        client=client,
        readiness=health,
        metrics=metrics,
        view=providers.Singleton(make_view, settings=settings, client_config=client_config, clock=clock),
        clock=clock,
    )
    api = providers.Singleton(create_app, api_services, config=providers.Singleton(make_http_config, settings))
    server = providers.Singleton(
        HttpServer,
        api.provider,
        host=settings.provided.server.host,
        port=settings.provided.server.port,
        before_stop=close_streams,
    )


def build_container(settings: Settings, *, workers: Workers | None = None) -> Container:
    """Return the container of one process; with ``workers`` it works those kinds and no others."""
    container = Container(settings=settings)
    if workers is not None:
        container.workers.override(workers)
    return container
