"""This client among the others: says that it lives, looks after those that have died, leads when it is elected."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.elector import Elector, ElectorConfig
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.liveness import LivenessConfig
from revenge.infra.jobs.maintenance.decision import Policies
from revenge.infra.jobs.maintenance.leader import Leader, LeaderConfig
from revenge.infra.jobs.maintenance.leftover_cleaner import LeftoverCleaner, LeftoverCleanerConfig
from revenge.infra.jobs.maintenance.node_rescuer import NodeRescuer
from revenge.infra.jobs.maintenance.rescuer import RescuerConfig
from revenge.infra.jobs.nodes import Presence
from revenge.infra.jobs.outcome import SOON
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import DirectConnection, Store

LEAVE_TIME = timedelta(seconds=5)
"""How long a stop waits for its last words to the others."""

logger = logging.getLogger("revenge.jobs")


class Cluster:
    """Everything about other nodes; ``start`` before the first fetch, ``stop`` after the last result is written."""

    def __init__(
        self,
        *,
        clock: Clock,
        config: ClientConfig,
        store: Store,
        workers: Workers,
        queues: Callable[[], Mapping[str, int]],
        stats: Callable[[], Mapping[str, Any]],
        on_revived: Callable[[], Awaitable[None]],
    ) -> None:
        policies = Policies(
            workers=workers,
            timeout=config.timeout,
            retry_policy=config.retry_policy,
            max_worker_losses=config.max_worker_losses,
        )
        leftovers = LeftoverCleanerConfig()
        self._clock = clock
        self.presence = Presence(
            store=store,
            client_id=config.client_id,
            queues=queues,
            stats=stats,
            on_lock_lost=self._lock_lost,
            on_revived=on_revived,
        )
        self._rescuer = NodeRescuer(
            clock=clock,
            config=LivenessConfig(hand_over_blocked_after=config.hand_over_blocked_after),
            store=store,
            presence=self.presence,
            policies=policies,
        )
        self._beat = Service(
            "beat", self._rescuer.run_once, clock=clock, interval=self._rescuer.interval, at_once=False
        )
        self._leftover_cleaner = LeftoverCleaner(config=leftovers, store=store, client_id=config.client_id)
        self._leftovers = Service(
            "leftovers", self._leftover_cleaner.run_once, clock=clock, interval=leftovers.interval, at_once=False
        )
        self._leader = Leader(
            clock=clock,
            config=LeaderConfig(rescuer=RescuerConfig(rescue_after=config.rescue_after), retention=config.retention),
            store=store,
            policies=policies,
        )
        self._elector = (
            Elector(clock=clock, config=ElectorConfig(), store=store, client_id=config.client_id, lead=self._leader.run)
            if config.lead
            else None
        )
        self._electing: asyncio.Task[None] | None = None

    @property
    def is_leader(self) -> bool:
        """Whether this client does River's maintenance now."""
        return self._elector is not None and self._elector.is_leader

    async def start(self) -> None:
        """Register, hand back what a dead predecessor of the same id had, and begin to beat and to contend.

        Raises:
            StoreError: the database could not be read or written.
        """
        await self._rescuer.enter()
        self._beat.start()
        self._leftovers.start()
        if self._elector is not None:
            self._electing = asyncio.create_task(self._elector.run(), name="jobs.elector")

    async def stop(self) -> None:
        """Resign, stop beating and delete the node's row; bounded in time, and harmless when the database is away."""
        if self._electing is not None:
            self._electing.cancel()
            await asyncio.wait([self._electing])
        await asyncio.gather(self._leftovers.stop(), self._beat.stop())
        try:
            async with asyncio.timeout(LEAVE_TIME.total_seconds()):
                await self._leftover_cleaner.release()
                await self.presence.leave()
        except (StoreError, TimeoutError) as error:
            # The others notice by themselves.
            logger.warning("node.left_silently", extra={"error": str(error) or type(error).__name__})

    async def attach(self, conn: DirectConnection) -> None:
        """Hold this node's lock on ``conn``, the new LISTEN connection.

        Raises:
            StoreError: it was lost again.
        """
        await self.presence.attach(conn)

    def on_notification(self, payload: dict[str, Any]) -> None:
        """Take a message of the leadership topic."""
        if self._elector is not None:
            self._elector.on_notification(payload)

    def scheduled(self, moments: Iterable[datetime]) -> None:
        """Let the scheduler look sooner when one of ``moments`` comes before its next pass; only a leader has one."""
        if self.is_leader and any(moment <= self._clock.now() + SOON for moment in moments):
            self._leader.wake_scheduler()

    def _lock_lost(self) -> None:
        self._rescuer.disturb()
        self._beat.wake()
