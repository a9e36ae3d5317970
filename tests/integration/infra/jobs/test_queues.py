"""Queues come, go, grow and pause while a client works."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs import (
    Client,
    InsertOpts,
    InvalidJob,
    Job,
    JobState,
    QueueAlreadyAdded,
    QueueConfig,
    QueueNotFound,
    StoreError,
)
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
MakeClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=30)
NEVER = timedelta(hours=1)
BULK = InsertOpts(queue="bulk")


async def test_a_queue_that_is_added_is_worked_and_one_that_is_removed_no_more(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    node = await start_client()
    waiting = (await client.insert(ActArgs(), BULK)).job.id
    await node.add_queue("bulk", 2)
    assert (await client.wait(waiting, timeout=LIMIT)).state is JobState.COMPLETED
    assert await pool.fetchval("SELECT count(*) FROM river_queue WHERE name = 'bulk'") == 1
    with pytest.raises(QueueAlreadyAdded):
        await node.add_queue("bulk", 2)
    await node.remove_queue("bulk")
    left = (await client.insert(ActArgs(), BULK)).job.id
    # This node looked at its own queue after the insert, and so had every reason to fetch.
    await client.wait((await client.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (await client.get(left)).state is JobState.AVAILABLE
    with pytest.raises(QueueNotFound):
        await node.remove_queue("bulk")
    await node.add_queue("bulk", 1)
    assert (await client.wait(left, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_queue_that_two_add_at_a_time_is_added_once(start_client: StartClient) -> None:
    node = await start_client()
    said = await asyncio.gather(node.add_queue("bulk", 1), node.add_queue("bulk", 2), return_exceptions=True)
    assert [type(answer) for answer in said if answer is not None] == [QueueAlreadyAdded]
    await node.remove_queue("bulk")
    with pytest.raises(QueueNotFound):
        await node.remove_queue("bulk")


async def test_removing_waits_for_the_jobs_that_run(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate, queues={"default": 1, "bulk": 2})
    job_id = (await client.insert(ActArgs(), BULK)).job.id
    await gate.entered.wait()
    removing = asyncio.create_task(node.remove_queue("bulk"))
    done, _ = await asyncio.wait([removing], timeout=0.1)
    assert not done
    assert not gate.interrupted.is_set()
    gate.open.set()
    await asyncio.wait_for(removing, 30)
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_queue_that_is_added_again_meanwhile_is_waited_for_no_longer(
    start_client: StartClient, client: Client
) -> None:
    gate = Gate()
    node = await start_client(gate, queues={"default": 1, "bulk": 1})
    job_id = (await client.insert(ActArgs(), BULK)).job.id
    await gate.entered.wait()
    removing = asyncio.create_task(node.remove_queue("bulk"))
    await asyncio.wait([removing], timeout=0.1)
    await node.add_queue("bulk", 3)
    await asyncio.wait_for(removing, 30)
    assert node.queue_configs["bulk"].workers == 3
    gate.open.set()
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED
    await asyncio.wait_for(node.remove_queue("bulk"), 30)


async def test_a_queue_without_running_jobs_is_removed_at_once(start_client: StartClient) -> None:
    node = await start_client(queues={"default": 1, "bulk": 2})
    await asyncio.wait_for(node.remove_queue("bulk"), 30)
    assert list(node.queue_configs) == ["default"]


async def test_a_queue_is_resized_while_it_is_worked(start_client: StartClient, client: Client) -> None:
    running = 0
    changed = asyncio.Condition()
    end = asyncio.Event()

    async def count(_: Job[Any]) -> None:
        nonlocal running
        async with changed:
            running += 1
            changed.notify_all()
        await end.wait()

    node = await start_client(count, queues={"default": 1})
    await client.insert_many([ActArgs() for _ in range(5)])
    async with asyncio.timeout(30), changed:
        await changed.wait_for(lambda: running == 1)
    await node.resize_queue("default", 3)
    async with asyncio.timeout(30), changed:
        await changed.wait_for(lambda: running == 3)

    async def told() -> object:
        return (await client.get_queue("default")).workers == 3

    await eventually(told)  # with the node's next beat
    end.set()
    with pytest.raises(QueueNotFound):
        await node.resize_queue("bulk", 3)
    with pytest.raises(ValueError, match="1 to 10000 workers, got 0"):
        await node.resize_queue("default", 0)


async def test_queues_added_before_the_start_are_worked_from_it_on(make_client: MakeClient, client: Client) -> None:
    node = await make_client(queues={})
    await node.add_queue("bulk", QueueConfig(2))
    await node.add_queue("low", 2)
    await node.remove_queue("low")
    with pytest.raises(InvalidJob, match="queue name"):
        await node.add_queue("No Name", 1)
    await node.start()
    assert (await client.wait((await client.insert(ActArgs(), BULK)).job.id, timeout=LIMIT)).state is JobState.COMPLETED
    assert [queue.name for queue in await client.queues()] == ["bulk"]


async def test_a_queue_that_is_added_while_it_is_paused_waits_for_its_resumption(
    start_client: StartClient, client: Client
) -> None:
    node = await start_client(queues={"default": 1, "bulk": 1})
    await client.pause_queue("bulk")
    await node.remove_queue("bulk")
    job_id = (await client.insert(ActArgs(), BULK)).job.id
    await node.add_queue("bulk", 1)
    await client.wait((await client.insert(ActArgs())).job.id, timeout=LIMIT)
    assert (await client.get(job_id)).state is JobState.AVAILABLE
    await client.resume_queue("bulk")
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_queue_with_an_interval_of_its_own_is_polled_by_it(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    """Rows that nobody tells of are found by polling alone."""
    queues = {"default": 1, "bulk": QueueConfig(1, poll_interval=timedelta(milliseconds=50))}
    node = await start_client(queues=queues, poll_only=True, poll_interval=NEVER, poll_only_interval=NEVER)
    await client.wait((await client.insert(ActArgs(), BULK)).job.id, timeout=LIMIT)
    ids = {
        queue: await pool.fetchval(
            "INSERT INTO river_job (kind, args, max_attempts, queue) VALUES ('act', '{}', 3, $1) RETURNING id", queue
        )
        for queue in ("default", "bulk")
    }
    assert (await client.wait(ids["bulk"], timeout=LIMIT)).state is JobState.COMPLETED
    assert (await client.get(ids["default"])).state is JobState.AVAILABLE
    await node.add_queue("low", QueueConfig(1, poll_interval=timedelta(milliseconds=50)))
    later = await pool.fetchval(
        "INSERT INTO river_job (kind, args, max_attempts, queue) VALUES ('act', '{}', 3, 'low') RETURNING id"
    )
    assert (await client.wait(later, timeout=LIMIT)).state is JobState.COMPLETED


@pytest.mark.parametrize("name", ["bulk", "*"])
async def test_a_pause_whose_notification_was_lost_is_obeyed(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, name: str
) -> None:
    await start_client(queues={"bulk": 1}, poll_only=True, poll_only_interval=timedelta(milliseconds=50))
    await client.wait((await client.insert(ActArgs(), BULK)).job.id, timeout=LIMIT)
    # Straight into the table: nobody is told.
    await pool.execute("UPDATE river_queue SET paused_at = now() WHERE name = $1 OR $1 = '*'", name)

    async def is_left() -> object:
        job_id = (await client.insert(ActArgs(), BULK)).job.id
        try:
            await client.wait(job_id, timeout=timedelta(milliseconds=400))
        except TimeoutError:
            return job_id
        return None

    job_id = await eventually(is_left, within=LIMIT)
    await pool.execute("UPDATE river_queue SET paused_at = NULL")
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_queues_metadata_are_replaced_and_its_clients_told(
    start_client: StartClient, client: Client, database: str
) -> None:
    await start_client(queues={"bulk": 1})
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = await asyncpg.connect(database)
    await listening.add_listener("public.river_control", lambda *args: heard.put_nowait(args[3]))
    before = await client.get_queue("bulk")
    await client.update_queue("bulk", metadata={"owner": "me", "n": [1]})
    told = await asyncio.wait_for(heard.get(), 30)
    assert told == '{"action":"metadata_changed","metadata":{"owner":"me","n":[1]},"queue":"bulk"}'
    await client.update_queue("bulk", metadata={"other": True})
    assert orjson.loads(await asyncio.wait_for(heard.get(), 30))["metadata"] == {"other": True}
    after = await client.get_queue("bulk")
    assert (before.metadata, after.metadata) == ({}, {"other": True})
    await client.update_queue("bulk")
    kept = await client.get_queue("bulk")
    assert kept.metadata == {"other": True}
    assert kept.updated_at > after.updated_at
    with pytest.raises(StoreError, match="too long"):
        await client.update_queue("bulk", metadata={"text": "x" * 9000})
    assert (await client.get_queue("bulk")).metadata == {"other": True}
    for call in (client.get_queue("nowhere"), client.update_queue("nowhere", metadata={})):
        with pytest.raises(QueueNotFound):
            await call
    await listening.close()


async def test_a_queue_is_looked_at_by_itself(client: Client) -> None:
    await client.insert_many([(ActArgs(), BULK), (ActArgs(), BULK), (ActArgs(), InsertOpts(queue="low"))])
    queue = await client.get_queue("bulk")
    assert (queue.name, dict(queue.counts), queue.workers) == ("bulk", {"available": 2}, 0)
