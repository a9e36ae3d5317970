"""A stop lets jobs finish, then hands back what does not, within its time, whatever the jobs and the database do."""

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Cancel, Client, Job, JobArgs, JobState, Snooze, StopConfig, StoreError, Worker
from revenge.infra.jobs.testing import settle
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
MakeClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=20)
SHORT = StopConfig(soft=timedelta(milliseconds=100), cancel=timedelta(milliseconds=100))


async def test_a_job_that_ends_in_time_is_completed(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    stopping = asyncio.create_task(node.stop(soft=LIMIT))
    gate.open.set()
    await asyncio.wait_for(stopping, 10)
    row = await client.get(job_id)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 1)


async def test_a_job_that_needs_longer_goes_back_without_burning_its_attempt(
    start_client: StartClient, client: Client
) -> None:
    gate = Gate()
    node = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await node.stop(soft=timedelta(0))
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.AVAILABLE, 0, [])
    assert row.attempted_by == [node.config.client_id]


async def test_a_stop_fetches_nothing_more(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate, queues={"default": 1})
    await client.insert(ActArgs())
    await gate.entered.wait()
    waits = (await client.insert(ActArgs())).job.id
    stopping = asyncio.create_task(node.stop(soft=LIMIT))
    await settle()
    assert not node.is_running
    gate.open.set()
    await asyncio.wait_for(stopping, 10)
    assert (await client.get(waits)).attempt == 0


async def test_ignored_cancellation_hard_abort(start_client: StartClient, client: Client) -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def ignores(_: Job[Any]) -> None:
        entered.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    node = await start_client(ignores, stop=SHORT)
    job_id = (await client.insert(ActArgs())).job.id
    await entered.wait()
    began = time.monotonic()
    await node.stop()
    assert time.monotonic() - began < 5
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.AVAILABLE, 0, [])
    # Its late end changes nothing, also when another has it by then.
    gate = Gate()
    await start_client(gate)
    await gate.entered.wait()
    let_go.set()
    gate.open.set()
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 1)


async def test_a_failure_of_its_own_while_stopping_counts(start_client: StartClient, client: Client) -> None:
    gate = Gate()

    async def fails(job: Job[Any]) -> None:
        try:
            await gate(job)
        except asyncio.CancelledError:
            raise ValueError("on the way out") from None

    node = await start_client(fails)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await node.stop(soft=timedelta(0))
    row = await client.get(job_id)
    assert (row.attempt, row.errors[0].error) == (1, "ValueError: on the way out")


@pytest.mark.parametrize(
    ("answer", "state", "attempt", "says"),
    [
        ("raises it on", JobState.AVAILABLE, 0, []),
        ("wraps it", JobState.AVAILABLE, 0, []),
        ("fails", JobState.AVAILABLE, 1, ["ValueError: on its own"]),
        ("cancels", JobState.CANCELLED, 1, ["JobCancelError: no use any more"]),
        ("snoozes", JobState.SCHEDULED, 0, []),
        ("succeeds", JobState.COMPLETED, 1, []),
    ],
)
async def test_hard_shutdown_soft_stop_classification(
    start_client: StartClient, client: Client, answer: str, state: JobState, attempt: int, says: list[str]
) -> None:
    """An end that comes of the stop costs nothing; a worker's own decision counts, whatever brought it about."""
    gate = Gate()

    async def behave(job: Job[Any]) -> object:
        try:
            await gate(job)
        except asyncio.CancelledError as error:
            match answer:
                case "raises it on":
                    raise
                case "wraps it":
                    raise RuntimeError("the copy was cut off") from error
                case "fails":
                    raise ValueError("on its own") from None
                case "cancels":
                    return Cancel("no use any more")
                case "snoozes":
                    return Snooze(timedelta(hours=1))
        return None

    node = await start_client(behave)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await node.stop(soft=timedelta(0))
    row = await client.get(job_id)
    assert (row.state, row.attempt, [error.error for error in row.errors]) == (state, attempt, says)


