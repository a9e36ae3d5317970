"""A cancel from outside reaches running code within a second, and only the attempt that it meant."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, InsertOpts, Job, JobArgs, JobState, Snooze, Worker
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=20)
REMOTE = "JobCancelError: job cancelled remotely"


@pytest.mark.parametrize("poll_only", [False, True])
async def test_it_reaches_waiting_code_within_a_second(
    start_client: StartClient, client: Client, poll_only: bool
) -> None:
    gate = Gate()
    node = await start_client(gate, poll_only=poll_only)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    if not poll_only:
        await eventually(lambda: _listens(node))
    began = time.monotonic()
    await client.cancel(job_id)
    await gate.interrupted.wait()
    assert time.monotonic() - began < 1
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.errors[0].error) == (JobState.CANCELLED, 1, REMOTE)


async def _listens(node: Client) -> bool:
    return node._runtime is not None and node._runtime.is_listening


async def test_a_listening_node_finds_one_it_could_not_hear_when_it_listens_again(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(gate, client_id="deaf")
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await eventually(lambda: _listens(node))
    async with pool.acquire() as conn, conn.transaction():
        # In one transaction: the connection is gone before the notification is sent.
        await client.cancel(job_id, conn=conn)
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'deaf-listen'"
        )
    await asyncio.wait_for(gate.interrupted.wait(), 5)
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.CANCELLED


async def test_one_that_arrives_during_the_fetch_meets_the_job(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(gate)
    await eventually(lambda: _listens(node))
    runtime = node._runtime
    assert runtime is not None
    held = asyncio.Event()
    fetched = asyncio.Event()
    fetch = runtime._jobs.fetch

    async def slow_fetch(**arguments: Any) -> Any:
        claims = await fetch(**arguments)
        if claims:
            fetched.set()
            await held.wait()
        return claims

    runtime._fetcher._store = _Slow(slow_fetch)
    job_id = (await client.insert(ActArgs())).job.id
    await fetched.wait()
    await client.cancel(job_id)

    async def is_noted() -> bool:
        return any(job_id in cancels for cancels in runtime._fetcher._cancels_of.values())

    await eventually(is_noted)
    held.set()
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.errors[0].error) == (JobState.CANCELLED, REMOTE)
    assert gate.jobs == []


class _Slow:
    def __init__(self, fetch: Callable[..., Awaitable[Any]]) -> None:
        self.fetch: Any = fetch


async def test_a_job_that_was_cancelled_and_retried_runs(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate, queues={"default": 1})
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await client.cancel(job_id)
    await client.wait(job_id, timeout=LIMIT)
    gate.entered.clear()
    await client.retry(job_id)
    await asyncio.wait_for(gate.entered.wait(), 20)
    runtime = node._runtime
    assert runtime is not None
    await runtime._polls.look_up_cancels()
    gate.open.set()
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, "cancel_attempted_at" in row.metadata) == (JobState.COMPLETED, 2, False)


async def test_an_answer_that_is_older_than_the_attempt_hits_nobody(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    runtime = node._runtime
    assert runtime is not None
    row = await client.get(job_id)
    assert row.attempted_at is not None
    assert not runtime._executor.cancel(job_id, attempted_at=row.attempted_at - timedelta(microseconds=1))
    gate.open.set()
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_one_that_comes_too_late_finds_a_completed_job(start_client: StartClient, client: Client) -> None:
    async def insists(job: Job[Any]) -> None:
        try:
            await gate(job)
        except asyncio.CancelledError:
            return

    gate = Gate()
    await start_client(insists)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await client.cancel(job_id)
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


@pytest.mark.parametrize("outcome", ["fails", "snoozes"])
async def test_one_that_nobody_heard_wins_over_running_again(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, outcome: str
) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> object:
        await gate(job)
        if outcome == "fails":
            raise ValueError("no")
        return Snooze(timedelta(minutes=1))

    await start_client(behave)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await pool.execute("""UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "x"}'""")
    gate.open.set()
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.CANCELLED, 1)
    assert row.finalized_at is not None


async def test_one_that_nobody_heard_wins_over_an_interruption(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    """As in River: the attempt counts, and there is no error."""
    gate = Gate()
    node = await start_client(gate)

    async def has_looked() -> bool:
        """Whether it has looked for what came before it listened; the next look is a minute away."""
        notifier = None if node._runtime is None else node._runtime._notifier
        return notifier is not None and notifier._line is not None

    await eventually(has_looked)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await pool.execute("""UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "x"}'""")
    await node.stop(soft=timedelta(0))
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.CANCELLED, 1, [])


async def test_it_frees_the_slot(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    await start_client(gate, queues={"default": 1})
    first = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    second = (await client.insert(ActArgs())).job.id
    gate.open.set()
    await client.cancel(first)
    assert (await client.wait(second, timeout=LIMIT)).state is JobState.COMPLETED


class ThreadArgs(JobArgs, kind="in_thread"):
    reports: bool = True


class InThread(Worker[ThreadArgs]):
    def __init__(self) -> None:
        self.started = threading.Event()
        self.ended = threading.Event()

    def work(self, job: Job[ThreadArgs]) -> None:
        self.started.set()
        try:
            while job.args.reports or not job.cancel_requested:
                job.report_progress(current=1)
                threading.Event().wait(0.01)
        finally:
            self.ended.set()


@pytest.mark.parametrize("reports", [True, False])
async def test_a_thread_learns_of_it_within_a_second(start_client: StartClient, client: Client, reports: bool) -> None:
    worker = InThread()
    await start_client([worker])
    client.workers.declare(ThreadArgs)
    job_id = (await client.insert(ThreadArgs(reports=reports))).job.id
    await asyncio.to_thread(worker.started.wait, 20)
    began = time.monotonic()
    await client.cancel(job_id)
    await asyncio.to_thread(worker.ended.wait, 20)
    assert time.monotonic() - began < 1
    row = await client.wait(job_id, timeout=LIMIT)
    # A thread that notices and returns has worked; one that is told by its report has not.
    assert row.state is (JobState.CANCELLED if reports else JobState.COMPLETED)


async def test_in_a_transaction_it_counts_from_the_commit(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(gate)
    await eventually(lambda: _listens(node))
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await client.cancel(job_id, conn=conn)
        await transaction.rollback()
        assert "cancel_attempted_at" not in (await client.get(job_id)).metadata
        async with conn.transaction():
            await client.cancel(job_id, conn=conn)
            assert not gate.interrupted.is_set()
    await asyncio.wait_for(gate.interrupted.wait(), 5)


async def test_of_a_job_that_waits_behind_others(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    await start_client(gate, queues={"default": 1})
    await client.insert(ActArgs())
    await gate.entered.wait()
    waits = (await client.insert(ActArgs(), InsertOpts(queue="default"))).job.id
    assert (await client.cancel(waits)).state is JobState.CANCELLED
    gate.open.set()
    last = (await client.insert(ActArgs())).job.id
    await client.wait(last, timeout=LIMIT)
    assert waits not in [job.id for job in gate.jobs]
