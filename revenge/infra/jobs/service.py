"""The loop of everything that runs again and again, written once."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError

LONGEST_BACKOFF = timedelta(seconds=64)
"""River doubles its pause up to this."""

logger = logging.getLogger("revenge.jobs")

Interval = timedelta | Callable[[], timedelta]


def backoff(failures: int, *, longest: timedelta = LONGEST_BACKOFF) -> timedelta:
    """Return the pause after the ``failures``-th failure in a row: 1, 2, 4 ... seconds within ten percent."""
    pause = min(timedelta(seconds=2.0 ** min(failures - 1, 30)), longest)
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 - spreads nodes that failed together


async def sleep_or_wake(clock: Clock, wake: asyncio.Event, duration: timedelta) -> bool:
    """Wait until ``wake`` is set or ``duration`` has passed on ``clock``; return whether it was set."""
    sleeping = asyncio.ensure_future(clock.sleep(duration))
    waiting = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait((sleeping, waiting), return_when=asyncio.FIRST_COMPLETED)
        return wake.is_set()
    finally:
        sleeping.cancel()
        waiting.cancel()


class Service:
    """Calls ``run_once`` every ``interval`` until it is stopped.

    A pass that fails is logged and tried again after 1, 2, 4 ... seconds, but no later than the interval says. Passes
    never overlap.
    """

    def __init__(
        self,
        name: str,
        run_once: Callable[[], Awaitable[object]],
        *,
        clock: Clock,
        interval: Interval,
        stagger: timedelta = timedelta(0),
        at_once: bool = True,
    ) -> None:
        """Make a service.

        Args:
            name: names the task and the log's lines.
            run_once: one pass.
            clock: waits between passes.
            interval: from the end of a pass to the next; a callable is asked each time.
            stagger: the first pass waits a random part of this, so that services started together spread out.
            at_once: False: the first pass waits for one interval, too.
        """
        self.name = name
        self._run_once = run_once
        self._clock = clock
        self._interval = interval
        self._stagger = stagger
        self._at_once = at_once
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Run the next pass now instead of when it is due; while one runs, another follows it."""
        self._wake.set()

    async def run(self) -> None:
        """Run until cancelled; a pass under way is cancelled too."""
        if self._stagger:
            await self._clock.sleep(self._stagger * random.random())  # noqa: S311 - spreads services
        if not self._at_once:
            await sleep_or_wake(self._clock, self._wake, self._next_interval())
        failures = 0
        while True:
            self._wake.clear()
            try:
                await self._run_once()
                failures = 0
            except Exception as error:
                failures += 1
                self._log(error, failures)
            interval = self._next_interval()
            pause = min(backoff(failures), interval) if failures else interval
            await sleep_or_wake(self._clock, self._wake, pause)

    def start(self) -> None:
        """Run in a task of its own; does nothing while it runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.run(), name=f"jobs.{self.name}")

    async def stop(self) -> None:
        """Cancel the task and wait until it has ended; does nothing when it does not run."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait((task,))

    def _next_interval(self) -> timedelta:
        return self._interval() if callable(self._interval) else self._interval

    def _log(self, error: Exception, failures: int) -> None:
        extra = {"service": self.name, "error": str(error) or type(error).__name__, "failures": failures}
        if isinstance(error, (StoreError, TimeoutError)):
            logger.warning("service.failed", extra=extra)
        else:
            logger.error("service.failed", extra=extra, exc_info=error)


async def run_together(services: Iterable[Service]) -> None:
    """Run ``services`` until cancelled; all of them have ended when this does."""
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service.run(), name=f"jobs.{service.name}")
