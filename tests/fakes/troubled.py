"""A server whose every server of the outside can be made to fail, in this process, and jobs of each kind on it.

Only jobs that a test inserts are worked: they have a queue of their own, and what follows from them waits in its own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx2
from pydantic import BaseModel, SecretStr

from revenge.app.container import Container, build_container
from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.servers import DemoServers
from revenge.app.demo.sonarr import DemoSonarr
from revenge.app.lifecycle import Lifecycle, Step
from revenge.app.process import command_steps, work_steps
from revenge.app.settings import Settings
from revenge.content.library.demo.catalogue import SHOWS
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.infra.jobs import Client, JobRow, Workers
from revenge.infra.jobs.subscriptions import AttemptEnded
from tests.fakes.arr import KEY as ARR_KEY
from tests.fakes.arr import say
from tests.fakes.forwarder import Forwarder
from tests.fakes.peers import Peer, Trouble, passing_on, peer
from tests.fakes.providers import demo_servers
from tests.fakes.typesense_server import KEY as SEARCH_KEY
from tests.fakes.whole_server import IDS, plant
from tests.fakes.wire import Asked, Say, WireServer, wire_server

END_S = 15
"""An attempt ends within it, whatever the outside does: far longer than any deadline here."""
S = TypeVar("S", bound=BaseModel)
OF_THE_OUTSIDE = ("call_circuit", "call_rate", "provider_answer", "notification_agent", "arr_sync", "arr_title")
"""Tables in which one job leaves what the next would go by."""


@dataclass
class Outside:
    """Everybody who is asked, and where nobody must be led."""

    servers: DemoServers
    radarr: DemoRadarr
    sonarr: DemoSonarr
    elsewhere: WireServer
    metadata: Peer
    radarr_peer: Peer
    sonarr_peer: Peer
    receiver: Peer
    search: Peer
    prefix: str
    """Of what is indexed: the run's Typesense serves others, too."""

    @property
    def peers(self) -> tuple[Peer, ...]:
        return self.metadata, self.radarr_peer, self.sonarr_peer, self.receiver, self.search

    def be(self, trouble: Trouble | None) -> None:
        """Let all of them be in trouble, or none."""
        for each in self.peers:
            each.be(trouble)


@asynccontextmanager
async def outside(typesense_url: str) -> AsyncIterator[Outside]:
    """Serve them until the block ends."""
    radarr, sonarr = DemoRadarr(api_key=ARR_KEY), DemoSonarr(api_key=ARR_KEY, root="/tv")
    radarr.add(5, "Sunrise", year=1927, tmdb_id=631)
    sonarr.add(5, "Night Ferry")

    async def of_radarr(asked: Asked) -> Say:
        return say(radarr, asked)

    async def of_sonarr(asked: Asked) -> Say:
        return say(sonarr, asked)

    async def taken(_asked: Asked) -> Say:
        return Say()

    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(demo_servers())
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=END_S, trust_env=False))
        elsewhere = await stack.enter_async_context(wire_server())
        upstreams = (passing_on(http, servers.url), of_radarr, of_sonarr, taken, passing_on(http, typesense_url))
        metadata, radarr_peer, sonarr_peer, receiver, search = [
            await stack.enter_async_context(peer(each, elsewhere)) for each in upstreams
        ]
        yield Outside(
            servers=servers,
            radarr=radarr,
            sonarr=sonarr,
            elsewhere=elsewhere,
            metadata=metadata,
            radarr_peer=radarr_peer,
            sonarr_peer=sonarr_peer,
            receiver=receiver,
            search=search,
            prefix=f"t{uuid4().hex[:8]}_",
        )


