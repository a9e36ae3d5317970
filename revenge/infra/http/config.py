"""Whom we call, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast a service may be called, by all nodes together."""

    per_second: float
    burst: int
    """So many may go at once after a pause."""
    longest_wait: timedelta = timedelta(seconds=5)
    """Who would have to wait longer for its turn is refused: a job had better snooze than hold a slot."""

    def __post_init__(self) -> None:
        if self.per_second <= 0:
            raise ValueError(f"per_second must be positive, got {self.per_second}")
        if self.burst < 1:
            raise ValueError(f"burst must be 1 at least, got {self.burst}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """When a service that fails is left alone, by all nodes together."""

    failures: int = 5
    """In a row; the Go server's number for services of the outside."""
    open_for: timedelta = timedelta(seconds=30)
    """Then a single call tries whether it is well again."""

    def __post_init__(self) -> None:
        if self.failures < 1:
            raise ValueError(f"failures must be 1 at least, got {self.failures}")
        if self.open_for <= timedelta(0):
            raise ValueError(f"open_for must be positive, got {self.open_for}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a call may take and how much it may answer."""

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=15)
    """Between two pieces of an answer."""
    total: timedelta = timedelta(seconds=30)
    """From the turn to the last byte; a trickle of bytes does not stretch it."""
    max_bytes: int = 16 * MIB
    """Unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """A service that is called."""

    name: str
    """What it is called in errors, metrics and, for all nodes, in the tables of rates and breakers."""
    base_url: str
    """Scheme, host, and where its API begins. Nothing but this origin is ever called."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with each call, keys included."""
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Put into each query, keys included."""
    rate: Rate | None = None
    breaker: Breaker = Breaker()
    bounds: Bounds = Bounds()
    proxy: str | None = field(default=None, repr=False)
    max_connections: int = 20

    def __post_init__(self) -> None:
        url = httpx2.URL(self.base_url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"base_url of {self.name} must be http://host or https://host")
        if url.query or url.fragment or url.userinfo:
            raise ValueError(f"base_url of {self.name} must hold neither a query nor a user")
