"""The HTTP server inside our loop: its port, its start, its end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from revenge.app.server import HttpServer, PortTaken

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Application:
    """An ASGI application that answers ``/`` at once and holds ``/stream`` open until it is told to let go."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.closing = asyncio.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            self.open.set()
            await self.closing.wait()
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def application() -> Application:
    return Application()


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[HttpServer]:
    server = HttpServer(lambda: application, host="127.0.0.1", port=0, before_stop=lambda found: found.closing.set())
    await server.bind()
    try:
        await server.start()
        try:
            yield server
        finally:
            await server.stop()
    finally:
        await server.release()


async def test_server_answers_from_start_to_stop(application: Application) -> None:
    async with serving(application) as server, httpx2.AsyncClient() as client:
        assert (await client.get(server.url)).text == "done"
        url = server.url
    async with httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(url)


async def test_open_streams_are_ended_when_the_server_stops(application: Application) -> None:
    async with httpx2.AsyncClient() as client:
        async with serving(application) as server:
            reading = asyncio.create_task(client.get(f"{server.url}/stream"))
            await application.open.wait()
        assert (await reading).text == "begundone"


async def test_taken_port_is_one_line_that_says_what_to_do(application: Application) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = HttpServer(lambda: application, host="127.0.0.1", port=port, before_stop=lambda _: None)
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port} is taken: .* --port"):
            await server.bind()


async def test_port_is_kept_between_bind_and_start(application: Application) -> None:
    first = HttpServer(lambda: application, host="127.0.0.1", port=0, before_stop=lambda _: None)
    await first.bind()
    port = int(first.url.rpartition(":")[2])
    second = HttpServer(lambda: application, host="127.0.0.1", port=port, before_stop=lambda _: None)
    with pytest.raises(PortTaken):
        await second.bind()
    await first.release()
    await second.bind()
    await second.release()


async def test_address_of_another_machine_is_refused_in_words(application: Application) -> None:
    server = HttpServer(lambda: application, host="192.0.2.1", port=8420, before_stop=lambda _: None)
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1 is not an address of this machine"):
        await server.bind()


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8420"), ("0.0.0.0", "http://127.0.0.1:8420"), ("::1", "http://[::1]:8420")],
)
def test_address_for_a_browser(host: str, url: str) -> None:
    assert HttpServer(lambda: None, host=host, port=8420, before_stop=lambda _: None).url == url
