"""Rows of queues: touched, paused, listed with what is in them."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs.errors import QueueNotFound
from revenge.infra.jobs.queue_store import QueueStore
from revenge.infra.jobs.store import Store


@pytest.fixture
def queues(pool: asyncpg.Pool) -> QueueStore:
    return QueueStore(Store(pool))


async def test_touching_creates_rows_and_keeps_what_they_say(pool: asyncpg.Pool, queues: QueueStore) -> None:
    assert await queues.touch(["high", "low", "high"]) == set()
    await pool.execute(
        "UPDATE river_queue SET metadata = '{\"a\": 1}', paused_at = now(), updated_at = now() - interval '1 h'"
        " WHERE name = 'low'"
    )
    assert await queues.touch(["high", "low"]) == {"low"}
    row = await pool.fetchrow("SELECT *, now() - updated_at AS age FROM river_queue WHERE name = 'low'")
    assert row is not None
    assert row["metadata"] == '{"a": 1}'
    assert row["age"] < timedelta(minutes=1)


async def test_pausing_and_resuming_tell_every_node_in_rivers_bytes(pool: asyncpg.Pool, queues: QueueStore) -> None:
    await queues.touch(["low", "high"])
    heard: asyncio.Queue[object] = asyncio.Queue()
    channel = await Store(pool).channel("river_control")
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear := lambda *args: heard.put_nowait(args[3]))
        await queues.pause("low")
        await queues.resume("low")
        await queues.pause("*")
        assert [await heard.get() for _ in range(3)] == [
            '{"action":"pause","queue":"low"}',
            '{"action":"resume","queue":"low"}',
            '{"action":"pause","queue":"*"}',
        ]
        await listening.remove_listener(channel, hear)
    assert await queues.paused(["low", "high", "other"]) == {"low", "high"}


async def test_pausing_twice_keeps_the_first_time(pool: asyncpg.Pool, queues: QueueStore) -> None:
    await queues.touch(["low"])
    await queues.pause("low")
    first = await pool.fetchrow("SELECT paused_at, updated_at FROM river_queue")
    await queues.pause("low")
    assert await pool.fetchrow("SELECT paused_at, updated_at FROM river_queue") == first
    await queues.resume("low")
    await queues.resume("low")
    assert await queues.paused(["low"]) == set()


async def test_a_queue_that_nobody_has_worked_is_not_found(queues: QueueStore) -> None:
    with pytest.raises(QueueNotFound):
        await queues.pause("nowhere")
    with pytest.raises(QueueNotFound):
        await queues.resume("nowhere")
    await queues.pause("*")


async def test_a_pause_belongs_to_the_callers_transaction(pool: asyncpg.Pool, queues: QueueStore) -> None:
    await queues.touch(["low"])
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await queues.pause("low", conn=conn)
        await transaction.rollback()
    assert await queues.paused(["low"]) == set()


async def test_the_list_counts_unfinished_jobs_and_slots_of_living_nodes(
    pool: asyncpg.Pool, queues: QueueStore
) -> None:
    await queues.touch(["high", "low"])
    await queues.pause("low")
    await pool.execute(
        """
        INSERT INTO river_job (kind, args, queue, state, scheduled_at, finalized_at)
        VALUES ('k', '{}', 'high', 'available', now() - interval '90 s', NULL),
            ('k', '{}', 'high', 'available', now() + interval '4 s', NULL),
            ('k', '{}', 'high', 'scheduled', now() + interval '1 h', NULL),
            ('k', '{}', 'high', 'completed', now() - interval '1 h', now()),
            ('k', '{}', 'orphaned', 'available', now() + interval '4 s', NULL)
        """
    )
    await pool.execute(
        """
        INSERT INTO revenge_job_node (id, host, pid, version, queues, beaten_at, dead_at)
        VALUES ('one', 'h', 1, '0', '{"high": 15, "low": 5}', now(), NULL),
            ('two', 'h', 2, '0', '{"high": 15}', now(), NULL),
            ('gone', 'h', 3, '0', '{"high": 100}', now(), now()),
            ('silent', 'h', 4, '0', '{"high": 1000}', now() - interval '1 h', NULL)
        """
    )
    high, low, orphaned = await queues.list_all()
    assert (high.name, low.name, orphaned.name) == ("high", "low", "orphaned")
    assert dict(high.counts) == {"available": 2, "scheduled": 1}
    assert (high.is_served, low.is_served, orphaned.is_served) == (True, True, False)
    assert high.oldest_wait_s is not None
    assert 89 < high.oldest_wait_s < 120
    assert (high.workers, low.workers, orphaned.workers) == (30, 5, 0)
    assert high.paused_at is None
    assert low.paused_at is not None
    assert dict(low.counts) == {}
    assert orphaned.oldest_wait_s is None


@pytest.mark.parametrize("at", ["-infinity", "infinity", "0044-03-15 BC", "50000-01-01"])
async def test_a_job_of_an_impossible_time_keeps_no_queue_out_of_the_list(
    pool: asyncpg.Pool, queues: QueueStore, at: str
) -> None:
    await pool.execute(
        f"INSERT INTO river_job (kind, args, max_attempts, queue, scheduled_at) VALUES ('act', '{{}}', 1, 'odd', '{at}')"
    )
    found = await queues.get("odd")
    assert found.counts == {"available": 1}
    assert found.created_at.tzinfo is not None
    is_due = at in ("-infinity", "0044-03-15 BC")
    assert (found.oldest_wait_s is not None and found.oldest_wait_s < 1e11) is is_due
