"""Writes the ends of attempts in batches: at once when idle, in larger batches under load."""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import StoreError, UniqueKeyTaken
from revenge.infra.jobs.job_store import error_json
from revenge.infra.jobs.models import FINAL, Claim, JobState
from revenge.infra.jobs.outcome import LOG, Settlement, completed

BATCH = 1000
"""Attempts in one statement. Measured: larger ones gain nothing and hold their locks longer (docs/performance.md)."""
FLUSHES = 2
"""Statements under way at once: one is written while the next one's rows come in."""
LINGER_S = 0.02
"""Least time between the starts of two statements that are not full: the first result after a quiet time is written at
once, and under load batches fill (docs/performance.md)."""
BACKPRESSURE = 10_000
"""Unwritten results from which on nothing is fetched (River: `completerBackpressureMax`)."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=0.1), timedelta(seconds=5)

logger = logging.getLogger("revenge.jobs")

Persisted = list[tuple[int, JobState]]
Write = Callable[[], Awaitable[Persisted]]


class CompleterStore(Protocol):
    """What the completer needs of the database."""

    async def complete_many(self, claims: Sequence[Claim], *, finalized_at: datetime) -> Persisted: ...

    async def settle_many(self, settlements: Sequence[Settlement], *, now: datetime) -> Persisted: ...

    async def free_key(self, settlement: Settlement) -> None: ...


class Completer:
    """Takes results without waiting and writes them; a result is kept until the database has it.

    The hot path appends to a list; there is no task while nothing is to be written.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        store: CompleterStore,
        before: Callable[[], Awaitable[None]] | None = None,
        on_settled: Callable[[Persisted], None] | None = None,
    ) -> None:
        """Make it; ``before`` is awaited before each batch is written, ``on_settled`` told what was."""
        self._clock = clock
        self._store = store
        self._before = before
        self._on_settled = on_settled
        self._done: list[Claim] = []
        self._settlements: list[Settlement] = []
        self._flushes: set[asyncio.Task[None]] = set()
        self._kicked = False
        self._last_start = float("-inf")
        self._is_abandoned = False
        self.stale = 0
        """Results that came too late: their attempt had been taken away."""
        self.unwritten = 0
        self._under_way: list[list[int]] = []
        """Results taken and not yet in the database."""

    def add_done(self, claim: Claim) -> None:
        """Take a plain success."""
        self._done.append(claim)
        self.unwritten += 1
        if not self._kicked:
            self._kick()
        elif len(self._done) == BATCH:
            self._start_flush()

    def add(self, settlement: Settlement) -> None:
        """Take any other end."""
        self._settlements.append(settlement)
        self.unwritten += 1
        if not self._kicked:
            self._kick()

    @property
    def is_full(self) -> bool:
        """Whether so much is unwritten that nothing more should be fetched."""
        return self.unwritten >= BACKPRESSURE

    def job_ids(self) -> list[int]:
        """Return the jobs whose results are not in the database yet."""
        waiting = [claim.id for claim in self._done] + [item.id for item in self._settlements]
        return waiting + [job_id for batch in self._under_way for job_id in batch]

    async def drain(self) -> None:
        """Wait until everything taken is in the database; end it with ``asyncio.timeout``."""
        while self.unwritten:
            self._start_flush()
            await asyncio.wait(set(self._flushes), return_when=asyncio.FIRST_COMPLETED)

    def abandon(self) -> None:
        """Stop writing; what is unwritten is found and handed back by other nodes."""
        self._is_abandoned = True
        for flush in self._flushes:
            flush.cancel()

    def _kick(self) -> None:
        """See to a flush: in the next round of the loop when none began lately, otherwise when it has lingered."""
        self._kicked = True
        loop = asyncio.get_running_loop()
        wait_s = self._last_start + LINGER_S - loop.time()
        if wait_s <= 0:
            loop.call_soon(self._start_flush)
        else:
            loop.call_later(wait_s, self._start_flush)

    def _start_flush(self) -> None:
        self._kicked = False
        if self._is_abandoned:
            return
        if (self._done or self._settlements) and len(self._flushes) < FLUSHES:
            loop = asyncio.get_running_loop()
            self._last_start = loop.time()
            flush = loop.create_task(self._flush(), name="jobs.completer.flush")
            self._flushes.add(flush)
            flush.add_done_callback(self._flushed)

    def _flushed(self, flush: asyncio.Task[None]) -> None:
        self._flushes.discard(flush)
        if len(self._done) >= BATCH:
            self._start_flush()
        elif (self._done or self._settlements) and not self._kicked:
            self._kick()

    async def _flush(self) -> None:
        done, self._done = self._done[:BATCH], self._done[BATCH:]
        settlements, self._settlements = self._settlements[:BATCH], self._settlements[BATCH:]
        under_way = [claim.id for claim in done] + [item.id for item in settlements]
        self._under_way.append(under_way)
        try:
            await self._prepare()
            if done:
                await self._persist_done(done)
            if settlements:
                await self._persist_settlements(settlements)
        finally:
            self._under_way.remove(under_way)

    async def _prepare(self) -> None:
        if self._before is not None:
            try:
                await self._before()
            except Exception:
                # A bug, ours or the driver's: no reason to lose what has been worked.
                logger.exception("completer.before_failed")

    async def _persist_done(self, batch: list[Claim]) -> None:
        try:
            await self._persist(len(batch), lambda: self._store.complete_many(batch, finalized_at=self._clock.now()))
        except StoreError:
            now = self._clock.now()
            await self._persist_settlements([completed(claim, now=now) for claim in batch])

    async def _persist_settlements(
        self, batch: list[Settlement], *, lightened: int = 0, is_freed: bool = False
    ) -> None:
        async def write() -> Persisted:
            if is_freed:
                await self._store.free_key(batch[0])
            return await self._store.settle_many(batch, now=self._clock.now())

        try:
            await self._persist(len(batch), write)
        except StoreError as error:
            # One result that PostgreSQL refuses must not hold up the others: halve until it stands alone.
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._persist_settlements(batch[:middle])
                await self._persist_settlements(batch[middle:])
            elif isinstance(error, UniqueKeyTaken) and not is_freed:
                ended = _without_key(batch[0], error, now=self._clock.now())
                await self._persist_settlements([ended], lightened=lightened, is_freed=True)
            elif lightened < len(_LIGHTER):
                logger.warning("completer.lightened", extra={"job_id": batch[0].id, "error": str(error)})
                lighter = _LIGHTER[lightened](batch[0], error, self._clock.now())
                await self._persist_settlements([lighter], lightened=lightened + 1, is_freed=is_freed)
            else:
                # The row stays `running` until this node has stopped; a person must look at what holds it.
                logger.error("completer.given_up", extra={"job_id": batch[0].id, "error": str(error)})  # noqa: TRY400
                self.unwritten -= 1

    async def _persist(self, count: int, write: Write) -> None:
        """Write until it is written.

        Raises:
            StoreError: the database refuses these values and will refuse them again.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                settled = await write()
                break
            except StoreError as error:
                logger.warning("completer.failed", extra={"error": str(error), "results": count})
                if error.is_refusal:
                    raise
                if error.is_undone:
                    pause = FIRST_PAUSE * random.random()  # noqa: S311 - spreads tries
            except Exception:
                # A bug, ours or the driver's: no reason to lose what has been worked.
                logger.exception("completer.failed", extra={"results": count})
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self.unwritten -= count
        self.stale += count - len(settled)
        if self._on_settled is not None:
            self._on_settled(settled)


def _without_log(settlement: Settlement, _error: StoreError, _now: datetime) -> Settlement:
    """The same end without its log."""
    return replace(settlement, metadata=_of_metadata(settlement, lambda key: key != LOG, otherwise=settlement.metadata))


def _without_values(settlement: Settlement, error: StoreError, now: datetime) -> Settlement:
    """The same end with its own error and what the engine itself keeps: steps and counts. A success whose output was lost
    counts as failed."""
    kept = _of_metadata(
        settlement, lambda key: key.startswith(("river:", "revenge:")) or key == "snoozes", otherwise=None
    )
    bare = _without_payload(settlement, error, now)
    return replace(bare, error=settlement.error or bare.error, metadata=kept)


def _without_payload(settlement: Settlement, error: StoreError, now: datetime) -> Settlement:
    """The same without either."""
    state = settlement.state
    if settlement.metadata is not None and state is JobState.COMPLETED:
        state = JobState.DISCARDED
    text = error_json(
        at=settlement.attempted_at, attempt=settlement.attempt, error=f"the result could not be stored: {error}"
    )
    return replace(settlement, state=state, finalized_at=now if state in FINAL else None, error=text, metadata=None)


_LIGHTER = (_without_log, _without_values, _without_payload)
"""What is left out of a result that the database refuses, one after the other."""


def _of_metadata(settlement: Settlement, is_kept: Callable[[str], bool], *, otherwise: str | None) -> str | None:
    """Return what is left of the metadata, ``otherwise`` when they can't be read."""
    try:
        # Numbers as they are written.
        metadata = json.loads(settlement.metadata or "{}", parse_int=Decimal, parse_float=Decimal)
        kept = {key: value for key, value in metadata.items() if is_kept(key)}
        return encode(kept) if kept else None
    except ValueError:
        return otherwise


def _without_key(settlement: Settlement, error: UniqueKeyTaken, *, now: datetime) -> Settlement:
    """The same end of a job whose unique key another has by now; one that would run again is left to that other."""
    if settlement.state in FINAL:
        return settlement
    text = error_json(at=settlement.attempted_at, attempt=settlement.attempt, error=f"not tried again: {error}")
    return replace(
        settlement,
        state=JobState.DISCARDED,
        finalized_at=now,
        scheduled_at=None,
        new_attempt=None,
        error=settlement.error or text,
    )
