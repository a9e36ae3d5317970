"""Runs the workers declared with ``runs_in="process"`` in processes that can be killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.errors import WorkerLost, WorkerRaised
from revenge.infra.jobs.outcome import MAX_OUTPUT_BYTES, Cancel, Snooze
from revenge.infra.jobs.progress import Report

KILL_AFTER = timedelta(seconds=2)
"""Time between asking a worker's process to end and killing it."""


class ProcessWorkers:
    """Keeps idle processes for the next job; one that was told to end is never used again."""

    def __init__(self, *, keep: int | None = None) -> None:
        self._keep = keep if keep is not None else os.cpu_count() or 1
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    async def run(self, attempt: Attempt) -> object:
        """Return what the worker returns.

        Raises:
            WorkerRaised: it raised.
            WorkerLost: its process died: killed, out of memory, crashed.
            asyncio.CancelledError: the attempt was told to end; the process is gone.
        """
        process = await self._take()
        reusable = False
        try:
            result = await self._converse(process, attempt)
            reusable = True
            return result
        except WorkerRaised:
            reusable = True
            raise
        except asyncio.CancelledError:
            await self._end(process)
            raise
        finally:
            self._give_back(process, reusable=reusable)

    async def close(self) -> None:
        """Kill every process and wait for their ends."""
        for process in self._all:
            _signal(process, signal.SIGKILL)
        await asyncio.gather(*(process.wait() for process in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "revenge.infra.jobs.process_child",
            str(os.getpid()),
            stdin=PIPE,
            stdout=PIPE,
            limit=2 * MAX_OUTPUT_BYTES,
            # Ctrl-C is for this process, which then ends its workers itself.
            start_new_session=True,
        )
        self._all.add(process)
        return process

    def _give_back(self, process: Process, *, reusable: bool) -> None:
        if reusable and process.returncode is None and len(self._idle) < self._keep:
            self._idle.append(process)
        else:
            _signal(process, signal.SIGKILL)
        self._all = {other for other in self._all if other.returncode is None}

    async def _end(self, process: Process) -> None:
        _signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(KILL_AFTER.total_seconds()):
                await process.wait()
        except TimeoutError:
            _signal(process, signal.SIGKILL)

    async def _converse(self, process: Process, attempt: Attempt) -> object:
        job = attempt.job
        assert job is not None  # noqa: S101 - for the type checker: the executor decoded it
        assert process.stdin is not None  # noqa: S101 - as above: pipes were asked for
        assert process.stdout is not None  # noqa: S101 - as above
        try:
            process.stdin.write(orjson.dumps(_request(attempt)) + b"\n")
            await process.stdin.drain()
            while line := await process.stdout.readline():
                message = orjson.loads(line)
                if "report" in message:
                    job.report = Report(*message["report"])
                    continue
                job.staged = message["staged"]
                return _result(message)
        except (ConnectionError, orjson.JSONDecodeError):
            _signal(process, signal.SIGKILL)
        code = await process.wait()
        if code < 0:
            message = f"the worker's process was killed by {signal.Signals(-code).name}"
            raise WorkerLost(message)
        message = f"the worker's process ended with exit code {code} and no result"
        raise WorkerLost(message)


def _signal(process: Process, number: signal.Signals) -> None:
    """Signal a process that has not ended and those that it started itself: it leads a group of its own."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _request(attempt: Attempt) -> dict[str, Any]:
    claim, registration = attempt.claim, attempt.registration
    assert registration is not None  # noqa: S101 - for the type checker: the executor found it
    worker = type(registration.worker)
    return {
        "module": worker.__module__,
        "file": getattr(sys.modules.get(worker.__module__), "__file__", None),
        "worker": worker.__qualname__,
        "claim": {name: getattr(claim, name) for name in claim.__slots__},
    }


def _result(message: dict[str, Any]) -> object:
    match message:
        case {"snooze_s": seconds}:
            return Snooze(timedelta(seconds=seconds))
        case {"cancel": reason}:
            return Cancel(reason)
        case {"error": text, "trace": trace}:
            raise WorkerRaised(text, trace)
    return message["output"]
