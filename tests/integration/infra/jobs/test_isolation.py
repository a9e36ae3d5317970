"""A process with a client of its own: what is said when it cannot be made, and that none is left behind."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import psutil
import pytest

from revenge.infra.jobs import Client, Job, JobArgs, Worker, Workers
from revenge.infra.jobs.errors import IsolationFailed
from revenge.infra.jobs.isolation import Isolation
from tests.fakes.engine import ActArgs, attempt

LIMIT = 30


class OtherArgs(JobArgs, kind="other"):
    """Nothing."""


class Other(Worker[OtherArgs]):
    """Works another kind."""

    async def work(self, job: Job[OtherArgs]) -> None: ...


class Names(Worker[ActArgs]):
    """Returns its process."""

    async def work(self, job: Job[ActArgs]) -> int:
        return os.getpid()


@asynccontextmanager
async def with_names() -> AsyncIterator[Client]:
    yield Client(None, workers=Workers([Names()]))


@asynccontextmanager
async def without_the_kind() -> AsyncIterator[Client]:
    yield Client(None, workers=Workers([Other()]))


def without_a_database() -> AbstractAsyncContextManager[Client]:
    raise ConnectionRefusedError("no database over there")


def that_dies() -> AbstractAsyncContextManager[Client]:
    os._exit(7)


Isolate = Callable[[], AbstractAsyncContextManager[Client]]


@asynccontextmanager
async def isolation(isolate: Isolate) -> AsyncIterator[Isolation]:
    made = Isolation(isolate, kill_after=timedelta(seconds=LIMIT))
    try:
        async with asyncio.timeout(2 * LIMIT):
            yield made
    finally:
        await made.close()


@pytest.mark.parametrize(
    ("isolate", "said"),
    [
        (without_the_kind, "has no worker for act"),
        (without_a_database, "no database over there"),
        (that_dies, "it died before it was ready"),
    ],
)
async def test_a_process_that_cannot_work_the_job_says_why_and_has_not_begun(isolate: Isolate, said: str) -> None:
    begun: list[None] = []
    async with isolation(isolate) as made:
        with pytest.raises(IsolationFailed, match=said):
            await made.run(attempt(), begin=lambda: begun.append(None))
    assert begun == []


async def test_no_process_is_left_when_nobody_waits_for_one() -> None:
    async with isolation(with_names) as made:
        process = await made.run(attempt(), begin=lambda: None)
    assert isinstance(process, int)
    assert process != os.getpid()
    assert not psutil.pid_exists(process)
