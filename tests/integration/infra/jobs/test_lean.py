"""The lean option: River's unread indexes go and come back, and nobody who works jobs notices."""

import asyncpg
import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, UNREAD, InTransaction, Lean, LeanFailed, Migrator
from revenge.infra.jobs.models import JobState
from tests.fakes.engine import ActArgs, nothing
from tests.fakes.fleet import LIMIT
from tests.integration.infra.jobs.conftest import StartClient

NAMES = ("river_job_args_index", "river_job_metadata_index", "river_job_kind")
DEFINITIONS = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'river_job' ORDER BY indexname"


async def test_switched_on_and_off_the_table_is_as_river_made_it(pool: asyncpg.Pool) -> None:
    lean = Lean()
    async with pool.acquire() as conn:
        before = await conn.fetch(DEFINITIONS)
        assert await lean.missing(conn) == ()
        assert (await lean.switch_on(conn)).dropped == NAMES
        assert await lean.missing(conn) == NAMES
        assert {row["indexname"] for row in before} - {row["indexname"] for row in await conn.fetch(DEFINITIONS)} == {
            *NAMES
        }
        assert (await lean.switch_off(conn)).built == NAMES
        assert await conn.fetch(DEFINITIONS) == before


async def test_switching_twice_changes_nothing_more(pool: asyncpg.Pool) -> None:
    lean = Lean()
    async with pool.acquire() as conn:
        assert (await lean.switch_off(conn)).built == ()
        await lean.switch_on(conn)
        assert (await lean.switch_on(conn)).dropped == ()


async def test_only_what_is_missing_is_built_and_half_built_ones_anew(pool: asyncpg.Pool) -> None:
    lean = Lean()
    async with pool.acquire() as conn:
        await conn.execute("DROP INDEX river_job_kind")
        await conn.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'river_job_args_index'::regclass")
        assert await lean.missing(conn) == ("river_job_args_index", "river_job_kind")
        assert (await lean.switch_off(conn)).built == ("river_job_args_index", "river_job_kind")
        assert await lean.missing(conn) == ()


async def test_migrations_are_valid_and_up_leaves_it_lean(pool: asyncpg.Pool) -> None:
    migrator, lean = Migrator([MAIN, REVENGE_JOBS]), Lean()
    async with pool.acquire() as conn:
        await lean.switch_on(conn)
        assert (await migrator.validate(conn)).ok
        assert (await migrator.up(conn)).versions == ()
        assert len(await lean.missing(conn)) == len(UNREAD)


async def test_jobs_are_worked_without_them(pool: asyncpg.Pool, start_client: StartClient) -> None:
    async with pool.acquire() as conn:
        await Lean().switch_on(conn)
    node = await start_client(nothing)
    job_id = (await node.insert(ActArgs())).job.id
    assert (await node.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_transaction_is_refused(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn, conn.transaction():
        with pytest.raises(InTransaction):
            await Lean().switch_on(conn)


async def test_somebody_else_s_table_is_left_as_it_is(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        await conn.execute("CREATE ROLE lean_guest; GRANT SELECT ON river_job TO lean_guest")
        try:
            await conn.execute("SET ROLE lean_guest")
            with pytest.raises(LeanFailed, match="river_job_args_index could not be dropped"):
                await Lean().switch_on(conn)
            assert await Lean().missing(conn) == ()
        finally:
            await conn.execute("RESET ROLE; REVOKE ALL ON river_job FROM lean_guest; DROP ROLE lean_guest")
