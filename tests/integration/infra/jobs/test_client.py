"""Rows are written as River writes them, and single jobs change as River changes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    Client,
    ClientConfig,
    InsertOpts,
    InvalidCursor,
    InvalidJob,
    JobArgs,
    JobIsRunning,
    JobListParams,
    JobNotFound,
    JobState,
    QueueNotFound,
    StoreError,
    UniqueConflict,
    UniqueKeyTaken,
    UniqueOpts,
    UnknownKind,
    Workers,
)
from tests.fakes.engine import ActArgs, Actor, nothing

AddRow = Callable[..., Awaitable[int]]
MakeClient = Callable[..., Awaitable[Client]]
ONE_AT_A_TIME = InsertOpts(unique=UniqueOpts(by_args=True))
SOON = timedelta(seconds=10)


class Odd(JobArgs, kind="odd"):
    """Everything that Go's encoder writes in its own way."""

    text: str = '<a href="x">&\u2028 né'
    number: float = 1e21
    moment: datetime = datetime(2026, 1, 2, 3, 4, 5, 120_000, tzinfo=UTC)
    wait: timedelta = timedelta(seconds=1.5)
    blob: bytes = b"\x00\xff"
    nested: dict[str, Any] = {"b": 1, "a": [None, True]}  # noqa: RUF012 - pydantic copies it


class Tagged(JobArgs, kind="tagged"):
    insert_opts = InsertOpts(queue="low", priority=3, max_attempts=7, tags=["from_class"])


async def columns(pool: asyncpg.Pool, job_id: int, *names: str) -> tuple[Any, ...]:
    row = await pool.fetchrow(f"SELECT {', '.join(names)} FROM river_job WHERE id = $1", job_id)
    assert row is not None
    return tuple(row)


async def test_a_plain_insert_leaves_rivers_defaults(client: Client, pool: asyncpg.Pool) -> None:
    before = datetime.now(UTC)
    result = await client.insert(ActArgs(what="x"))
    row = result.job
    assert not result.duplicate
    assert (row.kind, row.queue, row.state, row.priority) == ("act", "default", JobState.AVAILABLE, 1)
    assert (row.attempt, row.max_attempts, row.args) == (0, 25, {"what": "x", "number": 0})
    assert (row.metadata, row.tags, row.errors, row.attempted_by) == ({}, [], [], [])
    assert row.scheduled_at == row.created_at >= before - timedelta(milliseconds=1)
    assert (row.attempted_at, row.finalized_at, row.unique_key) == (None, None, None)
    assert await columns(pool, row.id, "errors", "attempted_by", "tags", "unique_states") == (None, None, [], None)
    assert await client.get(row.id) == row


@pytest.mark.parametrize("fast", [False, True])
async def test_args_are_stored_as_go_would_write_them(make_client: MakeClient, pool: asyncpg.Pool, fast: bool) -> None:
    client = await make_client()
    client.workers = Workers()
    if fast:
        await client.insert_many_fast([Odd()])
    else:
        await client.insert(Odd())
    assert await pool.fetchval("SELECT args FROM river_job") == (
        '{"blob": "AP8=", "text": "<a href=\\"x\\">&\u2028 né", "wait": 1500000000,'
        ' "moment": "2026-01-02T03:04:05.12Z", "nested": {"a": [null, true], "b": 1}, "number": 1000000000000000000000}'
    )


