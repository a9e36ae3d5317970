"""A client's periodic jobs run on schedule, once in the cluster, and can be looked at, paused and run by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs import (
    Client,
    ClientConfig,
    Every,
    Job,
    PeriodicJob,
    PeriodicNotFound,
    StopConfig,
    Worker,
    Workers,
)
from revenge.infra.jobs.args import JobArgs

Started = asyncio.Queue[tuple[str, int]]


class TickArgs(JobArgs, kind="tick"):
    """Nothing to say."""


class TickWorker(Worker[TickArgs]):
    """Tells which client ran which job."""

    def __init__(self, client_id: str, started: Started) -> None:
        self._client_id = client_id
        self._started = started

    async def work(self, job: Job[TickArgs]) -> None:
        assert job.metadata["periodic"] is True
        assert job.metadata["river:periodic_job_id"] == "tick"
        self._started.put_nowait((self._client_id, job.id))


@pytest.fixture
async def clients(database: str, pool: asyncpg.Pool) -> AsyncIterator[tuple[list[Client], Started]]:
    """Two nodes that know the same periodic job."""
    started: Started = asyncio.Queue()
    async with AsyncExitStack() as stack:
        made = []
        for client_id in ("one", "two"):
            client = Client(
                pool,
                config=ClientConfig(
                    client_id=client_id, queues={"default": 2}, stop=StopConfig(soft=timedelta(seconds=2))
                ),
                workers=Workers([TickWorker(client_id, started)]),
                schema="public",
                listen=lambda: asyncpg.connect(database),
                periodic=[PeriodicJob("tick", Every(timedelta(milliseconds=300)), TickArgs())],
            )
            stack.push_async_callback(client.stop)
            await client.start()
            made.append(client)
        yield made, started


async def test_each_run_is_inserted_once_and_worked_once(
    clients: tuple[list[Client], Started], pool: asyncpg.Pool
) -> None:
    _, started = clients
    ran = [await started.get() for _ in range(4)]
    assert len({job_id for _, job_id in ran}) == 4
    planned = [row["scheduled_at"] for row in await pool.fetch("SELECT scheduled_at FROM river_job ORDER BY id")]
    assert len(set(planned)) == len(planned)


async def test_a_schedule_is_visible_and_can_be_paused_and_run_by_hand(
    clients: tuple[list[Client], Started], pool: asyncpg.Pool
) -> None:
    (one, two), started = clients
    await started.get()
    await one.periodic.pause("tick")
    (seen,) = await two.periodic.list()
    assert seen.paused_at is not None
    assert seen.last_run_at is not None
    (result,) = await two.run_periodic("tick")
    while (await started.get())[1] != result.job.id:
        pass
    with pytest.raises(PeriodicNotFound):
        await one.periodic.pause("tock")
