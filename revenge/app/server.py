"""The HTTP server: uvicorn inside our own loop, which starts and stops when it is told to."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

GRACE_S = 3
"""For answers that are under way when the server stops; event streams are ended by ``before_stop``."""


class PortTaken(Exception):
    """The address cannot be listened on; the text says why and what to do."""


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers, and with a word when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """Serves an ASGI application; ``bind``, ``start``, ``stop``, ``release`` in this order."""

    def __init__(self, app: Callable[[], Any], *, host: str, port: int, before_stop: Callable[[Any], None]) -> None:
        """Take what is needed; nothing is opened.

        Args:
            app: makes the application; called by ``start``, when the parts it stands on are there.
            host: a name or an address.
            port: 0 takes any that is free.
            before_stop: called with the application before open answers are waited for.
        """
        self._make_app = app
        self._host = host
        self._port = port
        self._before_stop = before_stop
        self._app: Any = None
        self._socket: socket.socket | None = None
        self._server: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address for a browser; known after ``bind``."""
        port = self._socket.getsockname()[1] if self._socket else self._port
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104 - shown, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"

    async def bind(self) -> None:
        """Reserve the address; nobody is answered yet.

        Raises:
            PortTaken: somebody listens there, or the address is not this machine's.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((self._host, self._port))
            # Listening at once makes the reservation real: another process that binds meanwhile is refused.
            found.listen(1)
        except OSError as error:
            found.close()
            raise PortTaken(_explain(self._host, self._port, error)) from error
        found.setblocking(False)
        self._socket = found

    async def release(self) -> None:
        """Give the address back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def start(self) -> None:
        """Answer requests."""
        if self._socket is None:
            await self.bind()
        self._app = self._make_app()
        self._server = _Uvicorn(
            uvicorn.Config(
                self._app,
                lifespan="off",  # the process starts and stops the parts, in one list
                log_config=None,
                log_level="warning",  # that it starts and stops is said by who starts and stops it
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._serving = asyncio.create_task(self._server.serve([s for s in [self._socket] if s]), name="http")
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if self._serving.done():
            await self._serving
            message = "the HTTP server ended while it started"
            raise RuntimeError(message)

    async def stop(self) -> None:
        """Take no more requests, end event streams, let answers under way finish for a moment."""
        if self._server is None or self._serving is None:
            return
        self._before_stop(self._app)
        self._server.should_exit = True
        await asyncio.shield(self._serving)

    async def cut(self) -> None:
        """End without waiting for anybody."""
        if self._server is not None and self._serving is not None:
            self._before_stop(self._app)
            self._server.should_exit = self._server.force_exit = True
            await asyncio.shield(self._serving)


def _explain(host: str, port: int, error: OSError) -> str:
    where = f"{host}:{port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{where} is taken: stop what listens there, or choose another port with --port or server.port"
        case errno.EACCES:
            return f"{where} needs rights that this user lacks: choose a port above 1023 with --port or server.port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine: choose another with --host or server.host"
        case _:
            return f"cannot listen on {where}: {error.strerror or error}"
