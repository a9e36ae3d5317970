"""Subscribers in this process hear how each attempt really ended, once that is in the database, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    AttemptEnded,
    Cancel,
    Client,
    EventKind,
    InsertOpts,
    Job,
    JobState,
    QueueChanged,
    Snooze,
    Subscription,
)
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=30)


async def next_of(subscription: Subscription) -> AttemptEnded:
    event = await asyncio.wait_for(anext(subscription), 30)
    assert isinstance(event, AttemptEnded)
    return event


async def obey(job: Job[ActArgs]) -> object:
    """End as the arguments say."""
    match job.args.what:
        case "fail":
            raise ValueError(f"attempt {job.attempt}")
        case "snooze":
            return Snooze(timedelta(hours=1))
        case "snooze shortly":
            return Snooze(timedelta(seconds=4)) if "snoozes" not in job.metadata else None
        case "cancel":
            return Cancel("no")
        case "output":
            return {"found": 7}
    return None


@pytest.mark.parametrize(
    ("what", "attempts", "kind", "state"),
    [
        ("nothing", 3, EventKind.JOB_COMPLETED, JobState.COMPLETED),
        ("output", 3, EventKind.JOB_COMPLETED, JobState.COMPLETED),
        ("fail", 1, EventKind.JOB_FAILED, JobState.DISCARDED),
        ("fail", 3, EventKind.JOB_FAILED, JobState.AVAILABLE),
        ("snooze", 3, EventKind.JOB_SNOOZED, JobState.SCHEDULED),
        ("snooze shortly", 3, EventKind.JOB_SNOOZED, JobState.AVAILABLE),
        ("cancel", 3, EventKind.JOB_CANCELLED, JobState.CANCELLED),
    ],
)
async def test_an_event_tells_how_the_attempt_was_persisted(
    start_client: StartClient, what: str, attempts: int, kind: EventKind, state: JobState
) -> None:
    node = await start_client(obey)
    with node.subscribe_local() as events:
        inserted = await node.insert(ActArgs(what=what), InsertOpts(max_attempts=attempts))
        event = await next_of(events)
    assert (event.kind, event.job.id, event.job.state) == (kind, inserted.job.id, state)
    assert event.job.attempted_by == [node.config.client_id]
    assert (event.job.output, len(event.job.errors)) == ({"found": 7} if what == "output" else None, _errors(kind))


def _errors(kind: EventKind) -> int:
    return 1 if kind in (EventKind.JOB_FAILED, EventKind.JOB_CANCELLED) else 0


async def test_an_event_has_the_attempt_s_times(start_client: StartClient) -> None:
    gate = Gate()
    node = await start_client(gate)
    with node.subscribe_local() as events:
        await node.insert(ActArgs())
        await gate.entered.wait()
        await asyncio.to_thread(lambda: None)
        gate.open.set()
        statistics = (await next_of(events)).statistics
    assert statistics.run_duration > timedelta(0)
    assert statistics.complete_duration > timedelta(0)
    assert timedelta(0) <= statistics.queue_wait_duration < LIMIT


async def test_a_failure_that_somebody_cancelled_meanwhile_is_told_as_cancelled(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    gate = Gate()

    async def fail(job: Job[Any]) -> None:
        await gate(job)
        raise ValueError

    node = await start_client(fail)
    with node.subscribe_local() as events:
        inserted = await node.insert(ActArgs())
        await gate.entered.wait()
        # As a cancel whose notification got lost.
        await pool.execute(
            """UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "2026-01-01T00:00:00Z"}' WHERE id = $1""",
            inserted.job.id,
        )
        gate.open.set()
        event = await next_of(events)
    assert (event.kind, event.job.state) == (EventKind.JOB_CANCELLED, JobState.CANCELLED)


async def test_an_interruption_is_told_before_the_subscription_ends(start_client: StartClient) -> None:
    gate = Gate()
    node = await start_client(gate)
    events = node.subscribe_local()
    await node.insert(ActArgs())
    await gate.entered.wait()
    await node.stop(soft=timedelta(0))
    told = [event async for event in events]
    assert [(event.kind, event.job.state, event.job.attempt) for event in told if isinstance(event, AttemptEnded)] == [
        (EventKind.JOB_INTERRUPTED, JobState.AVAILABLE, 0)
    ]


