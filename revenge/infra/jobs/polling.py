"""Looks for what notifications did not tell: jobs, cancels, pauses; more often while none arrive."""

from collections.abc import Callable
from datetime import timedelta

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.served_queues import ServedQueues
from revenge.infra.jobs.service import Service

CONTROL_POLL = timedelta(minutes=1)
"""Cancel requests and pauses are looked up this often while notifications arrive (River 0.51)."""
PAUSES_POLL_ONLY = timedelta(seconds=1)
CANCELS_POLL_ONLY = timedelta(seconds=0.5)
"""The same while none can arrive: a cancel is to reach running code within a second. Without any nothing is asked."""


class Polls:
    """Three services, one for each thing that is looked for."""

    def __init__(
        self,
        *,
        clock: Clock,
        config: ClientConfig,
        fetcher: Fetcher,
        executor: Executor,
        jobs: JobStore,
        queues: ServedQueues,
        is_listening: Callable[[], bool],
    ) -> None:
        self._config = config
        self._fetcher = fetcher
        self._executor = executor
        self._jobs = jobs
        self._queues = queues
        self._is_listening = is_listening
        self._poll = Service("poll", self._poll_jobs, clock=clock, interval=self._poll_interval)
        self.services = [
            self._poll,
            Service("cancels", self.look_up_cancels, clock=clock, interval=self._cancels_interval, at_once=False),
            Service("pauses", queues.look_up_pauses, clock=clock, interval=self._pauses_interval, at_once=False),
        ]

    def wake(self) -> None:
        """Look for everything now: notifications arrive no more."""
        for service in self.services:
            service.wake()

    def wake_poll(self) -> None:
        """Look for jobs now: the queues are others, and so may be how often they are polled."""
        self._poll.wake()

    async def catch_up(self) -> None:
        """Look for everything that was missed while nobody listened."""
        await self.look_up_cancels()
        await self._queues.look_up_pauses()
        self._fetcher.poll()

    async def look_up_cancels(self) -> None:
        """Find the cancels whose notifications did not arrive."""
        running = [item.claim.id for item in self._executor.attempts]
        if running:
            for job_id, _, attempted_at in await self._jobs.cancel_requested(running):
                self._executor.cancel(job_id, attempted_at=attempted_at)

    async def _poll_jobs(self) -> None:
        self._fetcher.poll(self._usual_interval())

    def _poll_interval(self) -> timedelta:
        return self._queues.poll_interval(self._usual_interval())

    def _usual_interval(self) -> timedelta:
        return self._config.poll_interval if self._is_listening() else self._config.poll_only_interval

    def _cancels_interval(self) -> timedelta:
        return CONTROL_POLL if self._is_listening() else CANCELS_POLL_ONLY

    def _pauses_interval(self) -> timedelta:
        return CONTROL_POLL if self._is_listening() else PAUSES_POLL_ONLY
