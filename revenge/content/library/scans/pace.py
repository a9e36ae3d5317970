"""Reads files no faster than a library allows."""

from datetime import timedelta

from revenge.infra.jobs.clock import Clock, SystemClock


class Pace:
    """Spreads turns evenly; without a rate each comes at once."""

    def __init__(self, per_second: float | None, *, clock: Clock | None = None) -> None:
        """``per_second``: turns a second, above 0; None: any number."""
        self._gap_s = 1 / per_second if per_second else 0.0
        self._clock = clock or SystemClock()
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait for the next turn; turns that nobody took are not saved up."""
        if not self._gap_s:
            return
        now = self._clock.monotonic()
        at = max(self._next_at, now)
        self._next_at = at + self._gap_s
        await self._clock.sleep(timedelta(seconds=at - now))
