"""What an ended attempt amounts to: from a worker's result or exception to the settlement that is written."""

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge.infra.jobs import outcome
from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import JobCancelled, WorkerLost, WorkerRaised, describe
from revenge.infra.jobs.job_store import error_json
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Cancel, Settlement, Snooze, metadata_json
from revenge.infra.jobs.retry import RetryPolicy, RiverRetry
from revenge.infra.jobs.suspects import KILLED, MAX_WORKER_LOSSES, count_of

LAST_MOMENT = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
MAX_FRAMES = 50
"""Frames of a traceback that are kept, the innermost ones; a RecursionError has thousands."""

CANCELLED_REMOTELY = "JobCancelError: job cancelled remotely"
"""River's own text."""
_ENDED = (asyncio.CancelledError, JobCancelled)

logger = logging.getLogger("revenge.jobs")


class Verdicts:
    """Decides how attempts end; never raises, since the attempt must end somehow."""

    def __init__(self, *, clock: Clock, retry_policy: RetryPolicy, max_worker_losses: int = MAX_WORKER_LOSSES) -> None:
        """Make it; a job that has killed ``max_worker_losses`` processes beyond doubt is discarded."""
        self._clock = clock
        self._retry_policy = retry_policy
        self._max_worker_losses = max_worker_losses

    def success(self, attempt: Attempt, result: object) -> Settlement:
        """Judge what a worker returned."""
        if attempt.cause is StopCause.CANCELLED and isinstance(result, (Snooze, Cancel)):
            # Only a success is one in spite of a cancel from outside (River: `reportResults`).
            return self.failure(attempt, asyncio.CancelledError())
        try:
            return self._judge(attempt, result)
        except Exception as error:  # noqa: BLE001 - the output is too large, has no JSON form, or is a value that raises when read
            return self._failed(attempt, error, staged=_steps_alone(attempt))

    def failure(self, attempt: Attempt, error: BaseException) -> Settlement:
        """Judge what a worker raised: a cancellation, an interruption by a stop, a timeout or a failure."""
        if isinstance(error, WorkerLost) and attempt.job is not None:
            attempt.job.stage(KILLED, count_of(attempt.claim, KILLED) + 1)
        staged = _kept(attempt)
        now, claim = self._clock.now(), attempt.claim
        ended = isinstance(error, _ENDED)
        match attempt.cause:
            case StopCause.CANCELLED:
                text = _error(attempt, CANCELLED_REMOTELY)
                return outcome.cancelled(claim, now=now, error=text, metadata=staged)
            case StopCause.STOPPED if ended or _wraps_end(error):
                return outcome.interrupted(claim, now=now, metadata=staged)
            case StopCause.TIMED_OUT if ended or isinstance(error, TimeoutError):
                return self._failed(attempt, attempt.timed_out(), staged=staged)
            case _:
                return self._failed(attempt, error, staged=staged)

    def abandoned(self, attempt: Attempt) -> Settlement:
        """Hand back an attempt whose worker goes on although the client has stopped."""
        return outcome.interrupted(attempt.claim, now=self._clock.now(), metadata=_kept(attempt))

    def _judge(self, attempt: Attempt, result: object) -> Settlement:
        now, claim = self._clock.now(), attempt.claim
        match result:
            case Snooze():
                snoozes = {"snoozes": _snoozes(claim) + 1}
                for_ = min(result.for_, LAST_MOMENT - now)
                return outcome.snoozed(claim, now=now, for_=for_, metadata=_unfinished(attempt, snoozes))
            case Cancel():
                text = _error(attempt, f"JobCancelError: {result.reason}")
                return outcome.cancelled(claim, now=now, error=text, metadata=_unfinished(attempt))
            case None:
                return outcome.completed(claim, now=now, metadata=_staged(attempt))
            case type():
                message = f"the worker returned the class {result.__name__}: return an object of it"
                raise TypeError(message)
            case _:
                return outcome.completed(claim, now=now, metadata=_staged(attempt, {"output": result}))

    def _failed(self, attempt: Attempt, error: BaseException, *, staged: str | None) -> Settlement:
        now, claim = self._clock.now(), attempt.claim
        is_deadly = isinstance(error, WorkerLost) and count_of(claim, KILLED) + 1 >= self._max_worker_losses
        text = describe(error)
        logger.warning(
            "job.failed",
            extra={
                "job_id": claim.id,
                "kind": claim.kind,
                "queue": claim.queue,
                "attempt": claim.attempt,
                "max_attempts": claim.max_attempts,
                "error": text,
            },
        )
        return outcome.failed(
            claim,
            now=now,
            retry_at=now + min(self._delay(attempt, error), LAST_MOMENT - now),
            error=_error(attempt, text, trace=_trace(error)),
            metadata=staged,
            is_last=is_deadly or (isinstance(error, WorkerRaised) and error.is_final),
        )

    def _delay(self, attempt: Attempt, error: BaseException) -> timedelta:
        # A choice that raises leaves it to the next one; River's policy cannot fail.
        failures = attempt.claim.error_count + 1
        for choose in self._choices(attempt, error):
            try:
                delay = choose(failures)
                if delay is not None:
                    return max(delay, timedelta(0))
            except BaseException:
                logger.exception(
                    "job.retry_policy_failed", extra={"job_id": attempt.claim.id, "kind": attempt.claim.kind}
                )
        return RiverRetry().delay(failures)

    def _choices(self, attempt: Attempt, error: BaseException) -> Iterator[Callable[[int], timedelta | None]]:
        registration, job = attempt.registration, attempt.job
        if registration is not None and job is not None and job.is_decoded:
            worker = registration.worker
            yield lambda _: worker.retry_delay(job, error)
            if registration.retry_policy is not None:
                yield registration.retry_policy.delay
        yield self._retry_policy.delay


