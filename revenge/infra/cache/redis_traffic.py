"""Rates and breakers in Redis: faster than the table, and as shared; while Redis is away, the table is asked."""

from datetime import timedelta
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis

from revenge.infra.cache.redis_channels import AWAY, PREFIX
from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.traffic import Full, Go, Open, Traffic
from revenge.infra.jobs.clock import Clock

_AVOIDED_FOR_S = 5.0
"""After a failure: each call would wait for a Redis that does not answer."""


class RedisTraffic:
    """One round trip a call, by Redis' own clock."""

    def __init__(self, redis: Redis, *, instead: Traffic, clock: Clock) -> None:
        self._redis = redis
        self._instead = instead
        self._clock = clock
        self._avoided_until = 0.0
        self._script = redis.register_script((files(__package__) / "traffic.lua").read_text(encoding="utf-8"))

    async def admit(self, name: str, *, rate: Rate | None, breaker: Breaker) -> Go | Full | Open:
        """Take a turn, if there is one."""
        per_second, burst, wait = (rate.per_second, rate.burst, rate.longest_wait) if rate else (0, 0, timedelta(0))
        said = await self._run(name, "admit", per_second, burst, wait.total_seconds(), breaker.open_for.total_seconds())
        if said is None:
            return await self._instead.admit(name, rate=rate, breaker=breaker)
        word, seconds, failures = said[0].decode(), float(said[1]), int(said[2])
        span = timedelta(seconds=max(seconds, 0))
        match word:
            case "go":
                return Go(span, is_mended=failures == 0)
            case "open":
                return Open(span)
            case _:
                return Full(span)

    async def block(self, name: str, *, for_: timedelta) -> None:
        """Let nobody call for so long."""
        if await self._run(name, "block", for_.total_seconds()) is None:
            await self._instead.block(name, for_=for_)

    async def failed(self, name: str, *, breaker: Breaker) -> None:
        """Count a failure."""
        if await self._run(name, "failed", breaker.failures, breaker.open_for.total_seconds()) is None:
            await self._instead.failed(name, breaker=breaker)

    async def mended(self, name: str) -> None:
        """Close the breaker."""
        if await self._run(name, "mended") is None:
            await self._instead.mended(name)

    async def _run(self, name: str, *args: str | float) -> Any:
        """Return what the script says; None where Redis cannot be asked."""
        if self._clock.monotonic() < self._avoided_until:
            return None
        try:
            return await self._script(keys=[f"{PREFIX}call:{name}"], args=list(args))
        except AWAY:
            self._avoided_until = self._clock.monotonic() + _AVOIDED_FOR_S
            return None
