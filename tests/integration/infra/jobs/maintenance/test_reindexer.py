"""Rebuilding indexes, and what an interrupted rebuild leaves."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from asyncpg.transaction import Transaction

from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.maintenance.reindexer import INDEXES, Reindexer, ReindexerConfig
from revenge.infra.jobs.store import Store

KIND = "river_job_kind"


def reindexer(store: Store, *, timeout: timedelta | None = timedelta(minutes=1)) -> Reindexer:
    config = ReindexerConfig(indexes=[KIND, "no_such_index"], timeout=timeout)
    return Reindexer(clock=SystemClock(), config=config, store=store)


async def file_of(pool: asyncpg.Pool, index: str) -> int:
    node: int = await pool.fetchval("SELECT relfilenode::bigint FROM pg_class WHERE relname = $1", index)
    return node


async def leftovers(pool: asyncpg.Pool) -> list[str]:
    return [row[0] for row in await pool.fetch("SELECT relname::text FROM pg_class WHERE relname ~ '_cc(new|old)'")]


async def test_an_index_is_rebuilt_and_a_missing_one_is_passed_over(pool: asyncpg.Pool, store: Store) -> None:
    before = await file_of(pool, KIND)
    assert await reindexer(store).run_once() == 1
    assert await file_of(pool, KIND) != before


async def test_all_indexes_of_the_list_exist_in_a_migrated_database(store: Store) -> None:
    rows = await store.fetch("index_get", list(INDEXES))
    assert {row["name"] for row in rows} == set(INDEXES)


async def test_a_schema_of_another_name_is_served(pool: asyncpg.Pool) -> None:
    await pool.execute("""CREATE SCHEMA "Else"; CREATE TABLE "Else".river_job (kind text)""")
    await pool.execute("""CREATE INDEX river_job_kind ON "Else".river_job (kind)""")
    assert await reindexer(Store(pool, schema="Else")).run_once() == 1


async def test_an_index_with_the_rest_of_an_older_rebuild_is_left_for_a_person(
    pool: asyncpg.Pool, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await pool.execute("CREATE INDEX river_job_kind_ccnew1 ON river_job (kind)")
    with caplog.at_level(logging.WARNING, "revenge.jobs"):
        assert await reindexer(store).run_once() == 0
    assert [record.message for record in caplog.records] == ["reindexer.skipped"]


async def rebuild_that_must_end(pool: asyncpg.Pool, running: asyncio.Task[int], *, cancel: bool) -> None:
    """Hold up the rebuild ``running`` until it is given up, and let go when its rest is about to be dropped."""
    while not await leftovers(pool):
        assert not running.done()
    if cancel:
        running.cancel()
    while not await pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%DROP INDEX CONC%' AND pid <> pg_backend_pid() AND datname = current_database()"
    ):
        assert not running.done()


@pytest.fixture
async def blocker(pool: asyncpg.Pool) -> AsyncIterator[Transaction]:
    """A transaction that has written to the table: a rebuild waits for its end."""
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("INSERT INTO river_job (kind, args) VALUES ('new', '{}')")
        yield transaction


async def test_a_rebuild_that_takes_too_long_leaves_nothing_behind(
    pool: asyncpg.Pool, store: Store, blocker: Transaction
) -> None:
    running = asyncio.create_task(reindexer(store, timeout=timedelta(seconds=0.5)).run_once())
    await rebuild_that_must_end(pool, running, cancel=False)
    await blocker.rollback()
    assert await running == 0
    assert await leftovers(pool) == []


async def test_a_stop_during_a_rebuild_leaves_nothing_behind(
    pool: asyncpg.Pool, store: Store, blocker: Transaction
) -> None:
    running = asyncio.create_task(reindexer(store).run_once())
    await rebuild_that_must_end(pool, running, cancel=True)
    await blocker.rollback()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await leftovers(pool) == []
