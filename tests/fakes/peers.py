"""Servers of the outside that answer as they should until a test says what is wrong with them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum

import httpx2

from tests.fakes.wire import Asked, Say, WireServer, wire_server

Upstream = Callable[[Asked], Awaitable[Say]]
_OF_THE_WAY = ("host", "accept-encoding", "content-length")
REST_S = 77
"""How long one that is asked too often wants to be left alone."""


class Trouble(StrEnum):
    """What is wrong with a server, by the names that docs/failures.md has for it."""

    SLOW = "slow"
    WRONG_KEY = "401"
    FAILS = "500"
    TOO_MANY = "429"
    GARBAGE = "garbage"
    HALF = "half a body"
    ELSEWHERE = "redirect elsewhere"


class Peer:
    """Passes requests on, unless it is in trouble; ``elsewhere`` is where it sends people who must not go there."""

    def __init__(self, server: WireServer, upstream: Upstream, elsewhere: WireServer) -> None:
        self.url = server.url
        self.upstream = upstream
        self._elsewhere = elsewhere
        self._trouble: Trouble | Upstream | None = None
        self._is_meant: Callable[[Asked], bool] = lambda _asked: True
        self.hangs = asyncio.Event()
        """Set once somebody waits for an answer that does not come."""
        server.say = self._say

    def be(self, trouble: Trouble | Upstream | None, *, where: Callable[[Asked], bool] = lambda _asked: True) -> None:
        """Be in trouble, or answer like this, as far as ``where`` lets requests through."""
        self._trouble, self._is_meant = trouble, where
        self.hangs.clear()

    async def _say(self, asked: Asked) -> Say:
        trouble = self._trouble if self._is_meant(asked) else None
        match trouble:
            case None:
                return await self.upstream(asked)
            case Trouble.SLOW:
                self.hangs.set()
                await asyncio.Event().wait()
                raise AssertionError
            case Trouble.WRONG_KEY:
                return Say(status=401, body=b'{"message": "no such key"}')
            case Trouble.FAILS:
                return Say(status=500, body=b"a stack trace")
            case Trouble.TOO_MANY:
                return Say(status=429, headers={"retry-after": str(REST_S)})
            case Trouble.GARBAGE:
                return Say(body=b"<html><body>Please log in</body></html>", headers={"content-type": "text/html"})
            case Trouble.HALF:
                whole = await self.upstream(asked)
                return replace(whole, body=whole.body[: len(whole.body) // 2], length=len(whole.body) + 1)
            case Trouble.ELSEWHERE:
                return Say(status=302, headers={"location": f"{self._elsewhere.url}{asked.path}"})
            case _:
                return await trouble(asked)


@asynccontextmanager
async def peer(upstream: Upstream, elsewhere: WireServer) -> AsyncIterator[Peer]:
    """Serve one until the block ends."""
    async with wire_server() as server:
        yield Peer(server, upstream, elsewhere)


def passing_on(http: httpx2.AsyncClient, url: str) -> Upstream:
    """Return an upstream that asks the server at ``url``."""

    async def ask(asked: Asked) -> Say:
        headers = {name: value for name, value in asked.headers.items() if name not in _OF_THE_WAY}
        answer = await http.request(
            asked.method, f"{url}{asked.path}", params=asked.query, content=asked.body, headers=headers
        )
        said = {"content-type": answer.headers.get("content-type", "application/json")}
        return Say(status=answer.status_code, body=answer.content, headers=said)

    return ask
