"""Lists by every filter and order, with cursors that Go reads, and what is done to many jobs at once."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs import (
    Client,
    InsertOpts,
    InvalidJob,
    JobFilter,
    JobListParams,
    JobNotFound,
    JobOrder,
    JobState,
    UniqueOpts,
)
from tests.fakes.engine import ActArgs

AddRow = Callable[..., Awaitable[int]]
HOUR = timedelta(hours=1)
ONCE = InsertOpts(unique=UniqueOpts(by_args=True))
FINAL_STATES = (JobState.COMPLETED, JobState.CANCELLED, JobState.DISCARDED)


async def ids_of(client: Client, **params: Any) -> list[int]:
    """Return the ids of all pages, three jobs each."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        page = await client.list(JobListParams(limit=3, cursor=cursor, **params))
        found += [job.id for job in page.jobs]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_every_filter_lets_pass_what_it_names(client: Client, add_row: AddRow) -> None:
    first = await add_row(
        "pending", kind="one", queue="bulk", priority=2, tags="{tag_a,tag_b}", metadata='{"a": {"b": 1}}'
    )
    second = await add_row("running", kind="two", queue="low", priority=3, tags="{tag_b}", metadata='{"a": {"c": 1}}')
    third = await add_row("completed", kind="one", queue="low", priority=4)
    for params, expected in (
        ({"ids": [first, third, 10**9]}, [third, first]),
        ({"kinds": ["one"]}, [third, first]),
        ({"queues": ["low"]}, [third, second]),
        ({"priorities": [2, 3]}, [second, first]),
        ({"states": [JobState.RUNNING, JobState.PENDING]}, [second, first]),
        ({"tags": ["tag_a", "tag_b"]}, [first]),
        ({"tags_any": ["tag_a", "tag_b"]}, [second, first]),
        ({"metadata": {"a": {"b": 1}}}, [first]),
        ({"kinds": ["one"], "priorities": [4], "states": [JobState.COMPLETED]}, [third]),
        ({"tags_any": ["tag_c"]}, []),
    ):
        assert await ids_of(client, **params) == expected
        assert await ids_of(client, descending=False, **params) == expected[::-1]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("order", "states", "column"),
    [
        (JobOrder.ID, (), "id"),
        (JobOrder.SCHEDULED_AT, (), "scheduled_at"),
        (JobOrder.TIME, (), "scheduled_at"),
        (JobOrder.TIME, (JobState.PENDING, JobState.RUNNING), "scheduled_at"),
        (JobOrder.TIME, (JobState.RUNNING, JobState.PENDING), "attempted_at"),
        (JobOrder.TIME, (JobState.COMPLETED, JobState.PENDING), "finalized_at"),
        (JobOrder.TIME, (JobState.COMPLETED,), "finalized_at"),
        (JobOrder.FINALIZED_AT, (), "finalized_at"),
        (JobOrder.FINALIZED_AT, (JobState.COMPLETED,), "finalized_at"),
        (JobOrder.FINALIZED_AT, (JobState.CANCELLED, JobState.DISCARDED), "finalized_at"),
    ],
)
async def test_pages_follow_one_another_in_every_order(
    client: Client,
    add_row: AddRow,
    pool: asyncpg.Pool,
    order: JobOrder,
    states: tuple[JobState, ...],
    column: str,
    descending: bool,
) -> None:
    for number in range(4):
        # Equal times, too, so that the id must decide.
        due = {"due_in": HOUR * (number % 2 - 5)}
        await add_row("pending", **due)
        await add_row("running", attempted_ago=HOUR * (number % 2), **due)
        for state in FINAL_STATES:
            await add_row(state.value, attempted_ago=HOUR if number else None, **due)
    await pool.execute(
        "UPDATE river_job SET finalized_at = date_trunc('hour', now()) - (id % 3) * interval '1 hour' WHERE finalized_at IS NOT NULL"
    )
    way = "DESC" if descending else "ASC"
    shown = states or (FINAL_STATES if order is JobOrder.FINALIZED_AT else tuple(JobState))
    expected = [
        row["id"]
        for row in await pool.fetch(
            f"SELECT id FROM river_job WHERE state::text = ANY ($1::text[]) ORDER BY {column} {way}, id {way}",
            [state.value for state in shown],
        )
    ]
    assert await ids_of(client, order_by=order, states=states, descending=descending) == expected


