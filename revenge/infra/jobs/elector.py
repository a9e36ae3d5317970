"""Takes part in the election of River's one leader, and runs what the leader runs while it is this client."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.service import backoff, sleep_or_wake

LEAST_TRUST_S = 0.001
"""Less is none: no call ends within it, and a pause that rounds to nothing would be tried again and again."""

logger = logging.getLogger("revenge.jobs")


class ElectorStore(Protocol):
    """What the elector needs of the database."""

    async def fetchval(self, name: str, *args: Any) -> Any: ...

    async def execute(self, name: str, *args: Any) -> int: ...

    async def channel(self, topic: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectorConfig:
    """The times of the election; the defaults are River's and must fit those of the others who contend."""

    interval: timedelta = timedelta(seconds=5)
    """Between two tries, of a leader to stay and of a follower to become it."""
    jitter: timedelta = timedelta(seconds=1)
    """A follower waits up to this much longer."""
    lease_margin: timedelta = timedelta(seconds=10)
    """The lease lasts for the interval and this."""
    trust_margin: timedelta = timedelta(seconds=1)
    """A leader that could not renew gives up this long before the database would."""
    call_timeout: timedelta = timedelta(seconds=5)
    """For one try; shortened to what is left of a leader's trust."""
    resign_timeouts: tuple[timedelta, ...] = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=3))
    """One try to resign for each; afterwards the lease runs out by itself."""
    wake_jitter: timedelta = timedelta(milliseconds=50)
    """Followers spread out over this when a leader says that it has resigned."""
    stop_timeout: timedelta = timedelta(seconds=1)
    """How long a resignation waits for the leader's own services to end, so that the next leader's do not overlap."""

    def __post_init__(self) -> None:
        for name in ("interval", "lease_margin", "call_timeout"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
        if not timedelta(0) <= self.trust_margin < self.lease_margin:
            message = f"trust_margin must be 0 to below lease_margin {self.lease_margin}, got {self.trust_margin}"
            raise ValueError(message)

    @property
    def lease(self) -> timedelta:
        """How long the database keeps a leader that does not renew."""
        return self.interval + self.lease_margin


@dataclass(frozen=True, slots=True)
class Term:
    """One time of leadership: both parts must match to renew or to resign it."""

    leader_id: str
    elected_at: datetime


class Elector:
    """Contends for ``river_leader``; at most one client leads a term, and it knows in time when it no longer does.

    While it leads, ``lead`` runs as a task; it is cancelled when leadership ends. When ``lead`` itself fails, the term
    is resigned and another client may do better. It works without notifications too, only later.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        config: ElectorConfig,
        store: ElectorStore,
        client_id: str,
        lead: Callable[[], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._config = config
        self._store = store
        self._client_id = client_id
        self._lead = lead
        self._term: Term | None = None
        # Its row is still there: a stop that cuts a resignation short makes up for it.
        self._given_up: Term | None = None
        self._trusted_until = 0.0
        self._failures = 0
        self._leading: asyncio.Future[None] | None = None
        self._is_asked_to_resign = False
        self._has_heard_of_vacancy = False
        self._wake = asyncio.Event()

    @property
    def term(self) -> Term | None:
        """The term that this client leads, None while another or nobody does."""
        return self._term if self.is_leader else None

    @property
    def is_leader(self) -> bool:
        """Whether this client leads now; False as soon as its lease may have run out."""
        return self._term is not None and self._clock.monotonic() < self._trusted_until

    def on_notification(self, payload: dict[str, Any]) -> None:
        """Take a message of the topic ``river_leadership``; unknown ones are ignored."""
        match payload.get("action"):
            case "resigned" if payload.get("leader_id") != self._client_id and self._term is None:
                self._has_heard_of_vacancy = True
                self._wake.set()
            case "request_resign":
                self.request_resign()

    def request_resign(self) -> None:
        """Give up the present term soon, if there is one, and contend again at once."""
        if self._term is not None:
            self._is_asked_to_resign = True
            self._wake.set()

    async def run(self) -> None:
        """Contend until cancelled; then resign, which takes no longer than ``resign_timeouts`` and ``stop_timeout``."""
        try:
            while True:
                self._wake.clear()
                pause = await self.step()
                await sleep_or_wake(self._clock, self._wake, pause)
        finally:
            await self.resign()

    async def step(self) -> timedelta:
        """Try once to become or to stay the leader; return when to try again."""
        if self._has_heard_of_vacancy:
            self._has_heard_of_vacancy = False
            await self._clock.sleep(self._config.wake_jitter * random.random())  # noqa: S311 - spreads followers
        if self._term is None:
            return await self._contend()
        if self._is_asked_to_resign:
            has_failed = self._leading is not None and self._leading.done()
            await self.resign()
            return self._config.interval if has_failed else timedelta(0)
        return await self._stay(self._term)

    async def resign(self) -> None:
        """Stop leading and let the others know; does nothing while this client does not lead."""
        if self._term is not None:
            self._given_up = self._term
            await self._step_down("resigned")
        term = self._given_up
        if term is None:
            return
        channel = ""
        for timeout in self._config.resign_timeouts:
            try:
                async with asyncio.timeout(timeout.total_seconds()):
                    channel = channel or await self._store.channel("river_leadership")
                    await self._store.execute("leader_resign", term.elected_at, term.leader_id, channel)
            except (StoreError, TimeoutError) as error:
                logger.warning("elector.resign_failed", extra={"error": str(error) or type(error).__name__})
            else:
                break
        self._given_up = None

    async def _contend(self) -> timedelta:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._config.call_timeout.total_seconds()):
                elected_at = await self._store.fetchval("leader_attempt_elect", self._client_id, self._config.lease)
        except (StoreError, TimeoutError) as error:
            return self._failed(error)
        self._failures = 0
        if elected_at is None:
            return self._config.interval + self._config.jitter * random.random()  # noqa: S311 - spreads followers
        self._term = Term(self._client_id, elected_at)
        self._trust(started)
        self._is_asked_to_resign = False
        self._leading = asyncio.ensure_future(self._lead())
        self._leading.add_done_callback(self._lead_ended)
        logger.info("elector.elected", extra={"client_id": self._client_id})
        return self._config.interval

    async def _stay(self, term: Term) -> timedelta:
        started = self._clock.monotonic()
        trust = self._trusted_until - started
        if trust > LEAST_TRUST_S:
            try:
                async with asyncio.timeout(min(self._config.call_timeout.total_seconds(), trust)):
                    is_asked = await self._store.fetchval(
                        "leader_attempt_reelect", term.leader_id, term.elected_at, self._config.lease
                    )
            except (StoreError, TimeoutError) as error:
                pause = self._failed(error)
                trust = self._trusted_until - self._clock.monotonic()
                if trust > LEAST_TRUST_S:
                    return min(pause, timedelta(seconds=trust))
            else:
                self._failures = 0
                if is_asked is not None:
                    self._trust(started)
                    if is_asked:
                        self.request_resign()
                    return self._config.interval
                await self._step_down("lost")
                return self._config.jitter * random.random()  # noqa: S311 - spreads followers
        # Our lease may have ended already: nothing of ours runs on, and the row goes if it is still this term's.
        await self.resign()
        return timedelta(0)

    def _trust(self, started: float) -> None:
        # Counted from before the call: the database's lease began later, so it ends later.
        self._trusted_until = started + (self._config.lease - self._config.trust_margin).total_seconds()

    def _failed(self, error: Exception) -> timedelta:
        self._failures += 1
        extra = {"error": str(error) or type(error).__name__, "failures": self._failures}
        logger.warning("elector.failed", extra=extra)
        return backoff(self._failures)

    async def _step_down(self, reason: str) -> None:
        self._term = None
        self._is_asked_to_resign = False
        leading, self._leading = self._leading, None
        logger.info("elector.stepped_down", extra={"client_id": self._client_id, "reason": reason})
        assert leading is not None  # noqa: S101 - for the type checker: it begins with the term
        leading.cancel()
        await asyncio.wait((leading,), timeout=self._config.stop_timeout.total_seconds())

    def _lead_ended(self, leading: asyncio.Future[None]) -> None:
        if leading.cancelled() or (error := leading.exception()) is None:
            return
        # Whatever it is, another client may lead better.
        logger.error("elector.lead_failed", exc_info=error)
        if leading is self._leading:
            self.request_resign()
