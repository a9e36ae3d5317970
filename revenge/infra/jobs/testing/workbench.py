"""Works claims one at a time, here and now, with the engine's own executor and verdicts."""

import contextvars
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import Claim, JobRow, JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.progress import Report
from revenge.infra.jobs.progress_store import ProgressReporter
from revenge.infra.jobs.registry import Registration, Workers
from revenge.infra.jobs.retry import RetryPolicy
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing.memory_store import MemoryStore
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.worker import Worker
from revenge.infra.jobs.workplace import current_workplace

Outcome = Literal["completed", "failed", "snoozed", "cancelled", "discarded"]
"""How an attempt ended; ``failed`` when there is another to come, ``discarded`` when it was the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """An attempt that was worked."""

    job: JobRow
    """The job as the attempt left it."""
    outcome: Outcome
    error: BaseException | None
    """What the worker raised."""
    reports: Sequence[Report]
    """All its reports of progress, in order."""

    @property
    def output(self) -> Any:
        """What the job recorded as its output."""
        return self.job.output


class Workbench:
    """Where attempts are worked to their ends before the next begins.

    Workers of processes run in threads: nothing is killed at its deadline here, and nothing has to be imported anew.
    """

    def __init__(self, client: Client, *, store: Store) -> None:
        self._client = client
        self._jobs = JobStore(store)
        self._threads = ThreadWorkers(most=1)
        self._reports: list[Report] = []
        self._verdicts = _Verdicts(clock=client.clock, retry_policy=client.config.retry_policy)
        self._settlements: list[Settlement] = []
        self._executor = Executor(
            clock=client.clock,
            workers=_WatchedWorkers(client.workers, self._reports),
            results=self,
            verdicts=self._verdicts,
            timeout=client.config.timeout,
            threads=self._threads,
            processes=self._threads,
            on_free=lambda _: None,
            on_end=self._ended,
            context=_context(client, store),
            plugins=client.plugins,
        )
        self._reporter = ProgressReporter(
            clock=client.clock, store=store, running=self._executor.running_jobs, phases=client.workers.phases
        )

    async def work(self, claim: Claim) -> Worked:
        """Work a claim and write how it ends.

        Raises:
            StoreError: the end could not be written, because the database refuses what the worker returned, or is away.
        """
        for last in (self._settlements, self._verdicts.errors, self._reports):
            last.clear()
        self._executor.start([claim])
        await self._executor.wait_idle()
        now = self._client.clock.now()
        if self._settlements:
            await self._jobs.settle_many(self._settlements, now=now)
        else:
            await self._jobs.complete_many([claim], finalized_at=now)
        await self._reporter.run_once()
        job = await self._jobs.get(claim.id)
        return Worked(
            job=job,
            outcome=_outcome(job, has_failed=any(item.error is not None for item in self._settlements)),
            error=self._verdicts.errors[0] if self._verdicts.errors else None,
            reports=tuple(self._reports),
        )

    def close(self) -> None:
        """End what still runs, when the caller was cancelled."""
        self._executor.interrupt_all()
        self._executor.close()
        self._threads.close()

    # What the executor tells

    def add_done(self, claim: Claim) -> None:
        """Take a plain success."""

    def add(self, settlement: Settlement) -> None:
        """Take any other end."""
        self._settlements.append(settlement)

    def _ended(self, attempt: Attempt, status: str) -> None:
        if attempt.job is not None:
            self._reporter.finished(attempt.job, is_completed=status == "completed")


def _context(client: Client, store: Store) -> contextvars.Context:
    """Return the context that the client's workers run in, with their way to its rows."""
    jobs, place = JobStore(store), client.workplace
    blocking = jobs if isinstance(store, MemoryStore) else place.blocking_store
    context = contextvars.copy_context()
    context.run(current_workplace.set, replace(place, store=jobs, blocking_store=blocking))
    return context


def _outcome(job: JobRow, *, has_failed: bool) -> Outcome:
    match job.state:
        case JobState.COMPLETED:
            return "completed"
        case JobState.CANCELLED:
            return "cancelled"
        case JobState.DISCARDED:
            return "discarded"
        case _:
            return "failed" if has_failed else "snoozed"


class _Verdicts(Verdicts):
    """Remembers what was raised."""

    def __init__(self, *, clock: Clock, retry_policy: RetryPolicy) -> None:
        super().__init__(clock=clock, retry_policy=retry_policy)
        self.errors: list[BaseException] = []

    def failure(self, attempt: Attempt, error: BaseException) -> Settlement:
        self.errors.append(error)
        return super().failure(attempt, error)


class _WatchedWorkers(Workers):
    """The workers of a client, whose reports are written down."""

    def __init__(self, workers: Workers, reports: list[Report]) -> None:
        vars(self).update(vars(workers))
        self._reports = reports

    def get(self, kind: str) -> Registration | None:
        found = super().get(kind)
        if found is None:
            return None
        runs_in = "thread" if found.runs_in == "process" else found.runs_in
        return replace(found, worker=cast("Worker[Any]", _Watched(found.worker, self._reports)), runs_in=runs_in)


class _Watched:
    """A worker whose jobs write down what it reports; the engine itself keeps the last report alone."""

    def __init__(self, worker: Worker[Any], reports: list[Report]) -> None:
        self._worker = worker
        self._reports = reports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)

    def work(self, job: Job[Any]) -> object:
        reports = self._reports

        class WatchedJob(Job[Any]):
            __slots__ = ()

            def report_progress(self, **report: Any) -> Any:
                try:
                    return super().report_progress(**report)
                finally:
                    reports.append(cast("Report", self.report))

        # The same object, since the executor has it in hand and workers may keep it.
        job.__class__ = WatchedJob
        return self._worker.work(job)
