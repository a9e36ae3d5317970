"""Wakes queues at the moment their promoted jobs come due; run by the leader only."""

import asyncio
import heapq
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import orjson

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.service import sleep_or_wake

LONGEST = timedelta(minutes=1)

logger = logging.getLogger("revenge.jobs")


class DueStore(Protocol):
    """What the notifier needs of the database."""

    async def notify(self, topic: str, payloads: Sequence[str]) -> None: ...


class DueNotifier:
    """One timer for all jobs that were promoted ahead of their time; one notification for each queue and moment.

    Without it such a job starts with the next poll. A notification that fails is not sent again: polling is the truth.
    """

    def __init__(self, *, clock: Clock, store: DueStore) -> None:
        self._clock = clock
        self._store = store
        self._due: list[tuple[float, str]] = []
        self._known: set[tuple[float, str]] = set()
        self._wake = asyncio.Event()

    def add(self, queue: str, due_in: timedelta) -> None:
        """Notify ``queue`` in ``due_in``."""
        # To the millisecond, so that the same moment added twice is one.
        entry = (round(self._clock.monotonic() + due_in.total_seconds(), 3), queue)
        if entry in self._known:
            return
        self._known.add(entry)
        heapq.heappush(self._due, entry)
        if self._due[0] is entry:
            self._wake.set()

    async def run(self) -> None:
        """Notify until cancelled; what is not due by then is forgotten."""
        try:
            while True:
                self._wake.clear()
                queues = self._take_due()
                if queues:
                    await self._notify(queues)
                    continue
                left = timedelta(seconds=self._due[0][0] - self._clock.monotonic()) if self._due else LONGEST
                await sleep_or_wake(self._clock, self._wake, left)
        finally:
            self._due.clear()
            self._known.clear()

    def _take_due(self) -> list[str]:
        queues: set[str] = set()
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now:
            entry = heapq.heappop(self._due)
            self._known.discard(entry)
            queues.add(entry[1])
        return sorted(queues)

    async def _notify(self, queues: list[str]) -> None:
        try:
            await self._store.notify(
                "river_insert", [f'{{"queue": {orjson.dumps(queue).decode()}}}' for queue in queues]
            )
        except StoreError as error:
            logger.warning("due.failed", extra={"error": str(error), "queues": queues})
