"""What the GIN indexes of ``river_job`` put off is sorted in by those who work, while they work."""

import asyncio

import asyncpg
import pytest

from revenge.infra.jobs.maintenance.pending_lists import ENOUGH, PendingLists
from revenge.infra.jobs.store import Store
from tests.integration.infra.jobs.conftest import MakeClient

PENDING = """
    SELECT sum(pending_tuples)::integer
    FROM unnest(ARRAY['river_job_args_index', 'river_job_metadata_index']::regclass[]) AS listed (index)
    CROSS JOIN LATERAL pgstatginindex(listed.index)
"""


@pytest.fixture(autouse=True)
async def nobody_else_sorts_in(pool: asyncpg.Pool) -> None:
    await pool.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")
    await pool.execute("ALTER TABLE river_job SET (autovacuum_enabled = off)")


async def write(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO river_job (kind, args, max_attempts)"
        " SELECT 'any', jsonb_build_object('number', number), 3 FROM generate_series(1, 200) AS number"
    )


def busy(store: Store) -> PendingLists:
    """Return those of a node that has done enough."""
    lists = PendingLists(store)
    lists.settled(ENOUGH)
    return lists


async def test_a_node_that_works_sorts_in_what_was_put_off(pool: asyncpg.Pool, store: Store) -> None:
    await write(pool)
    lists = busy(store)
    assert await pool.fetchval(PENDING) == 400
    assert await lists.run_once() > 0
    assert await pool.fetchval(PENDING) == 0

    await write(pool)
    lists.settled(ENOUGH - 1)
    assert await lists.run_once() == 0
    assert await pool.fetchval(PENDING) == 400


async def test_a_node_that_does_little_asks_the_database_for_nothing() -> None:
    lists = PendingLists(Store(None))
    lists.settled(ENOUGH - 1)
    assert await lists.run_once() == 0


async def test_no_two_sessions_do_it_at_once(pool: asyncpg.Pool, store: Store) -> None:
    async with pool.acquire() as other, other.transaction():
        await other.execute(store.sql["indexes_clean_pending"])
        await write(pool)
        assert await busy(store).run_once() == 0
        assert await pool.fetchval(PENDING) == 400
    assert await busy(store).run_once() > 0


async def test_indexes_of_another_owner_are_left_alone(pool: asyncpg.Pool, store: Store) -> None:
    await write(pool)
    async with pool.acquire() as conn:
        await conn.execute("CREATE ROLE pending_guest; GRANT SELECT ON river_job TO pending_guest")
        try:
            await conn.execute("SET ROLE pending_guest")
            assert await conn.fetchval(store.sql["indexes_clean_pending"]) == 0
        finally:
            await conn.execute("RESET ROLE; REVOKE ALL ON river_job FROM pending_guest; DROP ROLE pending_guest")
    assert await pool.fetchval(PENDING) == 400


async def test_a_lean_table_has_nothing_to_sort_in(pool: asyncpg.Pool, store: Store) -> None:
    await pool.execute("DROP INDEX river_job_args_index, river_job_metadata_index")
    assert await busy(store).run_once() == 0


async def test_a_schema_of_another_name_is_served(pool: asyncpg.Pool) -> None:
    await pool.execute('CREATE SCHEMA "Else"; CREATE TABLE "Else".river_job (args jsonb)')
    await pool.execute('CREATE INDEX river_job_args_index ON "Else".river_job USING gin (args)')
    await pool.execute("""INSERT INTO "Else".river_job VALUES ('{"a": 1}')""")
    assert await busy(Store(pool, schema="Else")).run_once() > 0


async def test_a_started_client_does_it_beside_its_work(pool: asyncpg.Pool, make_client: MakeClient) -> None:
    await pool.execute(
        "INSERT INTO river_job (kind, args, max_attempts)"
        " SELECT 'act', jsonb_build_object('number', number), 3 FROM generate_series(1, $1) AS number",
        ENOUGH,
    )
    client = await make_client(queues={"default": 200})
    await client.start()
    async with asyncio.timeout(60):
        while await pool.fetchval(f"SELECT count(*) < {ENOUGH} FROM river_job WHERE state = 'completed'"):
            pass
        while await pool.fetchval(PENDING):
            pass
