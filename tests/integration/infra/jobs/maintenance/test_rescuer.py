"""River's rule for jobs that run for too long, and whom it does not touch."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.maintenance.batch import BatchSize
from revenge.infra.jobs.maintenance.decision import Policies
from revenge.infra.jobs.maintenance.rescuer import Rescuer, RescuerConfig
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.worker import NO_TIMEOUT, Worker

AddJob = Callable[..., Awaitable[int]]
HOUR = timedelta(hours=1)


class KnownArgs(JobArgs, kind="known"):
    pass


class Known(Worker[KnownArgs]):
    async def work(self, job: Job[KnownArgs]) -> None: ...


class EndlessArgs(JobArgs, kind="endless"):
    pass


class Endless(Worker[EndlessArgs]):
    timeout = NO_TIMEOUT

    async def work(self, job: Job[EndlessArgs]) -> None: ...


POLICIES = Policies(
    workers=Workers([Known(), Endless()]),
    timeout=timedelta(minutes=1),
    retry_policy=LinearRetry(step=timedelta(minutes=10)),
)


@pytest.fixture
def rescuer(store: Store) -> Rescuer:
    clock = SystemClock()
    # Small batches: paging is part of every test.
    size = BatchSize(clock=clock, full=2, reduced=1)
    return Rescuer(clock=clock, config=RescuerConfig(), store=store, policies=POLICIES, batch_size=size)


async def row(pool: asyncpg.Pool, job_id: int) -> Any:
    return await pool.fetchrow(
        "SELECT *, state::text AS name, scheduled_at - now() AS due_in FROM river_job WHERE id = $1", job_id
    )


async def test_a_stuck_job_is_retried_with_rivers_error_and_count(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    job_id = await add_job(
        "running", kind="known", attempt=1, attempted_ago=2 * HOUR, attempted_by="{go}", metadata='{"mine": 1}'
    )
    assert await rescuer.run_once() == 1
    after = await row(pool, job_id)
    assert after["name"] == "retryable"
    assert after["attempt"] == 1
    assert timedelta(minutes=9) < after["due_in"] < timedelta(minutes=10)
    assert orjson.loads(after["metadata"]) == {"mine": 1, "river:rescue_count": 1}
    [error] = map(orjson.loads, after["errors"])
    assert error["error"] == "Stuck job rescued by JobRescuer"
    assert (error["attempt"], error["trace"]) == (1, "")


async def test_rescues_are_counted_whatever_the_key_holds(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    ids = [
        await add_job("running", kind="known", attempted_ago=2 * HOUR, metadata=f'{{"river:rescue_count": {count}}}')
        for count in ("4", '"x"', "null")
    ]
    assert await rescuer.run_once() == 3
    counts = [orjson.loads((await row(pool, job_id))["metadata"])["river:rescue_count"] for job_id in ids]
    assert counts == [5, 1, 1]


async def test_a_job_without_attempts_left_is_discarded(pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob) -> None:
    job_id = await add_job("running", kind="known", attempt=25, attempted_ago=2 * HOUR)
    await rescuer.run_once()
    after = await row(pool, job_id)
    assert after["name"] == "discarded"
    assert after["finalized_at"] is not None


async def test_a_stuck_job_that_was_to_be_cancelled_is_cancelled(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    # A value of another shape than River's time must not stop the run.
    job_id = await add_job("running", attempted_ago=2 * HOUR, metadata='{"cancel_attempted_at": 7}')
    before = await row(pool, job_id)
    await rescuer.run_once()
    after = await row(pool, job_id)
    assert after["name"] == "cancelled"
    assert after["scheduled_at"] == before["scheduled_at"]


async def test_jobs_that_must_be_left_alone_do_not_hide_others(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    for _ in range(5):
        await add_job("running", kind="endless", attempted_ago=100 * HOUR)
    stuck = await add_job("running", kind="known", attempted_ago=2 * HOUR)
    await add_job("running", kind="known", attempted_ago=HOUR / 2)
    assert await rescuer.run_once() == 1
    assert (await row(pool, stuck))["name"] == "retryable"


async def add_node(pool: asyncpg.Pool, node_id: str, *, started_ago: timedelta, is_dead: bool = False) -> None:
    await pool.execute(
        """
        INSERT INTO revenge_job_node (id, host, pid, version, started_at, beaten_at, dead_at)
        VALUES ($1, 'host', 1, '0', now() - $2::interval, now() - interval '1 h', CASE WHEN $3 THEN now() END)
        """,
        node_id,
        started_ago,
        is_dead,
    )


async def test_a_job_of_a_node_of_ours_is_never_rescued_by_its_age(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    await add_node(pool, "ours", started_ago=200 * HOUR)
    await add_job("running", kind="known", attempted_ago=100 * HOUR, attempted_by="{go,ours}")
    assert await rescuer.run_once() == 0


async def test_only_the_last_entry_says_whose_job_it_is(rescuer: Rescuer, pool: asyncpg.Pool, add_job: AddJob) -> None:
    await add_node(pool, "ours", started_ago=200 * HOUR)
    await add_job("running", kind="known", attempted_ago=100 * HOUR, attempted_by="{ours,go}")
    assert await rescuer.run_once() == 1


@pytest.mark.parametrize(("started_ago", "is_dead"), [(HOUR, False), (200 * HOUR, True)])
async def test_a_job_of_a_dead_node_or_an_earlier_process_of_its_id_follows_rivers_rule(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob, started_ago: timedelta, is_dead: bool
) -> None:
    await add_node(pool, "ours", started_ago=started_ago, is_dead=is_dead)
    await add_job("running", kind="known", attempted_ago=100 * HOUR, attempted_by="{ours}")
    assert await rescuer.run_once() == 1


async def test_a_job_that_was_settled_meanwhile_is_left_as_it_is(pool: asyncpg.Pool, add_job: AddJob) -> None:
    class Late(Store):
        """Reads, and lets the worker settle before the rescue is written."""

        async def fetch(self, name: str, *args: Any, conn: Any = None) -> list[asyncpg.Record]:
            rows = await super().fetch(name, *args, conn=conn)
            if name == "job_get_stuck":
                await pool.execute("UPDATE river_job SET attempted_at = now() WHERE kind = 'known'")
            return rows

    job_id = await add_job("running", kind="known", attempted_ago=2 * HOUR, metadata='{"mine": 1}')
    late = Rescuer(clock=SystemClock(), config=RescuerConfig(), store=Late(pool), policies=POLICIES)
    assert await late.run_once() == 0
    after = await row(pool, job_id)
    assert after["name"] == "running"
    assert orjson.loads(after["metadata"]) == {"mine": 1}


async def test_the_search_among_50_000_jobs_reads_only_what_runs(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    await pool.execute(
        """
        INSERT INTO river_job (kind, args, state, finalized_at)
        SELECT 'done', '{}', 'completed', now() FROM generate_series(1, 50000)
        """
    )
    for _ in range(10):
        await add_job("running", kind="known", attempted_ago=2 * HOUR)
    await pool.execute("ANALYZE river_job")
    async with pool.acquire() as conn:
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        text = await conn.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {store.sql['job_get_stuck']}", HOUR, 0, 10_000
        )
        await conn.execute("RESET plan_cache_mode")
    plan = orjson.loads(text)[0]["Plan"]
    assert plan["Actual Rows"] == 10
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100


ODD = {"unique_key": "\\x01", "unique_states": "00101001"}
"""Another program left `running` out: while a job runs, another may take its key, in states that this one is to go to."""


async def test_a_stuck_job_whose_unique_key_another_took_is_discarded_and_stops_no_other(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    """River's whole run fails, again and again, and no job of the cluster is rescued any more."""
    stuck = await add_job("running", kind="known", attempted_ago=2 * HOUR, metadata='{"mine": 1}', **ODD)
    holder = await add_job("available", **ODD)
    ended = await add_job("running", kind="known", attempt=25, attempted_ago=2 * HOUR, **ODD)
    plain = await add_job("running", kind="known", attempted_ago=2 * HOUR)
    assert await rescuer.run_once() == 3
    after = await row(pool, stuck)
    assert (after["name"], after["unique_states"]) == ("discarded", None)
    assert after["finalized_at"] is not None
    assert orjson.loads(after["metadata"]) == {
        "mine": 1,
        "river:rescue_count": 1,
        "unique_key_conflict": "rescuer_discarded",
    }
    assert len(after["errors"]) == 1
    assert (await row(pool, ended))["name"] == "discarded"
    assert "unique_key_conflict" not in (await row(pool, ended))["metadata"]
    assert (await row(pool, holder))["name"] == "available"
    assert (await row(pool, plain))["name"] == "retryable"


