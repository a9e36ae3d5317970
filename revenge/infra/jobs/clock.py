"""The one place that reads the time and really waits."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the engine needs of time; tests pass a stopped one."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""

    async def sleep(self, duration: timedelta) -> None:
        """Wait for ``duration``; a negative one yields once."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return its time since some moment, in any thread."""
        return time.monotonic()

    async def sleep(self, duration: timedelta) -> None:
        """Wait for ``duration``; a negative one yields once."""
        await asyncio.sleep(duration.total_seconds())


async def sleep_unless(event: asyncio.Event, duration: timedelta) -> bool:
    """Wait until ``event`` is set or ``duration`` has passed; return whether it was set."""
    try:
        async with asyncio.timeout(duration.total_seconds()):
            await event.wait()
    except TimeoutError:
        return False
    return True
