"""The demo's servers for tests, and the providers that ask them, over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from revenge.app.demo.servers import DemoServers
from revenge.app.metadata import MetadataCallers, make_keep, make_sources
from revenge.app.settings import Settings
from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.source import Sources
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs.clock import SystemClock


@dataclass(slots=True)
class Asked:
    """Servers, and who asks them."""

    servers: DemoServers
    settings: Settings
    sources: Sources
    answers: KeptAnswers
    callers: MetadataCallers


@asynccontextmanager
async def demo_servers() -> AsyncIterator[DemoServers]:
    """Serve until the block ends."""
    servers = DemoServers(clock=SystemClock())
    await servers.bind()
    await servers.start()
    try:
        yield servers
    finally:
        await servers.stop()


@asynccontextmanager
async def demo_sources(
    servers: DemoServers, pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings | None = None
) -> AsyncIterator[Asked]:
    """Ask ``servers``, with answers and traffic in the database of ``pool``: a node of a fleet."""
    applied = servers.applied(settings or Settings())
    answers = KeptAnswers(pool, keep=make_keep(applied))
    callers = MetadataCallers(applied, traffic=StoredTraffic(pool), clock=SystemClock())
    try:
        yield Asked(servers, applied, make_sources(applied, callers, answers), answers, callers)
    finally:
        await callers.close()
