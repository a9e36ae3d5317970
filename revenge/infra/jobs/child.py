"""A process that works jobs for this one: started, spoken to in lines of JSON, ended."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import orjson

from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.errors import WorkerLost, WorkerRaised
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.job_log import current_lines
from revenge.infra.jobs.outcome import MAX_OUTPUT_BYTES, Cancel, Snooze
from revenge.infra.jobs.progress import Report

MAX_LINE_BYTES = 2 * MAX_OUTPUT_BYTES
"""The longest message: an output that is too large comes here first, and is refused with its exact size."""
MAX_LAST_WORDS = 200
"""Lines that are kept of what a crashing process says: its threads' stacks."""


class Child:
    """One such process; it leads a group of its own, so that those which it starts itself can be ended with it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._last_words: list[str] = []

    @classmethod
    async def start(cls, module: str) -> Self:
        """Start ``module``, which reads its parent's process id from its only argument."""
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, str(os.getpid())),
                stdin=PIPE,
                stdout=PIPE,
                limit=MAX_LINE_BYTES,
                # Ctrl-C is for this process, which then ends its workers itself.
                start_new_session=True,
            )
        )

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a line; one that it cannot take any more is noticed by ``receive``."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: pipes were asked for
        with suppress(ConnectionError):
            self._process.stdin.write(orjson.dumps(message) + b"\n")
            await self._process.stdin.drain()

    async def receive(self) -> dict[str, Any] | None:
        """Return its next message, None when it has ended."""
        assert self._process.stdout is not None  # noqa: S101 - as above
        with suppress(ConnectionError, ValueError):  # the latter: a line beyond the limit
            while line := await self._process.stdout.readline():
                # Whatever else comes is what Python's fault handler says as it crashes, behind half an answer maybe.
                if line.startswith(b"{") and line.endswith(b"}\n"):
                    return _read(line)
                self._last_words = [*self._last_words[-MAX_LAST_WORDS:], line.decode(errors="replace")]
        return None

    async def work(self, request: Mapping[str, Any], job: Job[Any]) -> object:
        """Send ``request`` and return what the worker there returns; its reports and steps go to ``job``, and its log is kept.

        Raises:
            WorkerRaised: it raised.
            asyncio.CancelledError: it ended as one does that is told to.
            WorkerLost: the process died: killed, out of memory, crashed.
        """
        lines = current_lines.get()
        await self.send({**request, "log": lines and lines.terms()})
        while (message := await self.receive()) is not None:
            if "report" in message:
                job.report = Report(*message["report"])
                continue
            if "steps" in message:
                job.open_steps().adopt(message["steps"])
                continue
            if "log" in message:
                if lines is not None:
                    lines.absorb(*message["log"])
                continue
            if message["staged"] is not None:
                # Plugins around the work may have staged something here.
                job.staged = {**(job.staged or {}), **message["staged"]}
            job.steps = None  # concluded over there
            return _result(message)
        self.signal(signal.SIGKILL, family=True)
        raise WorkerLost(_epitaph(await self._process.wait()), "".join(self._last_words))

    def signal(self, number: signal.Signals, *, family: bool) -> None:
        """Signal it if it has not ended; with ``family`` those that it started, too."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                (os.killpg if family else os.kill)(self._process.pid, number)

    def hang_up(self) -> None:
        """Send nothing more: it may leave."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.close()

    async def ends_within(self, limit: timedelta) -> bool:
        """Wait for its end; one that has not ended by then is killed. Return whether it ended by itself."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._process.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL, family=True)
            await self._process.wait()
            return False
        return True


def _epitaph(code: int) -> str:
    if code >= 0:
        return f"worker lost: the process ended with exit code {code} and without a result"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"worker lost: the process died with signal {-code}"
    hint = ", as when memory runs out" if -code == signal.SIGKILL else ""
    return f"worker lost: the process died with signal {-code} ({name}{hint})"


def _read(line: bytes) -> dict[str, Any]:
    try:
        message = decode(line.decode())
        if isinstance(message, dict):
            return message
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = str(error)
    text = f"what the worker's process answered cannot be read: {reason}"
    return {"error": text, "trace": "", "staged": None, "ended": False, "is_final": False}


def _result(message: dict[str, Any]) -> object:
    match message:
        case {"snooze_s": seconds}:
            return Snooze(timedelta(seconds=seconds))
        case {"cancel": reason}:
            return Cancel(reason)
        case {"ended": True}:
            raise asyncio.CancelledError
        case {"error": text, "trace": trace, "is_final": is_final}:
            raise WorkerRaised(text, trace, is_final=is_final)
    return message["output"]
