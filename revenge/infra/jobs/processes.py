"""Runs the workers declared with ``runs_in="process"`` in processes that can be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.child import Child
from revenge.infra.jobs.errors import WorkerRaised

KILL_AFTER = timedelta(seconds=2)
"""Time between asking a worker's process to end and killing it."""


class ProcessWorkers:
    """Keeps idle processes for the next job; one that was told to end is never used again."""

    def __init__(self, *, keep: int | None = None) -> None:
        self._keep = keep if keep is not None else os.cpu_count() or 1
        self._idle: list[Child] = []
        self._all: set[Child] = set()

    async def run(self, attempt: Attempt) -> object:
        """Return what the worker returns.

        Raises:
            WorkerRaised: it raised.
            WorkerLost: its process died: killed, out of memory, crashed.
            asyncio.CancelledError: the attempt was told to end; the process is gone.
        """
        job, registration = attempt.job, attempt.registration
        assert job is not None  # noqa: S101 - for the type checker: the executor decoded it
        assert registration is not None  # noqa: S101 - as above
        child = await self._take()
        reusable = False
        try:
            request = {"worker": named(type(registration.worker)), "claim": columns(attempt)}
            result = await child.work(request, job)
            reusable = True
            return result
        except WorkerRaised:
            reusable = True
            raise
        except asyncio.CancelledError:
            child.signal(signal.SIGTERM, family=True)
            await child.ends_within(KILL_AFTER)
            raise
        finally:
            self._give_back(child, reusable=reusable)

    async def close(self) -> None:
        """Kill every process and wait for their ends."""
        await asyncio.gather(*(child.ends_within(timedelta(0)) for child in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
        child = await Child.start("revenge.infra.jobs.process_child")
        self._all.add(child)
        return child

    def _give_back(self, child: Child, *, reusable: bool) -> None:
        if reusable and child.is_alive and len(self._idle) < self._keep:
            self._idle.append(child)
        else:
            child.signal(signal.SIGKILL, family=True)
        self._all = {other for other in self._all if other.is_alive}


def named(thing: type | Callable[..., object]) -> dict[str, str | None]:
    """Return where another process finds a class or function of a module."""
    file = getattr(sys.modules.get(thing.__module__), "__file__", None)
    return {"module": thing.__module__, "file": file, "name": thing.__qualname__}


def columns(attempt: Attempt) -> dict[str, Any]:
    """Return the claim as another process gets it."""
    return {name: getattr(attempt.claim, name) for name in attempt.claim.__slots__}
