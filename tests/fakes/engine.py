"""What tests of the engine share: claims, attempts, a worker that does what the test says, and clients on a database."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.worker import Worker

T = TypeVar("T")

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_LOOK_AGAIN = timedelta(milliseconds=15)
_ids = count(1)

Behaviour = Callable[[Job[Any]], Awaitable[object]]
"""What a test wants a job to do."""


class ActArgs(JobArgs, kind="act"):
    """Arguments of the jobs that most tests insert."""

    what: str = ""
    number: int = 0


class Actor(Worker[ActArgs]):
    """Does what the test says, in the event loop."""

    def __init__(self, behaviour: Behaviour, **settings: Any) -> None:
        self._behaviour = behaviour
        for name, value in settings.items():
            setattr(self, name, value)

    async def work(self, job: Job[ActArgs]) -> object:
        return await self._behaviour(job)


class Gate:
    """A behaviour that says when it is entered and waits until it is let go."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.interrupted = asyncio.Event()
        self.jobs: list[Job[Any]] = []

    async def __call__(self, job: Job[Any]) -> None:
        self.jobs.append(job)
        self.entered.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.interrupted.set()
            raise


async def nothing(_: Job[Any]) -> None:
    """Succeed at once."""


def claim(**columns: Any) -> Claim:
    """Return a claim as a fetch makes it; each has an id of its own."""
    values = {
        "id": next(_ids),
        "kind": "act",
        "queue": "default",
        "args": "{}",
        "attempt": 1,
        "max_attempts": 3,
        "attempted_at": NOW,
        "scheduled_at": NOW,
        "priority": 1,
        "metadata_json": None,
        "error_count": 0,
        **columns,
    }
    return Claim(values.values())


def attempt(worker: Worker[Any] | None = None, **columns: Any) -> Attempt:
    """Return an attempt whose worker has been found and whose arguments have been read."""
    found = Attempt(claim(**columns))
    workers = Workers([worker or Actor(nothing)])
    registration = found.registration = workers.get(found.claim.kind)
    if registration is not None:
        found.job = Job(found.claim, registration.decode(found.claim.args))
    return found


def fence(item: Claim | Settlement) -> tuple[int, int, datetime]:
    """Return what names one attempt of one job."""
    return item.id, item.attempt, item.attempted_at


async def at_last(call: Callable[[], Awaitable[T]], *, connections: int = 10) -> T:
    """Return what ``call`` does although connections of its client are dying: a single call is told of one, and may be made
    again until none of them is left."""
    for _ in range(connections):
        with contextlib.suppress(StoreError):
            return await call()
    return await call()


async def eventually(check: Callable[[], Awaitable[object]], *, within: timedelta = timedelta(seconds=20)) -> Any:
    """Look until ``check`` gives something true, and return that: for rows, whose changes nobody announces.

    Raises:
        TimeoutError: it has not within that time.
    """
    clock = SystemClock()
    async with asyncio.timeout(within.total_seconds()):
        while not (found := await check()):
            await clock.sleep(_LOOK_AGAIN)
    return found
