"""This machine's clock, put right wherever the database's proves it wrong."""

import logging
from datetime import datetime, timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.store import Store

INTERVAL = timedelta(minutes=1)
"""Between two looks: clocks drift slowly, but somebody may set one."""
QUESTIONS = 3
WORTH_TELLING = timedelta(seconds=1)

logger = logging.getLogger("revenge.jobs")


class ServerClock:
    """What the engine writes times by: jobs are fetched when the database says that they are due.

    A node whose clock is minutes ahead would put off its retries and snoozes for as long, and one that is behind would
    give them no rest. ``monotonic`` and ``sleep`` are the machine's own.
    """

    def __init__(self, *, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self.offset = timedelta(0)
        """How far the database's clock is ahead of this machine's, as far as is known."""
        self.error = timedelta(0)
        """By how much ``now`` may be wrong at most."""

    def now(self) -> datetime:
        """Return the present time as the database sees it, aware, in UTC."""
        return self._clock.now() + self.offset

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._clock.monotonic()

    async def sleep(self, duration: timedelta) -> None:
        """Wait for ``duration``; a negative one yields once."""
        await self._clock.sleep(duration)

    async def run_once(self) -> None:
        """Compare the two clocks.

        Raises:
            StoreError: the database could not be read; what was known stays.
        """
        # The quickest answer says most: the server's clock was read somewhere between question and answer.
        error, offset = min([await self._ask() for _ in range(QUESTIONS)])
        change = abs(offset - self.offset)
        if change <= error:
            # What was known may still be right; a machine that is kept on time goes by its own clock alone.
            self.error = change + error
            return
        if change > WORTH_TELLING:
            logger.warning("clock.off", extra={"offset_s": round(offset.total_seconds(), 3)})
        self.offset, self.error = offset, error

    async def _ask(self) -> tuple[timedelta, timedelta]:
        """Return by how much the second figure may be wrong, and how far the database's clock is ahead."""
        asked_at, asked = self._clock.now(), self._clock.monotonic()
        told: datetime = await self._store.fetchval("server_time")
        half = timedelta(seconds=self._clock.monotonic() - asked) / 2
        return half, told - (asked_at + half)
