"""Plugins, steps and the worker's own transaction mean the same in memory and on a database."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, Job, JobState, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.plugins import JobInsertParams
from revenge.infra.jobs.testing import MemoryClient, drain, enqueued, refute_enqueued
from tests.fakes.engine import ActArgs, Actor
from tests.integration.infra.jobs.kit.conftest import Make


class Tracing:
    """Puts a trace into what is inserted, and notes what is worked."""

    def __init__(self) -> None:
        self.noted: list[object] = []

    async def insert_begin(self, params: JobInsertParams) -> None:
        params.metadata["trace"] = "t-1"

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        self.noted.append(("begins", job.metadata["trace"]))
        try:
            return await proceed()
        finally:
            self.noted.append("ends")

    async def handle_error(self, job: Job[Any], error: BaseException) -> None:
        self.noted.append(type(error))


async def _fail(_: Job[Any]) -> None:
    message = "no"
    raise ValueError(message)


async def test_plugins_are_around_inserts_and_attempts(make: Make) -> None:
    tracing = Tracing()
    plain = make(Actor(_fail))
    client = Client(plain.store, config=plain.config, workers=plain.workers, clock=plain.clock, plugins=[tracing])
    await client.insert(ActArgs())
    with pytest.raises(ValueError, match="no"):
        await drain(client)
    assert tracing.noted == [("begins", "t-1"), "ends", ValueError]


async def test_a_step_that_is_done_is_not_done_again(make: Make) -> None:
    done: list[str] = []

    async def work(job: Job[Any]) -> None:
        await job.step("first", _note, done, "first")
        await job.step("second", _note, done, f"second in attempt {job.attempt}")
        if job.attempt == 1:
            await _fail(job)

    client = make(Actor(work))
    await client.insert(ActArgs())
    drained = await drain(client, with_retries=True)
    assert [item.outcome for item in drained] == ["failed", "completed"]
    assert done == ["first", "second in attempt 1"]


async def _note(done: list[str], what: str) -> None:
    done.append(what)


async def test_a_job_is_done_by_its_workers_own_transaction(pool: asyncpg.Pool) -> None:
    async def work(job: Job[Any]) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await job.complete(conn=conn, output={"by": "transaction"})
        await _fail(job)

    workers = Workers([Actor(work)])
    for client in (Client(pool, workers=workers), MemoryClient(workers, clock=SystemClock())):
        await client.insert(ActArgs())
        [worked] = await drain(client, raise_errors=False)
        assert (worked.outcome, worked.output) == ("completed", {"by": "transaction"})
        assert worked.job.state is JobState.COMPLETED


async def test_a_drain_in_a_transaction_leaves_nothing_when_that_rolls_back(pool: asyncpg.Pool) -> None:
    async def work(job: Job[Any]) -> None:
        if job.args.number:
            await client.insert(ActArgs(number=job.args.number - 1), conn=conn)

    client = Client(pool, workers=Workers([Actor(work)]))
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await client.insert(ActArgs(number=2), conn=conn)
        assert len(await drain(client, conn=conn)) == 3
        assert len(await enqueued(client, states=[JobState.COMPLETED], conn=conn)) == 3
        await refute_enqueued(client, states=list(JobState))
        await transaction.rollback()
    await refute_enqueued(client, states=list(JobState))


async def test_a_running_client_is_not_drained(pool: asyncpg.Pool) -> None:
    client = Client(pool, workers=Workers([Actor(_fail)]))
    await client.start()
    try:
        with pytest.raises(RuntimeError, match="running and works its jobs itself"):
            await drain(client)
    finally:
        await client.stop()
