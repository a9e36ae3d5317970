"""Names the worker that keeps the event loop from turning.

A thread asks the loop for an answer about once a second. Where none comes in time it reads the stack of the loop's
thread: jobs themselves pay nothing for it.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any

from revenge.infra.jobs.attempt import Attempt, current_job, first_step
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.stepping import Stepped

MAX_FRAMES = 12
"""Frames that are told, the innermost ones."""
SECOND_CHANCE = 0.1
"""Share of the limit that the loop is given once more: a process that was stopped itself finds its time long over."""

logger = logging.getLogger("revenge.jobs")

OnBlocked = Callable[[str, float], None]
"""Called in the loop with the worker's kind ("" where nobody could be named) and the seconds that it kept the loop."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """Who keeps the loop, and where."""

    job_id: int | None
    kind: str
    where: str
    stack: str


class LoopWatchdog:
    """Watches the loop that runs when it is started."""

    def __init__(self, *, after: timedelta | None, on_blocked: OnBlocked | None = None) -> None:
        """Make it; ``after`` is how long the loop may take to answer, None: for ever."""
        self._after_s = after.total_seconds() if after is not None else 0.0
        self._on_blocked = on_blocked
        self._stop = threading.Event()
        self.total = 0
        """How often the loop was blocked since the start."""

    def start(self) -> None:
        """Watch, from a daemon thread: a loop that never turns again must not keep the process from ending."""
        if not self._after_s:
            return
        loop, thread_id = asyncio.get_running_loop(), threading.get_ident()
        threading.Thread(target=self._run, args=(loop, thread_id), name="revenge-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def _run(self, loop: asyncio.AbstractEventLoop, thread_id: int) -> None:
        with suppress(RuntimeError):  # the loop was closed
            while not self._stop.wait(self._after_s):
                answer = threading.Event()
                began = time.monotonic()
                loop.call_soon_threadsafe(answer.set)
                if answer.wait(self._after_s) or answer.wait(self._after_s * SECOND_CHANCE):
                    continue
                self._blocked(loop, thread_id, answer, began)

    def _blocked(self, loop: asyncio.AbstractEventLoop, thread_id: int, answer: threading.Event, began: float) -> None:
        blocker = find_blocker(loop, thread_id)
        named = {"job_id": blocker.job_id, "kind": blocker.kind}
        extra = {**named, "where": blocker.where, "stack": blocker.stack, "blocked_s": _since(began)}
        logger.warning("worker.blocks_loop", extra=extra)
        while not answer.wait(self._after_s):
            if self._stop.is_set():
                return
        seconds = _since(began)
        logger.warning("worker.blocked_loop", extra={**named, "where": blocker.where, "blocked_s": seconds})
        loop.call_soon_threadsafe(self._count, blocker.kind, seconds)

    def _count(self, kind: str, seconds: float) -> None:
        self.total += 1
        if self._on_blocked is not None:
            self._on_blocked(kind, seconds)


def find_blocker(loop: asyncio.AbstractEventLoop, thread_id: int) -> Blocker:
    """Return what the loop's thread is doing at this moment, and for which job."""
    innermost = sys._current_frames().get(thread_id)  # noqa: SLF001 - the only way to another thread's stack
    frames: list[FrameType] = []
    attempt: Attempt | None = None
    frame = innermost
    while frame is not None and frame.f_code not in _STEPS and frame.f_code is not _WORK:
        frames.append(frame)
        frame = frame.f_back
    while frame is not None and frame.f_code is not _WORK:
        frame = frame.f_back
    if frame is not None:
        attempt = frame.f_locals.get("attempt")
    lines = [f"{item.f_code.co_filename}:{item.f_lineno} in {item.f_code.co_qualname}" for item in frames[:MAX_FRAMES]]
    job_id, kind = _of_its_task(loop) if attempt is None else (attempt.claim.id, attempt.claim.kind)
    return Blocker(job_id, kind, lines[0] if lines else "", " < ".join(lines))


def _of_its_task(loop: asyncio.AbstractEventLoop) -> tuple[int | None, str]:
    """Return the job in whose context the loop's current task was made: a worker may start tasks of its own."""
    task = asyncio.current_task(loop)
    # Python 3.11 does not let a task's context be read.
    context: Mapping[object, Any] = getattr(task, "get_context", dict)()
    job = context.get(current_job)
    return (None, "") if job is None else (job.id, job.kind)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


_WORK = Executor._work.__code__  # noqa: SLF001 - its local `attempt` says who is stepped, at no price for any job
_STEPS = (first_step.__code__, Stepped.__await__.__code__)
