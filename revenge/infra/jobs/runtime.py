"""What runs inside a started client: put together, started in order, stopped in order."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.cluster import Cluster
from revenge.infra.jobs.coming_back import ComingBack
from revenge.infra.jobs.completer import Completer
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.fetch_metrics import MeasuredFetches
from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.insertion import Shape
from revenge.infra.jobs.isolation import Isolation
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.maintenance.pending_lists import INTERVAL as PENDING_LISTS_INTERVAL
from revenge.infra.jobs.maintenance.pending_lists import PendingLists
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.notifier import Connect, Notifier
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.polling import Polls
from revenge.infra.jobs.processes import ProcessWorkers
from revenge.infra.jobs.progress_store import ProgressReporter
from revenge.infra.jobs.queue_store import TOUCH_INTERVAL, QueueStore
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.served_queues import ServedQueues
from revenge.infra.jobs.server_clock import INTERVAL as CLOCK_INTERVAL
from revenge.infra.jobs.server_clock import ServerClock
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import DirectConnection, Store
from revenge.infra.jobs.suspects import Suspects
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.watchdog import LoopWatchdog
from revenge.infra.jobs.watched_results import WatchedResults
from revenge.infra.jobs.workplace import current_workplace

if TYPE_CHECKING:
    from revenge.infra.jobs.client import Client

PROGRESS_INTERVAL = timedelta(seconds=1)
SETTLE_TIME = timedelta(seconds=10)
"""How long a stop waits for the last results to be written."""
FAREWELL_TIME = timedelta(seconds=5)
"""How long it waits for what others can do without."""

logger = logging.getLogger("revenge.jobs")

OnEnd = Callable[[str, str, str, float], None]
"""Called with kind, queue, status and seconds of each attempt that ended here."""


class Runtime:
    """Everything that a client runs between its start and its stop."""

    def __init__(
        self,
        *,
        client: "Client",
        clock: Clock,
        config: ClientConfig,
        store: Store,
        jobs: JobStore,
        queues: QueueStore,
        workers: Workers,
        listen: Connect | None,
        on_end: OnEnd | None,
    ) -> None:
        clock = self._clock = ServerClock(clock=clock, store=store)
        self._config = config
        self._store = store
        self._jobs = jobs
        self._served_first = client.queue_configs
        self._on_end = on_end
        self._threads = ThreadWorkers(most=0)
        self._processes = ProcessWorkers()
        isolation = client.isolate and Isolation(client.isolate, kill_after=config.stop.cancel)
        self._suspects = Suspects(clock=clock, accuser=jobs, isolation=isolation)
        self._events = client.local_events
        self._waiters = client.waiters
        results = WatchedResults(jobs=jobs, store=store, events=self._events)
        self._completer = Completer(
            clock=clock, store=results, before=lambda: self._reporter.write_last(), on_settled=self._settled
        )
        self._fetcher = Fetcher(
            client_id=config.client_id,
            store=MeasuredFetches(jobs, client.plugins) if client.plugins.metric_emit else jobs,
            kinds=workers.kinds if config.known_kinds_only else None,
            cooldown=config.fetch_cooldown,
            start=self._fetched,
            may_fetch=lambda: not self._completer.is_full,
            on_failure=self._hand_back_unseen,
        )
        self._coming_back = ComingBack(clock=clock, hint_at=self._fetcher.hint_at)
        self._executor = Executor(
            clock=clock,
            workers=workers,
            results=self,
            verdicts=Verdicts(
                clock=clock, retry_policy=config.retry_policy, max_worker_losses=config.max_worker_losses
            ),
            timeout=config.timeout,
            threads=self._threads,
            processes=self._processes,
            on_free=self._fetcher.free,
            on_end=self._ended,
            context=self._context(client),
            suspects=self._suspects,
            stuck_after=config.stuck_after,
            on_stuck=client.on_stuck,
            plugins=client.plugins,
        )
        self._watchdog = LoopWatchdog(after=config.loop_blocked_after, on_blocked=client.on_blocked)
        self._reporter = ProgressReporter(
            clock=clock,
            store=store,
            running=self._executor.running_jobs,
            phases=workers.phases,
            fan_out=client.on_progress,
        )
        self._notifier = listen and Notifier(clock=clock, connect=listen, store=store, listener=self)
        self.queues = ServedQueues(
            fetcher=self._fetcher, store=queues, on_paused=self._queue_changed, on_resized=self._resized
        )
        self._cluster = Cluster(
            clock=clock,
            config=config,
            store=store,
            workers=workers,
            queues=self.queues.slots,
            stats=self._stats,
            on_revived=self._drop_lost,
        )
        self._pending_lists = PendingLists(store)
        self._polls = Polls(
            clock=clock,
            config=config,
            fetcher=self._fetcher,
            executor=self._executor,
            jobs=jobs,
            queues=self.queues,
            is_listening=lambda: self.is_listening,
        )
        self._services = [
            *self._polls.services,
            Service("clock", self._clock.run_once, clock=clock, interval=CLOCK_INTERVAL, at_once=False),
            Service("touch_queues", self.queues.touch, clock=clock, interval=TOUCH_INTERVAL, at_once=False),
            Service("progress", self._reporter.run_once, clock=clock, interval=PROGRESS_INTERVAL),
            Service("pending_lists", self._pending_lists.run_once, clock=clock, interval=PENDING_LISTS_INTERVAL),
        ]
        self._listening: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._has_begun = False

    @property
    def is_stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping is not None

    @property
    def is_leader(self) -> bool:
        """Whether this client does River's maintenance now."""
        return self._cluster.is_leader

    @property
    def is_listening(self) -> bool:
        """Whether notifications arrive at present."""
        return self._notifier is not None and self._notifier.is_listening

    def _context(self, client: "Client") -> contextvars.Context:
        """Return the context of which each worker runs in a copy."""
        context = contextvars.copy_context()
        context.run(current_workplace.set, replace(client.workplace, clock=self._clock))
        return context

    async def start(self) -> None:
        """Register, then fetch; when a step fails the earlier ones are undone.

        Raises:
            StoreError: the database can't be reached, or its schema is missing.
        """
        self.queues.begin(self._served_first)
        await self._clock.run_once()
        await self.queues.touch()
        await self._cluster.start()
        if self._notifier is not None:
            self._listening = asyncio.create_task(self._notifier.run(), name="jobs.notifier")
        for service in self._services:
            service.start()
        self._watchdog.start()
        self._has_begun = True
        self._fetcher.begin()
        if self._notifier is None and not self._config.poll_only:
            hint = "without listen= nothing is heard of; jobs are polled for. poll_only=True says that it is meant"
            logger.warning("client.polls", extra={"client_id": self._config.client_id, "hint": hint})
        logger.info("client.started", extra={"client_id": self._config.client_id, "queues": self.queues.slots()})

    async def stop(self, *, soft: timedelta) -> None:
        """Let jobs finish for ``soft``, cancel the rest, hand back what ignores that; settle all; leave the cluster.

        A second call waits for the first one's end, and cancels the jobs when its own ``soft`` is over.
        """
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(soft), name="jobs.stop")
        elif not await self._idle_within(soft):
            self._executor.interrupt_all()
        await self.stopped()

    async def stopped(self) -> None:
        """Wait for the end of the stop that is under way."""
        if self._stopping is not None:
            # A caller that gives up does not end it: results are to be written.
            await asyncio.shield(self._stopping)

    async def _stop(self, soft: timedelta) -> None:
        until = self._clock.monotonic() + soft.total_seconds()
        await asyncio.gather(self._fetcher.stop(), self._idle_within(soft))
        # Once more: the last fetch may have brought jobs when no other ran.
        if not await self._idle_within(timedelta(seconds=max(until - self._clock.monotonic(), 0))):
            self._executor.interrupt_all()
            if not await self._idle_within(self._config.stop.cancel):
                for attempt in self._executor.attempts:
                    self._events.attempt_ended(attempt)
                self._executor.abandon_all()
        await self._settle_all()
        self._events.close()
        await asyncio.gather(*(service.stop() for service in self._services))
        await self._write_last_progress()
        await self._cluster.stop()
        if self._notifier is not None and self._listening is not None:
            self._notifier.stop()
            # It may be connecting to a server that does not answer.
            self._listening.cancel()
            await asyncio.wait([self._listening])
        self._executor.close()
        self._fetcher.let_go()
        self._threads.close()
        await asyncio.gather(self._processes.close(), self._suspects.close())
        self._watchdog.stop()
        logger.info("client.stopped", extra={"client_id": self._config.client_id})

    def inserted(self, shapes: Collection[Shape]) -> None:
        """Look for jobs that this very process inserted without waiting for the notification."""
        for queue in {shape.queue for shape in shapes if shape.state is JobState.AVAILABLE}:
            self._fetcher.hint(queue)
        self._cluster.scheduled(shape.scheduled_at for shape in shapes if shape.state is JobState.SCHEDULED)

    async def say(self, topic: str, payloads: list[str]) -> bool:
        """Notify all but this process; return whether that could be done."""
        return self._notifier is not None and await self._notifier.say(topic, payloads)

    # What the notifier hears

    def on_notification(self, topic: str, payload: dict[str, Any]) -> None:
        """Act on a message of River's; unknown ones are ignored."""
        match topic, payload:
            case "river_insert", {"queue": str(queue)}:
                self._fetcher.hint(queue)
            case "river_control", {"action": "cancel", "job_id": int(job_id)}:
                if not self._executor.cancel(job_id):
                    self._fetcher.note_cancel(job_id)
            case "river_control", {"action": "pause" | "resume" as action, "queue": str(queue)}:
                self.queues.set_paused(queue, paused=action == "pause")
            case "river_leadership", _:
                self._cluster.on_notification(payload)

    async def on_connect(self, conn: DirectConnection) -> None:
        """Catch up: whatever was sent while nobody listened was missed."""
        await self._cluster.attach(conn)
        # After a failover it is another machine's clock that counts.
        await self._clock.run_once()
        await self._polls.catch_up()

    def on_disconnect(self) -> None:
        """From now on everything is polled, and more often; what the server knows may not be what it knew."""
        self._polls.wake()
        self._fetcher.suspect()

    # What the executor and the completer tell

    def add_done(self, claim: Claim) -> None:
        """Take a plain success from the executor."""
        self._completer.add_done(claim)

    def add(self, settlement: Settlement) -> None:
        """Take any other end; what comes back soon is looked for when it is due."""
        self._coming_back.add(settlement)
        self._completer.add(settlement)

    def _settled(self, persisted: Collection[tuple[int, JobState]]) -> None:
        self._pending_lists.settled(len(persisted))
        self._waiters.ended(persisted)
        if self._coming_back:
            self._coming_back.written(persisted, are_all=not self._completer.unwritten)
        self._fetcher.resume()

    def _fetched(self, claims: Iterable[Claim]) -> None:
        self._executor.start(claims)
        for job_id in self._fetcher.cancelled_meanwhile():
            self._executor.cancel(job_id)

    def _ended(self, attempt: Attempt, status: str) -> None:
        if self._events.is_watched:
            self._events.attempt_ended(attempt)
        if attempt.job is not None and attempt.job.report is not None:
            self._reporter.finished(attempt.job, is_completed=status == "completed")
        if self._on_end is not None:
            seconds = asyncio.get_running_loop().time() - attempt.started_at
            try:
                self._on_end(attempt.claim.kind, attempt.claim.queue, status, seconds)
            except Exception:
                # The attempt's slot is freed by whoever calls this.
                logger.exception("client.on_end_failed")

    def _resized(self) -> None:
        self._threads.most = sum(self.queues.slots().values())
        self._polls.wake_poll()

    def _queue_changed(self, name: str, paused: bool) -> None:
        # How a queue is found at the start is no change.
        if self._events.is_watched and self._has_begun:
            self._events.queue_changed(name, paused=paused)

    def _stats(self) -> dict[str, Any]:
        return {
            "running": len(self._executor),
            "stale_results": self._completer.stale,
            "stuck": self._executor.stuck.now,
            "loop_blocks": self._watchdog.total,
            "clock_offset_s": round(self._clock.offset.total_seconds(), 3),
        }

    # When the database was away

    async def _drop_lost(self) -> None:
        """End the attempts that others took over while this node seemed dead; their results would change nothing."""
        mine = [item.claim for item in self._executor.attempts]
        held = await self._cluster.presence.still_held([(item.id, item.attempt, item.attempted_at) for item in mine])
        for claim in mine:
            if claim.id not in held:
                self._executor.cancel(claim.id, attempted_at=claim.attempted_at)

    async def _hand_back_unseen(self) -> None:
        """Give back jobs that a fetch claimed whose answer never came: no attempt here knows of them.

        Called while no fetch is under way.

        Raises:
            StoreError: the database could not be written.
        """
        known = [item.claim.id for item in self._executor.attempts]
        count = await self._jobs.hand_back_unseen(
            client_id=self._config.client_id, known_ids=[*known, *self._completer.job_ids()]
        )
        if count:
            logger.warning("fetcher.handed_back", extra={"jobs": count})

    async def _idle_within(self, limit: timedelta) -> bool:
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._executor.wait_idle()
        except TimeoutError:
            return False
        return True

    async def _settle_all(self) -> None:
        try:
            async with asyncio.timeout(SETTLE_TIME.total_seconds()):
                await self._completer.drain()
        except TimeoutError:
            # Other nodes find these jobs by the end of this node's life, and hand them back.
            logger.error("client.results_unwritten", extra={"results": self._completer.unwritten})  # noqa: TRY400
            self._completer.abandon()

    async def _write_last_progress(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL_TIME.total_seconds()):
                await self._reporter.run_once()
        except (StoreError, TimeoutError) as error:
            logger.warning("progress.unwritten", extra={"error": str(error) or type(error).__name__})
