"""What the shared fixtures promise to every other test."""

import asyncpg
import pytest


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_gets_a_database_of_its_own(conn: asyncpg.Connection, turn: int) -> None:
    await conn.execute("CREATE TABLE only_here ()")
    assert (await conn.fetchval("SELECT current_database()")).startswith("test_")


async def test_pool_and_database_are_the_same_database(pool: asyncpg.Pool, database: str) -> None:
    name = await pool.fetchval("SELECT current_database()")
    assert database.endswith(f"/{name}")


async def test_empty_database_has_no_tables(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


async def test_database_has_the_tables_of_all_three_lines(conn: asyncpg.Connection) -> None:
    for table in ("river_job", "revenge_job_progress", "revenge.library"):
        assert await conn.fetchval("SELECT to_regclass($1)", table), table
