"""Lets one holder at a time in the whole cluster do something, for workers: by a lease that is renewed meanwhile."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.lease import Lease
from revenge.infra.jobs.store import Store

RENEWALS = 3
"""In each time to live: two may fail."""

logger = logging.getLogger("revenge.jobs")


class Hold:
    """What a block under ``once_per_cluster`` has got; true while nobody else can have it."""

    def __init__(self, *, lease: Lease, ttl: timedelta, clock: Clock) -> None:
        self.term: int | None = None
        """Grows with each holder: writes can be fenced by it. None: another holds it."""
        self._lease = lease
        self._ttl_s = ttl.total_seconds()
        self._clock = clock
        self._until_s = float("-inf")

    def __bool__(self) -> bool:
        return self._clock.monotonic() < self._until_s

    async def acquire(self) -> None:
        """Take it or renew it.

        Raises:
            StoreError: the database could not be written; what is held stays so until it runs out.
        """
        # From before the question: the database counts from when it answers.
        until_s = self._clock.monotonic() + self._ttl_s
        term = await self._lease.acquire()
        if self.term is None:
            self.term = term
        # Another term is a loss although this process has it again: another may have had it in between.
        self._until_s = until_s if term is not None and term == self.term else float("-inf")


@asynccontextmanager
async def once_per_cluster(
    name: str, *, ttl: timedelta, store: Store, clock: Clock, client_id: str
) -> AsyncIterator[Hold]:
    """Hold ``name`` for the block, if nobody else in the cluster does: ``async with ... as hold: if not hold: ...``.

    Whoever does not get it should snooze and come back, not report the work as done. When this process dies, another
    gets it after ``ttl``; a loop that is blocked for longer than that loses it, and finds ``hold`` false.

    Raises:
        StoreError: the database could not be written.
        ValueError: ``ttl`` is not positive.
    """
    # A holder of its own for each block: two jobs of one process exclude each other, too.
    lease = Lease(store=store, name=f"once:{name}", holder=f"{client_id}:{uuid4()}", ttl=ttl)
    hold = Hold(lease=lease, ttl=ttl, clock=clock)
    try:
        await hold.acquire()
    except (asyncio.CancelledError, StoreError):
        # The database may have given it all the same: only the answer did not arrive.
        await _release(lease, name)
        raise
    if not hold:
        yield hold
        return
    renewing = asyncio.create_task(_renew(hold, name=name, ttl=ttl, clock=clock), name=f"jobs.once.{name}")
    try:
        yield hold
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])
        await _release(lease, name)


async def _release(lease: Lease, name: str) -> None:
    try:
        # Shielded: whoever cancels twice must not leave it taken.
        await asyncio.shield(lease.release())
    except StoreError as error:
        # It runs out by itself, and this must not hide how the block ended.
        logger.warning("once.unreleased", extra={"lease": name, "error": str(error)})


async def _renew(hold: Hold, *, name: str, ttl: timedelta, clock: Clock) -> None:
    while hold:
        await clock.sleep(ttl / RENEWALS)
        try:
            await hold.acquire()
        except StoreError as error:
            logger.warning("once.unrenewed", extra={"lease": name, "error": str(error)})
    logger.warning("once.lost", extra={"lease": name})
