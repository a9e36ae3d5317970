"""Callers wait for jobs to end, and get what they gave or why they failed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    Cancel,
    Client,
    InsertOpts,
    Job,
    JobFailed,
    JobNotFound,
    JobsError,
    JobState,
    UniqueOpts,
)
from tests.fakes.engine import ActArgs, Gate, at_last

StartClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]
LIMIT = timedelta(seconds=30)


async def does(job: Job[Any]) -> object:
    match job.args.what:
        case "fail":
            raise RuntimeError("no luck")
        case "cancel":
            return Cancel("not needed")
    return {"square": job.args.number**2}


async def test_a_job_is_inserted_and_its_output_returned(start_client: StartClient, client: Client) -> None:
    node = await start_client(does)
    assert await node.insert_and_wait(ActArgs(number=3), timeout=LIMIT) == {"square": 9}
    assert await client.insert_and_wait(ActArgs(number=4), timeout=LIMIT) == {"square": 16}


async def test_many_wait_at_once_and_each_gets_its_own(start_client: StartClient, client: Client) -> None:
    await start_client(does)
    calls = (client.insert_and_wait(ActArgs(number=number), timeout=LIMIT) for number in range(50))
    assert await asyncio.gather(*calls) == [{"square": number**2} for number in range(50)]


async def test_a_failed_job_raises_its_last_error_and_wait_returns_its_row(
    start_client: StartClient, client: Client
) -> None:
    await start_client(does)
    with pytest.raises(JobFailed, match="discarded: RuntimeError: no luck") as failed:
        await client.insert_and_wait(ActArgs(what="fail"), InsertOpts(max_attempts=2), timeout=LIMIT)
    assert (failed.value.state, failed.value.error) == ("discarded", "RuntimeError: no luck")
    row = await client.wait(failed.value.job_id)
    assert (row.state, len(row.errors)) == (JobState.DISCARDED, 2)
    with pytest.raises(JobFailed, match="was cancelled"):
        await client.insert_and_wait(ActArgs(what="cancel"), timeout=LIMIT)


async def test_a_duplicates_output_is_that_of_the_job_that_is_there(start_client: StartClient, client: Client) -> None:
    once = InsertOpts(unique=UniqueOpts(by_queue=True))
    await start_client(does)
    first = await client.insert_and_wait(ActArgs(number=5), once, timeout=LIMIT)
    assert await client.insert_and_wait(ActArgs(number=6), once, timeout=LIMIT) == first == {"square": 25}


async def test_a_wait_gives_up_in_time_and_leaves_the_job(client: Client, add_row: AddRow) -> None:
    job_id = await add_row("pending")
    for wait in (client.wait, client.result):
        with pytest.raises(TimeoutError):
            await wait(job_id, timeout=timedelta(milliseconds=50))
    with pytest.raises(TimeoutError):
        await client.insert_and_wait(ActArgs(), timeout=timedelta(milliseconds=50))
    assert (await client.get(job_id)).state is JobState.PENDING


async def test_a_job_that_is_deleted_meanwhile_is_not_waited_for(client: Client, add_row: AddRow) -> None:
    job_id = await add_row("pending")
    waiting = asyncio.create_task(client.wait(job_id))
    with pytest.raises(TimeoutError):
        await client.wait(job_id, timeout=timedelta(milliseconds=50))
    await client.delete(job_id)
    with pytest.raises(JobNotFound):
        await asyncio.wait_for(waiting, 30)


async def test_what_this_process_works_is_told_before_any_look(start_client: StartClient) -> None:
    """The looks for a job that has run long are half a second apart; its end here needs none of them."""
    gate = Gate()
    node = await start_client(gate)
    job_id = (await node.insert(ActArgs())).job.id
    await gate.entered.wait()
    waiting = asyncio.create_task(node.wait(job_id))
    with pytest.raises(TimeoutError):
        await node.wait(job_id, timeout=timedelta(milliseconds=100))
    node.waiters._waits[job_id].due = asyncio.get_running_loop().time() + 3600
    gate.open.set()
    assert (await asyncio.wait_for(waiting, 30)).state is JobState.COMPLETED


async def test_one_statement_looks_for_all_that_are_waited_for(client: Client, add_row: AddRow) -> None:
    ids = [await add_row("pending") for _ in range(20)]
    asked: list[int] = []
    get_states = client._jobs.get_states

    async def counted(job_ids: Any) -> Any:
        asked.append(len(job_ids))
        return await get_states(job_ids)

    client.waiters._store = type(
        "Counting", (), {"get_states": staticmethod(counted), "get_many": client._jobs.get_many}
    )()
    waits = [asyncio.create_task(client.wait(job_id)) for job_id in ids]
    with pytest.raises(TimeoutError):
        await client.wait(ids[0], timeout=timedelta(milliseconds=100))
    assert asked[0] == 20
    for job_id in ids:
        await client.cancel(job_id)
    rows = await asyncio.wait_for(asyncio.gather(*waits), 30)
    assert [row.id for row in rows] == ids


async def test_a_wait_outlives_lost_connections(client: Client, pool: asyncpg.Pool, add_row: AddRow) -> None:
    job_id = await add_row("pending")
    waiting = asyncio.create_task(client.wait(job_id))
    with pytest.raises(TimeoutError):
        await client.wait(job_id, timeout=timedelta(milliseconds=50))
    for _ in range(3):
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = $1",
            client.config.client_id,
        )
    await at_last(lambda: client.cancel(job_id))
    assert (await asyncio.wait_for(waiting, 30)).state is JobState.CANCELLED


async def test_a_stop_ends_the_waits(client: Client, add_row: AddRow) -> None:
    waiting = asyncio.create_task(client.wait(await add_row("pending")))
    with pytest.raises(TimeoutError):
        await client.wait(await add_row("pending"), timeout=timedelta(milliseconds=50))
    await client.stop()
    with pytest.raises(JobsError, match="client was stopped"):
        await waiting
