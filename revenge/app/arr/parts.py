"""What Radarr and Sonarr are made of here, from the settings; None where one is not used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from revenge.app.arr.queue import ArrQueue
from revenge.app.settings.integrations import Arr
from revenge.infra.database.connection import Pool
from revenge.infra.http.caller import Caller
from revenge.infra.http.config import Bounds, Rate, ServiceConfig
from revenge.infra.http.traffic import Traffic
from revenge.infra.jobs.clock import Clock
from revenge.integration.arr.client import LIST_BOUNDS, ArrClient
from revenge.integration.arr.facts import FilmFacts, ShowFacts, Source
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.ports import ArrEvents, F, Shelf, Titles
from revenge.integration.arr.service import Program, SyncService
from revenge.integration.arr.webhooks import WebhookInbox, WebhookService
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.radarr.program import RadarrProgram
from revenge.integration.sonarr.client import SonarrClient
from revenge.integration.sonarr.program import SonarrProgram


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The rest of the server, as both programs need it."""

    pool: Pool
    shelf: Shelf
    queue: ArrQueue
    events: ArrEvents
    traffic: Traffic
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrParts:
    """One program, in use."""

    source: Source
    client: ArrClient
    caller: Caller
    paths: PathMapper
    syncs: SyncService[Any]
    webhooks: WebhookService
    inbox: WebhookInbox
    webhook_secret: str | None

    async def close(self) -> None:
        """Close the connections to the program."""
        await self.caller.close()


def make_radarr(settings: Arr, titles: Titles[FilmFacts], around: Around) -> ArrParts | None:
    """Return Radarr; None while it is switched off."""
    if not settings.enabled:
        return None
    caller = _caller(Source.RADARR, settings, around)
    client = RadarrClient(caller, list_bounds=_list_bounds(settings))
    paths = PathMapper(settings.folders)
    return _parts(settings, client, caller, RadarrProgram(client, paths=paths), titles, paths, around)


def make_sonarr(settings: Arr, titles: Titles[ShowFacts], around: Around) -> ArrParts | None:
    """Return Sonarr; None while it is switched off."""
    if not settings.enabled:
        return None
    caller = _caller(Source.SONARR, settings, around)
    client = SonarrClient(caller, list_bounds=_list_bounds(settings))
    paths = PathMapper(settings.folders)
    return _parts(settings, client, caller, SonarrProgram(client, paths=paths), titles, paths, around)


def in_use(*parts: ArrParts | None) -> Mapping[Source, ArrParts]:
    """Return those that are used."""
    return {part.source: part for part in parts if part is not None}


def _parts(
    settings: Arr,
    client: ArrClient,
    caller: Caller,
    program: Program[F],
    titles: Titles[F],
    paths: PathMapper,
    around: Around,
) -> ArrParts:
    syncs = SyncService(
        around.pool,
        program=program,
        titles=titles,
        shelf=around.shelf,
        jobs=around.queue,
        events=around.events,
        clock=around.clock,
    )
    source = program.source
    return ArrParts(
        source=source,
        client=client,
        caller=caller,
        paths=paths,
        syncs=syncs,
        webhooks=WebhookService(around.pool, source=source, titles=syncs, paths=paths, events=around.events),
        inbox=WebhookInbox(around.pool, source=source, jobs=around.queue, clock=around.clock),
        webhook_secret=settings.webhook_secret.get_secret_value() if settings.webhook_secret else None,
    )


def _caller(source: Source, settings: Arr, around: Around) -> Caller:
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    config = ServiceConfig(
        name=source.value,
        base_url=settings.base_url,
        headers={"x-api-key": key},
        rate=Rate(per_second=settings.requests_per_second, burst=settings.burst),
        bounds=Bounds(read=settings.timeout, total=settings.timeout, max_bytes=64 * 1024 * 1024),
    )
    return Caller(config, traffic=around.traffic, clock=around.clock)


def _list_bounds(settings: Arr) -> Bounds:
    return Bounds(
        connect=min(LIST_BOUNDS.connect, settings.timeout),
        read=4 * settings.timeout,
        total=max(LIST_BOUNDS.total, timedelta(seconds=8 * settings.timeout.total_seconds())),
        max_bytes=LIST_BOUNDS.max_bytes,
    )


def syncs_of(parts: ArrParts | None) -> SyncService[Any] | None:
    """Return what a program's syncs are worked by."""
    return parts.syncs if parts else None


def webhooks_of(parts: ArrParts | None) -> WebhookService | None:
    """Return what a program's webhooks are worked by."""
    return parts.webhooks if parts else None