async def test_every_option_of_the_call_goes_into_the_row(client: Client) -> None:
    at = datetime(2030, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    opts = InsertOpts(
        queue="bulk",
        max_attempts=3,
        priority=4,
        scheduled_at=at,
        tags=["one_tag", "two-tag"],
        metadata={"by": "me", "n": [1, 2]},
    )
    row = (await client.insert(ActArgs(), opts)).job
    assert (row.queue, row.max_attempts, row.priority, row.scheduled_at) == ("bulk", 3, 4, at)
    assert (row.state, row.tags, row.metadata) == (
        JobState.SCHEDULED,
        ["one_tag", "two-tag"],
        {"by": "me", "n": [1, 2]},
    )


async def test_the_call_beats_the_class_and_the_class_the_client(make_client: MakeClient) -> None:
    client = await make_client(max_attempts=9)
    client.workers = Workers()
    of_class = (await client.insert(Tagged())).job
    assert (of_class.queue, of_class.priority, of_class.max_attempts, of_class.tags) == ("low", 3, 7, ["from_class"])
    of_call = (await client.insert(Tagged(), InsertOpts(queue="high", tags=[], max_attempts=1, priority=1))).job
    assert (of_call.queue, of_call.priority, of_call.max_attempts, of_call.tags) == ("high", 1, 1, [])
    assert (await client.insert(ActArgs())).job.max_attempts == 9


async def test_pending_wins_over_a_time(client: Client) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    row = (await client.insert(ActArgs(), InsertOpts(pending=True, scheduled_at=at))).job
    assert (row.state, row.scheduled_at) == (JobState.PENDING, at)


async def test_a_time_in_the_past_is_scheduled_all_the_same(client: Client) -> None:
    row = (await client.insert(ActArgs(), InsertOpts(scheduled_at=datetime(2020, 1, 1, tzinfo=UTC)))).job
    assert row.state is JobState.SCHEDULED


async def test_many_come_back_in_the_order_they_were_given(client: Client) -> None:
    results = await client.insert_many([(ActArgs(number=n), InsertOpts(priority=1 + n % 4)) for n in range(500)])
    assert [result.job.args["number"] for result in results] == list(range(500))
    ids = [result.job.id for result in results]
    assert ids == sorted(set(ids))


async def test_options_made_on_the_way_are_each_jobs_own(client: Client) -> None:
    items: Any = ((ActArgs(), InsertOpts(priority=1 + n % 4, tags=[f"tag_{n}"])) for n in range(50))
    results = await client.insert_many(items)
    assert [result.job.tags for result in results] == [[f"tag_{n}"] for n in range(50)]


async def test_copy_inserts_all_or_none(client: Client, pool: asyncpg.Pool) -> None:
    assert await client.insert_many_fast([(ActArgs(number=n), ONE_AT_A_TIME) for n in range(1000)]) == 1000
    with pytest.raises(UniqueKeyTaken):
        await client.insert_many_fast([ActArgs(), (ActArgs(number=5), ONE_AT_A_TIME)])
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 1000


async def test_copy_and_insert_leave_the_same_row(client: Client, pool: asyncpg.Pool) -> None:
    opts = InsertOpts(queue="bulk", tags=["a_tag"], metadata={"a": 1}, unique=UniqueOpts(by_queue=True))
    await client.insert(ActArgs(what="x"), opts)
    await pool.execute("UPDATE river_job SET state = 'discarded', finalized_at = now()")
    await client.insert_many_fast([(ActArgs(what="x"), opts)])
    await pool.execute("UPDATE river_job SET state = 'discarded', finalized_at = now()")
    one, other = await pool.fetch(
        "SELECT to_jsonb(j) - '{id,created_at,scheduled_at,finalized_at}'::text[] AS row FROM river_job AS j ORDER BY id"
    )
    assert one == other


@pytest.mark.parametrize("fast", [False, True])
async def test_in_the_callers_transaction_it_is_all_or_nothing(client: Client, pool: asyncpg.Pool, fast: bool) -> None:
    async with pool.acquire() as conn:
        for ends_well in (False, True):
            transaction = conn.transaction()
            await transaction.start()
            if fast:
                await client.insert_many_fast([ActArgs(), ActArgs()], conn=conn)
            else:
                await client.insert_many([ActArgs(), ActArgs()], conn=conn)
            assert await pool.fetchval("SELECT count(*) FROM river_job") == 0
            await (transaction.commit() if ends_well else transaction.rollback())
            assert await pool.fetchval("SELECT count(*) FROM river_job") == 2 * ends_well


class Heard:
    """What arrives on a channel, as bytes."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[str] = asyncio.Queue()

    def __call__(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        self.messages.put_nowait(str(payload))

    async def until(self, last: str) -> list[str]:
        found: list[str] = []
        while not found or found[-1] != last:
            found.append(await asyncio.wait_for(self.messages.get(), 10))
        return found[:-1]


@asynccontextmanager
async def hearing(dsn: str, channel: str) -> AsyncIterator[Heard]:
    heard = Heard()
    ear = await asyncpg.connect(dsn)
    try:
        await ear.add_listener(channel, heard)
        yield heard
    finally:
        ear.terminate()


@pytest.mark.parametrize("fast", [False, True])
async def test_notifications_come_with_the_commit_one_per_queue_in_rivers_bytes(
    client: Client, database: str, pool: asyncpg.Pool, fast: bool
) -> None:
    items = [
        (ActArgs(), InsertOpts(queue="bulk")),
        (ActArgs(), InsertOpts(queue="bulk")),
        (ActArgs(), InsertOpts(queue="low", pending=True)),
        (ActArgs(), InsertOpts(queue="high", scheduled_at=datetime(2030, 1, 1, tzinfo=UTC))),
    ]
    async with hearing(database, "public.river_insert") as heard, pool.acquire() as conn:
        for ends_well in (False, True):
            transaction = conn.transaction()
            await transaction.start()
            await (client.insert_many_fast(items, conn=conn) if fast else client.insert_many(items, conn=conn))
            await pool.execute("SELECT pg_notify('public.river_insert', 'before')")
            assert await heard.until("before") == []
            await (transaction.commit() if ends_well else transaction.rollback())
            await pool.execute("SELECT pg_notify('public.river_insert', 'after')")
            assert await heard.until("after") == ['{"queue": "bulk"}'] * ends_well


@pytest.mark.parametrize(
    ("opts", "says"),
    [
        (InsertOpts(queue="Bad Name"), "queue name must be 1 to 64 lower-case"),
        (InsertOpts(queue="x" * 65), "queue name must be 1 to 64"),
        (InsertOpts(queue="a__b"), "separated by single"),
        (InsertOpts(priority=5), "priority must be 1 to 4, got 5"),
        (InsertOpts(priority=-1), "priority must be 1 to 4, got -1"),
        (InsertOpts(max_attempts=-1), "max_attempts must be 1 to 32767, got -1"),
        (InsertOpts(max_attempts=32_768), "max_attempts must be 1 to 32767"),
        (InsertOpts(scheduled_at=datetime(2026, 1, 1)), "needs a time zone"),  # noqa: DTZ001 - that is the point
        (InsertOpts(tags=["ab"]), "a tag has 3 to 255"),
        (InsertOpts(tags=["a,b,c"]), "a tag has 3 to 255"),
        (InsertOpts(tags=["x" * 256]), "a tag has 3 to 255"),
        (InsertOpts(unique=UniqueOpts(by_period=timedelta(milliseconds=10))), "less than 1 second"),
        (InsertOpts(unique=UniqueOpts(exclude_kind=True)), "exclude_kind requires"),
        (InsertOpts(unique=UniqueOpts(by_args=True, by_state=[JobState.RUNNING])), "missing: available"),
        (InsertOpts(metadata={"x": object()}), "metadata.*no JSON form"),
        (InsertOpts(metadata={"x": float("nan")}), "metadata.*nan"),
    ],
)
async def test_an_option_that_breaks_a_rule_says_which(
    client: Client, pool: asyncpg.Pool, opts: InsertOpts, says: str
) -> None:
    with pytest.raises(InvalidJob, match=says):
        await client.insert_many([ActArgs(), (ActArgs(), opts)])
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 0


class Strange(JobArgs, kind="strange"):
    value: Any = None


@pytest.mark.parametrize("value", [object(), float("inf"), datetime(2026, 1, 1), {1, "a"}])  # noqa: DTZ001 - the point
async def test_args_without_a_json_form_say_so(make_client: MakeClient, value: object) -> None:
    client = await make_client()
    client.workers = Workers()
    with pytest.raises(InvalidJob, match="strange"):
        await client.insert(Strange(value=value))


async def test_text_that_is_no_utf_8_is_stored_as_go_would(client: Client) -> None:
    assert (await client.insert(ActArgs(what="caf\udce9"))).job.args["what"] == "caf\ufffd"


async def test_args_that_jsonb_cannot_hold_say_so(make_client: MakeClient) -> None:
    client = await make_client()
    client.workers = Workers()
    with pytest.raises(StoreError, match=r"null character|\\u0000"):
        await client.insert(Strange(value="a\0b"))


async def test_nothing_to_insert_is_a_mistake(client: Client) -> None:
    with pytest.raises(InvalidJob, match="no jobs to insert"):
        await client.insert_many([])


async def test_a_kind_that_nobody_here_knows_is_refused_where_workers_are(make_client: MakeClient) -> None:
    client = await make_client()
    with pytest.raises(UnknownKind):
        await client.insert(Odd())
    client.workers.declare(Odd)
    await client.insert(Odd())


async def test_a_raw_insert_is_checked_by_the_kinds_class(client: Client) -> None:
    assert (await client.insert_raw("act", {"what": "x"})).job.args == {"what": "x", "number": 0}
    with pytest.raises(ValueError, match="number"):
        await client.insert_raw("act", {"number": "many"})
    with pytest.raises(UnknownKind):
        await client.insert_raw("nobody", {})


# Unique jobs


async def test_a_unique_job_that_is_there_is_returned_as_a_duplicate(client: Client, pool: asyncpg.Pool) -> None:
    first = await client.insert(ActArgs(what="x"), ONE_AT_A_TIME)
    again = await client.insert(ActArgs(what="x"), ONE_AT_A_TIME)
    other = await client.insert(ActArgs(what="y"), ONE_AT_A_TIME)
    assert (again.duplicate, again.job) == (True, first.job)
    assert not other.duplicate
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 2
    assert len(first.job.unique_key or b"") == 32
    assert first.job.unique_states == frozenset(JobState) - {JobState.CANCELLED, JobState.DISCARDED}


async def test_duplicates_within_one_call_are_one_row(client: Client, pool: asyncpg.Pool) -> None:
    results = await client.insert_many([(ActArgs(), ONE_AT_A_TIME), ActArgs(), (ActArgs(), ONE_AT_A_TIME)])
    assert [result.duplicate for result in results] == [False, False, True]
    assert results[0].job.id == results[2].job.id
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 2


async def test_many_at_once_from_many_connections_make_one_row(client: Client, pool: asyncpg.Pool) -> None:
    results = await asyncio.gather(*(client.insert(ActArgs(), ONE_AT_A_TIME) for _ in range(20)))
    assert sum(not result.duplicate for result in results) == 1
    assert len({result.job.id for result in results}) == 1
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 1


async def test_the_same_keys_in_any_order_from_many_connections_make_no_deadlock(
    client: Client, pool: asyncpg.Pool
) -> None:
    for turn in range(3):
        jobs = [(ActArgs(what=f"{turn}", number=number), ONE_AT_A_TIME) for number in range(100)]
        orders = [jobs, jobs[::-1], jobs[50:] + jobs[:50]] * 3
        answers = await asyncio.gather(*(client.insert_many(order) for order in orders))
        ids = {result.job.id for results in answers for result in results}
        assert len(ids) == await pool.fetchval("SELECT count(*) FROM river_job WHERE args ->> 'what' = $1", f"{turn}")
        for order, results in zip(orders, answers, strict=True):
            assert [result.job.args["number"] for result in results] == [args.number for args, _ in order]


async def test_unique_jobs_are_in_line_as_they_were_given(client: Client) -> None:
    """Their ids decide who of those that are due together is worked first."""
    jobs = [(ActArgs(number=n), ONE_AT_A_TIME if n % 3 else InsertOpts()) for n in range(30)]
    ids = [result.job.id for result in await client.insert_many(jobs)]
    assert ids == sorted(set(ids))
    again = await client.insert_many(jobs)
    assert [result.duplicate for result in again] == [n % 3 > 0 for n in range(30)]
    assert [result.job.args["number"] for result in again] == list(range(30))


async def test_a_job_that_left_the_states_blocks_no_more(client: Client) -> None:
    first = await client.insert(ActArgs(), ONE_AT_A_TIME)
    await client.cancel(first.job.id)
    assert not (await client.insert(ActArgs(), ONE_AT_A_TIME)).duplicate


async def test_a_duplicate_of_another_kind_keeps_its_kind(make_client: MakeClient) -> None:
    client = await make_client()
    client.workers = Workers()
    opts = InsertOpts(unique=UniqueOpts(by_queue=True, exclude_kind=True))
    first = await client.insert(ActArgs(), opts)
    again = await client.insert(Tagged(), InsertOpts(queue="default", unique=opts.unique))
    assert (again.duplicate, again.job.id, again.job.kind) == (True, first.job.id, "act")


# Single jobs


@pytest.mark.parametrize("method", ["get", "cancel", "retry", "delete"])
async def test_a_job_that_is_not_there(client: Client, method: str) -> None:
    with pytest.raises(JobNotFound, match="no job 12345"):
        await getattr(client, method)(12_345)


@pytest.mark.parametrize("state", ["available", "pending", "retryable", "scheduled"])
async def test_cancel_ends_what_waits(client: Client, add_row: AddRow, state: str) -> None:
    row = await client.cancel(await add_row(state))
    assert row.state is JobState.CANCELLED
    assert row.finalized_at is not None
    datetime.fromisoformat(row.metadata["cancel_attempted_at"])


async def test_cancel_leaves_what_runs_to_its_worker(client: Client, add_row: AddRow) -> None:
    row = await client.cancel(await add_row("running"))
    assert (row.state, row.finalized_at) == (JobState.RUNNING, None)
    assert isinstance(row.metadata["cancel_attempted_at"], str)


@pytest.mark.parametrize("state", ["cancelled", "completed", "discarded"])
async def test_cancel_leaves_what_has_ended(client: Client, add_row: AddRow, state: str) -> None:
    job_id = await add_row(state)
    before = await client.get(job_id)
    assert await client.cancel(job_id) == before


async def test_a_cancel_is_told_when_its_transaction_commits(
    client: Client, database: str, pool: asyncpg.Pool, add_row: AddRow
) -> None:
    job_id = await add_row("running", queue="bulk")
    async with hearing(database, "public.river_control") as heard, pool.acquire() as conn:
        async with conn.transaction():
            await client.cancel(job_id, conn=conn)
            await pool.execute("SELECT pg_notify('public.river_control', 'before')")
            assert await heard.until("before") == []
        await pool.execute("SELECT pg_notify('public.river_control', 'after')")
        assert await heard.until("after") == [f'{{"action" : "cancel", "job_id" : {job_id}, "queue" : "bulk"}}']


@pytest.mark.parametrize("state", ["cancelled", "completed", "discarded", "pending", "retryable", "scheduled"])
async def test_retry_makes_available_now(client: Client, add_row: AddRow, state: str) -> None:
    job_id = await add_row(state, due_in=timedelta(hours=1), attempt=2, metadata='{"cancel_attempted_at": "x", "a": 1}')
    row = await client.retry(job_id)
    assert (row.state, row.finalized_at, row.attempt, row.max_attempts) == (JobState.AVAILABLE, None, 2, 25)
    assert abs(row.scheduled_at - datetime.now(UTC)) < SOON
    assert row.metadata == {"a": 1}


async def test_retry_adds_an_attempt_where_all_were_used(client: Client, add_row: AddRow) -> None:
    row = await client.retry(await add_row("discarded", attempt=3, max_attempts=3))
    assert (row.attempt, row.max_attempts) == (3, 4)


async def test_retry_leaves_what_runs_or_is_due(client: Client, add_row: AddRow) -> None:
    for job_id in (await add_row("running"), await add_row("available", due_in=-SOON)):
        before = await client.get(job_id)
        assert await client.retry(job_id) == before


async def test_retry_of_a_unique_job_whose_place_is_taken(client: Client) -> None:
    first = await client.insert(ActArgs(), ONE_AT_A_TIME)
    await client.cancel(first.job.id)
    await client.insert(ActArgs(), ONE_AT_A_TIME)
    with pytest.raises(UniqueConflict):
        await client.retry(first.job.id)


async def test_delete_returns_what_is_gone_and_refuses_what_runs(client: Client, add_row: AddRow) -> None:
    job_id, running = await add_row("pending"), await add_row("running")
    assert (await client.delete(job_id)).id == job_id
    with pytest.raises(JobNotFound):
        await client.get(job_id)
    with pytest.raises(JobIsRunning):
        await client.delete(running)


async def test_a_change_in_a_transaction_that_is_rolled_back_never_was(
    client: Client, pool: asyncpg.Pool, add_row: AddRow
) -> None:
    job_id = await add_row("pending")
    async with pool.acquire() as conn:
        for method in (client.cancel, client.delete, client.retry):
            transaction = conn.transaction()
            await transaction.start()
            await method(job_id, conn=conn)
            await transaction.rollback()
    assert (await client.get(job_id)).state is JobState.PENDING


# Lists


async def test_a_list_is_paged_newest_first_and_filtered(client: Client, add_row: AddRow) -> None:
    ids = [await add_row("pending", queue="bulk", tags="{tag_a,tag_b}" if n % 2 else "{}") for n in range(7)]
    await add_row("available", kind="other")
    bulk = JobListParams(queues=["bulk"], limit=3)
    found: list[int] = []
    cursor: str | None = None
    while True:
        page = await client.list(JobListParams(queues=["bulk"], limit=3, cursor=cursor))
        found += [job.id for job in page.jobs]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == ids[::-1]
    assert [job.id for job in (await client.list(bulk)).jobs] == ids[:3:-1]
    assert len((await client.list(JobListParams(kinds=["other"]))).jobs) == 1
    assert len((await client.list(JobListParams(states=[JobState.PENDING]))).jobs) == 7
    assert len((await client.list(JobListParams(tags=["tag_b", "tag_a"]))).jobs) == 3


@pytest.mark.parametrize("limit", [0, 10_001])
async def test_a_lists_limit_has_limits(client: Client, limit: int) -> None:
    with pytest.raises(InvalidJob, match="limit must be 1 to 10000"):
        await client.list(JobListParams(limit=limit))


async def test_a_list_knows_its_own_cursors_only(client: Client) -> None:
    with pytest.raises(InvalidCursor):
        await client.list(JobListParams(cursor="bm90aGluZw=="))


@pytest.mark.parametrize(
    "row",
    [
        {"args": "[1, 2]"},
        {"args": "null"},
        {"args": '{"n": 1e999}'},
        {"args": '{"n": 123456789012345678901234567890}'},
        {"metadata": "[]"},
        {"metadata": "null"},
        {"errors": '{"\\"text\\"","{\\"at\\": 7, \\"attempt\\": \\"two\\", \\"error\\": [1]}",NULL}'},
        {"unique_key": "\\x00", "unique_states": "11111111"},
        {"attempt": "32767"},
    ],
)
async def test_a_row_of_any_shape_can_be_looked_at(client: Client, add_row: AddRow, row: dict[str, str]) -> None:
    job_id = await add_row(**row)
    assert (await client.list()).jobs == [await client.get(job_id)]
    assert (await client.get(job_id)).output is None


async def test_errors_that_others_wrote_are_read_as_far_as_they_go(client: Client, add_row: AddRow) -> None:
    errors = '{"{\\"at\\": \\"2026-01-02T03:04:05.123456789+02:00\\", \\"attempt\\": 2, \\"error\\": \\"e\\"}","[1, 2]",NULL}'
    good, odd, missing = (await client.get(await add_row(errors=errors))).errors
    assert (good.at, good.attempt, good.error, good.trace) == (
        datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=UTC),
        2,
        "e",
        "",
    )
    assert (odd.at, odd.attempt, odd.error) == (None, 0, "[1,2]")
    assert (missing.error, missing.attempt) == ("", 0)


# Waiting and queues


async def test_waiting_for_what_has_ended_does_not_wait(client: Client, add_row: AddRow) -> None:
    assert (await client.wait(await add_row("discarded"))).state is JobState.DISCARDED


async def test_waiting_has_an_end(client: Client, add_row: AddRow) -> None:
    with pytest.raises(TimeoutError):
        await client.wait(await add_row("pending"), timeout=timedelta(milliseconds=50))
    with pytest.raises(JobNotFound):
        await client.wait(99_999)


async def test_a_queue_nobody_has_served_cannot_be_paused(client: Client) -> None:
    with pytest.raises(QueueNotFound):
        await client.pause_queue("nowhere")
    with pytest.raises(QueueNotFound):
        await client.resume_queue("nowhere")
    await client.pause_queue("*")


async def test_a_client_without_workers_or_queues_does_not_start(make_client: MakeClient) -> None:
    client = await make_client(queues={})
    with pytest.raises(InvalidJob, match="at least one queue and one worker"):
        await client.start()


async def test_who_counts_what_is_inserted_and_what_ends_harms_neither(
    pool: asyncpg.Pool, caplog: pytest.LogCaptureFixture
) -> None:
    """A slot of a job whose end could not be counted was never free again."""

    def fails(*_: object) -> None:
        raise ValueError("the counter is broken")

    workers = Workers([Actor(nothing)])
    config = ClientConfig(queues={"default": 1})
    client = Client(pool, config=config, workers=workers, schema="public", on_end=fails, on_insert=fails)
    await client.start()
    try:
        for _ in range(3):
            job_id = (await client.insert(ActArgs())).job.id
            assert (await client.wait(job_id, timeout=timedelta(seconds=20))).state is JobState.COMPLETED
    finally:
        await client.stop()
    assert {"client.on_end_failed", "client.on_insert_failed"} <= set(caplog.messages)


async def test_a_retry_that_is_done_counts_though_nobody_could_be_told(
    client: Client, add_row: AddRow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller would take it for a failure, and the job runs."""
    job_id = await add_row("discarded", attempt=3, max_attempts=3)

    async def fails(*_: object, **__: object) -> None:
        raise StoreError("the connection was lost", retryable=True)

    monkeypatch.setattr(client._store, "notify", fails)
    assert (await client.retry(job_id)).state is JobState.AVAILABLE
    assert "retry.untold" in caplog.messages
    with pytest.raises(StoreError):
        async with client._store.transaction() as conn:
            await client.retry(job_id, conn=conn)


async def test_a_retry_tells_of_a_queue_whose_name_needs_quoting(client: Client, add_row: AddRow) -> None:
    """River's client takes no such name; the table does."""
    job_id = await add_row("discarded", queue='a"b')
    heard: asyncio.Queue[object] = asyncio.Queue()
    channel = await client._store.channel("river_insert")
    async with client._store.pool.acquire() as conn:
        await conn.add_listener(channel, hear := lambda *args: heard.put_nowait(args[3]))
        await client.retry(job_id)
        assert await asyncio.wait_for(heard.get(), 10) == '{"queue": "a\\"b"}'
        await conn.remove_listener(channel, hear)
