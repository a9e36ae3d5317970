"""A queue as the fetcher of this process sees it: its slots, its hints, its timers."""

import asyncio
from dataclasses import dataclass, field

from revenge.infra.jobs.config import QueueConfig

FETCHES = 2
"""Statements under way at once: a job that arrives while rows come back need not wait for them."""
MAX_ROWS = 1000
"""Jobs that one statement claims. Measured: larger ones gain nothing (docs/performance.md)."""
SHARED_FROM = 16
"""Workers from which on the statements under way share a long queue; fewer slots are refilled in one."""
REFILL_SHARE = 4
"""A queue known to hold more is asked again when a quarter of its slots is free: fewer, fuller statements."""


@dataclass(slots=True)
class Lane:
    """A queue in this process. ``busy`` counts running jobs and slots that a statement under way may fill."""

    name: str
    workers: int
    busy: int = 0
    is_paused: bool = False
    switch: int = 0
    """The number of when it was last added, paused or resumed: an answer to a question from before says nothing of it."""
    is_hungry: bool = True
    """A fetch may find something: it was notified of, polled, or the last fetch came back full."""
    has_more: bool = False
    """The last fetch came back full."""
    hints: int = 0
    """How often something was said to be due: what a statement missed that had begun before stays to be fetched."""
    asked_at: float = 0.0
    """When it was last part of a statement."""
    due: list[float] = field(default_factory=list)
    """A heap of the loop's times at which jobs of it that this process put off fall due."""
    timer: asyncio.TimerHandle | None = None
    config: QueueConfig = field(default_factory=lambda: QueueConfig(1))
    polled_at: float = float("-inf")
    cooling: asyncio.TimerHandle | None = None
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a queue that is served no more has no job running."""

    @property
    def wants(self) -> int:
        """How many jobs to ask for now."""
        free = self.free
        if self.has_more and self.workers >= SHARED_FROM:
            # Small refills while a queue is known to be long would make a statement of every few jobs; all that is free
            # in one would leave the other statement nothing to overlap with.
            if self.busy and free * REFILL_SHARE < self.workers:
                return 0
            free = min(free, -(-self.workers // FETCHES))
        return min(free, MAX_ROWS)

    @property
    def free(self) -> int:
        """How many jobs could be started if there were any."""
        return max(self.workers - self.busy, 0) if self.is_hungry and not self.is_paused else 0
