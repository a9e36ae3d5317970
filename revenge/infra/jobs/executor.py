"""Runs attempts: decodes the arguments, calls the worker, turns what happens into a settlement."""

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from revenge.infra.jobs import outcome
from revenge.infra.jobs.attempt import Attempt, StopCause, first_step
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import UnknownKind
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.plugins import NO_PLUGINS, PluginSet
from revenge.infra.jobs.registry import Registration, Workers
from revenge.infra.jobs.stepping import Stepped, next_round
from revenge.infra.jobs.stuck import OnStuck, StuckWatch
from revenge.infra.jobs.suspects import Suspects, is_suspect
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.work_chain import WorkChain, ask_handlers
from revenge.infra.jobs.worker import NO_TIMEOUT

BURST_S = 0.005
"""How long one task works jobs that never wait before it lets the loop look at its sockets."""
STUCK_AFTER = timedelta(seconds=10)
"""River: `JobStuckThresholdDefault`."""

logger = logging.getLogger("revenge.jobs")


class Results(Protocol):
    """Where ends of attempts go."""

    def add_done(self, claim: Claim) -> None: ...

    def add(self, settlement: Settlement) -> None: ...


class Isolated(Protocol):
    """Runs workers outside of the event loop."""

    async def run(self, attempt: Attempt) -> object: ...


