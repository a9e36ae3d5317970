"""Waits for jobs to end, wherever they are worked: one statement looks for all that are waited for."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import JobNotFound, JobsError, StoreError
from revenge.infra.jobs.models import FINAL, JobRow, JobState
from revenge.infra.jobs.service import sleep_or_wake

FIRST_PAUSE_S, LONGEST_PAUSE_S, GROWTH = 0.02, 0.5, 1.5
"""Between two looks for one job; the end of one that this very client works is seen at once."""
OUTAGE = timedelta(minutes=1)
"""A database that is away for longer fails the waits."""

logger = logging.getLogger("revenge.jobs")


class WaitingStore(Protocol):
    """What waiting needs of the database."""

    async def get_states(self, job_ids: Sequence[int]) -> dict[int, JobState]: ...

    async def get_many(self, job_ids: Sequence[int]) -> list[JobRow]: ...


class _Wait:
    __slots__ = ("due", "futures", "pause_s")

    def __init__(self, due: float) -> None:
        self.futures: set[asyncio.Future[JobRow]] = set()
        self.due = due
        self.pause_s = FIRST_PAUSE_S


class Waiters:
    """All waits of a client; without any nothing runs."""

    def __init__(self, *, clock: Clock, store: WaitingStore) -> None:
        self._clock = clock
        self._store = store
        self._waits: dict[int, _Wait] = {}
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._away_since: float | None = None

    async def wait(self, job_id: int) -> JobRow:
        """Return the row of a job when it has ended.

        Raises:
            JobNotFound: there is none, or it was deleted meanwhile.
            StoreError: the database can't be read, for ``OUTAGE`` where it may come back.
            JobsError: the client was stopped.
        """
        future: asyncio.Future[JobRow] = asyncio.get_running_loop().create_future()
        wait = self._waits.setdefault(job_id, _Wait(self._clock.monotonic()))
        wait.futures.add(future)
        self._news.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="jobs.waiting")
        try:
            return await future
        finally:
            wait.futures.discard(future)
            if not wait.futures and self._waits.get(job_id) is wait:
                del self._waits[job_id]
                self._news.set()

    def ended(self, ended: Iterable[tuple[int, JobState]]) -> None:
        """Look at once for those of the jobs that are waited for; this client wrote their states."""
        if self._waits:
            for job_id, state in ended:
                if state in FINAL and job_id in self._waits:
                    self._waits[job_id].due = self._clock.monotonic()
                    self._news.set()

    async def close(self) -> None:
        """Fail whoever still waits."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        self._fail(list(self._waits), JobsError("the client was stopped before the job had ended"))

    async def _look(self) -> None:
        while self._waits:
            self._news.clear()
            now = self._clock.monotonic()
            due = [job_id for job_id, wait in self._waits.items() if wait.due <= now]
            if due:
                try:
                    await self._look_for(due)
                    self._away_since = None
                except StoreError as error:
                    self._failed(due, error)
                except Exception as error:
                    logger.exception("wait.failed")
                    self._fail(due, error)
                self._put_off(due)
            await self._rest()

    async def _look_for(self, job_ids: list[int]) -> None:
        states = await self._store.get_states(job_ids)
        for job_id in job_ids:
            if job_id not in states:
                self._fail([job_id], JobNotFound(job_id))
        ended = [job_id for job_id, state in states.items() if state in FINAL]
        for row in await self._store.get_many(ended) if ended else ():
            wait = self._waits.get(row.id)
            if row.is_final and wait is not None:
                for future in wait.futures:
                    if not future.done():
                        future.set_result(row)

    def _put_off(self, job_ids: list[int]) -> None:
        now = self._clock.monotonic()
        for job_id in job_ids:
            if (wait := self._waits.get(job_id)) is not None:
                wait.due = now + wait.pause_s
                wait.pause_s = min(wait.pause_s * GROWTH, LONGEST_PAUSE_S)

    async def _rest(self) -> None:
        if not self._waits:
            return
        seconds = min(wait.due for wait in self._waits.values()) - self._clock.monotonic()
        await sleep_or_wake(self._clock, self._news, timedelta(seconds=max(seconds, 0)))

    def _failed(self, job_ids: list[int], error: StoreError) -> None:
        now = self._clock.monotonic()
        if self._away_since is None:
            self._away_since = now
            logger.warning("wait.failed", extra={"error": str(error)})
        if not error.retryable or now - self._away_since >= OUTAGE.total_seconds():
            self._fail(job_ids, error)

    def _fail(self, job_ids: list[int], error: Exception) -> None:
        for wait in filter(None, map(self._waits.get, job_ids)):
            for future in wait.futures:
                if not future.done():
                    future.set_exception(error)
