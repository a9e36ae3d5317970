"""Time that stands still until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

from revenge.infra.jobs.stepping import next_round

ROUNDS = 20
"""Rounds of the loop after which whatever a moved clock set going has come to rest."""


class StoppedClock:
    """A ``Clock`` whose sleepers wake when a test calls ``advance``."""

    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        """Stop at ``now``, an aware time."""
        self.slept: list[timedelta] = []
        """What was asked for, in order."""
        self._now = now.astimezone(UTC)
        self._monotonic = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._monotonic

    async def sleep(self, duration: timedelta) -> None:
        """Wait until a test has moved time on by ``duration``; a negative one yields once."""
        self.slept.append(duration)
        if duration <= timedelta(0):
            await next_round()
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + duration.total_seconds(), waiting))
        await waiting

    async def advance(self, duration: timedelta = timedelta(0)) -> None:
        """Move time on, stopping wherever somebody wakes, and let everything come to rest."""
        await settle()
        until = self._monotonic + duration.total_seconds()
        while due := sorted(
            (at, index) for index, (at, waiting) in enumerate(self._sleepers) if at <= until and not waiting.done()
        ):
            at, index = due[0]
            self._move_to(max(at, self._monotonic))
            self._sleepers.pop(index)[1].set_result(None)
            await settle()
        self._move_to(until)

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic


async def settle() -> None:
    """Let the loop run until what is ready has run."""
    for _ in range(ROUNDS):
        await next_round()
