"""Serves an application on a free loopback port inside the test's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI

from revenge.app.http.app import close_streams


class _Server(uvicorn.Server):
    """Leaves signals to pytest, and ends event streams before it waits for open answers."""

    started_event: asyncio.Event

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.started_event.set()


@contextlib.asynccontextmanager
async def serving(app: FastAPI, *, port: int = 0) -> AsyncIterator[str]:
    """Give the base URL of ``app`` while the block runs; port 0 takes a free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)  # loggers belong to the process
        server = _Server(config)
        server.started_event = asyncio.Event()
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await server.started_event.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            close_streams(app)
            server.should_exit = True
            await task
