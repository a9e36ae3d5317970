"""What is deleted when, and what stays."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import orjson
import pytest

from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.config import RetentionConfig
from revenge.infra.jobs.lease import Lease
from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.maintenance.cleaner import Cleaner
from revenge.infra.jobs.maintenance.leftover_cleaner import LeftoverCleaner, LeftoverCleanerConfig
from revenge.infra.jobs.maintenance.queue_cleaner import QueueCleaner, QueueCleanerConfig
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing import StoppedClock

AddJob = Callable[..., Awaitable[int]]
HOUR = timedelta(hours=1)


async def states(pool: asyncpg.Pool) -> list[str]:
    return [row[0] for row in await pool.fetch("SELECT state::text FROM river_job ORDER BY 1")]


async def test_each_state_is_kept_for_its_own_time(pool: asyncpg.Pool, store: Store, add_job: AddJob) -> None:
    config = RetentionConfig(completed=HOUR, cancelled=3 * HOUR, discarded=5 * HOUR)
    for hours in (0.5, 2, 4, 6):
        for state in ("completed", "cancelled", "discarded"):
            await add_job(state, finalized_ago=hours * HOUR)
    assert await Cleaner(clock=SystemClock(), config=config, store=store).run_once() == 6
    assert await states(pool) == ["cancelled"] * 2 + ["completed"] + ["discarded"] * 3


async def test_a_state_without_a_retention_is_kept_for_ever(pool: asyncpg.Pool, store: Store, add_job: AddJob) -> None:
    config = RetentionConfig(completed=HOUR, cancelled=None, discarded=None)
    for state in ("completed", "cancelled", "discarded"):
        await add_job(state, finalized_ago=10_000 * HOUR)
    assert await Cleaner(clock=SystemClock(), config=config, store=store).run_once() == 1
    assert await states(pool) == ["cancelled", "discarded"]


async def test_without_any_retention_nothing_is_asked(store: Store, add_job: AddJob) -> None:
    config = RetentionConfig(completed=None, cancelled=None, discarded=None)
    await add_job("completed", finalized_ago=10_000 * HOUR)
    assert await Cleaner(clock=SystemClock(), config=config, store=store).run_once() == 0


async def test_unfinished_jobs_are_never_deleted(store: Store, add_job: AddJob) -> None:
    for state in ("available", "pending", "retryable", "running", "scheduled"):
        await add_job(state, due_in=-10_000 * HOUR, attempted_ago=10_000 * HOUR)
    assert await Cleaner(clock=SystemClock(), config=RetentionConfig(), store=store).run_once() == 0


async def test_a_pass_deletes_batch_after_batch_and_rests_between(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    class Impatient(StoppedClock):
        async def sleep(self, duration: timedelta) -> None:
            self.slept.append(duration)

    clock = Impatient()
    for _ in range(7):
        await add_job("completed", finalized_ago=48 * HOUR)
    cleaner = Cleaner(
        clock=clock, config=RetentionConfig(), store=store, batch_size=BatchSize(clock=clock, full=3, reduced=1)
    )
    assert await cleaner.run_once() == 7
    assert await states(pool) == []
    assert len(clock.slept) == 2
    assert all(timedelta(milliseconds=50) <= pause <= timedelta(seconds=1) for pause in clock.slept)


async def test_a_job_that_somebody_locks_is_deleted_next_time(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    job_id = await add_job("completed", finalized_ago=48 * HOUR)
    cleaner = Cleaner(clock=SystemClock(), config=RetentionConfig(), store=store)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", job_id)
        assert await cleaner.run_once() == 0
    assert await cleaner.run_once() == 1


async def test_the_cleaner_finds_old_jobs_among_50_000_by_their_end(pool: asyncpg.Pool, store: Store) -> None:
    await pool.execute(
        """
        INSERT INTO river_job (kind, args, state, finalized_at)
        SELECT 'done', '{}', 'completed', now() - n * interval '1 s' FROM generate_series(1, 50000) AS n
        """
    )
    await pool.execute("ANALYZE river_job")
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        text = await conn.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {store.sql['job_delete_before']}",
            ["completed", "discarded"],
            [timedelta(seconds=49_990), HOUR],
            10_000,
        )
    assert "river_job_state_and_finalized_at_index" in text
    assert "Seq Scan" not in text
    plan = orjson.loads(text)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 500


async def test_queues_that_nobody_has_worked_for_a_day_are_deleted(pool: asyncpg.Pool, store: Store) -> None:
    await pool.execute(
        """
        INSERT INTO river_queue (name, updated_at)
        SELECT 'queue_' || hours, now() - hours * interval '1 h' FROM unnest(ARRAY[1, 23, 25, 48]) AS hours
        """
    )
    cleaner = QueueCleaner(clock=SystemClock(), config=QueueCleanerConfig(), store=store)
    assert await cleaner.run_once() == 2
    assert [row[0] for row in await pool.fetch("SELECT name FROM river_queue ORDER BY 1")] == ["queue_1", "queue_23"]


@pytest.fixture
def leftovers(store: Store) -> LeftoverCleaner:
    return LeftoverCleaner(config=LeftoverCleanerConfig(window=2), store=store, client_id="me")


async def test_progress_of_deleted_jobs_is_deleted(
    pool: asyncpg.Pool, leftovers: LeftoverCleaner, add_job: AddJob
) -> None:
    kept = [await add_job("completed") for _ in range(3)]
    await pool.execute(
        "INSERT INTO revenge_job_progress (job_id, attempt, data) SELECT id, 1, '{}' FROM unnest($1::bigint[]) AS id",
        [*kept, 777, 778, 779, 780],
    )
    assert await leftovers.run_once() == 4
    assert [row[0] for row in await pool.fetch("SELECT job_id FROM revenge_job_progress ORDER BY 1")] == kept


async def test_nodes_that_died_yesterday_are_forgotten(pool: asyncpg.Pool, leftovers: LeftoverCleaner) -> None:
    await pool.execute(
        """
        INSERT INTO revenge_job_node (id, host, pid, version, beaten_at, dead_at)
        VALUES ('old', 'h', 1, '0', now() - interval '26 h', now() - interval '25 h'),
            ('fresh', 'h', 1, '0', now() - interval '3 h', now() - interval '2 h'),
            ('silent', 'h', 1, '0', now() - interval '99 h', NULL)
        """
    )
    assert await leftovers.run_once() == 1
    assert [row[0] for row in await pool.fetch("SELECT id FROM revenge_job_node ORDER BY 1")] == ["fresh", "silent"]


async def test_only_the_holder_of_the_lease_cleans(
    pool: asyncpg.Pool, store: Store, leftovers: LeftoverCleaner
) -> None:
    other = Lease(store=store, name="maintenance", holder="other", ttl=HOUR)
    await other.acquire()
    await pool.execute("INSERT INTO revenge_job_progress (job_id, attempt, data) VALUES (777, 1, '{}')")
    assert await leftovers.run_once() == 0
    await other.release()
    assert await leftovers.run_once() == 1
    await leftovers.release()
    assert await other.acquire() is not None
