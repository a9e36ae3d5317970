"""On a table of 50,000 finished jobs each hot statement reads what it is about, and little more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs.sql import load
from revenge.infra.jobs.tuning import tune_connection
from tests.fakes.databases import copy_of, make_template

SQL = load("revenge.infra.jobs.sql", schema="public")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The same in every worker: the rows are one's, and the others name the attempts by it."""
HOUR = timedelta(hours=1)
RUNNING = range(1, 201)
ID, ATTEMPT, AT = list(RUNNING), [1] * 200, [NOW] * 200


@pytest.fixture(scope="session")
def many_jobs(postgres_url: str, template: str) -> str:
    """Name of a database with many finished jobs, 10,000 that wait for their time, 500 that are due, 200 that run."""
    return asyncio.run(make_template(postgres_url, "many_jobs_template", _fill, of=template))


async def _fill(conn: Any) -> None:
    await conn.execute(
        """
        INSERT INTO river_job (id, kind, args, state, attempt, attempted_at, attempted_by, scheduled_at, finalized_at, max_attempts)
        SELECT n, 'k', '{}', (CASE WHEN n <= 200 THEN 'running' WHEN n <= 700 THEN 'available' WHEN n <= 10700 THEN 'scheduled'
            WHEN n % 100 = 0 THEN 'discarded' ELSE 'completed' END)::river_job_state,
            CASE WHEN n <= 200 OR n > 10700 THEN 1 ELSE 0 END, CASE WHEN n <= 200 OR n > 10700 THEN $1::timestamptz END,
            CASE WHEN n <= 200 OR n > 10700 THEN '{me}'::text[] END,
            CASE WHEN n BETWEEN 701 AND 10700 THEN now() + n * interval '1 min' ELSE now() - interval '1 min' END,
            CASE WHEN n > 10700 THEN now() - (n - 10700) * interval '1 s' END, 3
        FROM generate_series(1, 60700) AS n
        """,
        NOW,
    )
    await conn.execute("VACUUM ANALYZE river_job")


@pytest.fixture
async def conn(postgres_url: str, many_jobs: str) -> AsyncIterator[Any]:
    """A connection to a copy of it."""
    async with copy_of(postgres_url, many_jobs) as dsn:
        conn = await asyncpg.connect(dsn)
        yield conn
        await conn.close()


HOT: list[tuple[str, tuple[object, ...], int]] = [
    ("job_fetch", ("me", ["default"], [100], None), 100),
    ("job_fetch", ("me", ["default", "high", "low"], [50, 50, 50], ["k"]), 100),
    ("job_complete_many", (ID, ATTEMPT, AT, NOW), 200),
    ("job_settle_many", (ID, ATTEMPT, AT, ["completed"] * 200, AT, *[[None] * 200] * 4, NOW), 200),
    ("job_get_cancel_requested", (ID,), 200),
    ("job_hand_back_unseen", ("me", ID[:100]), 200),
    ("job_cancel", (300, "c", '"t"'), 1),
    ("job_retry", (12_000,), 1),
    ("job_get", (5,), 1),
    ("job_list", (None, None, None, None, 100), 100),
    ("job_list_by_state", (["completed"], None, None, None, None, 100), 100),
    ("job_list_by_state", (["running", "discarded"], None, None, None, None, 100), 200),
]


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(("name", "args", "rows"), HOT, ids=[f"{name}-{rows}" for name, _, rows in HOT])
async def test_a_hot_statement_reads_only_its_rows(
    conn: Any, mode: str, name: str, args: tuple[object, ...], rows: int
) -> None:
    await conn.execute(f"SET plan_cache_mode = {mode}")
    plan = await explain(conn, name, args)
    assert not [node for node in nodes(plan) if is_whole_table(node)]
    read = [node for node in nodes(plan) if node.get("Relation Name") == "river_job" and "Scan" in node["Node Type"]]
    # Twice, since some find their rows first and then change them.
    assert all(seen(node) <= 2 * rows + 20 for node in read)
    # A row that is written touches a block of each index, which may be several levels deep.
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 400 + 80 * rows


async def test_a_plan_for_a_small_table_serves_a_large_one(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await tune_connection(conn)
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        await conn.execute("INSERT INTO river_job (kind, args, max_attempts) VALUES ('k', '{}', 3)")
        await conn.execute("VACUUM ANALYZE river_job")
        for name, args in (
            ("job_fetch", ("me", ["default"], [100], None)),
            ("job_complete_many", (ID, ATTEMPT, AT, NOW)),
            ("job_settle_many", (ID, ATTEMPT, AT, ["completed"] * 200, AT, *[[None] * 200] * 4, NOW)),
        ):
            assert not [node for node in nodes(await explain(conn, name, args)) if is_whole_table(node)]


async def test_fetching_again_and_again_is_planned_once(conn: Any) -> None:
    fetch = await conn.prepare(SQL["job_fetch"])
    for _ in range(8):
        await fetch.fetch("me", ["default"], [1], None)
    kept = await conn.fetchval(
        "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1", SQL["job_fetch"]
    )
    assert kept >= 2


async def explain(conn: Any, name: str, args: tuple[object, ...]) -> dict[str, Any]:
    changes = conn.transaction()
    await changes.start()
    try:
        text = await conn.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {SQL[name]}", *args)
    finally:
        await changes.rollback()
    plan: dict[str, Any] = orjson.loads(text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", ()) for inner in nodes(child))]


def is_whole_table(node: dict[str, Any]) -> bool:
    return node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "river_job"


def seen(node: dict[str, Any]) -> float:
    per_loop = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return float(per_loop * node["Actual Loops"])