async def test_only_ended_jobs_are_ordered_by_their_end(client: Client) -> None:
    with pytest.raises(InvalidJob, match="ordered by finalized_at, not those that are running"):
        await client.list(JobListParams(order_by=JobOrder.FINALIZED_AT, states=[JobState.RUNNING, JobState.COMPLETED]))


async def test_a_cursor_is_gos_and_gos_is_understood(client: Client, add_row: AddRow) -> None:
    ids = [await add_row("completed") for _ in range(3)]
    page = await client.list(JobListParams(order_by=JobOrder.FINALIZED_AT, states=[JobState.COMPLETED], limit=1))
    assert page.next_cursor is not None
    last = page.jobs[0]
    assert last.finalized_at is not None
    text = base64.urlsafe_b64decode(page.next_cursor).decode()
    moment = last.finalized_at.isoformat(timespec="microseconds").replace("+00:00", "").rstrip("0").rstrip(".") + "Z"
    # The bytes that Go's encoding/json makes of its struct.
    assert text == f'{{"id":{last.id},"kind":"act","queue":"default","sort_field":"finalized_at","time":"{moment}"}}'
    # Go's times have nanoseconds, and any zone.
    theirs = {"id": ids[1], "kind": "act", "queue": "default", "sort_field": "id", "time": "0001-01-01T00:00:00Z"}
    cursor = base64.urlsafe_b64encode(orjson.dumps(theirs)).decode()
    assert [job.id for job in (await client.list(JobListParams(cursor=cursor))).jobs] == [ids[0]]
    assert [job.id for job in (await client.list(JobListParams(cursor=cursor, descending=False))).jobs] == [ids[2]]
    far = theirs | {"sort_field": "scheduled_at", "time": "2999-01-01T00:00:00.123456789+02:00"}
    cursor = base64.urlsafe_b64encode(orjson.dumps(far)).decode()
    params = JobListParams(order_by=JobOrder.SCHEDULED_AT, cursor=cursor)
    assert [job.id for job in (await client.list(params)).jobs] == ids[::-1]


async def test_many_are_deleted_by_a_filter_but_never_what_runs(client: Client, add_row: AddRow) -> None:
    low = [await add_row("completed", queue="low") for _ in range(3)]
    running = await add_row("running", queue="low")
    other = await add_row("completed")
    gone = await client.delete_many(JobFilter(queues=["low"]), limit=2)
    assert [job.id for job in gone] == low[:2]
    assert [job.id for job in await client.delete_many(JobFilter(queues=["low"]))] == low[2:]
    assert await ids_of(client) == [other, running]
    assert [job.id for job in await client.delete_many(unsafe_all=True)] == [other]
    assert await ids_of(client) == [running]


async def test_a_delete_of_everything_is_said_on_purpose(client: Client, add_row: AddRow) -> None:
    await add_row("completed")
    for wanted, unsafe_all in ((None, False), (JobFilter(), False), (JobFilter(kinds=["act"]), True)):
        with pytest.raises(InvalidJob, match="filter"):
            await client.delete_many(wanted, unsafe_all=unsafe_all)
    for call in (client.cancel_many, client.retry_many):
        with pytest.raises(InvalidJob, match="filter"):
            await call(JobFilter())
    for limit in (0, 10_001):
        with pytest.raises(InvalidJob, match="limit must be 1 to 10000"):
            await client.delete_many(JobFilter(kinds=["act"]), limit=limit)
    assert len(await ids_of(client)) == 1


async def test_a_delete_passes_over_what_somebody_changes_now(
    client: Client, add_row: AddRow, pool: asyncpg.Pool
) -> None:
    held, free = await add_row("pending"), await add_row("pending")
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", held)
        assert [job.id for job in await client.delete_many(JobFilter(kinds=["act"]))] == [free]
    assert await ids_of(client) == [held]


async def test_many_are_cancelled_and_their_workers_told(
    client: Client, add_row: AddRow, pool: asyncpg.Pool, database: str
) -> None:
    waiting, running = await add_row("available", kind="one"), await add_row("running", kind="one")
    ended, other = await add_row("completed", kind="one"), await add_row("available", kind="two")
    heard: list[str] = []
    listening = await asyncpg.connect(database)
    await listening.add_listener("public.river_control", lambda *args: heard.append(args[3]))
    rows = await client.cancel_many(JobFilter(kinds=["one"]))
    assert [(row.id, row.state) for row in rows] == [(waiting, JobState.CANCELLED), (running, JobState.RUNNING)]
    assert all(datetime.fromisoformat(row.metadata["cancel_attempted_at"]).tzinfo is UTC for row in rows)
    await listening.execute("SELECT 1")
    assert f'{{"action" : "cancel", "job_id" : {running}, "queue" : "default"}}' in heard
    assert (await client.get(other)).state is JobState.AVAILABLE
    assert (await client.get(ended)).state is JobState.COMPLETED
    await listening.close()


