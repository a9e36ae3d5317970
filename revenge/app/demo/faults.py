"""What is to go wrong with the demo's servers: a script that tests write, on the wire as it happens in the world."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.clock import Clock

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BrokenOff(Exception):
    """The connection is cut in the middle of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    status: int | None = None
    """Answer with it; None: as if nothing were wrong, but for ``delay`` and ``cut``."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: timedelta = timedelta(0)
    """Say nothing for so long first."""
    cut: bool = False
    """Break off in the middle of the body."""


def too_many(seconds: int) -> Fault:
    """429, with ``Retry-After``."""
    return Fault(status=429, headers={"retry-after": str(seconds)})


def garbage() -> Fault:
    """200, and a page that asks to log in to the hotel's network."""
    return Fault(status=200, body=b"<html><body>Please log in</body></html>", headers={"content-type": "text/html"})


def led_to(url: str) -> Fault:
    """302 to somewhere else."""
    return Fault(status=302, headers={"location": url})


class FaultScript:
    """Wraps an application, remembers what is asked, and lets go wrong what was said should."""

    def __init__(self, app: App, *, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._faults: deque[tuple[str, Fault]] = deque()
        self.asked: list[str] = []
        """Paths with their queries, in their order."""

    def add(self, fault: Fault, *, path: str = "/", times: int = 1) -> None:
        """Let the next ``times`` requests whose path begins with ``path`` go wrong."""
        self._faults.extend([(path, fault)] * times)

    def clear(self) -> None:
        """Let all be well, and forget what was asked."""
        self._faults.clear()
        self.asked.clear()

    def count(self, path: str) -> int:
        """Return how many requests began with ``path``."""
        return sum(asked.startswith(path) for asked in self.asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path, query = scope["path"], scope["query_string"].decode()
        self.asked.append(f"{path}?{query}" if query else path)
        fault = self._next(path)
        if fault.delay:
            await self._clock.sleep(fault.delay)
        if fault.status is not None:
            headers = {"content-length": str(len(fault.body)), **fault.headers}
            start = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": fault.status, "headers": start})
            await send({"type": "http.response.body", "body": fault.body})
            return
        await self._app(scope, receive, _cut(send) if fault.cut else send)

    def _next(self, path: str) -> Fault:
        for entry in self._faults:
            if path.startswith(entry[0]):
                self._faults.remove(entry)
                return entry[1]
        return Fault()


def _cut(send: Send) -> Send:
    async def half(message: MutableMapping[str, Any]) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        raise BrokenOff

    return half
