"""Calls to one service: bounded, in turn with all who call it, and with errors that say what to do."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx2
import orjson
from pydantic import TypeAdapter, ValidationError

from revenge.infra.http.answers import failure_of
from revenge.infra.http.config import Bounds, ServiceConfig
from revenge.infra.http.errors import CallFailed, LedAway, Nonsense, NotNow, Refused, Unavailable
from revenge.infra.http.traffic import Go, Traffic
from revenge.infra.http.turns import Turns
from revenge.infra.jobs.clock import Clock

T = TypeVar("T")
Params = Mapping[str, str | int | bool | Sequence[str]]

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
_SAFE = ("GET", "HEAD")
_IDLE_S = 2.0
"""Less than the 5 s after which many servers close what is idle: a call must not meet a closing connection."""
_PATH = "/:@!$&'()*+,;=~"
_EXPLANATION_BYTES = 2048

logging.getLogger("httpx2").setLevel(logging.WARNING)  # its info lines hold whole addresses, keys included


@dataclass(frozen=True, slots=True)
class Called:
    """A call that ended, for whoever counts them."""

    service: str
    outcome: str
    """``ok``, or the error's class."""
    seconds: float


OnCall = Callable[[Called], None]


class Answer:
    """What a service answered; its body may be read once."""

    def __init__(self, service: str, response: httpx2.Response, max_bytes: int) -> None:
        self._service = service
        self._response = response
        self._max_bytes = max_bytes

    @property
    def status(self) -> int:
        """Return the status, 200 to 299."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers; names in any case."""
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Return the body, unpacked, piece by piece.

        Raises:
            Nonsense: it is larger than allowed.
        """
        size = 0
        async for chunk in self._response.aiter_bytes():
            size += len(chunk)
            if size > self._max_bytes:
                raise Nonsense(self._service, f"the answer is larger than {self._max_bytes} bytes")
            yield chunk

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            Nonsense: it is larger than allowed.
        """
        return b"".join([chunk async for chunk in self.chunks()])

    async def shaped(self, shape: TypeAdapter[T]) -> T:
        """Return the body as ``shape`` reads it.

        Raises:
            Nonsense: it is no JSON, of another shape, or larger than allowed.
        """
        try:
            return shape.validate_json(await self.read())
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Nonsense(self._service, f"the answer is not as promised: {where} {first['msg']}") from None


