"""What is fetched when, by whom, and what it does to the row."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, InsertOpts, Job, JobArgs, JobState, Snooze, Worker
from revenge.infra.jobs.plugins import JobGetAvailableCount, Metric
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]
NEVER = timedelta(hours=1)
LIMIT = timedelta(seconds=20)


def listens(started: Client) -> bool:
    """Whether notifications reach ``started`` by now."""
    runtime = started._runtime
    return runtime is not None and runtime.is_listening


async def until_it_listens(started: Client) -> None:
    async def look() -> bool:
        return listens(started)

    await eventually(look)


async def test_a_fetch_leaves_rivers_columns(start_client: StartClient, client: Client, add_row: AddRow) -> None:
    gate = Gate()
    job_id = await add_row(
        attempted_by="{" + ",".join(f"c{n}" for n in range(100)) + "}", attempt=100, max_attempts=200
    )
    before = (await client.get(job_id)).created_at
    await start_client(gate, client_id="me")
    await gate.entered.wait()
    row = await client.get(job_id)
    assert (row.state, row.attempt) == (JobState.RUNNING, 101)
    assert row.attempted_by == [*(f"c{n}" for n in range(1, 100)), "me"]
    assert row.attempted_at is not None
    assert row.attempted_at >= before
    gate.open.set()
    done = await client.wait(job_id, timeout=LIMIT)
    assert (done.state, done.attempt, done.attempted_at, done.errors) == (
        JobState.COMPLETED,
        101,
        row.attempted_at,
        [],
    )
    assert done.finalized_at is not None


async def test_the_first_in_line_are_priority_then_time_then_id(start_client: StartClient, add_row: AddRow) -> None:
    order: list[int] = []
    all_done = asyncio.Event()

    async def note(job: Job[Any]) -> None:
        order.append(job.id)
        if len(order) == 5:
            all_done.set()

    minute = timedelta(minutes=1)
    last = await add_row(priority=4, due_in=-3 * minute)
    third = await add_row(priority=2, due_in=-minute)
    second = await add_row(priority=2, due_in=-2 * minute)
    first = await add_row(priority=1, due_in=-minute)
    fourth = await add_row(priority=2, due_in=-minute / 2)
    await start_client(note, queues={"default": 1})
    await asyncio.wait_for(all_done.wait(), 20)
    assert order == [first, second, third, fourth, last]


async def test_what_is_not_due_or_not_available_is_left_alone(
    start_client: StartClient, client: Client, add_row: AddRow
) -> None:
    left = [await add_row("available", due_in=timedelta(hours=1)), *[await add_row(s) for s in ("pending", "running")]]
    left.append(await add_row(queue="elsewhere"))
    due = await add_row()
    await start_client(lead=False)
    await client.wait(due, timeout=LIMIT)
    assert [(await client.get(job_id)).attempt for job_id in left] == [0, 0, 0, 0]


async def test_an_insert_wakes_another_node_at_once(start_client: StartClient, client: Client) -> None:
    begun = asyncio.Queue[datetime]()

    async def note(_: Job[Any]) -> None:
        begun.put_nowait(datetime.now(UTC))

    node = await start_client(note, poll_interval=NEVER)
    await until_it_listens(node)
    delays = []
    for _ in range(20):
        inserted = datetime.now(UTC)
        await client.insert(ActArgs())
        delays.append(await asyncio.wait_for(begun.get(), 20) - inserted)
    assert sorted(delays)[10] < timedelta(milliseconds=100)


async def test_an_insert_in_a_transaction_wakes_another_node_at_its_commit(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    gate = Gate()
    node = await start_client(gate, poll_interval=NEVER)
    await until_it_listens(node)
    async with pool.acquire() as conn:
        async with conn.transaction():
            await client.insert(ActArgs(), conn=conn)
            marker = (await client.insert(ActArgs(), InsertOpts(queue="default"))).job.id
            await gate.entered.wait()
            assert [job.id for job in gate.jobs] == [marker]
            gate.entered.clear()
        await asyncio.wait_for(gate.entered.wait(), 20)
    gate.open.set()


async def test_without_notifications_everything_is_polled(start_client: StartClient, client: Client) -> None:
    await start_client(poll_only=True, poll_only_interval=timedelta(milliseconds=50))
    job_id = (await client.insert(ActArgs())).job.id
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_lost_notification_poll_recovery(start_client: StartClient, client: Client, add_row: AddRow) -> None:
    node = await start_client(poll_interval=timedelta(milliseconds=300))
    await until_it_listens(node)
    # Rows past the engine come without any.
    assert (await client.wait(await add_row(), timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_job_of_ones_own_client_needs_no_notification(start_client: StartClient) -> None:
    node = await start_client(poll_only=True, poll_only_interval=NEVER)
    job_id = (await node.insert(ActArgs())).job.id
    assert (await node.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


class Fetches:
    """Counts fetches that bring nothing."""

    def __init__(self) -> None:
        self.empty = 0

    def metric_emit(self, metric: Metric) -> None:
        self.empty += isinstance(metric, JobGetAvailableCount) and not metric.count


async def until_it_speaks(started: Client) -> None:
    """Wait until it has caught up, and what it inserts is told on the connection on which it listens."""

    async def look() -> bool:
        return await started._say("river_insert", [])

    await eventually(look)


@pytest.mark.parametrize("fast", [False, True])
async def test_what_a_node_inserts_wakes_it_once(start_client: StartClient, fast: bool) -> None:
    begun = asyncio.Event()

    async def note(_: Job[Any]) -> None:
        begun.set()

    fetches = Fetches()
    node = await start_client(note, poll_interval=NEVER, plugins=[fetches])
    await until_it_speaks(node)
    before = fetches.empty
    for _ in range(20):
        begun.clear()
        await (node.insert_many_fast([ActArgs()]) if fast else node.insert(ActArgs()))
        await asyncio.wait_for(begun.wait(), 30)
    # A few: while the connection is pinged the news goes another way, and is heard.
    assert fetches.empty - before < 10


@pytest.mark.parametrize("fast", [False, True])
async def test_what_a_node_inserts_wakes_the_others(start_client: StartClient, fast: bool) -> None:
    gate = Gate()
    other = await start_client(gate, poll_interval=NEVER)
    node = await start_client(queues={"elsewhere": 1}, poll_interval=NEVER)
    await until_it_speaks(other)
    await until_it_speaks(node)
    await (node.insert_many_fast([ActArgs()]) if fast else node.insert(ActArgs()))
    await asyncio.wait_for(gate.entered.wait(), 30)
    gate.open.set()


async def test_two_nodes_never_work_one_job_twice(start_client: StartClient, client: Client) -> None:
    worked: Counter[int] = Counter()
    by: Counter[str] = Counter()

    def counting(name: str) -> Callable[[Job[Any]], Awaitable[None]]:
        async def count(job: Job[Any]) -> None:
            worked[job.id] += 1
            by[name] += 1

        return count

    results = await client.insert_many([ActArgs(number=n) for n in range(2000)])
    await asyncio.gather(*(start_client(counting(name), client_id=name, queues={"default": 20}) for name in "ab"))

    async def all_ended() -> bool:
        return len(worked) == 2000

    await eventually(all_ended)
    for result in (results[0], results[-1]):
        await client.wait(result.job.id, timeout=LIMIT)
    assert set(worked.values()) == {1}


class OtherArgs(JobArgs, kind="other"):
    pass


class Other(Worker[OtherArgs]):
    async def work(self, job: Job[OtherArgs]) -> None:
        return


async def test_a_kind_that_nobody_knows_fails_its_attempt(
    start_client: StartClient, client: Client, add_row: AddRow
) -> None:
    job_id = await add_row(kind="from_go", max_attempts=1)
    known = await add_row()
    await start_client()
    row = await client.wait(job_id, timeout=LIMIT)
    assert row.state is JobState.DISCARDED
    assert row.errors[0].error == "job kind is not registered in the client's Workers bundle: from_go"
    assert (await client.wait(known, timeout=LIMIT)).state is JobState.COMPLETED


async def test_kinds_of_others_are_left_alone_where_only_known_ones_are_wanted(
    start_client: StartClient, client: Client, add_row: AddRow
) -> None:
    foreign = [await add_row(kind="from_go", priority=1) for _ in range(10)]
    known = await add_row(priority=4)
    await start_client(known_kinds_only=True, queues={"default": 1})
    await client.wait(known, timeout=LIMIT)
    rows = [await client.get(job_id) for job_id in foreign]
    assert {(row.state, row.attempt) for row in rows} == {(JobState.AVAILABLE, 0)}


@pytest.mark.parametrize(
    "odd",
    [
        {"args": "[1, 2]"},
        {"args": "null"},
        {"args": '{"number": "many"}'},
        {"args": '{"number": 1e999}'},
        {"metadata": "[7]"},
        {"metadata": "null"},
        {"errors": '{NULL,"7"}'},
        {"attempt": "32767", "max_attempts": "32767"},
        {"attempted_by": "{NULL}"},
        {"tags": "{NULL}"},
    ],
)
async def test_one_odd_row_harms_no_other(
    start_client: StartClient, client: Client, add_row: AddRow, odd: dict[str, str]
) -> None:
    job_id = await add_row(**{"max_attempts": "1", "priority": "1", **odd})
    others = [await add_row(priority=priority) for priority in (1, 2, 2, 3)]
    await start_client(queues={"default": 2})
    for other in others:
        assert (await client.wait(other, timeout=LIMIT)).state is JobState.COMPLETED
    assert (await client.wait(job_id, timeout=LIMIT)).is_final


async def test_a_paused_queue_rests_and_goes_on(start_client: StartClient, client: Client) -> None:
    node = await start_client(queues={"default": 2, "low": 2}, poll_interval=NEVER)
    await until_it_listens(node)
    await client.pause_queue("default")
    rests = (await client.insert(ActArgs())).job.id
    passes = (await client.insert(ActArgs(), InsertOpts(queue="low"))).job.id
    await client.wait(passes, timeout=LIMIT)
    assert (await client.get(rests)).state is JobState.AVAILABLE
    assert {info.name: info.paused_at is None for info in await client.queues()} == {"default": False, "low": True}
    await client.resume_queue("default")
    assert (await client.wait(rests, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_star_pauses_all_queues_and_a_start_finds_them_paused(
    start_client: StartClient, client: Client
) -> None:
    first = await start_client(queues={"default": 2, "low": 2})
    await client.pause_queue("*")
    await first.stop()
    second = await start_client(queues={"default": 2, "low": 2, "high": 1})
    await until_it_listens(second)
    rests = [(await client.insert(ActArgs(), InsertOpts(queue=name))).job.id for name in ("default", "low")]
    # A queue that was made after the pause is not paused.
    passes = (await client.insert(ActArgs(), InsertOpts(queue="high"))).job.id
    await client.wait(passes, timeout=LIMIT)
    assert {(await client.get(job_id)).state for job_id in rests} == {JobState.AVAILABLE}
    await client.resume_queue("*")
    for job_id in rests:
        await client.wait(job_id, timeout=LIMIT)


async def test_a_pause_nobody_heard_of_is_obeyed(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, add_row: AddRow
) -> None:
    seen = asyncio.Queue[int]()

    async def note(job: Job[Any]) -> None:
        seen.put_nowait(job.id)

    node = await start_client(note, poll_only=True, poll_only_interval=timedelta(milliseconds=50))
    await pool.execute("UPDATE river_queue SET paused_at = now()")
    runtime = node._runtime
    assert runtime is not None

    async def is_paused() -> bool:
        return runtime._fetcher.lanes["default"].is_paused

    await eventually(is_paused, within=timedelta(seconds=5))
    await add_row()
    await pool.execute("UPDATE river_queue SET paused_at = NULL")
    await asyncio.wait_for(seen.get(), 10)


async def test_what_is_due_soon_comes_without_a_leader(start_client: StartClient, client: Client) -> None:
    """A retry or a snooze of a few seconds waits for no scheduler and no poll."""

    async def behave(job: Job[Any]) -> object:
        if not job.metadata.get("snoozes"):
            return Snooze(timedelta(milliseconds=100))
        if not (await client.get(job.id)).errors:
            raise ValueError("once")
        return None

    node = await start_client(behave, lead=False, poll_interval=NEVER)
    await until_it_listens(node)
    job_id = (await client.insert(ActArgs())).job.id
    row = await client.wait(job_id, timeout=timedelta(seconds=5))
    assert (row.state, row.attempt, len(row.errors), len(row.attempted_by)) == (JobState.COMPLETED, 2, 1, 3)


async def test_the_leader_promotes_what_is_scheduled_in_time(start_client: StartClient, client: Client) -> None:
    begun = asyncio.Queue[datetime]()

    async def note(_: Job[Any]) -> None:
        begun.put_nowait(datetime.now(UTC))

    node = await start_client(note, poll_interval=NEVER)
    await until_it_listens(node)

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads)
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    await node.insert(ActArgs(), InsertOpts(scheduled_at=due))
    late = await asyncio.wait_for(begun.get(), 20) - due
    assert timedelta(0) <= late < timedelta(seconds=2)


STALLED = """
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.args ->> 'what' = 'stalled' THEN PERFORM pg_advisory_xact_lock(1); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stall BEFORE INSERT ON river_job FOR EACH ROW EXECUTE FUNCTION stall();
"""


async def test_a_burst_of_inserts_leaves_connections_to_fetch_with(
    start_client: StartClient, add_row: AddRow, pool: asyncpg.Pool, database: str
) -> None:
    await pool.execute(STALLED)
    worked: asyncio.Queue[int] = asyncio.Queue()

    async def note(job: Job[ActArgs]) -> None:
        worked.put_nowait(job.id)

    started = await start_client(note, poll_interval=timedelta(milliseconds=100))
    holder = await asyncpg.connect(database)

    async def one_waits() -> bool:
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        return bool(await holder.fetchval(waits))

    try:
        await holder.execute("SELECT pg_advisory_lock(1)")
        burst = [asyncio.create_task(started.insert(ActArgs(what="stalled"))) for _ in range(3 * pool.get_max_size())]
        await eventually(one_waits)
        another = await add_row()
        async with asyncio.timeout(LIMIT.total_seconds()):
            assert await worked.get() == another
    finally:
        await holder.close()
    inserted = {result.job.id for result in await asyncio.gather(*burst)}
    assert len(inserted) == len(burst)
    async with asyncio.timeout(LIMIT.total_seconds()):
        assert {await worked.get() for _ in burst} == inserted
