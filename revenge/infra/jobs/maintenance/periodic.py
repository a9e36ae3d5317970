"""Inserts periodic jobs when they are due: run by every node that declares any, whichever engine leads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.errors import JobsError, StoreError
from revenge.infra.jobs.insert_chain import InsertChain
from revenge.infra.jobs.insert_store import Inserted, InsertStore
from revenge.infra.jobs.insertion import Builder, NewJob
from revenge.infra.jobs.lease import Lease
from revenge.infra.jobs.models import InsertResult
from revenge.infra.jobs.periodic import PeriodicJob, PeriodicJobs, Plan, decide, first_run, read_schedule
from revenge.infra.jobs.periodic_store import DueSchedule, PeriodicInfo, PeriodicStore
from revenge.infra.jobs.plugins import NO_PLUGINS
from revenge.infra.jobs.service import backoff
from revenge.infra.jobs.store import Connection, Store

LEASE = "periodic"
MARGIN = timedelta(milliseconds=1)
"""Longer than the time left: a look that comes a moment too early would have to come again."""
LOOK_AGAIN = timedelta(seconds=1)
"""After a schedule or its job's unique key was in another transaction's hand."""

logger = logging.getLogger("revenge.jobs")

OnStart = Callable[[Sequence[PeriodicInfo]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicConfig:
    """How the enqueuer watches its schedules."""

    interval: timedelta = timedelta(seconds=10)
    """Looks at least this often, since other nodes and tools change schedules."""
    lease_ttl: timedelta = timedelta(seconds=30)
    standby: timedelta = timedelta(seconds=5)
    """A node without the lease inserts what is late by this: its holder has died, or does not know the schedule."""
    tolerance: timedelta = timedelta(minutes=1)
    """A run that is late by no more than this was not missed."""
    most_missed: int = 1000
    """Runs of one schedule that are made up for in one go; older ones are left out."""
    lock_timeout: timedelta = timedelta(seconds=1)
    """How long a unique job waits for a transaction that holds its key."""
    timeout: timedelta = timedelta(seconds=30)
    """For the transaction of one schedule. River's, for its batch."""
    batch: int = 1000
    """Schedules that are looked at in one pass, soonest first."""

    def __post_init__(self) -> None:
        for name in ("interval", "standby", "lock_timeout", "timeout"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
        if self.lease_ttl <= self.interval:
            message = f"lease_ttl must be longer than interval {self.interval}, got {self.lease_ttl}"
            raise ValueError(message)
        if self.tolerance < self.standby:
            message = f"tolerance must not be shorter than standby {self.standby}, got {self.tolerance}"
            raise ValueError(message)
        for name in ("most_missed", "batch"):
            if getattr(self, name) < 1:
                message = f"{name} must be at least 1, got {getattr(self, name)}"
                raise ValueError(message)


class PeriodicFailed(JobsError):
    """The ``make`` or the schedule of a periodic job raised; the cause is what it raised."""

    def __init__(self, schedule_id: str, error: BaseException) -> None:
        self.schedule_id = schedule_id
        super().__init__(f"periodic job {schedule_id!r} could not be made: {error!r}")


@dataclass(frozen=True, slots=True)
class _Failing:
    """A schedule that fails; how late it is tells the time, since it stays due until it succeeds."""

    failures: int
    late: timedelta
    pause: timedelta

    def pause_at(self, late: timedelta) -> timedelta:
        """Return how long to leave it alone; not at all when it is less late than it was, for then it was changed."""
        return self.late + self.pause - late if late >= self.late else timedelta(0)


class PeriodicEnqueuer:
    """Inserts each planned run once: its job and the next run's time are written in one transaction.

    The schedule's row, locked, decides who inserts; the lease only spares the other nodes the looking. So nothing is
    lost or doubled when the lease moves, and a run that only another node's code can make is not lost either.
    """

    def __init__(
        self,
        *,
        client: ClientConfig,
        config: PeriodicConfig,
        store: Store,
        periodic: PeriodicJobs,
        on_inserted: Callable[[Inserted], None] | None = None,
        chain: InsertChain | None = None,
        on_start: Sequence[OnStart] = (),
    ) -> None:
        """Make it; nothing is written yet.

        Args:
            client: for the jobs' options, and for the lease's holder.
            config: intervals and limits.
            store: where the schedules and the jobs are.
            periodic: what this client declares; its ``make`` functions are called in the event loop.
            on_inserted: called with what was inserted, once it is committed.
            chain: the plugins that what is inserted goes through.
            on_start: awaited with all schedules each time that this node becomes the one that inserts.
        """
        self._client = client
        self._config = config
        self._store = store
        self._inserts = InsertStore(store)
        self._schedules = PeriodicStore(store)
        self._periodic = periodic
        self._on_inserted = on_inserted
        self._chain = chain or InsertChain(NO_PLUGINS)
        self._on_start = on_start
        self._has_started = False
        self._lease = Lease(store=store, name=LEASE, holder=client.client_id, ttl=config.lease_ttl)
        self._pause = config.interval
        self._failing: dict[str, _Failing] = {}
        self._left_to_us: set[str] = set()
        """Schedules that the lease's holder let become late: it does not know them, so nobody is waited for again."""

    def interval(self) -> timedelta:
        """Return the time to the next look: until the next run, but no longer than the configured one."""
        return self._pause

    async def run_once(self) -> int:
        """Insert every run that is due; return how many jobs.

        A schedule that fails (its ``make`` raises, the database refuses its job) is logged, harms no other, and is
        tried again after 1, 2, 4 ... seconds, a minute at most.

        Raises:
            StoreError: the database could not be read or written. Runs already inserted stay so.
        """
        self._pause = self._config.interval
        starting = await self._declare()
        ids = sorted(job.id for job in self._periodic)
        if not ids and not self._on_start:
            return 0
        is_holder = await self._lease.acquire() is not None
        if is_holder:
            self._left_to_us.clear()
        if self._on_start:
            await self._tell_start(is_holder=is_holder)
        inserted = 0
        for schedule_id, due_in in await self._schedules.due_in(ids, limit=self._config.batch):
            # A run on start is this node's own wish: a holder that knows the schedule would see it in its own time only.
            waits = not is_holder and schedule_id not in self._left_to_us and schedule_id not in starting
            left = due_in + (self._config.standby if waits else timedelta(0))
            if left > timedelta(0):
                self._look_in(left + MARGIN)
                continue
            failing = self._failing.get(schedule_id)
            pause = failing.pause_at(-due_in) if failing is not None else timedelta(0)
            if pause > timedelta(0):
                self._look_in(pause + MARGIN)
            else:
                if waits:
                    self._left_to_us.add(schedule_id)
                inserted += len(await self._try(schedule_id, late=-due_in))
        return inserted

    async def run_now(self, schedule_id: str) -> Sequence[InsertResult]:
        """Insert a run besides those planned, even while paused; empty when another node is to do it, or ``make`` skips it.

        Raises:
            PeriodicNotFound: no node has ever declared it.
            PeriodicFailed: its ``make`` or its schedule raised. As with the next error, the run stays asked for.
            StoreError: the database could not be read or written, or refused the job.
        """
        await self._declare()
        await self._schedules.request_run(schedule_id)
        job = self._periodic.get(schedule_id)
        return (await self._enqueue(job) or ()) if job is not None else ()

    async def release(self) -> None:
        """Let another node take over at once; call it when this one stops.

        Raises:
            StoreError: the database could not be written; the lease then runs out.
        """
        self._has_started = False
        await self._lease.release()

    async def _tell_start(self, *, is_holder: bool) -> None:
        if is_holder and not self._has_started:
            schedules = await self._schedules.list()
            for start in self._on_start:
                await start(schedules)
        # Only now: one that raises is asked again, and until then nothing is inserted here.
        self._has_started = is_holder

    async def _declare(self) -> set[str]:
        """Write what is not in the database yet; return the ids of those that run on start."""
        jobs = self._periodic.undeclared()
        if jobs:
            await self._schedules.declare(jobs)
            self._periodic.declared(jobs)
        return {job.id for job in jobs if job.run_on_start}

    async def _try(self, schedule_id: str, *, late: timedelta) -> Sequence[InsertResult]:
        job = self._periodic.get(schedule_id)
        if job is None:
            return ()
        try:
            results = await self._enqueue(job)
        except Exception as error:
            is_blocked = isinstance(error.__cause__, asyncpg.LockNotAvailableError)
            if isinstance(error, StoreError) and error.retryable and not is_blocked:
                raise
            failures = self._failing[job.id].failures + 1 if job.id in self._failing else 1
            self._log_failure(job, error, failures)
            if is_blocked:
                self._look_in(LOOK_AGAIN)
                return ()
            pause = backoff(failures)
            self._failing[job.id] = _Failing(failures, late, pause)
            self._look_in(pause + MARGIN)
            return ()
        self._failing.pop(job.id, None)
        # Its next run is not known here: look again.
        self._look_in(timedelta(0) if results is not None else LOOK_AGAIN)
        return results or ()

    async def _enqueue(self, job: PeriodicJob) -> Sequence[InsertResult] | None:
        """Insert what is due of ``job``; None when nothing is, or another node is at it."""
        async with asyncio.timeout(self._config.timeout.total_seconds()), self._store.transaction() as conn:
            await self._store.execute("set_lock_timeout", self._config.lock_timeout, conn=conn)
            due = await self._schedules.lock_due(job.id, conn=conn)
            if due is None:
                return None
            with _wrapped(job):
                plan = self._plan(job, due)
                made = self._build(job, plan.runs)
            results, inserted = await self._insert(made, now=due.now, conn=conn) if made else ((), ())
            await self._schedules.settle(
                job.id,
                next_run_at=plan.next_run_at,
                has_run=bool(results),
                job_id=results[-1].job.id if results else None,
                conn=conn,
            )
        if plan.is_missing and not due.is_paused:
            logger.warning("periodic.missed", extra={"schedule_id": job.id, "policy": due.missed.value})
        if self._on_inserted is not None:
            for each in inserted:
                self._on_inserted(each)
        return results

    def _plan(self, job: PeriodicJob, due: DueSchedule) -> Plan:
        described = due.definition.get("override") or due.definition["declared"]
        schedule = read_schedule(described) or job.schedule
        if not due.is_planned:
            plan = Plan(runs=[], next_run_at=first_run(schedule, last_run_at=due.last_run_at, now=due.now))
        elif due.next_run_at is None:
            plan = Plan(runs=[], next_run_at=None)
        else:
            plan = decide(
                schedule,
                due.missed,
                next_run_at=due.next_run_at,
                now=due.now,
                tolerance=self._config.tolerance,
                most=self._config.most_missed,
            )
        runs = [] if due.is_paused else plan.runs
        # A planned run that is due serves the request, too.
        return Plan(
            runs=[due.now] if due.is_requested and not runs else runs,
            next_run_at=plan.next_run_at,
            is_missing=plan.is_missing,
        )

    def _build(self, job: PeriodicJob, runs: Sequence[datetime]) -> list[tuple[NewJob, JobArgs]]:
        rows = []
        for planned_at in runs:
            made = job.build()
            if made is not None:
                # The planned time is both when it is due and what its unique window is of: nodes whose clocks differ,
                # and runs that are made up for, agree on it.
                rows.append((Builder(config=self._client, now=planned_at).build(*made), made[0]))
        return rows

    async def _insert(
        self, made: Sequence[tuple[NewJob, JobArgs]], *, now: datetime, conn: Connection
    ) -> tuple[Sequence[InsertResult], Iterable[Inserted]]:
        """Insert through the plugins; return their results, and what was inserted."""
        inserted: list[Inserted] = []

        async def insert(rows: Sequence[NewJob]) -> Inserted:
            inserted.append(await self._inserts.insert_many(rows, now=now, conn=conn))
            return inserted[-1]

        rows, args = [row for row, _ in made], [one for _, one in made]
        if not self._chain.applies(map(type, args)):
            return await insert(rows), inserted
        return await self._chain.run(rows, args, insert), inserted

    def _look_in(self, pause: timedelta) -> None:
        self._pause = min(self._pause, pause)

    def _log_failure(self, job: PeriodicJob, error: Exception, failures: int) -> None:
        extra = {"schedule_id": job.id, "error": str(error) or type(error).__name__, "failures": failures}
        # Where it was raised is told once.
        is_known = failures > 1 or isinstance(error, StoreError)
        logger.error("periodic.failed", extra=extra, exc_info=None if is_known else error)


@contextmanager
def _wrapped(job: PeriodicJob) -> Iterator[None]:
    """Tell what the user's code raises, which may be any error, from the database's."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # `sys.exit` too: it would end the process now, and at each start that finds the run still due.
        raise PeriodicFailed(job.id, error) from error
