"""The extra indexes: they serve what they were made for, and cost an ordinary job nothing."""

import pytest
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from revenge.infra.jobs.sql import load

FINISHED = """
    INSERT INTO river_job (state, kind, args, finalized_at, created_at)
    SELECT (CASE WHEN i % 500 = 0 THEN 'discarded' ELSE 'completed' END)::river_job_state, 'ended', '{}', now(), now()
    FROM generate_series(1, 40000) AS i"""
WAITING = """
    INSERT INTO river_job (state, kind, args, priority, scheduled_at)
    SELECT (CASE WHEN i % 10 = 0 THEN 'retryable' ELSE 'scheduled' END)::river_job_state, 'waits', '{}', 1 + i % 4,
        now() + interval '1 hour' + i * interval '1 second'
    FROM generate_series(1, 20000) AS i"""
DUE = "INSERT INTO river_job (state, kind, args, scheduled_at) VALUES ('scheduled', 'due', '{}', now())"


@pytest.fixture
async def filled(conn: "PoolConnectionProxy[Record]") -> "PoolConnectionProxy[Record]":
    for statement in (FINISHED, WAITING, DUE, "ANALYZE river_job"):
        await conn.execute(statement)
    return conn


async def plan(conn: "PoolConnectionProxy[Record]", query: str) -> str:
    return "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN (COSTS OFF) {query}"))


async def test_due_jobs_of_a_priority_are_found_without_reading_those_that_wait(
    filled: "PoolConnectionProxy[Record]",
) -> None:
    text = await plan(
        filled,
        "SELECT id FROM river_job WHERE state IN ('retryable', 'scheduled') AND priority = 1 "
        "AND scheduled_at <= now() ORDER BY scheduled_at, id LIMIT 100",
    )

    assert "Index Scan using revenge_job_due_idx" in text or "Index Only Scan using revenge_job_due_idx" in text
    assert "Sort" not in text


async def test_gos_scheduler_is_served_too(filled: "PoolConnectionProxy[Record]") -> None:
    """River's conditions and order: it walks priorities and times in one go."""
    text = await plan(
        filled,
        "SELECT id FROM river_job WHERE state IN ('retryable', 'scheduled') AND priority >= 0 AND queue IS NOT NULL "
        "AND scheduled_at <= now() + interval '5 seconds' ORDER BY priority, scheduled_at, id LIMIT 10000",
    )

    assert "revenge_job_due_idx" in text


@pytest.mark.parametrize("state", ["cancelled", "discarded", "pending", "retryable", "scheduled"])
async def test_newest_of_a_rare_state_are_read_in_order(filled: "PoolConnectionProxy[Record]", state: str) -> None:
    text = await plan(
        filled, f"SELECT * FROM river_job WHERE state = '{state}' AND id < 55000 ORDER BY id DESC LIMIT 50"
    )

    assert "Index Scan Backward using revenge_job_state_idx" in text
    assert "Sort" not in text


async def test_what_was_put_back_since_a_moment_is_read_in_order(filled: "PoolConnectionProxy[Record]") -> None:
    await filled.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    watch = load("revenge.infra.jobs.sql")["job_watch"]
    await filled.execute(
        f"PREPARE watch (bigint, timestamptz, timestamptz, bigint, bigint[], integer, timestamptz, bigint) AS {watch}"
    )
    text = await plan(filled, "EXECUTE watch (1, now(), now(), -1, '{}', 1000, now(), -1)")
    await filled.execute("DEALLOCATE watch")

    assert "Index Scan using revenge_job_put_back_idx" in text
    assert "Seq Scan on river_job" not in text


async def test_ordinary_life_of_a_job_never_touches_them(conn: "PoolConnectionProxy[Record]") -> None:
    names = ("revenge_job_due_idx", "revenge_job_state_idx", "revenge_job_put_back_idx")
    sizes = "SELECT " + ", ".join(f"pg_relation_size('{name}')" for name in names)
    before = await conn.fetchrow(sizes)

    await conn.execute("INSERT INTO river_job (kind, args) SELECT 'plain', '{}' FROM generate_series(1, 5000)")
    await conn.execute("UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now()")
    await conn.execute("UPDATE river_job SET state = 'completed', finalized_at = now()")

    assert await conn.fetchrow(sizes) == before


async def test_reports_of_progress_are_heap_only_updates(conn: "PoolConnectionProxy[Record]") -> None:
    await conn.execute(
        "INSERT INTO revenge_job_progress (job_id, attempt, data) SELECT i, 1, '{\"current\": 0}' FROM generate_series(1, 200) AS i"
    )
    # Once: what later rounds find free depends on the moment at which pages are pruned.
    await conn.execute("UPDATE revenge_job_progress SET data = '{\"current\": 1}', updated_at = clock_timestamp()")
    await conn.fetchval("SELECT pg_stat_force_next_flush()")

    counts = await conn.fetchrow(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'revenge_job_progress'"
    )
    assert counts is not None
    assert counts["n_tup_upd"] == 200
    assert counts["n_tup_hot_upd"] >= 190