@dataclass
class Troubled:
    """The server, what is around it, and what its libraries hold."""

    around: Outside
    pool: "asyncpg.Pool[asyncpg.Record]"
    way: Forwarder
    """To the database, for the node that is hurried."""
    films: Path
    shows: Path
    nodes: dict[str, Container] = field(default_factory=dict)
    """By the queue that each of them works."""
    ids: dict[str, str] = field(default_factory=dict)

    async def quiet(self) -> None:
        """Let everything be well, and forget all jobs and what they left behind about the outside."""
        self.around.be(None)
        await self.pool.execute("DELETE FROM river_job")
        await self.pool.execute("; ".join(f"DELETE FROM revenge.{name}" for name in OF_THE_OUTSIDE))

    async def insert(self, kind: str, args: object, *, node: str) -> int:
        """Insert a job as a Go service would: nobody checks its arguments."""
        workers: Workers = self.nodes[node].workers()
        attempts = workers.args_type(kind).insert_opts.max_attempts
        job_id: int = await self.pool.fetchval(
            "INSERT INTO river_job (kind, args, max_attempts, queue) VALUES ($1, $2, $3, $4) RETURNING id",
            kind,
            json.dumps(args),
            attempts,
            node,
        )
        await self.client(node).store.notify("river_insert", [json.dumps({"queue": node})])
        return job_id

    async def attempt(self, kind: str, args: object, *, node: str = "asking") -> JobRow:
        """Return a job after its first attempt."""
        with self.client(node).subscribe_local(kinds=[kind]) as events:
            job_id = await self.insert(kind, args, node=node)
            async with asyncio.timeout(END_S):
                async for event in events:
                    if isinstance(event, AttemptEnded) and event.job.id == job_id:
                        return event.job
        raise AssertionError(f"{kind} has not ended")

    def client(self, node: str) -> Client:
        client: Client = self.nodes[node].client()
        return client


def changed(section: S, **changes: Any) -> S:
    """Return a section of the settings with other values, some shorter than the settings allow."""
    return section.model_copy(update=changes)


def settings_of(database: str, root: Path, around: Outside, *, node: str, films: Path, shows: Path) -> Settings:
    """Return what ``node`` is told, all servers of the outside included, with no time limits but the usual ones."""
    settings = Settings(
        data_dir=root / node,
        database={"url": SecretStr(database), "pool": {"max": 6}, "jobs_pool": {"max": 4}},
        library={"probe": {"enabled": False}, "watch": False},
        jobs={
            "queues": {node: {"workers": 4}},
            "client_id": node,
            "retry": {"initial_interval": "1h"},
            "fetch_poll_interval": "100ms",
        },
        search={"url": around.search.url, "api_key": SecretStr(SEARCH_KEY), "prefix": around.prefix},
        notifications={"agents": {"receiver": {"url": around.receiver.url.replace("http://", "json://")}}},
        integrations={
            "radarr": arr(around.radarr_peer, f"/movies={films}"),
            "sonarr": arr(around.sonarr_peer, f"/tv={shows}"),
        },
        periodic={name: {"schedule": "1d", "enabled": False} for name in Settings().periodic},
    )
    applied = around.servers.applied(settings)
    tmdb = changed(
        applied.metadata.tmdb, url=f"{around.metadata.url}/tmdb/3", image_url=f"{around.metadata.url}/tmdb/t/p"
    )
    alone = {name: getattr(settings.metadata, name) for name in ("tvmaze", "omdb", "fanarttv")}
    return changed(applied, metadata=changed(applied.metadata, tmdb=tmdb, **alone))


def arr(there: Peer, mapping: str) -> Mapping[str, Any]:
    return {
        "enabled": True,
        "api_key": SecretStr(ARR_KEY),
        "auto_sync": False,
        "base_url": there.url,
        "path_mappings": [mapping],
        "requests_per_second": 1000,
        "burst": 1000,
    }


def impatient(settings: Settings) -> Settings:
    """Return settings by which everybody is waited for a second at most."""
    programs = settings.integrations
    brief = timedelta(milliseconds=300)
    return changed(
        settings,
        metadata=changed(settings.metadata, timeout=timedelta(seconds=2)),
        search=changed(settings.search, timeout=timedelta(milliseconds=500)),
        notifications=changed(settings.notifications, deadline=timedelta(seconds=1)),
        integrations=changed(
            programs, radarr=changed(programs.radarr, timeout=brief), sonarr=changed(programs.sonarr, timeout=brief)
        ),
    )


def without_anybody(settings: Settings) -> Settings:
    """Return settings by which nobody is asked or told anything."""
    plain = Settings()
    return changed(
        settings,
        metadata=plain.metadata,
        search=changed(settings.search, enabled=False),
        notifications=plain.notifications,
        integrations=plain.integrations,
    )


