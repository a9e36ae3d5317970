"""Promotion of what is due: order, look-ahead, unique keys, locks in the way, speed on a large table."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.maintenance.scheduler import DUE_AT_ONCE, GRAIN, Scheduler, SchedulerConfig
from revenge.infra.jobs.store import Store

AddJob = Callable[..., Awaitable[int]]
SECOND = timedelta(seconds=1)
KEY = "\\x01"
WITHOUT_RETRYABLE = "11010101"
"""scheduled, running, pending, completed, available: what River lets a caller leave out is left out."""
WITH_RETRYABLE = "11110101"


class Timers:
    """Takes what the scheduler says is due later."""

    def __init__(self) -> None:
        self.due: list[tuple[str, timedelta]] = []

    def add(self, queue: str, due_in: timedelta) -> None:
        self.due.append((queue, due_in))


@pytest.fixture
def timers() -> Timers:
    return Timers()


@pytest.fixture
def scheduler(store: Store, timers: Timers) -> Scheduler:
    config = SchedulerConfig(lock_timeout=timedelta(milliseconds=50))
    return Scheduler(clock=SystemClock(), config=config, store=store, on_due=timers.add)


async def row(pool: asyncpg.Pool, job_id: int) -> Any:
    return await pool.fetchrow("SELECT *, state::text AS name FROM river_job WHERE id = $1", job_id)


@pytest.mark.parametrize("state", ["scheduled", "retryable"])
async def test_what_is_due_becomes_available_and_keeps_its_time(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob, state: str
) -> None:
    job_id = await add_job(state, due_in=-SECOND)
    before = await row(pool, job_id)
    assert await scheduler.run_once() == 1
    after = await row(pool, job_id)
    assert after["name"] == "available"
    assert after["scheduled_at"] == before["scheduled_at"]
    assert after["finalized_at"] is None


async def test_it_looks_five_seconds_ahead_and_no_further(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    soon, later = await add_job("scheduled", due_in=4 * SECOND), await add_job("scheduled", due_in=8 * SECOND)
    assert await scheduler.run_once() == 1
    assert (await row(pool, soon))["name"] == "available"
    assert (await row(pool, later))["name"] == "scheduled"


async def test_other_states_are_left_alone(scheduler: Scheduler, add_job: AddJob) -> None:
    for state in ("available", "pending", "running", "completed", "cancelled", "discarded"):
        await add_job(state, due_in=-SECOND)
    assert await scheduler.run_once() == 0


async def test_all_priorities_are_served(scheduler: Scheduler, add_job: AddJob) -> None:
    for priority in (1, 2, 3, 4):
        await add_job("scheduled", priority=priority, due_in=-SECOND)
    assert await scheduler.run_once() == 4


async def test_a_pass_goes_on_until_a_batch_is_not_full(store: Store, timers: Timers, add_job: AddJob) -> None:
    clock = SystemClock()
    scheduler = Scheduler(
        clock=clock,
        config=SchedulerConfig(),
        store=store,
        on_due=timers.add,
        batch_size=BatchSize(clock=clock, full=8, reduced=4),
    )
    for _ in range(11):
        await add_job("scheduled", due_in=-SECOND)
    assert await scheduler.run_once() == 11


async def test_queues_of_jobs_that_are_due_are_notified_once_each(
    pool: asyncpg.Pool, store: Store, scheduler: Scheduler, timers: Timers, add_job: AddJob
) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()

    def hear(_conn: object, _pid: int, _channel: str, payload: object) -> None:
        heard.put_nowait(payload)

    channel = await store.channel("river_insert")
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear)
        for queue in ("default", "default", "low"):
            await add_job("scheduled", queue=queue, due_in=-SECOND)
        await add_job("scheduled", queue="bulk", due_in=4 * SECOND)
        await scheduler.run_once()
        await pool.execute("SELECT pg_notify($1, 'end')", channel)
        payloads = [await heard.get() for _ in range(3)]
        assert sorted(map(str, payloads)) == ["end", '{"queue": "default"}', '{"queue": "low"}']
        await listening.remove_listener(channel, hear)
    assert heard.empty()
    [(queue, due_in)] = timers.due
    assert queue == "bulk"
    assert 3.5 * SECOND < due_in < 4 * SECOND + GRAIN


async def test_jobs_that_are_due_later_share_a_moment_which_is_never_too_early(
    pool: asyncpg.Pool, scheduler: Scheduler, timers: Timers, add_job: AddJob
) -> None:
    await pool.execute(
        """
        INSERT INTO river_job (kind, args, state, scheduled_at)
        SELECT 'many', '{}', 'scheduled', date_trunc('second', now()) + interval '3 s' + n * interval '1 ms'
        FROM generate_series(1, 100) AS n
        """
    )
    assert await scheduler.run_once() == 100
    assert len(timers.due) <= 11
    last = await pool.fetchval("SELECT max(scheduled_at) - clock_timestamp() FROM river_job")
    assert max(due_in for _, due_in in timers.due) > last


async def test_a_unique_job_whose_key_is_taken_is_discarded_with_rivers_mark(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    holder = await add_job("available", unique_key=KEY, unique_states=WITHOUT_RETRYABLE)
    late = await add_job(
        "retryable", unique_key=KEY, unique_states=WITHOUT_RETRYABLE, due_in=-SECOND, metadata='{"mine": 1}'
    )
    assert await scheduler.run_once() == 1
    assert (await row(pool, holder))["name"] == "available"
    after = await row(pool, late)
    assert after["name"] == "discarded"
    assert after["finalized_at"] is not None
    assert orjson.loads(after["metadata"]) == {"mine": 1, "unique_key_conflict": "scheduler_discarded"}


async def test_of_several_jobs_with_one_free_key_the_first_is_promoted(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    low, first, second = [
        await add_job(
            "retryable", unique_key=KEY, unique_states=WITHOUT_RETRYABLE, priority=priority, due_in=-seconds * SECOND
        )
        for priority, seconds in ((2, 9), (1, 5), (1, 1))
    ]
    await scheduler.run_once()
    states = {job_id: (await row(pool, job_id))["name"] for job_id in (low, first, second)}
    assert states == {low: "discarded", first: "available", second: "discarded"}


async def test_of_several_jobs_with_one_key_the_one_that_holds_it_is_promoted(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    # River discards both, and the work is lost.
    early = await add_job("retryable", unique_key=KEY, unique_states=WITHOUT_RETRYABLE, due_in=-9 * SECOND)
    holder = await add_job("scheduled", unique_key=KEY, unique_states=WITHOUT_RETRYABLE, due_in=-SECOND)
    await scheduler.run_once()
    assert (await row(pool, early))["name"] == "discarded"
    assert (await row(pool, holder))["name"] == "available"


async def test_a_unique_job_that_holds_its_own_key_is_promoted(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    job_id = await add_job("retryable", unique_key=KEY, unique_states=WITH_RETRYABLE, due_in=-SECOND)
    await scheduler.run_once()
    assert (await row(pool, job_id))["name"] == "available"


async def test_a_key_that_discarded_jobs_hold_does_not_stop_the_scheduler(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    holds_discarded = "11011101"
    await add_job("available", unique_key=KEY, unique_states=holds_discarded)
    late = await add_job("retryable", unique_key=KEY, unique_states=holds_discarded, due_in=-SECOND)
    assert await scheduler.run_once() == 1
    assert (await row(pool, late))["name"] == "discarded"


async def test_a_job_that_somebody_locks_is_passed_over(
    pool: asyncpg.Pool, scheduler: Scheduler, add_job: AddJob
) -> None:
    locked, free = await add_job("scheduled", due_in=-SECOND), await add_job("scheduled", due_in=-SECOND)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", locked)
        async with asyncio.timeout(5):
            assert await scheduler.run_once() == 1
    assert (await row(pool, free))["name"] == "available"
    assert await scheduler.run_once() == 1


async def test_a_transaction_that_took_a_unique_key_holds_up_that_job_alone(
    pool: asyncpg.Pool, add_job: AddJob, timers: Timers
) -> None:
    waiting = await add_job("retryable", unique_key=KEY, unique_states=WITHOUT_RETRYABLE, due_in=-SECOND)
    free = await add_job("scheduled", due_in=-SECOND)
    other_key = await add_job("scheduled", unique_key="\\x02", unique_states=WITH_RETRYABLE, due_in=-SECOND)

    class Impatient(Store):
        """As a store whose statement ran into its time limit: the same, without the wait."""

        waits = 0

        async def fetch(self, name: str, *args: Any, conn: Any = None) -> list[asyncpg.Record]:
            if name != "job_schedule" or conn is not None or args[-1] is not None:
                return await super().fetch(name, *args, conn=conn)
            self.waits += 1
            async with self.transaction() as own:
                await self.execute("set_lock_timeout", timedelta(milliseconds=50), conn=own)
                return await super().fetch(name, *args, conn=own)

    store = Impatient(pool)
    scheduler = Scheduler(
        clock=SystemClock(),
        config=SchedulerConfig(lock_timeout=timedelta(milliseconds=50)),
        store=store,
        on_due=timers.add,
    )
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(
            "INSERT INTO river_job (kind, args, unique_key, unique_states) VALUES ('new', '{}', $1, $2)",
            b"\x01",
            asyncpg.BitString.from_int(int(WITHOUT_RETRYABLE, 2), 8),
        )
        assert await scheduler.run_once() == 2
        assert (await row(pool, free))["name"] == "available"
        assert (await row(pool, other_key))["name"] == "available"
        assert (await row(pool, waiting))["name"] == "retryable"
        # While it lasts, later passes do not wait for it again.
        assert await scheduler.run_once() == 0
        assert store.waits == 1
        await transaction.commit()
    assert await scheduler.run_once() == 1
    assert (await row(pool, waiting))["name"] == "discarded"
    await scheduler.run_once()
    assert store.waits == 2


async def test_two_leaders_at_once_promote_each_job_once(store: Store, timers: Timers, add_job: AddJob) -> None:
    schedulers = [
        Scheduler(clock=SystemClock(), config=SchedulerConfig(), store=store, on_due=timers.add) for _ in range(2)
    ]
    for _ in range(200):
        await add_job("scheduled", due_in=-SECOND)
    moved = await asyncio.gather(*(scheduler.run_once() for scheduler in schedulers))
    assert sum(moved) == 200


async def test_a_pass_over_50_000_waiting_jobs_reads_only_those_that_are_due(pool: asyncpg.Pool, store: Store) -> None:
    await pool.execute(
        """
        INSERT INTO river_job (kind, args, state, priority, scheduled_at)
        SELECT 'waiting', '{}', CASE WHEN n % 2 = 0 THEN 'scheduled' ELSE 'retryable' END::river_job_state,
            n % 4 + 1, now() + n * interval '1 min'
        FROM generate_series(1, 50000) AS n
        """
    )
    await pool.execute("UPDATE river_job SET scheduled_at = now() WHERE id IN (SELECT id FROM river_job LIMIT 20)")
    await pool.execute("ANALYZE river_job")
    plan = await explain(pool, store, "job_schedule", 5 * SECOND, 2500, "public.river_insert", DUE_AT_ONCE, GRAIN, None)
    scan = next(node for node in nodes(plan) if node.get("Index Name") == "revenge_job_due_idx")
    # Four lanes, each of which stops at the first row that is not due.
    assert scan["Actual Rows"] * scan["Actual Loops"] <= 20
    assert scan.get("Rows Removed by Filter", 0) == 0
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 1500


async def explain(pool: asyncpg.Pool, store: Store, name: str, *args: object) -> dict[str, Any]:
    async with pool.acquire() as conn:
        # As the pool runs it after a few calls: one plan for all arguments.
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        text = await conn.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {store.sql[name]}", *args)
        await conn.execute("RESET plan_cache_mode")
    plan: dict[str, Any] = orjson.loads(text)[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", ()) for inner in nodes(child))]