async def test_a_job_that_its_worker_completed_itself_is_told_as_completed(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    async def complete(job: Job[Any]) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await job.complete(conn=conn)

    node = await start_client(complete)
    with node.subscribe_local() as events:
        await node.insert(ActArgs())
        event = await next_of(events)
    assert (event.kind, event.job.state) == (EventKind.JOB_COMPLETED, JobState.COMPLETED)


async def test_a_row_that_is_no_longer_this_attempt_s_is_not_told(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(lambda job: gate(job) if job.args.number == 1 else obey(job))
    with node.subscribe_local() as events:
        taken = await node.insert(ActArgs(number=1))
        await gate.entered.wait()
        # As a rescue and another node's fetch would leave it.
        await pool.execute(
            "UPDATE river_job SET attempt = 2, attempted_at = now() + interval '1 s', attempted_by = '{another}' WHERE id = $1",
            taken.job.id,
        )
        gate.open.set()

        async def is_stale() -> bool:
            return node._runtime is not None and node._runtime._completer.stale == 1

        await eventually(is_stale)
        following = await node.insert(ActArgs(number=2))
        assert (await next_of(events)).job.id == following.job.id


async def test_a_row_that_was_made_pending_meanwhile_is_not_told(start_client: StartClient, pool: asyncpg.Pool) -> None:
    gate = Gate()
    node = await start_client(lambda job: gate(job) if job.args.number == 1 else obey(job))
    with node.subscribe_local() as events:
        taken = await node.insert(ActArgs(number=1))
        await gate.entered.wait()
        await pool.execute("UPDATE river_job SET state = 'pending' WHERE id = $1", taken.job.id)
        gate.open.set()

        async def is_stale() -> bool:
            return node._runtime is not None and node._runtime._completer.stale == 1

        await eventually(is_stale)
        following = await node.insert(ActArgs(number=2))
        assert (await next_of(events)).job.id == following.job.id


async def test_who_wants_failures_only_gets_no_successes(start_client: StartClient) -> None:
    node = await start_client(obey)
    with node.subscribe_local(events=[EventKind.JOB_FAILED], kinds=["act"], queues=["default"]) as events:
        await node.insert_many([ActArgs() for _ in range(20)])
        failing = await node.insert(ActArgs(what="fail"), InsertOpts(max_attempts=1))
        event = await next_of(events)
    assert (event.job.id, event.kind) == (failing.job.id, EventKind.JOB_FAILED)


async def test_two_clients_in_one_process_hear_only_of_their_own(start_client: StartClient) -> None:
    one, two = await start_client(queues={"one": 1}), await start_client(queues={"two": 1})
    with one.subscribe_local() as ones, two.subscribe_local() as twos:
        first = await one.insert(ActArgs(), InsertOpts(queue="one"))
        second = await one.insert(ActArgs(), InsertOpts(queue="two"))
        assert (await next_of(ones)).job.id == first.job.id
        assert (await next_of(twos)).job.id == second.job.id
        await one.stop()
        assert [event async for event in ones] == []


@pytest.mark.parametrize("name", ["default", "*"])
async def test_a_queue_s_pause_and_its_end_are_told(start_client: StartClient, client: Client, name: str) -> None:
    node = await start_client(obey)
    with node.subscribe_local() as events:
        await client.pause_queue(name)
        assert await asyncio.wait_for(anext(events), 60) == QueueChanged(kind=EventKind.QUEUE_PAUSED, queue="default")
        await client.resume_queue(name)
        assert await asyncio.wait_for(anext(events), 60) == QueueChanged(kind=EventKind.QUEUE_RESUMED, queue="default")


async def test_a_subscription_of_a_client_that_never_ran_ends_with_it_too(client: Client) -> None:
    events = client.subscribe_local()
    await client.stop()
    assert [event async for event in events] == []


async def test_thousands_of_jobs_are_each_told_once(start_client: StartClient) -> None:
    node = await start_client(obey, queues={"default": 100})
    with node.subscribe_local(buffer=10_000) as events:
        await node.insert_many_fast([ActArgs(number=number) for number in range(3000)])
        told = [(await next_of(events)).job.id for _ in range(3000)]
    assert len(set(told)) == 3000
    assert events.dropped == 0


async def test_a_full_buffer_drops_what_comes_then(start_client: StartClient) -> None:
    node = await start_client(obey)
    with node.subscribe_local(buffer=2) as slow, node.subscribe_local() as fast:
        await node.insert_many([ActArgs() for _ in range(5)])
        for _ in range(5):
            await next_of(fast)
        assert slow.dropped == 3
