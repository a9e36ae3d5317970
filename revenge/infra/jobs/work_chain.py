"""What plugins do around the attempts of a kind, in River's order; the order is in ``plugins.py``."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, cast

from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.outcome import Cancel
from revenge.infra.jobs.plugins import PluginSet, WorkOutcome, joined
from revenge.infra.jobs.registry import Registration

logger = logging.getLogger("revenge.jobs")


class WorkChain:
    """The calls around the attempts of one kind."""

    def __init__(
        self,
        registration: Registration,
        plugins: PluginSet,
        *,
        work: Callable[[Attempt, Registration, Job[Any]], Awaitable[object]],
    ) -> None:
        """Put them together; ``work`` runs the worker, and lets its deadline count from then."""
        self.plugins = joined(registration.worker_plugins, plugins, registration.args_plugins)
        self._registration = registration
        self._work = work

    def run(self, attempt: Attempt) -> Coroutine[Any, Any, object]:
        """Work ``attempt``, whose job's arguments are not decoded yet."""
        call: Callable[[], Awaitable[object]] = partial(self._inner, attempt)
        for around in reversed(self.plugins.around_work):
            call = partial(around, attempt.job, call)
        # Both `_inner` and every `around_work` are coroutine functions.
        return cast("Coroutine[Any, Any, object]", call())

    async def _inner(self, attempt: Attempt) -> object:
        job = attempt.job
        assert job is not None  # noqa: S101 - for the type checker: the executor made it
        for begin in self.plugins.work_begin:
            await begin(job)
        job.args = self._registration.decode(attempt.claim.args)
        outcome = await _outcome(attempt, self._work(attempt, self._registration, job))
        for end in self.plugins.work_end:
            outcome = await self._ask(attempt, end(job, outcome), outcome)
        # What is outside has no deadline.
        attempt.deadline = 0.0
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    async def _ask(self, attempt: Attempt, answer: Awaitable[WorkOutcome | None], outcome: WorkOutcome) -> WorkOutcome:
        answered = await _outcome(attempt, answer)
        if answered.error is not None:
            return answered
        return answered.result if isinstance(answered.result, WorkOutcome) else outcome


async def ask_handlers(plugins: PluginSet, job: Job[Any], error: BaseException) -> bool:
    """Tell every error handler of ``error``; return whether one wants the job cancelled. One that fails is logged."""
    is_cancelled = False
    for handle in plugins.handle_error:
        try:
            answer = await handle(job, error)
        except Exception:
            logger.exception("job.error_handler_failed", extra={"job_id": job.id, "kind": job.kind})
            continue
        if isinstance(answer, Cancel):
            is_cancelled = True
            logger.info(
                "job.cancelled_by_error_handler", extra={"job_id": job.id, "kind": job.kind, "reason": answer.reason}
            )
    return is_cancelled


async def _outcome(attempt: Attempt, work: Awaitable[object]) -> WorkOutcome:
    """Return how ``work`` ends; at the deadline it is TimeoutError, which says more than the cancellation that did it."""
    try:
        return WorkOutcome(await work)
    except GeneratorExit:
        # The loop is being closed: nothing may be awaited any more.
        raise
    except asyncio.CancelledError as error:
        if attempt.cause is not StopCause.TIMED_OUT or attempt.runner is None:
            return WorkOutcome(error=error)
        attempt.runner.uncancel()
        return WorkOutcome(error=attempt.timed_out())
    except BaseException as error:  # noqa: BLE001 - passed on to hooks and raised again
        return WorkOutcome(error=error)
