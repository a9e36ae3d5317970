"""Who may call now: the rate and the breaker of a service, shared by all who call it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from revenge.infra.http.config import Breaker, Rate
from revenge.infra.jobs.clock import Clock

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Go:
    """Call after ``wait``: the turn is taken."""

    wait: timedelta = _NONE
    is_mended: bool = True
    """False: it failed of late, so that a success is news."""


@dataclass(frozen=True, slots=True)
class Full:
    """No turn within reach; nothing was taken."""

    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class Open:
    """The breaker is open; nothing was taken."""

    retry_after: timedelta


class Traffic(Protocol):
    """Rates and breakers by the service's name."""

    async def admit(self, name: str, *, rate: Rate | None, breaker: Breaker) -> Go | Full | Open:
        """Take a turn, if there is one; with an open breaker whose time is over, one call goes and tries."""
        ...

    async def block(self, name: str, *, for_: timedelta) -> None:
        """Let nobody call for so long: the service asked for it."""
        ...

    async def failed(self, name: str, *, breaker: Breaker) -> None:
        """Count a failure; the last of a row opens the breaker."""
        ...

    async def mended(self, name: str) -> None:
        """Close the breaker: it answers."""
        ...


@dataclass(slots=True)
class _State:
    tokens: float = 0.0
    refilled: float | None = None
    blocked_until: float = 0.0
    failures: int = 0
    opened_until: float | None = None


class LocalTraffic:
    """For one process, which is all there is without a database: tests and tools."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[str, _State] = {}

    async def admit(self, name: str, *, rate: Rate | None, breaker: Breaker) -> Go | Full | Open:
        """Take a turn, if there is one."""
        state = self._states.setdefault(name, _State())
        now = self._clock.monotonic()
        if now < state.blocked_until:
            return Full(timedelta(seconds=state.blocked_until - now))
        if state.opened_until is not None:
            if now < state.opened_until:
                return Open(timedelta(seconds=state.opened_until - now))
            state.opened_until = now + breaker.open_for.total_seconds()
        if rate is None:
            return Go(is_mended=state.failures == 0)
        passed = 0.0 if state.refilled is None else now - state.refilled
        tokens = rate.burst if state.refilled is None else min(rate.burst, state.tokens + passed * rate.per_second)
        wait = timedelta(seconds=max(0.0, 1 - tokens) / rate.per_second)
        if wait > rate.longest_wait:
            return Full(wait)
        state.tokens, state.refilled = tokens - 1, now
        return Go(wait, is_mended=state.failures == 0)

    async def block(self, name: str, *, for_: timedelta) -> None:
        """Let nobody call for so long."""
        state = self._states.setdefault(name, _State())
        state.blocked_until = max(state.blocked_until, self._clock.monotonic() + for_.total_seconds())

    async def failed(self, name: str, *, breaker: Breaker) -> None:
        """Count a failure."""
        state = self._states.setdefault(name, _State())
        state.failures += 1
        if state.failures >= breaker.failures:
            state.opened_until = self._clock.monotonic() + breaker.open_for.total_seconds()

    async def mended(self, name: str) -> None:
        """Close the breaker."""
        state = self._states.setdefault(name, _State())
        state.failures, state.opened_until = 0, None