def _error(attempt: Attempt, text: str, *, trace: str = "") -> str:
    claim = attempt.claim
    return error_json(at=claim.attempted_at, attempt=claim.attempt, error=text, trace=trace)


def _wraps_end(error: BaseException) -> bool:
    """Say whether ``error`` was raised from a cancellation, as River looks into what an error wraps."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, _ENDED):
        cause = cause.__cause__
    return cause is not None


def _staged(attempt: Attempt, more: dict[str, Any] | None = None) -> str | None:
    """Return the metadata that any end merges as JSON text, None without any.

    Raises:
        InvalidJob: it is larger than River allows.
        TypeError: a value has no JSON form.
    """
    staged = attempt.job.staged if attempt.job is not None else None
    if staged is None and not more:
        return None
    # Without keys too: so that a row which its worker has completed itself is met, and counts as settled.
    return metadata_json({**(staged or {}), **(more or {})})


def _unfinished(attempt: Attempt, more: dict[str, Any] | None = None) -> str | None:
    """Return the same for ends but success, which keep the steps that were done.

    Raises:
        InvalidJob, TypeError: as above.
    """
    return _staged(attempt, {**_unsaved_steps(attempt), **(more or {})})


def _kept(attempt: Attempt) -> str | None:
    """Return the same as far as it can be written: how the attempt ended matters more, and an abandoned thread may be
    changing it."""
    for left in (_unfinished, _steps_alone):
        with suppress(Exception):
            return left(attempt)
    return None


def _steps_alone(attempt: Attempt) -> str | None:
    """Return what is left when something that was staged cannot be written; cursors were JSON when they were set."""
    unsaved = _unsaved_steps(attempt)
    return metadata_json(unsaved) if unsaved else None


def _unsaved_steps(attempt: Attempt) -> dict[str, Any]:
    steps = attempt.job.steps if attempt.job is not None else None
    return steps.unsaved() if steps is not None else {}


def _snoozes(claim: Claim) -> int:
    return count_of(claim, "snoozes")


def _trace(error: BaseException) -> str:
    if isinstance(error, (WorkerRaised, WorkerLost)):
        return error.trace
    frames = traceback.TracebackException.from_exception(error, limit=-MAX_FRAMES, compact=True)
    return "".join(frames.format())
