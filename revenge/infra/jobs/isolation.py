"""Runs attempts of any worker in processes that have a client of their own."""

import asyncio
import base64
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.child import Child
from revenge.infra.jobs.errors import InvalidJob, IsolationFailed, WorkerLost, WorkerRaised
from revenge.infra.jobs.processes import columns, named

if TYPE_CHECKING:
    from revenge.infra.jobs.client import Client

AT_ONCE = 4
"""Such processes at a time, or as many as there are processors: each has a client's memory and connections."""
READY_WITHIN = timedelta(minutes=1)
"""How long one may take to make its client."""
LEAVE_WITHIN = timedelta(seconds=10)
"""How long it may take to put its client away."""

Isolate = Callable[[], AbstractAsyncContextManager["Client"]]
"""Makes a client with the same workers in another process: a function of a module, or a ``functools.partial`` of one
whose arguments can be pickled, that returns an async context manager. That client is not started."""


class Isolation:
    """Keeps a process for the next attempt only while somebody waits for one: suspects are rare."""

    def __init__(self, isolate: Isolate, *, kill_after: timedelta, at_once: int | None = None) -> None:
        """Make it.

        Args:
            isolate: makes the client over there.
            kill_after: time between telling an attempt to end and killing its process.
            at_once: processes at a time.

        Raises:
            InvalidJob: another process could not find ``isolate``.
        """
        self._recipe = _recipe(isolate)
        self._kill_after = kill_after
        self._turns = asyncio.Semaphore(at_once or min(AT_ONCE, os.cpu_count() or 1))
        self._waiting = 0
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._leaving: set[asyncio.Task[bool]] = set()

    async def run(self, attempt: Attempt, *, begin: Callable[[], None]) -> object:
        """Return what the worker returns; ``begin`` is called when it starts.

        Raises:
            WorkerRaised: it raised.
            WorkerLost: its process died.
            asyncio.CancelledError: the attempt was told to end, and did or was killed.
            IsolationFailed: no process could be made that has its worker; it has not been run.
        """
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            child = await self._take(attempt.claim.kind)
            reusable = False
            try:
                begin()
                result = await self._work(child, attempt)
                reusable = attempt.cause is None
                return result
            except WorkerRaised:
                reusable = attempt.cause is None
                raise
            finally:
                self._give_back(child, reusable=reusable)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Kill every process and wait for their ends."""
        await asyncio.gather(*(child.ends_within(timedelta(0)) for child in self._all))
        if self._leaving:
            await asyncio.wait(self._leaving)
        self._all.clear()
        self._idle.clear()

    async def _work(self, child: Child, attempt: Attempt) -> object:
        job = attempt.job
        assert job is not None  # noqa: S101 - for the type checker: the executor decoded it
        working = asyncio.ensure_future(child.work({"claim": columns(attempt)}, job))
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError:
            # As in this process the worker is told, and what it then says counts.
            child.signal(signal.SIGTERM, family=False)
            await asyncio.wait([working], timeout=self._kill_after.total_seconds())
            if not working.done():
                raise
            with suppress(WorkerLost):
                return working.result()
            raise
        finally:
            working.cancel()
        return working.result()

    async def _take(self, kind: str) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
        try:
            child = await Child.start("revenge.infra.jobs.isolation_child")
        except OSError as error:
            message = f"no process could be started: {error}"
            raise IsolationFailed(message) from error
        self._all.add(child)
        is_ready = False
        try:
            async with asyncio.timeout(READY_WITHIN.total_seconds()):
                await child.send(self._recipe)
                answer = await child.receive()
            is_ready = answer is not None and kind in answer.get("kinds", ())
        except TimeoutError:
            answer = {"error": f"it was not ready within {READY_WITHIN.total_seconds():g} s"}
        finally:
            if not is_ready:
                self._give_back(child, reusable=False)
        if not is_ready:
            message = (answer or {"error": "it died before it was ready"}).get(
                "error", f"the client that `isolate` makes has no worker for {kind}"
            )
            raise IsolationFailed(message)
        return child

    def _give_back(self, child: Child, *, reusable: bool) -> None:
        self._all = {other for other in self._all if other.is_alive}
        if reusable and child.is_alive and self._waiting:
            self._idle.append(child)
            return
        child.hang_up()
        if not reusable:
            child.signal(signal.SIGKILL, family=True)
        leaving = asyncio.ensure_future(child.ends_within(LEAVE_WITHIN))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)


def _recipe(isolate: Isolate) -> dict[str, Any]:
    function, args, kwargs = isolate, (), {}
    if isinstance(isolate, partial):
        function, args, kwargs = isolate.func, isolate.args, isolate.keywords
    name = getattr(function, "__qualname__", "<")
    if "<" in name:
        message = f"isolate must be a function of a module, or a functools.partial of one, got {isolate!r}"
        raise InvalidJob(message)
    try:
        arguments = pickle.dumps((args, kwargs))
    except Exception as error:
        message = f"the arguments of isolate cannot be pickled: {error}"
        raise InvalidJob(message) from error
    return {"isolate": named(function), "arguments": base64.b64encode(arguments).decode()}
