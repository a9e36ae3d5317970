"""One attempt in this process, from its claim to its end."""

import asyncio
import contextvars
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any

from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.registry import Registration

current_job: contextvars.ContextVar[Job[Any]] = contextvars.ContextVar("revenge_current_job")
"""The job whose worker is running; logging reads its id, kind, queue and attempt from it."""


def log_fields() -> dict[str, object]:
    """Return what each log line of a worker should carry: the job's id, kind, queue and attempt; nothing elsewhere."""
    job = current_job.get(None)
    if job is None:
        return {}
    return {"job_id": job.id, "kind": job.kind, "queue": job.queue, "attempt": job.attempt}


def first_step(work: Coroutine[Any, Any, object], job: Job[Any]) -> object:
    """Step a worker's coroutine for the first time, with ``job`` as the current one; return what it waits for.

    Called in a context of the job's own, and within the step of a task that other jobs use too: a coroutine that never
    waits costs neither a task nor a round of the loop.

    Raises:
        StopIteration: it is done; the value is its result.
    """
    current_job.set(job)
    return work.send(None)


class StopCause(Enum):
    """Why an attempt was told to end."""

    CANCELLED = auto()
    TIMED_OUT = auto()
    STOPPED = auto()


class Attempt:
    """One attempt in this process."""

    __slots__ = ("cause", "claim", "deadline", "job", "limit_s", "registration", "runner", "started_at")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.registration: Registration | None = None
        self.job: Job[Any] | None = None
        self.runner: asyncio.Task[None] | None = None
        self.cause: StopCause | None = None
        self.started_at = 0.0
        self.deadline = 0.0
        """When it is to end, by the loop's time; 0 while nothing counts."""
        self.limit_s = 0.0

    def end(self, cause: StopCause) -> None:
        """Tell the worker to stop; only the first cause counts."""
        if self.cause is not None:
            return
        self.cause = cause
        if self.job is not None:
            self.job.cancel_requested = True
        if self.runner is not None:
            # Not now: when the worker itself brought this about its task is running, and a task that is cancelled while
            # it runs passes that on to its next await, which may be another job's.
            asyncio.get_running_loop().call_soon(self._interrupt)

    def timed_out(self) -> TimeoutError:
        """Return the error of an attempt that reached its deadline."""
        return TimeoutError(f"the attempt took longer than its {self.limit_s:g} s")

    def _interrupt(self) -> None:
        if self.cause is StopCause.TIMED_OUT and not self.deadline:
            # The worker has just ended; plugins around it have no deadline.
            self.cause = None
        elif self.runner is not None:
            self.runner.cancel()