class Caller:
    """Calls one service. Close it, or use it as an async context manager.

    Every call raises a ``CallFailed``: see ``errors`` for which means what. Nothing is tried twice in here: that is for the
    caller to decide, and a job's next attempt is one way to.
    """

    def __init__(
        self,
        config: ServiceConfig,
        *,
        traffic: Traffic,
        clock: Clock,
        on_call: OnCall | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._turns = Turns(config.name, traffic=traffic, clock=clock, rate=config.rate, breaker=config.breaker)
        self._on_call = on_call
        self._base = httpx2.URL(config.base_url.rstrip("/"))
        self._client: httpx2.AsyncClient | None = None

    @property
    def name(self) -> str:
        """Return the service's name."""
        return self._config.name

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def rest(self, for_: timedelta) -> None:
        """Let no node call for so long: the service asked for it in words of its own."""
        await self._turns.rest(for_)

    async def get(self, path: str, shape: TypeAdapter[T], *, params: Params | None = None) -> T:
        """Return what is at ``path``, as ``shape`` reads it.

        Raises:
            CallFailed: see ``errors``.
        """
        async with self.stream("GET", path, params=params) as answer:
            return await answer.shaped(shape)

    async def get_bytes(self, path: str, *, params: Params | None = None, max_bytes: int | None = None) -> bytes:
        """Return what is at ``path``, ``max_bytes`` at most.

        Raises:
            CallFailed: see ``errors``.
        """
        bounds = None if max_bytes is None else replace(self._config.bounds, max_bytes=max_bytes)
        async with self.stream("GET", path, params=params, bounds=bounds) as answer:
            return await answer.read()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
    ) -> AsyncGenerator[Answer, None]:
        """Call, and hand over the answer while it comes.

        Args:
            method: HTTP's.
            path: below the service's base address, not encoded, from its ``/`` on.
            params: the query, beside the service's own.
            body: sent as JSON.
            headers: beside the service's own.
            bounds: in place of the service's own; ``total`` counts until the block ends.

        Raises:
            CallFailed: see ``errors``; in the block too, while the body is read.
            ValueError: ``path`` is none.
        """
        bounds = bounds or self._config.bounds
        request = self._request(method, path, params, body, headers, bounds)
        what = f"{method} {request.url.path}"
        go = await self._turn()
        started = self._clock.monotonic()
        try:
            async with self._told_plainly(what, bounds), self._send(request, what) as response:
                yield Answer(self.name, response, bounds.max_bytes)
        except CallFailed as error:
            await self._settle(go, error, started)
            raise
        # A cancelled call says nothing of the service, and neither does what else is raised in the caller's block.
        await self._settle(go, None, started)

    @asynccontextmanager
    async def _told_plainly(self, what: str, bounds: Bounds) -> AsyncGenerator[None, None]:
        """End a call in time, and say what went wrong without the client's own texts: they may hold the address."""
        try:
            async with asyncio.timeout(bounds.total.total_seconds()) as limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise Unavailable(self.name, f"{what} took longer than {bounds.total}") from None
        except httpx2.DecodingError:
            raise Nonsense(self.name, f"{what} answered what cannot be unpacked") from None
        except httpx2.TransportError as error:
            raise Unavailable(self.name, f"{what} failed: {type(error).__name__}") from None

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: object,
        headers: Mapping[str, str] | None,
        bounds: Bounds,
    ) -> httpx2.Request:
        if not path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"a path begins with / and does not climb, got {path!r}")
        content = None if body is None else orjson.dumps(body)
        sent = {"accept": "application/json", **self._config.headers, **(headers or {})}
        if content is not None:
            sent["content-type"] = "application/json"
        query = {**self._config.params, **{key: _text(value) for key, value in (params or {}).items()}}
        return self._http().build_request(
            method,
            f"{self._base}{quote(path, safe=_PATH)}",
            params=query or None,
            content=content,
            headers=sent,
            timeout=httpx2.Timeout(
                bounds.read.total_seconds(), connect=bounds.connect.total_seconds(), pool=bounds.total.total_seconds()
            ),
        )

    async def _turn(self) -> Go:
        try:
            return await self._turns.take()
        except NotNow as error:
            self._count(type(error).__name__, 0)
            raise

    @asynccontextmanager
    async def _send(self, request: httpx2.Request, what: str) -> AsyncGenerator[httpx2.Response, None]:
        """Return the answer's beginning, after redirects within the service."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._http().send(request, stream=True)
            try:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    error = failure_of(self.name, what, response.status_code, response.headers, now=self._clock.now())
                    if isinstance(error, Refused):
                        error.body = await _beginning(response)
                    if error is not None:
                        raise error
                    yield response
                    return
            finally:
                await response.aclose()
            request = self._redirected(request, response.headers["location"], what)
        raise LedAway(self.name, f"{what} redirects more than {_MOST_REDIRECTS} times")

    def _redirected(self, request: httpx2.Request, location: str, what: str) -> httpx2.Request:
        try:
            target = request.url.join(location)
        except (httpx2.InvalidURL, ValueError):
            raise Nonsense(self.name, f"{what} redirects to no address") from None
        if _origin(target) != _origin(self._base) or request.method not in _SAFE:
            raise LedAway(self.name, f"{what} redirects to {target.host or 'nowhere'}, where nobody goes")
        if not target.query:
            target = target.copy_with(query=request.url.query)
        return self._http().build_request(
            request.method, target, headers=request.headers, extensions=dict(request.extensions)
        )

    async def _settle(self, go: Go, outcome: CallFailed | None, started: float) -> None:
        self._count("ok" if outcome is None else type(outcome).__name__, self._clock.monotonic() - started)
        await self._turns.settle(go, outcome)

    def _count(self, outcome: str, seconds: float) -> None:
        if self._on_call is not None:
            self._on_call(Called(self.name, outcome, seconds))

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            limits = httpx2.Limits(
                max_connections=self._config.max_connections,
                max_keepalive_connections=self._config.max_connections,
                keepalive_expiry=_IDLE_S,
            )
            self._client = httpx2.AsyncClient(
                verify=_tls(),
                limits=limits,
                proxy=self._config.proxy,
                trust_env=False,  # neither somebody's .netrc nor a proxy that nobody configured
                follow_redirects=False,
                headers={"user-agent": "revenge"},
            )
        return self._client


async def _beginning(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes(_EXPLANATION_BYTES):
        body += chunk
        if len(body) >= _EXPLANATION_BYTES:
            break
    return body[:_EXPLANATION_BYTES]


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _text(value: str | int | bool | Sequence[str]) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else list(value)


@cache
def _tls() -> SSLContext:
    """Make what checks certificates once: reading them takes 20 ms."""
    return httpx2.create_ssl_context(trust_env=False)
