"""A way to a server that a test can cut so that only the server notices, as a broken network does."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from revenge.infra.database.cluster import HOST


class Forwarder:
    """Passes connections on to the server of ``dsn``; an async context manager that yields itself."""

    def __init__(self, dsn: str) -> None:
        self._server = urlsplit(dsn)
        self._listening: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._upstream: set[asyncio.StreamWriter] = set()
        self._downstream: set[asyncio.StreamWriter] = set()
        self._is_cut = False

    @property
    def dsn(self) -> str:
        """The same database by this way."""
        assert self._listening is not None
        port = self._listening.sockets[0].getsockname()[1]
        account = self._server.netloc.rpartition("@")[0]
        return urlunsplit(self._server._replace(netloc=f"{account}@{HOST}:{port}"))

    async def __aenter__(self) -> "Forwarder":
        self._listening = await asyncio.start_server(self._accept, HOST, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        self._listening.close()
        for task in self._passing:
            task.cancel()
        for writer in (*self._upstream, *self._downstream):
            writer.transport.abort()
        if self._passing:
            await asyncio.wait(self._passing)

    def cut(self) -> None:
        """Let the server lose all connections, and the clients hear nothing of it; new ones get no answer either."""
        self._is_cut = True
        for writer in self._upstream:
            writer.transport.abort()
        self._upstream.clear()

    def mend(self) -> None:
        """Let the clients know that their connections are gone, and new ones through."""
        self._is_cut = False
        for writer in self._downstream:
            writer.transport.abort()
        self._downstream.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._downstream.add(writer)
        if self._is_cut:
            return
        up_reader, up_writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._upstream.add(up_writer)
        for source, target in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, target))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        if not self._is_cut:
            target.close()