async def test_many_are_retried_but_none_whose_place_is_taken(client: Client, add_row: AddRow) -> None:
    taken = (await client.insert(ActArgs(what="x"), ONCE)).job.id
    await client.cancel(taken)
    holder = (await client.insert(ActArgs(what="x"), ONCE)).job.id
    twice = []
    for _ in range(2):
        twice.append((await client.insert(ActArgs(what="y"), ONCE)).job.id)
        await client.cancel(twice[-1])
    plain = await add_row("discarded", attempt=3, max_attempts=3, metadata='{"cancel_attempted_at": "x", "mine": 1}')
    running = await add_row("running")
    rows = await client.retry_many(JobFilter(ids=[taken, holder, *twice, plain, running]))
    assert [row.id for row in rows] == [twice[0], plain]
    assert {row.state for row in rows} == {JobState.AVAILABLE}
    assert (rows[1].max_attempts, rows[1].metadata, rows[1].finalized_at) == (4, {"mine": 1}, None)
    assert (await client.get(taken)).state is JobState.CANCELLED


async def test_output_and_metadata_are_set_in_whatever_state(client: Client, add_row: AddRow) -> None:
    for state in ("available", "running", "completed"):
        job_id = await add_row(state, metadata='{"kept": 1, "replaced": {"a": 1}}')
        row = await client.update(job_id, output={"n": 1}, metadata={"replaced": None})
        assert row.metadata == {"kept": 1, "replaced": None, "output": {"n": 1}}
        assert (await client.update(job_id, output=None)).output is None
    with pytest.raises(JobNotFound):
        await client.update(10**9, output=1)
    for refused, says in (
        ({}, "nothing to update"),
        ({"metadata": {"river:log": []}}, "engine's own"),
        ({"metadata": {"x": object()}}, "no JSON form"),
        ({"output": "x" * (32 * 1024 * 1024)}, "33554432 are allowed"),
    ):
        with pytest.raises(InvalidJob, match=says):
            await client.update(job_id, **refused)


async def test_whoever_leads_is_asked_to_resign(client: Client, database: str) -> None:
    heard: list[str] = []
    listening = await asyncpg.connect(database)
    await listening.add_listener("public.river_leadership", lambda *args: heard.append(args[3]))
    await client.request_resign()
    await listening.execute("SELECT 1")
    assert heard == ['{"action":"request_resign","leader_id":""}']
    await listening.close()


@pytest.mark.parametrize(
    "change",
    [
        "scheduled_at = '20000-01-01'",
        "scheduled_at = '0044-03-15 BC', created_at = 'infinity'",
        """args = (repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb""",
        """errors = ARRAY[('{"error": ' || repeat('[', 900) || repeat(']', 900) || ', "attempt": 1e400}')::jsonb]""",
    ],
)
async def test_a_row_beyond_what_python_holds_harms_no_call_that_returns_it(
    client: Client, conn: asyncpg.Connection, add_row: AddRow, change: str
) -> None:
    job_id, other = [await add_row("scheduled", kind="far") for _ in range(2)]
    await conn.execute(f"UPDATE river_job SET {change} WHERE id = $1", job_id)

    assert (await client.get(job_id)).scheduled_at.tzinfo is not None
    for order in (JobOrder.ID, JobOrder.SCHEDULED_AT):
        page = await client.list(JobListParams(states=[JobState.SCHEDULED], order_by=order))
        assert {job.id for job in page.jobs} == {job_id, other}
    assert [job.id for job in await client.delete_many(JobFilter(kinds=["far"]))] == [job_id, other]


async def test_a_job_due_before_the_year_one_is_worked(
    start_client: Callable[..., Awaitable[Client]], conn: asyncpg.Connection, add_row: AddRow
) -> None:
    job_id = await add_row("available")
    await conn.execute("UPDATE river_job SET scheduled_at = '0044-03-15 BC' WHERE id = $1", job_id)
    client = await start_client()
    assert (await client.wait(job_id)).state is JobState.COMPLETED