class Executor:
    """Works claims with a few long-lived tasks that are reused.

    A task takes a claim and steps its worker's coroutine at once; only when that really waits does another task go on
    with the next claim. So a job that never waits costs no task, and ``asyncio.current_task`` is a real one for every
    job. There is one timer for all deadlines.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        workers: Workers,
        results: Results,
        verdicts: Verdicts,
        timeout: timedelta,
        threads: Isolated,
        processes: Isolated,
        on_free: Callable[[str], None],
        on_end: Callable[[Attempt, str], None] | None = None,
        context: contextvars.Context | None = None,
        suspects: Suspects | None = None,
        stuck_after: timedelta = STUCK_AFTER,
        on_stuck: OnStuck | None = None,
        plugins: PluginSet = NO_PLUGINS,
    ) -> None:
        """Make it; workers run in copies of ``context``, or of the present one."""
        self._clock = clock
        self._workers = workers
        self._results = results
        self._verdicts = verdicts
        self._timeout_s = timeout.total_seconds()
        self._isolated: dict[str, Isolated] = {"thread": threads, "process": processes}
        self._on_free = on_free
        self._on_end = on_end
        self._suspects = suspects
        self.stuck = StuckWatch(after=stuck_after, on_stuck=on_stuck, free=on_free)
        """Those that were told to end and have not."""
        self._told = self.stuck.told
        self._base_context = contextvars.copy_context() if context is None else context
        self._plugins = plugins
        self._has_plugins = plugins.extends_work
        self._chains: dict[str, WorkChain] = {}
        self._ready: deque[Attempt] = deque()
        self._active: dict[int, Attempt] = {}
        self._runners: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._all_done = asyncio.Event()
        self._all_done.set()
        self._abandoned = False
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._active)

    @property
    def attempts(self) -> Iterable[Attempt]:
        """All attempts that have not ended."""
        return self._active.values()

    def running_jobs(self) -> Iterator[Job[Any]]:
        """Yield the jobs whose workers run."""
        for attempt in self._active.values():
            if attempt.job is not None:
                yield attempt.job

    def start(self, claims: Iterable[Claim]) -> None:
        """Work ``claims``, beginning now."""
        for claim in claims:
            attempt = Attempt(claim)
            self._active[claim.id] = attempt
            self._ready.append(attempt)
        if self._ready:
            self._all_done.clear()
            self._wake_runner()

    def cancel(self, job_id: int, *, attempted_at: datetime | None = None) -> bool:
        """Tell the attempt of ``job_id`` to end because somebody cancelled the job; return whether it is here.

        With ``attempted_at`` only that very attempt is meant: a poll's answer may be older than a newer attempt.
        """
        attempt = self._active.get(job_id)
        if attempt is None or attempted_at not in (None, attempt.claim.attempted_at):
            return False
        self.stuck.tell(attempt, StopCause.CANCELLED)
        return True

    async def wait_idle(self) -> None:
        """Wait until no attempt is left; bound it with ``asyncio.timeout``."""
        await self._all_done.wait()

    def interrupt_all(self) -> None:
        """Tell every attempt to end because the client stops; they go back without counting."""
        for attempt in list(self._active.values()):
            attempt.end(StopCause.STOPPED)

    def abandon_all(self) -> None:
        """Hand back the attempts that did not end, and let their workers be."""
        self._abandoned = True
        for attempt in self._active.values():
            self._results.add(self._verdicts.abandoned(attempt))
            logger.warning(
                "job.abandoned",
                extra={"job_id": attempt.claim.id, "kind": attempt.claim.kind, "attempt": attempt.claim.attempt},
            )
        self._active.clear()
        self._all_done.set()
        self.stuck.close()

    def close(self) -> None:
        """End the tasks; a worker that ignored everything keeps its own until it returns."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for runner in self._runners:
            runner.cancel()

    # The hot path: from here to `_settle` runs once per job.

    def _wake_runner(self) -> None:
        while self._idle:
            waiting = self._idle.pop()
            if not waiting.done():
                waiting.set_result(None)
                return
        # Not in the caller's context: it may be a worker, of this client or another, that has just inserted something.
        runner = asyncio.get_running_loop().create_task(
            self._run(), name="jobs.executor.runner", context=self._base_context.copy()
        )
        self._runners.add(runner)
        runner.add_done_callback(self._runners.discard)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - for the type checker: a task runs this
        until = loop.time() + BURST_S
        while True:
            while not self._ready:
                waiting = loop.create_future()
                self._idle.append(waiting)
                await waiting
                until = loop.time() + BURST_S
            attempt = self._ready.popleft()
            attempt.runner = me
            now = attempt.started_at = loop.time()
            await self._work(attempt)
            attempt.runner = None
            # A cancellation meant the job; this task goes on with the next one.
            while me.cancelling():
                me.uncancel()
            if self._is_closed:
                return
            if now > until:
                if self._ready:
                    await next_round()
                until = loop.time() + BURST_S

    async def _work(self, attempt: Attempt) -> None:  # noqa: C901 - the hot path: a call less for each job
        claim = attempt.claim
        registration = attempt.registration = self._workers.get(claim.kind)
        try:
            if attempt.cause is not None:
                raise asyncio.CancelledError
            if registration is None:
                raise UnknownKind(claim.kind)
            is_extended = self._has_plugins or registration.has_plugins
            job = attempt.job = Job.undecoded(claim) if is_extended else Job(claim, registration.decode(claim.args))
            if claim.metadata_json is not None:
                job.resume()
            if is_extended:
                work = self._chain(registration).run(attempt)
            elif registration.runs_in == "loop":
                work = cast("Coroutine[Any, Any, object]", registration.worker.work(job))
            else:
                work = self._isolated[registration.runs_in].run(attempt)
            is_watched = not is_extended
            if is_watched and claim.metadata_json is not None and self._is_suspect(attempt):
                work, is_watched = self._apart(attempt, work), False
            # The first step is taken here and not in `Stepped`: most jobs are done with it, and are spared the rest.
            context = contextvars.copy_context()
            try:
                awaited = context.run(first_step, work, job)
            except StopIteration as stop:
                result = stop.value
            else:
                self._pass_on()
                if is_watched:
                    self._watch_deadline(attempt)
                result = await Stepped(work, context, awaited)
            if job.steps is not None:
                result = job.conclude(result)
        except BaseException as error:
            # Whatever a worker raises ends its own attempt only, SystemExit too.
            settlement = self._verdicts.failure(attempt, error)
            if self._has_plugins or (registration is not None and registration.has_plugins):
                settlement = await self._heed_handlers(attempt, error, settlement)
            self._end(attempt, settlement)
            return
        if result is None and attempt.job.staged is None and not self._abandoned:
            self._results.add_done(claim)
            self._leave(attempt, "completed")
        else:
            self._end(attempt, self._verdicts.success(attempt, result))

    def _watch_deadline(self, attempt: Attempt) -> None:
        timeout = _timeout_of(attempt)
        seconds = self._timeout_s if timeout is None else timeout.total_seconds()
        if timeout is NO_TIMEOUT or seconds >= NO_TIMEOUT.total_seconds():
            return
        attempt.limit_s, attempt.deadline = seconds, attempt.started_at + seconds
        if self._timer is None or attempt.deadline < self._timer.when():
            self._arm(attempt.deadline)

    def _leave(self, attempt: Attempt, status: str) -> None:
        claim = attempt.claim
        # An abandoned attempt has left already, and its id may be back with a newer one.
        if self._active.get(claim.id) is attempt:
            del self._active[claim.id]
            if not self._active:
                self._all_done.set()
            if self._on_end is not None:
                self._on_end(attempt, status)
        if self._told and self.stuck.ended(attempt):
            return  # its slot was given away while it was stuck
        self._on_free(claim.queue)

    # Off the hot path.

    def _chain(self, registration: Registration) -> WorkChain:
        """Return what is around the work of a kind that has plugins."""
        chain = self._chains.get(registration.kind)
        if chain is None:
            chain = self._chains[registration.kind] = WorkChain(registration, self._plugins, work=self._work_inside)
        return chain

    async def _work_inside(self, attempt: Attempt, registration: Registration, job: Job[Any]) -> object:
        if registration.runs_in == "loop":
            work = cast("Coroutine[Any, Any, object]", registration.worker.work(job))
        else:
            work = self._isolated[registration.runs_in].run(attempt)
        if self._is_suspect(attempt):
            return await self._apart(attempt, work)
        self._count_from_now(attempt)
        return await work

    def _count_from_now(self, attempt: Attempt) -> None:
        attempt.started_at = asyncio.get_running_loop().time()
        self._watch_deadline(attempt)

    async def _heed_handlers(self, attempt: Attempt, error: BaseException, settlement: Settlement) -> Settlement:
        """Return a failure as the error handlers leave it, or as a cancel; other ends are none of theirs."""
        if settlement.error is None or settlement.state is JobState.CANCELLED:
            return settlement
        attempt.deadline = 0.0
        job = attempt.job = attempt.job or Job.undecoded(attempt.claim)
        plugins = self._chain(attempt.registration).plugins if attempt.registration else self._plugins
        try:
            is_cancelled = await self._step(ask_handlers(plugins, job, error), job)
        except BaseException:
            # Somebody ends the attempt meanwhile, or a handler the process: the attempt has failed all the same.
            logger.exception("job.error_handler_failed", extra={"job_id": job.id, "kind": job.kind})
            return settlement
        return outcome.cancelled_instead(settlement, now=self._clock.now()) if is_cancelled else settlement

    def _is_suspect(self, attempt: Attempt) -> bool:
        registration = attempt.registration
        # A process worker's job has its own process anyway.
        is_apart = registration is None or registration.runs_in == "process"
        return self._suspects is not None and not is_apart and is_suspect(attempt.claim)

    def _apart(self, attempt: Attempt, work: Coroutine[Any, Any, object]) -> Coroutine[Any, Any, object]:
        assert self._suspects is not None  # noqa: S101 - for the type checker: nobody is suspected without
        # Its time begins with its process: the wait for its turn is not the job's.
        return self._suspects.run(attempt, work, begin=lambda: self._count_from_now(attempt))

    def _pass_on(self) -> None:
        """Let another task take what is ready: the job of this one really waits."""
        if self._ready:
            self._wake_runner()

    async def _step(self, work: Coroutine[Any, Any, object], job: Job[Any]) -> object:
        """Await ``work`` as ``_work`` awaits a worker's."""
        context = contextvars.copy_context()
        try:
            awaited = context.run(first_step, work, job)
        except StopIteration as stop:
            return stop.value
        self._pass_on()
        return await Stepped(work, context, awaited)

    def _end(self, attempt: Attempt, settlement: Settlement) -> None:
        if self._active.get(attempt.claim.id) is attempt:
            self._results.add(settlement)
        self._leave(attempt, settlement.state.value)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._check_deadlines)

    def _check_deadlines(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        following = float("inf")
        for attempt in list(self._active.values()):
            if not attempt.deadline or attempt.cause is not None:
                continue
            if attempt.deadline <= now:
                self.stuck.tell(attempt, StopCause.TIMED_OUT)
            else:
                following = min(following, attempt.deadline)
        if following < float("inf"):
            self._arm(following)


def _timeout_of(attempt: Attempt) -> timedelta | None:
    registration = attempt.registration
    if registration is None:
        return None
    if registration.chooses_timeout and attempt.job is not None:
        try:
            return registration.worker.timeout_for(attempt.job)
        except Exception:
            logger.exception("job.timeout_failed", extra={"job_id": attempt.claim.id, "kind": attempt.claim.kind})
    return registration.timeout
