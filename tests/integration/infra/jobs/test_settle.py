"""What an attempt's end leaves in the row, whatever the worker does, and whoever else touched the row meanwhile."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    Client,
    InsertOpts,
    Job,
    JobArgs,
    JobState,
    LinearRetry,
    Snooze,
    UniqueOpts,
    Worker,
)
from tests.fakes.engine import ActArgs, Actor, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]
LIMIT = timedelta(seconds=20)
ONCE = InsertOpts(max_attempts=1)


async def test_a_returned_value_is_the_jobs_output(start_client: StartClient, pool: asyncpg.Pool) -> None:
    async def behave(job: Job[Any]) -> object:
        job.set_metadata("seen", [1, 2])
        return {"files": 3, "took": timedelta(seconds=2), "at": datetime(2026, 1, 1, tzinfo=UTC)}

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs(), InsertOpts(metadata={"mine": True}))).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert row.output == {"files": 3, "took": 2_000_000_000, "at": "2026-01-01T00:00:00Z"}
    assert row.metadata == {"mine": True, "seen": [1, 2], "output": row.output}


async def test_a_failed_attempt_leaves_rivers_error_and_comes_back(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    async def behave(job: Job[Any]) -> None:
        if job.attempt == 1:
            raise ValueError("no luck")

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, len(row.attempted_by)) == (JobState.COMPLETED, 2, 2)
    [error] = row.errors
    assert (error.attempt, error.error) == (1, "ValueError: no luck")
    assert "behave" in error.trace
    assert await pool.fetchval("SELECT array(SELECT jsonb_object_keys(errors[1]) ORDER BY 1) FROM river_job") == [
        "at",
        "attempt",
        "error",
        "trace",
    ]


async def test_a_far_retry_waits_as_retryable(start_client: StartClient) -> None:
    async def behave(_: Job[Any]) -> None:
        raise ValueError("no")

    node = await start_client(Actor(behave, retry_policy=LinearRetry(step=timedelta(minutes=5))))
    job_id = (await node.insert(ActArgs())).job.id

    async def waits() -> object:
        row = await node.get(job_id)
        return row.state is JobState.RETRYABLE and row

    row = await eventually(waits)
    assert timedelta(minutes=4) < row.scheduled_at - datetime.now(UTC) <= timedelta(minutes=5)
    assert row.finalized_at is None


@pytest.mark.parametrize(
    "error", [SystemExit(1), RecursionError("deep"), KeyboardInterrupt(), MemoryError(), asyncio.CancelledError()]
)
async def test_whatever_is_raised_ends_its_own_attempt_only(start_client: StartClient, error: BaseException) -> None:
    async def behave(job: Job[Any]) -> None:
        if job.args.what == "bad":
            raise error

    node = await start_client(behave, queues={"default": 2})
    results = await node.insert_many([(ActArgs(what=what), ONCE) for what in ("good", "bad", "good", "bad", "good")])
    rows = [await node.wait(result.job.id, timeout=LIMIT) for result in results]
    assert [row.state for row in rows] == [
        JobState.DISCARDED if row.args["what"] == "bad" else JobState.COMPLETED for row in rows
    ]
    assert rows[1].errors[0].error.startswith(type(error).__name__)


async def test_real_recursion_ends_its_own_attempt_only(start_client: StartClient) -> None:
    async def behave(job: Job[Any]) -> None:
        if job.args.what == "deep":
            await behave(job)

    node = await start_client(behave)
    deep, good = await node.insert_many([(ActArgs(what="deep"), ONCE), ActArgs()])
    assert (await node.wait(deep.job.id, timeout=LIMIT)).state is JobState.DISCARDED
    assert (await node.wait(good.job.id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_deadline_is_a_failed_attempt(start_client: StartClient) -> None:
    node = await start_client(Actor(Gate(), timeout=timedelta(milliseconds=50)))
    job_id = (await node.insert(ActArgs(), ONCE)).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.errors[0].error) == (
        JobState.DISCARDED,
        "TimeoutError: the attempt took longer than its 0.05 s",
    )


async def test_snoozing_never_uses_up_attempts(start_client: StartClient) -> None:
    async def behave(job: Job[Any]) -> object:
        return Snooze(timedelta(0)) if job.metadata.get("snoozes", 0) < 5 else None

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs(), ONCE)).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.metadata["snoozes"], row.errors) == (JobState.COMPLETED, 1, 5, [])
    assert len(row.attempted_by) == 6


async def test_a_long_snooze_is_scheduled(start_client: StartClient) -> None:
    async def behave(_: Job[Any]) -> object:
        return Snooze(timedelta.max)

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id

    async def sleeps() -> object:
        row = await node.get(job_id)
        return row.state is JobState.SCHEDULED and row

    row = await eventually(sleeps)
    assert (row.attempt, row.metadata, row.scheduled_at.year) == (0, {"snoozes": 1}, 9999)


async def test_a_worker_may_cancel_its_own_job(start_client: StartClient) -> None:
    async def behave(_: Job[Any]) -> object:
        return Cancel("the library is gone")

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.errors[0].error) == (JobState.CANCELLED, "JobCancelError: the library is gone")


class ThreadArgs(JobArgs, kind="in_thread"):
    pass


class InThread(Worker[ThreadArgs]):
    def work(self, job: Job[ThreadArgs]) -> object:
        job.report_progress(phase="reading", current=1, total=2)
        return {"main": threading.current_thread() is threading.main_thread()}


async def test_a_plain_function_works_in_a_thread(start_client: StartClient) -> None:
    node = await start_client([InThread()])
    job_id = (await node.insert(ThreadArgs())).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.output) == (JobState.COMPLETED, {"main": False})


# The fence: a result counts only for the attempt that brought it.


async def settled_count(node: Client) -> int:
    runtime = node._runtime
    assert runtime is not None
    return runtime._completer.unwritten


async def all_written(node: Client) -> None:
    async def look() -> bool:
        return await settled_count(node) == 0

    await eventually(look)


@pytest.mark.parametrize("ends", ["well", "badly"])
async def test_a_result_of_an_attempt_that_was_taken_away_changes_nothing(
    start_client: StartClient, pool: asyncpg.Pool, ends: str
) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> object:
        job.set_metadata("late", True)
        await gate(job)
        if ends == "badly":
            raise ValueError("late")
        return "late"

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    await gate.entered.wait()
    # Rescued and fetched by another: the same number again, as after a snooze, at another time.
    await pool.execute("UPDATE river_job SET attempted_at = now(), attempted_by = attempted_by || 'other'::text")
    before = await node.get(job_id)
    gate.open.set()

    async def is_stale() -> bool:
        runtime = node._runtime
        return runtime is not None and runtime._completer.stale == 1

    await eventually(is_stale)
    assert await node.get(job_id) == before


async def test_what_another_program_completed_stays_completed_and_takes_the_metadata(
    start_client: StartClient, pool: asyncpg.Pool
) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> None:
        job.set_metadata("checkpoint", 3)
        await gate(job)
        raise ValueError("after all")

    node = await start_client(behave)
    job_id = (await node.insert(ActArgs())).job.id
    await gate.entered.wait()
    await pool.execute("UPDATE river_job SET state = 'completed', finalized_at = now()")
    before = await node.get(job_id)
    gate.open.set()

    async def is_merged() -> object:
        row = await node.get(job_id)
        return row.metadata and row

    row = await eventually(is_merged)
    assert row.metadata == {"checkpoint": 3}
    assert (row.state, row.errors, row.finalized_at) == (JobState.COMPLETED, [], before.finalized_at)


async def test_a_job_that_was_deleted_while_it_ran_is_no_trouble(start_client: StartClient, pool: asyncpg.Pool) -> None:
    gate = Gate()
    node = await start_client(gate)
    await node.insert(ActArgs())
    await gate.entered.wait()
    await pool.execute("DELETE FROM river_job")
    gate.open.set()
    await all_written(node)
    job_id = (await node.insert(ActArgs())).job.id
    assert (await node.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_result_that_the_database_refuses_costs_no_other(start_client: StartClient, pool: asyncpg.Pool) -> None:
    """A trigger stands for whatever a database may refuse."""
    await pool.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE 'not this one'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON river_job FOR EACH ROW
            WHEN (NEW.metadata -> 'output' = '"poison"') EXECUTE FUNCTION refuse();
        """
    )

    async def behave(job: Job[Any]) -> object:
        return job.args.what

    node = await start_client(behave)
    results = await node.insert_many([ActArgs(what=what) for what in ("fine", "poison", "fine", "", "fine")])
    rows = [await node.wait(result.job.id, timeout=LIMIT) for result in results]
    assert [row.output for row in rows] == ["fine", None, "fine", "", "fine"]
    assert "could not be stored" in rows[1].errors[0].error
    assert "not this one" in rows[1].errors[0].error


