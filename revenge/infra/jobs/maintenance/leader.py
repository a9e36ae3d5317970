"""What the leader runs: River's maintenance, together and spread out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import RetentionConfig
from revenge.infra.jobs.maintenance.cleaner import INTERVAL as CLEANER_INTERVAL
from revenge.infra.jobs.maintenance.cleaner import Cleaner
from revenge.infra.jobs.maintenance.decision import Policies
from revenge.infra.jobs.maintenance.due import DueNotifier
from revenge.infra.jobs.maintenance.queue_cleaner import QueueCleaner, QueueCleanerConfig
from revenge.infra.jobs.maintenance.reindexer import Reindexer, ReindexerConfig
from revenge.infra.jobs.maintenance.rescuer import Rescuer, RescuerConfig
from revenge.infra.jobs.maintenance.scheduler import Scheduler, SchedulerConfig
from revenge.infra.jobs.service import Interval, Service
from revenge.infra.jobs.store import Store

STAGGER = timedelta(seconds=1)
"""River: each service waits up to this before its first pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderConfig:
    """The services' own settings."""

    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    rescuer: RescuerConfig = field(default_factory=RescuerConfig)
    queue_cleaner: QueueCleanerConfig = field(default_factory=QueueCleanerConfig)
    reindexer: ReindexerConfig = field(default_factory=ReindexerConfig)
    retention: RetentionConfig = field(default_factory=RetentionConfig)
    stagger: timedelta = STAGGER


class Leader:
    """Scheduler, rescuer, cleaners and reindexer; ``run`` is what an ``Elector`` takes as ``lead``."""

    def __init__(self, *, clock: Clock, config: LeaderConfig, store: Store, policies: Policies) -> None:
        self._due = DueNotifier(clock=clock, store=store)
        scheduler = Scheduler(clock=clock, config=config.scheduler, store=store, on_due=self._due.add)
        rescuer = Rescuer(clock=clock, config=config.rescuer, store=store, policies=policies)
        cleaner = Cleaner(clock=clock, config=config.retention, store=store)
        queue_cleaner = QueueCleaner(clock=clock, config=config.queue_cleaner, store=store)
        reindexer = Reindexer(clock=clock, config=config.reindexer, store=store)

        def spread(
            name: str, run_once: Callable[[], Awaitable[object]], interval: Interval, *, at_once: bool = True
        ) -> Service:
            return Service(name, run_once, clock=clock, interval=interval, stagger=config.stagger, at_once=at_once)

        self._scheduler = spread("scheduler", scheduler.run_once, config.scheduler.interval)
        self._services = (
            self._scheduler,
            spread("rescuer", rescuer.run_once, config.rescuer.interval),
            spread("cleaner", cleaner.run_once, CLEANER_INTERVAL),
            spread("queue_cleaner", queue_cleaner.run_once, config.queue_cleaner.interval),
            spread("reindexer", reindexer.run_once, reindexer.interval, at_once=False),
        )

    def wake_scheduler(self) -> None:
        """Run the scheduler's next pass now: somebody has just inserted a job that is due before it."""
        self._scheduler.wake()

    async def run(self) -> None:
        """Run all of it until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._due.run(), name="jobs.due")
            for service in self._services:
                group.create_task(service.run(), name=f"jobs.{service.name}")