@pytest.mark.parametrize("answer", ["raises it on", "snoozes", "cancels", "ignores it"])
async def test_shutdown_after_cancel_attempt(start_client: StartClient, client: Client, answer: str) -> None:
    """A job that was cancelled before the stop came is cancelled, and not handed back."""
    gate = Gate()

    async def behave(job: Job[Any]) -> object:
        while True:
            try:
                await gate(job)
            except asyncio.CancelledError:
                match answer:
                    case "raises it on":
                        raise
                    case "snoozes":
                        return Snooze(timedelta(hours=1))
                    case "cancels":
                        return Cancel("by itself")
            if gate.open.is_set():
                return None

    node = await start_client(behave, stop=SHORT)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    await client.cancel(job_id)
    await gate.interrupted.wait()
    await node.stop()
    row = await client.get(job_id)
    assert (row.state, row.attempt) == (JobState.CANCELLED, 1)
    # What is abandoned leaves no error behind, as what is interrupted.
    says = [] if answer == "ignores it" else ["JobCancelError: job cancelled remotely"]
    assert [error.error for error in row.errors] == says
    gate.open.set()


async def test_a_cancel_that_was_not_heard_before_the_stop_counts_all_the_same(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    # As another client's cancel whose notification is lost.
    await pool.execute(
        """UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "2026-01-02T03:04:05Z"}' WHERE id = $1""",
        job_id,
    )
    await node.stop(soft=timedelta(0))
    row = await client.get(job_id)
    # A connection for LISTEN that is made only now finds it sooner than the stop, and then the row says so.
    assert (row.state, row.attempt) == (JobState.CANCELLED, 1)


async def test_everything_worked_is_written_when_it_returns(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    done = 0
    enough = asyncio.Event()

    async def count(_: Job[Any]) -> None:
        nonlocal done
        done += 1
        if done >= 500:
            enough.set()

    node = await start_client(count, queues={"default": 50})
    await client.insert_many([ActArgs() for _ in range(3000)])
    await enough.wait()
    await node.stop()
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'completed'") == done
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'running'") == 0


async def test_it_leaves_no_trace_in_the_cluster(start_client: StartClient, pool: asyncpg.Pool) -> None:
    node = await start_client(client_id="gone")

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads)
    await node.stop()
    assert not node.is_running
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_node") == 0
    assert await pool.fetchval("SELECT count(*) FROM river_leader") == 0

    async def lets_go() -> bool:
        # Of this database: other tests use the server at the same time.
        return not await pool.fetchval(
            """
            SELECT count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        )

    await eventually(lets_go)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]


async def test_a_client_can_start_again(start_client: StartClient, client: Client) -> None:
    node = await start_client()
    for _ in range(2):
        await node.stop()
        await node.stop()
        await node.start()
        await node.start()
        job_id = (await client.insert(ActArgs())).job.id
        assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_start_without_a_schema_fails_and_leaves_nothing(make_client: MakeClient, empty_database: str) -> None:
    node = await make_client(dsn=empty_database)
    with pytest.raises(StoreError, match="river_queue"):
        await node.start()
    assert not node.is_running
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]


async def test_starting_and_stopping_many_times_leaves_nothing_behind(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    node = await start_client(queues={"default": 10})
    for _ in range(15):
        await client.insert_many([ActArgs() for _ in range(50)])
        await node.stop()
        await node.start()

    async def all_done() -> bool:
        return bool(await pool.fetchval("SELECT count(*) = 750 FROM river_job WHERE state = 'completed'"))

    await eventually(all_done)
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE attempt <> 1 OR errors IS NOT NULL") == 0


class StuckArgs(JobArgs, kind="stuck"):
    pass


class Stuck(Worker[StuckArgs]):
    def __init__(self) -> None:
        self.started = threading.Event()
        self.let_go = threading.Event()

    def work(self, job: Job[StuckArgs]) -> None:
        self.started.set()
        self.let_go.wait(60)


async def test_a_thread_that_ignores_the_stop_is_abandoned(start_client: StartClient, client: Client) -> None:
    worker = Stuck()
    node = await start_client([worker], stop=SHORT)
    client.workers.declare(StuckArgs)
    job_id = (await client.insert(StuckArgs())).job.id
    await asyncio.to_thread(worker.started.wait, 20)
    began = time.monotonic()
    await node.stop()
    assert time.monotonic() - began < 5
    row = await client.get(job_id)
    assert (row.state, row.attempt) == (JobState.AVAILABLE, 0)
    worker.let_go.set()


STUCK_PROCESS = """
import asyncio, sys, threading
from datetime import timedelta
import asyncpg
from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, StopConfig, Worker, Workers

class StuckArgs(JobArgs, kind="stuck"):
    pass

started = threading.Event()

class Stuck(Worker[StuckArgs]):
    def work(self, job: Job[StuckArgs]) -> None:
        started.set()
        threading.Event().wait()

async def main() -> None:
    pool = await asyncpg.create_pool(sys.argv[1], min_size=1, max_size=4)
    short = timedelta(milliseconds=100)
    client = Client(pool, config=ClientConfig(stop=StopConfig(soft=short, cancel=short)), workers=Workers([Stuck()]))
    await client.start()
    await client.insert(StuckArgs())
    await asyncio.to_thread(started.wait)
    await client.stop()
    await pool.close()
    print("stopped", flush=True)

asyncio.run(main())
"""


async def test_a_process_ends_though_a_worker_of_its_is_stuck_in_a_thread(database: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK_PROCESS, database, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (out, process.returncode) == (b"stopped\n", 0)


async def test_a_second_stop_hurries_the_first(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    working = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    patient = asyncio.create_task(working.stop(soft=timedelta(hours=1)))
    await asyncio.wait_for(working.stop(soft=timedelta(0)), 20)
    await patient
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.AVAILABLE, 0, [])


async def test_a_stop_whose_caller_gives_up_goes_on(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    working = await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(working.stop(soft=timedelta(hours=1)), 0.05)
    gate.open.set()
    await working.stop()
    assert (await client.get(job_id)).state is JobState.COMPLETED


async def test_two_starts_at_a_time_are_one(make_client: MakeClient, pool: asyncpg.Pool) -> None:
    """Two runtimes of one id would take each other's jobs for their own, and one of them would never be stopped."""
    node = await make_client(queues={"default": 1})
    await asyncio.gather(node.start(), node.start(), node.start())
    assert [task.get_name() for task in asyncio.all_tasks()].count("jobs.beat") == 1
    await node.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_node") == 0


async def test_a_stop_in_the_middle_of_a_start_undoes_it(make_client: MakeClient, pool: asyncpg.Pool) -> None:
    node = await make_client()
    starting = asyncio.create_task(node.start())
    await settle()
    await node.stop()
    await starting
    assert not node.is_running
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_node") == 0


async def test_a_start_while_it_stops_waits_for_that_and_starts(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    node = await start_client(gate)
    first = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    stopping = asyncio.create_task(node.stop(soft=LIMIT))
    await settle()
    starting = asyncio.create_task(node.start())
    await settle()
    assert not starting.done()
    gate.open.set()
    await asyncio.gather(stopping, starting)
    assert node.is_running
    second = (await client.insert(ActArgs())).job.id
    for job_id in (first, second):
        assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_job_of_the_last_fetch_has_the_stops_time_as_all_others(
    start_client: StartClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fetch was under way when the stop began, and no other job ran."""
    gate = Gate()
    node = await start_client(gate)
    assert node._runtime is not None
    fetcher = node._runtime._fetcher
    fetch, asked, answer = fetcher._store.fetch, asyncio.Event(), asyncio.Event()

    async def slow(**wanted: Any) -> Any:
        claims = await fetch(**wanted)
        if claims:
            asked.set()
            await answer.wait()
        return claims

    monkeypatch.setattr(fetcher._store, "fetch", slow)
    job_id = (await client.insert(ActArgs())).job.id
    await asked.wait()
    stopping = asyncio.create_task(node.stop(soft=LIMIT))
    await settle()
    answer.set()
    await gate.entered.wait()
    gate.open.set()
    await asyncio.wait_for(stopping, 30)
    row = await client.get(job_id)
    assert (row.state, row.attempt) == (JobState.COMPLETED, 1)


async def test_who_waits_for_a_queues_removal_is_let_go_by_a_stop_that_abandons_its_job(
    start_client: StartClient, client: Client
) -> None:
    worker = Stuck()
    node = await start_client([worker], stop=SHORT)
    client.workers.declare(StuckArgs)
    await client.insert(StuckArgs())
    await asyncio.to_thread(worker.started.wait)
    removing = asyncio.create_task(node.remove_queue("default"))
    await settle()
    await node.stop()
    async with asyncio.timeout(10):
        await removing
    worker.let_go.set()