async def test_a_unique_key_of_odd_states_costs_no_other(start_client: StartClient, add_row: AddRow) -> None:
    """Another program left out `running`, so that two jobs run under one key, which only one may keep."""
    key = {"unique_key": "\\x01", "unique_states": "00000101"}
    gate = Gate()
    node = await start_client(gate, queues={"default": 3})
    job_id = await add_row(**key)
    await gate.entered.wait()
    ended = await add_row("completed", **key)
    other = (await node.insert(ActArgs())).job.id
    gate.open.set()
    assert (await node.wait(other, timeout=LIMIT)).state is JobState.COMPLETED
    assert (await node.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED
    assert (await node.get(job_id)).unique_states == frozenset()
    assert (await node.get(ended)).unique_states == {JobState.AVAILABLE, JobState.COMPLETED}


async def test_a_job_that_would_run_again_beside_another_of_its_key_is_discarded(
    start_client: StartClient, add_row: AddRow
) -> None:
    key = {"unique_key": "\\x01", "unique_states": "00100001"}
    gate = Gate()

    async def fail(job: Job[Any]) -> None:
        await gate(job)
        raise ValueError("no luck")

    node = await start_client(fail)
    job_id = await add_row(**key)
    await gate.entered.wait()
    waiting = await add_row("retryable", due_in=timedelta(hours=1), **key)
    gate.open.set()
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.errors[-1].error) == (JobState.DISCARDED, "ValueError: no luck")
    assert (await node.get(waiting)).state is JobState.RETRYABLE