async def test_of_several_stuck_jobs_with_one_free_key_one_is_retried(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    ids = [await add_job("running", kind="known", attempted_ago=2 * HOUR, **ODD) for _ in range(3)]
    assert await rescuer.run_once() == 3
    assert [(await row(pool, job_id))["name"] for job_id in ids] == ["retryable", "discarded", "discarded"]


async def test_a_stuck_job_that_holds_its_own_key_is_retried(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    usual = {"unique_key": "\\x02", "unique_states": "11110101"}
    job_id = await add_job("running", kind="known", attempted_ago=2 * HOUR, **usual)
    await rescuer.run_once()
    after = await row(pool, job_id)
    assert (after["name"], after["unique_states"].to_int()) == ("retryable", 0b11110101)


async def test_a_transaction_that_takes_a_stuck_jobs_key_holds_up_that_job_alone(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    stuck = await add_job("running", kind="known", attempted_ago=2 * HOUR, **ODD)
    plain = await add_job("running", kind="known", attempted_ago=2 * HOUR)
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(
            "INSERT INTO river_job (kind, args, unique_key, unique_states) VALUES ('new', '{}', $1, $2)",
            b"\x01",
            asyncpg.BitString.from_int(int(ODD["unique_states"], 2), 8),
        )
        assert await rescuer.run_once() == 1
        assert (await row(pool, plain))["name"] == "retryable"
        assert (await row(pool, stuck))["name"] == "running"
    assert await rescuer.run_once() == 1
    assert (await row(pool, stuck))["name"] == "discarded"


async def test_an_unseen_job_whose_unique_key_another_took_is_discarded_and_keeps_no_other_from_coming_back(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    """Its client would fetch nothing more until somebody deletes the row."""
    unseen = [await add_job("running", attempt=1, attempted_by="{me}", **ODD) for _ in range(2)]
    known = await add_job("running", attempt=1, attempted_by="{me}")
    plain = await add_job("running", attempt=1, attempted_by="{go,me}")
    assert await JobStore(store).hand_back_unseen(client_id="me", known_ids=[known]) == 3
    rows = [await row(pool, job_id) for job_id in (*unseen, known, plain)]
    assert [found["name"] for found in rows] == ["available", "discarded", "running", "available"]
    assert [found["attempt"] for found in rows] == [0, 0, 1, 0]
    assert orjson.loads(rows[1]["metadata"]) == {"unique_key_conflict": "rescuer_discarded"}


async def test_an_unseen_job_that_was_to_be_cancelled_is_cancelled_and_keeps_its_attempt(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    """No worker has it, so nobody else would act on the request."""
    cancelled = '{"cancel_attempted_at": "2026-01-02T03:04:05Z"}'
    unseen = [await add_job("running", attempt=2, attempted_by="{me}", metadata=cancelled, **ODD) for _ in range(2)]
    before = await row(pool, unseen[0])
    assert await JobStore(store).hand_back_unseen(client_id="me", known_ids=[]) == 2
    for after in [await row(pool, job_id) for job_id in unseen]:
        assert (after["name"], after["attempt"], after["errors"]) == ("cancelled", 2, None)
        assert after["finalized_at"] is not None
        assert orjson.loads(after["metadata"]) == orjson.loads(cancelled)
    assert (await row(pool, unseen[0]))["scheduled_at"] == before["scheduled_at"]


@pytest.mark.parametrize("at", ["-infinity", "0044-03-15 BC"])
async def test_a_job_of_an_impossible_time_is_rescued_as_any_other(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob, at: str
) -> None:
    odd = await add_job("running", kind="known", attempt=1)
    await pool.execute(f"UPDATE river_job SET attempted_at = '{at}' WHERE id = $1", odd)
    plain = await add_job("running", kind="known", attempt=1, attempted_ago=2 * HOUR)
    assert await rescuer.run_once() == 2
    states = await pool.fetch("SELECT state::text FROM river_job WHERE id = ANY ($1)", [odd, plain])
    assert {state for (state,) in states} == {"retryable"}


async def test_metadata_that_is_no_object_keeps_nobody_from_being_rescued(
    pool: asyncpg.Pool, rescuer: Rescuer, add_job: AddJob
) -> None:
    odd = ['"text"', "[1]", "null"]
    ids = [await add_job("running", kind="known", attempted_ago=2 * HOUR, metadata=value) for value in odd]
    assert await rescuer.run_once() == 3
    assert [(await row(pool, job_id))["metadata"] for job_id in ids] == odd
