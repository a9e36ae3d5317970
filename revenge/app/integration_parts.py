"""Radarr and Sonarr as parts of the process: what of the container has to do with them."""

from typing import Any

from revenge.app.arr.films import FilmTitles
from revenge.app.arr.listener import ArrFiles
from revenge.app.arr.new_titles import RefreshNew, RefreshNewSeries
from revenge.app.arr.parts import Around, in_use, make_radarr, make_sonarr, syncs_of, webhooks_of
from revenge.app.arr.queue import ArrQueue
from revenge.app.arr.shelf import LibraryShelf
from revenge.app.arr.shows import ShowTitles
from revenge.app.enqueue import ShowQueue
from revenge.app.events.arr import ArrNews
from revenge.app.http.integration_services import Integrations
from revenge.app.injector import containers, providers
from revenge.content.library.repository import LibraryRepository
from revenge.integration.radarr.jobs import RadarrSyncWorker, RadarrWebhookWorker
from revenge.integration.sonarr.jobs import SonarrSyncWorker, SonarrWebhookWorker


class IntegrationParts(containers.DeclarativeContainer):
    """Both programs, on parts of the whole container; each is None while it is switched off."""

    settings: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    database: providers.Dependency[Any] = providers.Dependency()
    inserts: providers.Dependency[Any] = providers.Dependency()
    traffic: providers.Dependency[Any] = providers.Dependency()
    search_changes: providers.Dependency[Any] = providers.Dependency()
    notifications: providers.Dependency[Any] = providers.Dependency()
    metadata_source: providers.Dependency[Any] = providers.Dependency()
    movie_queue: providers.Dependency[Any] = providers.Dependency()

    film_titles = providers.Singleton(FilmTitles)
    files = providers.Singleton(ArrFiles, film_titles)
    """Hears of what scans find."""
    queue = providers.Singleton(ArrQueue, inserts, clock=clock)
    around = providers.Singleton(
        Around,
        pool=database.provided.pool,
        shelf=providers.Singleton(
            LibraryShelf, providers.Singleton(LibraryRepository, database.provided.pool), inserts
        ),
        queue=queue,
        events=providers.Singleton(
            ArrNews,
            search=search_changes,
            notifications=notifications,
            films=providers.Singleton(RefreshNew, movie_queue, source=metadata_source),
            shows=providers.Singleton(
                RefreshNewSeries, providers.Singleton(ShowQueue, inserts), source=metadata_source
            ),
        ),
        traffic=traffic,
        clock=clock,
    )
    radarr = providers.Singleton(make_radarr, settings.provided.integrations.radarr, film_titles, around)
    sonarr = providers.Singleton(
        make_sonarr, settings.provided.integrations.sonarr, providers.Singleton(ShowTitles), around
    )
    used = providers.Singleton(in_use, radarr, sonarr)
    api = providers.Singleton(Integrations, programs=used, queue=queue)
    radarr_sync_worker = providers.Singleton(RadarrSyncWorker, providers.Singleton(syncs_of, radarr))
    radarr_webhook_worker = providers.Singleton(RadarrWebhookWorker, providers.Singleton(webhooks_of, radarr))
    sonarr_sync_worker = providers.Singleton(SonarrSyncWorker, providers.Singleton(syncs_of, sonarr))
    sonarr_webhook_worker = providers.Singleton(SonarrWebhookWorker, providers.Singleton(webhooks_of, sonarr))
