"""The demo's servers and who asks them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from revenge.app.demo.servers import DemoServers
from tests.fakes.providers import Asked, demo_servers, demo_sources


@pytest.fixture
async def servers() -> AsyncIterator[DemoServers]:
    """TMDb and the others on a port of this machine."""
    async with demo_servers() as servers:
        yield servers


@pytest.fixture
async def asked(servers: DemoServers, pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[Asked]:
    """Who asks them."""
    async with demo_sources(servers, pool) as asked:
        yield asked