async def test_a_unique_job_may_follow_when_the_first_has_ended(start_client: StartClient) -> None:
    opts = InsertOpts(unique=UniqueOpts(by_args=True, by_state=UNFINISHED))
    gate = Gate()
    node = await start_client(gate)
    first = await node.insert(ActArgs(), opts)
    await gate.entered.wait()
    assert (await node.insert(ActArgs(), opts)).duplicate
    gate.open.set()
    await node.wait(first.job.id, timeout=LIMIT)
    assert not (await node.insert(ActArgs(), opts)).duplicate


async def test_ends_are_written_in_batches(start_client: StartClient, pool: asyncpg.Pool) -> None:
    await pool.execute(
        """
        CREATE TABLE written (rows bigint);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO written SELECT count(*) FROM new WHERE state = 'completed'; RETURN NULL; END $$;
        CREATE TRIGGER note AFTER UPDATE ON river_job REFERENCING NEW TABLE AS new EXECUTE FUNCTION note();
        """
    )
    node = await start_client(queues={"default": 200})
    results = await node.insert_many([ActArgs() for _ in range(1000)])

    async def all_done() -> bool:
        return bool(await pool.fetchval("SELECT count(*) = 1000 FROM river_job WHERE state = 'completed'"))

    await eventually(all_done)
    assert await pool.fetchval("SELECT count(*) FROM written WHERE rows > 0") < 100
    assert len(results) == 1000
