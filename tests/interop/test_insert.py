"""Rows that Go and we write for the same insert are the same, column by column, JSON by bytes.

Scenarios: job_row_round_trip_all_fields, unique_column_bytes, cross_language_unique_conflict,
notification_payload_bytes, transactional_insert_notification_commit_only.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import asyncpg
import pytest

from revenge.infra.jobs import InsertOpts, JobArgs, JobState, UniqueOpts
from revenge.infra.jobs.client import Client
from tests.interop.conftest import StartPeer

LIBRARY = "0192f5a0-7f00-7000-8000-000000000001"
AT = datetime(2031, 5, 6, 7, 8, 9, 123456, UTC)


class ScanArgs(JobArgs, kind="movie_library_scan"):
    """The Go server's, as it enqueues them."""

    scan_id: str = ""
    library_id: str
    paths: list[str]
    force: bool = False
    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue="bulk", max_attempts=3, unique=UniqueOpts(by_args=True, by_period=timedelta(minutes=10))
    )


SCAN = ScanArgs(library_id=LIBRARY, paths=["/media/films & more", "/media/<ü>"])
GO_SCAN = {"kind": "movie_library_scan", "type": "movie_library_scan", "args": SCAN.model_dump(mode="json")}

# The same options in both languages' words.
OPTIONS: Mapping[str, tuple[InsertOpts, dict[str, Any]]] = {
    "none": (InsertOpts(), {}),
    "all": (
        InsertOpts(
            queue="some_queue-1",
            max_attempts=7,
            priority=4,
            scheduled_at=AT,
            tags=["first", "second-tag_2"],
            metadata={"b": [1, 2.5, None], "a": {"ü": "<&>"}},
        ),
        {
            "queue": "some_queue-1",
            "max_attempts": 7,
            "priority": 4,
            "scheduled_at": AT.isoformat(),
            "tags": ["first", "second-tag_2"],
            "metadata": {"b": [1, 2.5, None], "a": {"ü": "<&>"}},
        },
    ),
    "pending": (InsertOpts(pending=True, scheduled_at=AT), {"pending": True, "scheduled_at": AT.isoformat()}),
    "unique": (
        InsertOpts(
            scheduled_at=AT,
            unique=UniqueOpts(
                by_args=True,
                by_period=timedelta(days=3),
                by_queue=True,
                by_state=[JobState.AVAILABLE, JobState.PENDING, JobState.RUNNING, JobState.SCHEDULED],
            ),
        ),
        {
            "scheduled_at": AT.isoformat(),
            "unique": {
                "by_args": True,
                "by_period_ms": 3 * 86_400_000,
                "by_queue": True,
                "by_state": ["available", "pending", "running", "scheduled"],
            },
        },
    ),
}
"""Without the kind's own insert options, which come in where nothing is said."""


@pytest.fixture
async def client(database: str) -> AsyncIterator[Client]:
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
        yield Client(pool)


async def row(conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", job_id: int) -> dict[str, Any]:
    """Return a row as text, without its id; the times that "now" was written to are compared with created_at only."""
    found = await conn.fetchrow(
        """
        SELECT state::text, attempt, max_attempts, attempted_at, finalized_at, priority, args::text, attempted_by,
            errors::text, kind, metadata::text, queue, tags, encode(unique_key, 'hex') AS unique_key,
            unique_states::text, CASE WHEN scheduled_at <= now() THEN scheduled_at - created_at END AS wait,
            CASE WHEN scheduled_at > now() THEN scheduled_at END AS scheduled_at
        FROM river_job WHERE id = $1""",
        job_id,
    )
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("options", OPTIONS)
async def test_rows_are_equal_whoever_inserts(
    client: Client,
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    database: str,
    start_go: StartPeer,
    options: str,
) -> None:
    ours, theirs = OPTIONS[options]
    go = await start_go(dsn=database)

    by_go = (await go.call("insert", **GO_SCAN, opts=theirs))["job"]["id"]
    go_row = await row(conn, by_go)
    await conn.execute("DELETE FROM river_job")
    by_us = (await client.insert(SCAN, ours)).job.id
    our_row = await row(conn, by_us)

    if options == "none":  # both wrote the present ten minutes' key; the window may have changed in between
        go_row.pop("unique_key"), our_row.pop("unique_key")
    assert our_row == go_row


async def test_gos_scan_is_read_as_our_code_expects(client: Client, database: str, start_go: StartPeer) -> None:
    go = await start_go(dsn=database)

    inserted = (await go.call("insert", **GO_SCAN))["job"]

    job = await client.get(inserted["id"])
    assert ScanArgs.model_validate(job.args) == SCAN
    assert (job.kind, job.queue, job.state, job.attempt, job.max_attempts, job.priority) == (
        "movie_library_scan",
        "bulk",
        JobState.AVAILABLE,
        0,
        3,
        1,
    )
    assert (job.errors, job.tags, job.metadata, job.attempted_by) == ([], [], {}, [])


@pytest.mark.parametrize("go_first", [True, False])
async def test_the_second_insert_of_a_unique_job_is_a_duplicate(
    client: Client, database: str, start_go: StartPeer, go_first: bool
) -> None:
    go = await start_go(dsn=database)
    ours, theirs = OPTIONS["unique"]

    async def by_go() -> tuple[int, bool]:
        result = await go.call("insert", **GO_SCAN, opts=theirs)
        return result["job"]["id"], result["duplicate"]

    async def by_us() -> tuple[int, bool]:
        result = await client.insert(SCAN, ours)
        return result.job.id, result.duplicate

    first, second = (by_go, by_us) if go_first else (by_us, by_go)
    job_id, duplicate = await first()
    assert not duplicate
    assert await second() == (job_id, True)


async def test_many_of_one_key_at_once_from_both_make_one_row(
    client: Client, database: str, start_go: StartPeer
) -> None:
    go = await start_go(dsn=database)
    ours, theirs = OPTIONS["unique"]

    results = await asyncio.gather(
        *(client.insert(SCAN, ours) for _ in range(10)),
        *(go.call("insert", **GO_SCAN, opts=theirs) for _ in range(10)),
    )

    ids = {result["job"]["id"] if isinstance(result, dict) else result.job.id for result in results}
    fresh = [
        result for result in results if not (result["duplicate"] if isinstance(result, dict) else result.duplicate)
    ]
    assert len(ids) == len(fresh) == 1


async def test_go_hears_our_insert_only_when_it_is_committed(
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", client: Client, database: str, start_go: StartPeer
) -> None:
    go = await start_go(dsn=database)
    slow_poll = {"fetch_poll_interval_ms": 3_600_000, "fetch_cooldown_ms": 1}
    queues = {"bulk": {"max_workers": 2}}
    await go.call(
        "start",
        client="go",
        config={"queues": queues, "workers": {"movie_library_scan": {}, "first_job": {}}, **slow_poll},
    )
    # The first job comes with the first poll; from then on Go knows of jobs by our notification alone.
    await go.call("insert", kind="first_job", args={}, opts={"queue": "bulk"})
    await go.event("work_started")
    await go.event("job_completed")

    async with conn.transaction():
        job = (await client.insert(SCAN, conn=conn)).job
        await conn.execute("SELECT pg_sleep(0.2)")
        assert go.told("work_started") == []
    started = await go.event("work_started")

    assert started["job"]["id"] == job.id
    assert json.loads(started["job"]["args"]) == SCAN.model_dump(mode="json")
    done = await go.event("job_completed")
    assert (done["job"]["id"], done["job"]["attempt"]) == (job.id, 1)
