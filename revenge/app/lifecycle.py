"""The order in which a process starts and stops, and the signals that end it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DEFAULT_GRACE = timedelta(seconds=10)
"""Longer than anything but the engine needs to stop: closing pools and servers takes milliseconds."""

LAST_CHANCE = timedelta(seconds=2)
"""What a step still gets after its grace, or when the user cannot wait, to let go of what it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of the process: how it starts, how it stops.

    A ``start`` that fails cleans up its own half; ``stop`` is called only where ``start`` has returned.
    """

    name: str
    start: Callable[[], Awaitable[object]]
    stop: Callable[[], Awaitable[object]] | None = None
    grace: timedelta = DEFAULT_GRACE
    """How long ``stop`` may take before it is cut short."""
    abort: Callable[[], Awaitable[object]] | None = None
    """Makes a ``stop`` that is under way end soon; it is cancelled if that does not help."""
    waits: bool = False
    """Nobody's hurry cuts its ``stop`` short: what it would leave behind outlives this process."""


class Lifecycle:
    """Starts steps in their order and stops them in reverse, whatever fails on the way.

    ``hurry``, once set, cuts every stop short: the user has pressed Ctrl-C a second time.
    """

    def __init__(self, steps: Sequence[Step], *, hurry: asyncio.Event | None = None) -> None:
        self._steps = steps
        self._hurry = hurry or asyncio.Event()
        self._started: list[Step] = []

    async def start(self) -> None:
        """Start every step in order.

        Raises:
            Exception: what the first step that failed raised; the steps before it have been stopped by then.
        """
        try:
            for step in self._steps:
                await step.start()
                self._started.append(step)
                logger.debug("lifecycle.started", step=step.name)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> list[str]:
        """Stop what was started, the newest first, each within its grace; return the names of those that failed.

        A step that fails or hangs is logged and does not keep the others from being stopped. A cancel that arrives
        meanwhile makes it hurry and is raised when all is done.
        """
        stopping = asyncio.create_task(self._stop_all(), name="lifecycle.stop")
        try:
            return await asyncio.shield(stopping)
        except asyncio.CancelledError:
            self._hurry.set()
            await asyncio.wait({stopping})
            raise

    async def _stop_all(self) -> list[str]:
        failed = []
        while self._started:
            step = self._started.pop()
            if not await self._stop(step):
                failed.append(step.name)
        return failed

    async def _stop(self, step: Step) -> bool:
        """Stop one step; return whether it ended as it should."""
        if step.stop is None:
            return True
        stopping = asyncio.create_task(_run(step.stop), name=f"lifecycle.stop.{step.name}")
        hurry = None if step.waits else self._hurry
        if not await _ends(stopping, step.grace, unless=hurry):
            logger.warning("lifecycle.stop_cut_short", step=step.name)
            if step.abort is not None:
                await _ends(asyncio.create_task(_run(step.abort), name=f"lifecycle.abort.{step.name}"), LAST_CHANCE)
            if not await _ends(stopping, LAST_CHANCE):
                stopping.cancel()
                # One that does not even end then is left behind: stopping is bounded.
                await _ends(stopping, LAST_CHANCE)
        if not stopping.done() or stopping.cancelled():
            return False
        if error := stopping.exception():
            logger.error("lifecycle.stop_failed", step=step.name, error=str(error) or type(error).__name__)
            return False
        logger.debug("lifecycle.stopped", step=step.name)
        return True

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def _run(action: Callable[[], Awaitable[object]]) -> object:
    return await action()


async def _ends(task: asyncio.Task[object], limit: timedelta, *, unless: asyncio.Event | None = None) -> bool:
    """Return whether ``task`` ends, however it does, within ``limit`` and before ``unless`` is set."""
    waited = {task}
    if unless is not None:
        waited.add(asyncio.create_task(_run(unless.wait), name="lifecycle.hurry"))
    await asyncio.wait(waited, timeout=limit.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    for other in waited - {task}:
        other.cancel()
    return task.done()


class Signals:
    """SIGINT and SIGTERM as two events: the first asks for a stop, the next ones for a quick one."""

    ORDERS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.cancels: asyncio.Task[object] | None = None
        """A task that the first signal cancels; None for one that waits for ``stop`` itself."""

    def install(self) -> None:
        """Take over both signals in the running loop."""
        loop = asyncio.get_running_loop()
        for order in self.ORDERS:
            loop.add_signal_handler(order, self.receive)

    def remove(self) -> None:
        """Give both signals back."""
        loop = asyncio.get_running_loop()
        for order in self.ORDERS:
            loop.remove_signal_handler(order)

    def receive(self) -> None:
        """Do what a signal does."""
        if self.stop.is_set():
            self.hurry.set()
            return
        self.stop.set()
        if self.cancels is not None:
            self.cancels.cancel()
