"""A service's turns: each call takes one first, and says afterwards what became of it."""

from datetime import timedelta

from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.errors import CallFailed, CircuitOpen, Nonsense, NotNow, TooMany, Unavailable
from revenge.infra.http.traffic import Full, Go, Open, Traffic
from revenge.infra.jobs.clock import Clock


class Turns:
    """The rate and the breaker of one service, which all who call it by its name keep together."""

    def __init__(self, name: str, *, traffic: Traffic, clock: Clock, rate: Rate | None, breaker: Breaker) -> None:
        self._name = name
        self._traffic = traffic
        self._clock = clock
        self._rate = rate
        self._breaker = breaker

    async def take(self) -> Go:
        """Return when the turn has come: call now, then ``settle``.

        Raises:
            TooMany: it does not come soon enough, or the service asked to be left alone; nobody is to be called.
            CircuitOpen: the service failed of late; nobody is to be called.
        """
        match await self._traffic.admit(self._name, rate=self._rate, breaker=self._breaker):
            case Go() as go:
                if go.wait:
                    await self._clock.sleep(go.wait)
                return go
            case Full(wait):
                reason = f"its turn comes in {wait.total_seconds():.1f} s"
                raise TooMany(self._name, reason, retry_after=wait, was_called=False)
            case Open(wait):
                reason = f"it failed of late and is left alone for {wait.total_seconds():.0f} s"
                raise CircuitOpen(self._name, reason, retry_after=wait, was_called=False)

    async def settle(self, go: Go, outcome: CallFailed | None) -> None:
        """Tell all others how the call went; None: well. A refusal is an answer: it is well, too."""
        match outcome:
            case Unavailable() | Nonsense():
                await self._traffic.failed(self._name, breaker=self._breaker)
            case NotNow(retry_after=wait):
                await self._traffic.block(self._name, for_=wait)
            case _ if not go.is_mended:
                await self._traffic.mended(self._name)

    async def rest(self, for_: timedelta) -> None:
        """Let nobody call for so long."""
        await self._traffic.block(self._name, for_=for_)