async def settle(world: Troubled, node: str, more: Callable[[Troubled], None]) -> None:
    """Scan both libraries, find out what is in them, and scan them again with ``more`` in them that nobody asks about."""
    plant(world.films, "Nosferatu (1922)/Nosferatu (1922).mkv", "Metropolis (1927)/Metropolis (1927).mkv")
    show = SHOWS[1]
    season = f"{show.title} ({show.year})/Season 01"
    plant(world.shows, *(f"{season}/{show.title} - S01E0{number}.mkv" for number in (1, 2)))
    libraries = world.nodes[node].library_service()
    for name, type_, root in (("Films", LibraryType.MOVIE, world.films), ("Shows", LibraryType.TVSHOW, world.shows)):
        library = await libraries.create(LibraryFields(name=name, type=type_, paths=[bytes(root)]))
        world.ids[name] = str(library.id)
        await done(world, f"{type_.value}_library_scan", {"library_id": world.ids[name]}, node)
        await done(world, f"{type_.value}_file_match", {"library_id": world.ids[name]}, node)
    for movie in await world.pool.fetch("SELECT id FROM revenge.movie"):
        await done(world, "metadata_refresh_movie", {"movie_id": str(movie["id"]), "force": True}, node)
    (series,) = await world.pool.fetch("SELECT id FROM revenge.series")
    whole = {"series_id": str(series["id"]), "include_seasons": True, "include_episodes": True}
    await done(world, "metadata_refresh_tvshow", whole, node)
    for name, query in IDS.items():
        world.ids[name] = str(await world.pool.fetchval(query))
    more(world)
    await done(world, "movie_search_index", {"operation": "reindex"}, node)
    await done(world, "tvshow_search_index", {"full_reindex": True}, node)
    await done(world, "movie_library_scan", {"library_id": world.ids["Films"]}, node)
    await done(world, "tvshow_library_scan", {"library_id": world.ids["Shows"]}, node)
    await done(world, "tvshow_file_match", {"library_id": world.ids["Shows"]}, node)


async def done(world: Troubled, kind: str, args: object, node: str) -> None:
    job = await world.attempt(kind, args, node=node)
    assert job.state == "completed", (kind, job.state, job.errors)
    await world.quiet()


@asynccontextmanager
async def working(world: Troubled, settings: Settings, *, limit: timedelta | None = None) -> AsyncIterator[None]:
    """Let a node work the one queue that its settings name, no attempt for longer than ``limit``."""
    (name,) = settings.jobs.queues
    container = build_container(settings)
    world.nodes[name] = container

    async def hurry() -> None:
        """Before the engine is made: it looks timeouts up once."""
        if limit is not None:
            found = container.workers()
            registered = [found.get(kind) for kind in found.kinds]
            workers = [each.worker for each in registered if each is not None]
            for worker in workers:
                worker.timeout = limit
            container.workers.override(Workers(workers))

    steps = [*command_steps(container), Step(name="hurry", start=hurry), *work_steps(container)]
    async with Lifecycle(steps):
        yield


@asynccontextmanager
async def troubled(
    database: str,
    typesense_url: str,
    root: Path,
    *,
    nodes: Sequence[str],
    more: Callable[[Troubled], None] = lambda world: None,
) -> AsyncIterator[Troubled]:
    """Start ``nodes``, each of which works the queue of its name; the first finds out what is in the libraries.

    ``asking`` waits a second or two for everybody, ``patient`` as long as a server does, ``off`` knows nobody, and ``hurried``
    has a second for each attempt.
    """
    films, shows = root / "films", root / "shows"
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(outside(typesense_url))
        way = await stack.enter_async_context(Forwarder(database))
        pool = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=4))
        world = Troubled(around, pool, way, films, shows)
        for node in nodes:
            dsn = way.dsn if node == "hurried" else database
            told = settings_of(dsn, root, around, node=node, films=films, shows=shows)
            if node == "asking":
                told = impatient(told)
            elif node == "off":
                told = without_anybody(told)
            limit = timedelta(seconds=1) if node == "hurried" else None
            await stack.enter_async_context(working(world, told, limit=limit))
        await settle(world, nodes[0], more)
        yield world
