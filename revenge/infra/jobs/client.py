"""The engine's front door: insert jobs, look at them, cancel, retry, delete, wait; and run workers."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.attempt import current_job
from revenge.infra.jobs.clock import Clock, SystemClock
from revenge.infra.jobs.config import ClientConfig, QueueConfig, check_queue_name
from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.errors import InvalidJob, QueueAlreadyAdded, QueueNotFound, StoreError
from revenge.infra.jobs.given import check_span
from revenge.infra.jobs.insert_chain import InsertChain
from revenge.infra.jobs.insert_store import Inserted
from revenge.infra.jobs.inserting import Inserter, InsertItem, OnInsert
from revenge.infra.jobs.insertion import NewJob
from revenge.infra.jobs.isolation import Isolate
from revenge.infra.jobs.job_calls import JobCalls
from revenge.infra.jobs.maintenance.periodic import PeriodicConfig, PeriodicEnqueuer
from revenge.infra.jobs.models import (
    InsertOpts,
    InsertResult,
)
from revenge.infra.jobs.notifier import Connect, connect_by
from revenge.infra.jobs.once import Hold, once_per_cluster
from revenge.infra.jobs.periodic import PeriodicJob, PeriodicJobs
from revenge.infra.jobs.periodic_store import PeriodicStore
from revenge.infra.jobs.plugins import Plugin, look_up
from revenge.infra.jobs.program_guard import PROGRAM_GUARD
from revenge.infra.jobs.progress_store import OnProgress
from revenge.infra.jobs.queue_calls import QueueCalls
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.runtime import OnEnd, Runtime
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import Pool, Store
from revenge.infra.jobs.stuck import OnStuck
from revenge.infra.jobs.subscriptions import BUFFER, EventKind, LocalEvents, Subscription
from revenge.infra.jobs.watch_calls import WatchCalls
from revenge.infra.jobs.watchdog import OnBlocked
from revenge.infra.jobs.workplace import Workplace, current_workplace


class Client(JobCalls, QueueCalls, WatchCalls):
    """One client of one schema; safe to share between all tasks of a loop.

    Without ``start`` it only inserts and looks. ``conn`` is always the caller's own connection, of asyncpg, psycopg 3 or
    SQLAlchemy 2 (a session too): the call becomes part of its transaction, and an error leaves that transaction to be
    rolled back.

    Raises:
        StoreError: from every method that reads or writes, when the database could not do it.
    """

    def __init__(
        self,
        pool: Pool | Store | None,
        *,
        config: ClientConfig | None = None,
        workers: Workers | None = None,
        schema: str | None = None,
        listen: Connect | str | None = None,
        clock: Clock | None = None,
        on_end: OnEnd | None = None,
        on_insert: OnInsert | None = None,
        periodic: Iterable[PeriodicJob] = (),
        isolate: Isolate | None = None,
        on_stuck: OnStuck | None = None,
        on_blocked: OnBlocked | None = None,
        on_progress: OnProgress | None = None,
        plugins: Iterable[Plugin] = (),
    ) -> None:
        """Put a client together; nothing is connected yet.

        Without a pool every call needs ``conn``. Instead of a pool a store may be given, which decides where the
        statements go: the test kit has one in memory.
        ``listen`` opens a direct connection for LISTEN, or is asyncpg's DSN for one; without it, or with
        ``config.poll_only``, everything is polled.
        ``on_end`` is called with kind, queue, status and seconds for each attempt that ends here, ``on_insert`` with kind,
        queue and number of the jobs that a call inserted. ``periodic`` are the
        jobs that a started client inserts on schedule, together with all others that know them. ``isolate`` makes a
        client like this one in another process, where a job is run that its process has died with more than once.
        ``on_stuck`` is told of jobs that do not end though they are told to, ``on_blocked`` of workers that kept the loop.
        ``on_progress`` gets what jobs report here before it is written; ``tell_progress`` on another node takes it.
        ``plugins`` are hooks and middleware of all jobs that this client inserts and works, see ``Plugin``.

        Raises:
            InvalidPlugin: one of them is none.
        """
        self.config = config or ClientConfig()
        self.workers = Workers.of(workers)
        self._clock = clock or SystemClock()
        store = pool if isinstance(pool, Store) else Store(pool, schema=schema)
        JobCalls.__init__(self, store)
        QueueCalls.__init__(self, store)
        WatchCalls.__init__(self, store, clock=self._clock)
        self.workplace = Workplace.of(self, self._store, clock=self._clock)
        self.plugins = look_up(plugins)
        chain = InsertChain(self.plugins)
        self._inserter = Inserter(
            config=self.config,
            clock=self._clock,
            store=self._store,
            on_insert=on_insert,
            chain=chain,
            say=self._say,
            turn=self._insert_turn,
        )
        self._insert_turns: AbstractAsyncContextManager[object] = nullcontext()
        self.queue_configs = {name: QueueConfig.of(queue) for name, queue in self.config.queues.items()}
        """What is worked, or will be once this client starts."""
        connect = connect_by(listen)
        self._listen = None if self.config.poll_only else connect
        self.isolate, self.on_stuck, self.on_blocked, self.on_progress = isolate, on_stuck, on_blocked, on_progress
        self.local_events = LocalEvents()
        self._on_end = on_end
        self._runtime: Runtime | None = None
        self._starting = asyncio.Lock()
        self.periodic = PeriodicStore(self._store)
        """The schedules as the whole cluster sees them: look, pause, resume, change."""
        self._periodic_jobs = PeriodicJobs(periodic)
        self._enqueuer = PeriodicEnqueuer(
            client=self.config,
            config=PeriodicConfig(),
            store=self._store,
            periodic=self._periodic_jobs,
            on_inserted=self._inserted,
            chain=chain,
            on_start=self.plugins.periodic_jobs_start,
        )
        self._enqueuing = Service(
            "periodic", self._enqueuer.run_once, clock=self._clock, interval=self._enqueuer.interval
        )

    # Inserting

    async def insert(
        self, args: JobArgs, opts: InsertOpts | None = None, *, conn: AsyncConnection | None = None
    ) -> InsertResult:
        """Insert one job; a unique job that is there already is returned as a duplicate.

        Raises:
            InvalidJob: an option breaks one of River's rules.
            UnknownKind: this client has workers, and none of them, nor a declaration, is for this kind.
        """
        return (await self.insert_many([(args, opts or InsertOpts())], conn=conn))[0]

    async def insert_many(
        self, items: Sequence[InsertItem], *, conn: AsyncConnection | None = None
    ) -> Sequence[InsertResult]:
        """Insert jobs in one round trip, all or none; results are in the same order.

        Raises:
            InvalidJob: there is nothing to insert, or an option breaks one of River's rules.
            UnknownKind: as for ``insert``.
        """
        wake = self._wake if conn is None else None
        return await self._inserter.insert_many(items, workers=self.workers, conn=conn, wake=wake)

    async def insert_many_fast(self, items: Sequence[InsertItem], *, conn: AsyncConnection | None = None) -> int:
        """Insert jobs by COPY, all or none; return how many. Rows are not returned, and duplicates are errors.

        Raises:
            InvalidJob, UnknownKind: as for ``insert_many``.
            UniqueKeyTaken: one is a unique job that is there already; nothing was inserted.
        """
        wake = self._wake if conn is None else None
        return await self._inserter.insert_many_fast(items, workers=self.workers, conn=conn, wake=wake)

    async def insert_raw(
        self, kind: str, args: Mapping[str, Any], opts: InsertOpts | None = None, *, conn: AsyncConnection | None = None
    ) -> InsertResult:
        """Insert a job by its kind's name; ``args`` are checked by the kind's own class, and not where none is known at all.

        Raises:
            UnknownKind: this client has workers or declarations, and none of them names the kind.
            pydantic.ValidationError: the arguments do not fit.
            InvalidJob: an option breaks one of River's rules.
        """
        return await self.insert(self.workers.read(kind, args), opts, conn=conn)

    # Waiting and watching

    async def insert_and_wait(
        self,
        args: JobArgs,
        opts: InsertOpts | None = None,
        *,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - part of the contract
    ) -> Any:
        """Insert a job and return what its worker recorded, once that has completed it; a duplicate's is as good.

        Raises:
            InvalidJob, UnknownKind: as for ``insert``.
            JobFailed, JobNotFound: as for ``result``.
            TimeoutError: it has not ended within ``timeout``; it stays where it is.
            TypeError: ``timeout`` is no timedelta; nothing was inserted.
        """
        check_span("timeout", timeout, optional=True)
        return await self.result((await self.insert(args, opts)).job.id, timeout=timeout)

    def subscribe_local(
        self,
        *,
        events: Collection[EventKind] = (),
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        buffer: int = BUFFER,
    ) -> Subscription:
        """Return the events of jobs that this very client works, each once its end is in the database, until it stops.

        They begin with this call; ``with client.subscribe_local() as events`` ends them. An empty filter lets all
        pass. ``subscribe`` tells of all nodes' jobs, later and by reading the tables.

        Raises:
            ValueError: there is no such event, or no room.
        """
        return self.local_events.subscribe(events=events, kinds=kinds, queues=queues, buffer=buffer)

    # On schedule

    async def run_periodic(self, job_id: str) -> Sequence[InsertResult]:
        """Insert a periodic job of this client now, beside its schedule.

        Raises:
            PeriodicNotFound: this client has none of this id.
            PeriodicFailed: its ``make`` raised.
        """
        return await self._enqueuer.run_now(job_id)

    def once_per_cluster(self, name: str, *, ttl: timedelta) -> AbstractAsyncContextManager[Hold]:
        """Return a hold on ``name`` that one holder in the cluster has at a time; enter it, and look whether it is true."""
        return once_per_cluster(name, ttl=ttl, store=self._store, clock=self._clock, client_id=self.config.client_id)

    # Running

    @property
    def store(self) -> Store:
        """Where this client's statements go, for the test kit."""
        return self._store

    @property
    def clock(self) -> Clock:
        """This client's time."""
        return self._clock

    @property
    def is_running(self) -> bool:
        """Whether this client works jobs; no longer once it is told to stop."""
        return self._runtime is not None and not self._runtime.is_stopping

    @property
    def is_leader(self) -> bool:
        """Whether this client does River's maintenance at present."""
        return self._runtime is not None and self._runtime.is_leader

    async def request_resign(self) -> None:
        """Ask whoever leads, Go or Python, to give up its term; it may well win the election that follows.

        A leader in Python that hears no notifications does so when it renews its term, within seconds.
        """
        # First: whoever hears it may lead another term a moment later, which nobody has asked to end.
        await self._store.execute("leader_request_resign")
        # Byte for byte as Go's client writes it.
        await self._store.notify("river_leadership", ['{"action":"request_resign","leader_id":""}'])

    async def start(self) -> None:
        """Work the configured queues until ``stop``; while a stop is under way, from its end on.

        Raises:
            InvalidJob: there are no queues or no workers.
            ProgramNotGuarded: a process worker's process reads the program that calls this, to find the worker.
            StoreError: the database can't be reached, or its schema is missing.
        """
        PROGRAM_GUARD.check_start()
        # One at a time, or two would work under one id.
        async with self._starting:
            while self._runtime is not None and self._runtime.is_stopping:
                stopping = self._runtime
                await stopping.stopped()
                self._forget(stopping)
            if self._runtime is None:
                await self._start()

    async def _start(self) -> None:
        if not self.queue_configs or not len(self.workers):
            message = "a client needs at least one queue and one worker to start; without them it only inserts"
            raise InvalidJob(message)
        runtime = Runtime(
            client=self,
            clock=self._clock,
            config=self.config,
            store=self._store,
            jobs=self._jobs,
            queues=self._queues,
            workers=self.workers,
            listen=self._listen,
            on_end=self._on_end,
        )
        await runtime.start()
        self._insert_turns = asyncio.Semaphore(self._store.most_inserts)
        self._runtime = runtime
        if self._has_enqueuer:
            self._enqueuing.start()

    async def add_queue(self, name: str, queue: int | QueueConfig) -> None:
        """Work another queue from now on, or from the start on, with so many workers.

        Raises:
            QueueAlreadyAdded: this client works it already.
            InvalidJob: the name is none for a queue.
            ValueError: the number of workers is not 1 to 10,000.
        """
        config = QueueConfig.of(queue)
        if check_queue_name(name) in self.queue_configs:
            raise QueueAlreadyAdded(name)
        if self._runtime is not None:
            await self._runtime.queues.add(name, config)
        self.queue_configs[name] = config

    async def remove_queue(self, name: str) -> None:
        """Work a queue no more, and wait until its jobs here have ended; its row and its jobs stay.

        Raises:
            QueueNotFound: this client does not work it.
            RuntimeError: a job of the queue calls it, which would wait for its own end.
        """
        job, place = current_job.get(None), current_workplace.get(None)
        if job is not None and place is not None and place.client is self and job.queue == name:
            message = f"a job of queue {name!r} can't wait for its own end: remove the queue from outside, or from another's job"
            raise RuntimeError(message)
        if self.queue_configs.pop(name, None) is None:
            raise QueueNotFound(name)
        if self._runtime is not None:
            await self._runtime.queues.remove(name)

    async def resize_queue(self, name: str, workers: int) -> None:
        """Let so many jobs of a queue run here at once; fewer takes effect as they end.

        Raises:
            QueueNotFound: this client does not work it.
            ValueError: the number of workers is not 1 to 10,000.
        """
        if name not in self.queue_configs:
            raise QueueNotFound(name)
        self.queue_configs[name] = replace(self.queue_configs[name], workers=workers)
        if self._runtime is not None:
            self._runtime.queues.resize(name, workers)

    async def stop(self, *, soft: timedelta | None = None) -> None:
        """Stop: fetch no more, let jobs finish for ``soft``, then cancel and hand back the rest; bounded in time.

        Called again meanwhile it waits for the same end, and with a shorter ``soft`` it hurries it.
        """
        soft = self.config.stop.soft if soft is None else soft
        await self.close_watches()
        if self._runtime is not None and self._runtime.is_stopping:
            await self._runtime.stop(soft=soft)
        # A start under way is undone when it has ended, and not halfway.
        async with self._starting:
            runtime = self._runtime
            await self._enqueuing.stop()
            if runtime is not None and self._has_enqueuer:
                # A lease that can't be given back runs out.
                with suppress(StoreError):
                    await self._enqueuer.release()
        if runtime is None:
            self.local_events.close()
        else:
            await runtime.stop(soft=soft)
            self._forget(runtime)

    def _forget(self, runtime: Runtime) -> None:
        if self._runtime is runtime:
            self._runtime = None

    @property
    def _has_enqueuer(self) -> bool:
        return len(self._periodic_jobs) > 0 or len(self.plugins.periodic_jobs_start) > 0

    def _inserted(self, results: Inserted) -> None:
        """Take what the periodic enqueuer inserted."""
        self._inserter.count(results.new_jobs())
        self._wake(results.new_jobs())

    def _wake(self, inserted: Iterable[NewJob]) -> bool:
        if self._runtime is None:
            return False
        self._runtime.inserted({job.shape for job in inserted})
        return True

    def _insert_turn(self) -> AbstractAsyncContextManager[object]:
        return nullcontext() if self._runtime is None else self._insert_turns

    async def _say(self, topic: str, payloads: list[str]) -> bool:
        return self._runtime is not None and await self._runtime.say(topic, payloads)
