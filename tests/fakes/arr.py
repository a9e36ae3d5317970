"""A Radarr or Sonarr on a real socket, and all that its answers should be by the programs' own descriptions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from revenge.app.demo.arr import DemoArr
from revenge.infra.http.caller import Caller
from revenge.infra.http.config import Bounds, ServiceConfig
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.wire import Asked, Say, WireServer, wire_server

KEY = "0123456789abcdef0123456789abcdef"


@asynccontextmanager
async def serving(demo: DemoArr) -> AsyncIterator[WireServer]:
    """Serve ``demo``; a test may put an answer of its own before it."""
    async with wire_server() as server:
        server.say = lambda asked: say(demo, asked)
        yield server


def say(demo: DemoArr, asked: Asked) -> Say:
    """Return what ``demo`` answers."""
    reply = demo.answer(asked.method, asked.path, asked.query, asked.headers)
    return Say(status=reply.status, body=reply.body, headers=reply.headers)


def caller_of(server: WireServer, name: str, *, wait: timedelta = timedelta(seconds=5)) -> Caller:
    """Return what calls ``server``."""
    clock = SystemClock()
    config = ServiceConfig(
        name=name, base_url=server.url, headers={"x-api-key": KEY}, bounds=Bounds(read=wait, total=wait)
    )
    return Caller(config, traffic=LocalTraffic(clock), clock=clock)
