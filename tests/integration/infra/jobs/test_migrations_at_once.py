"""Several migrators on one database at the same moment, and one that is killed in the middle."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Line, MigrationFailed, Migrator, Version
from tests.fakes.locks import until_blocked
from tests.interop.catalog import snapshot

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LINES = [MAIN, REVENGE_JOBS]
SCRIPT = """
import asyncio, sys, asyncpg
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator

async def main():
    await Migrator([MAIN, REVENGE_JOBS]).up(await asyncpg.connect(sys.argv[1]))

asyncio.run(main())
"""


@pytest.fixture
async def first(empty_database: str) -> "AsyncIterator[Connection]":
    conn = await asyncpg.connect(empty_database)
    yield conn
    if not conn.is_closed():
        await conn.close()


@pytest.fixture
async def second(empty_database: str) -> "AsyncIterator[Connection]":
    conn = await asyncpg.connect(empty_database)
    yield conn
    await conn.close()


async def test_every_version_is_applied_by_exactly_one_of_many(empty_database: str) -> None:
    async def up() -> list[tuple[str, int]]:
        conn = await asyncpg.connect(empty_database)
        try:
            result = await Migrator(LINES).up(conn)
        finally:
            await conn.close()
        return [(done.line, done.version) for done in result.versions]

    done = await asyncio.gather(*(up() for _ in range(5)))

    assert sorted(version for each in done for version in each) == [
        *(("main", number) for number in range(1, 9)),
        ("revenge_jobs", 1),
    ]


async def test_up_and_down_at_once_end_in_one_of_both(first: "Connection", second: "Connection") -> None:
    await Migrator(LINES).up(first)

    await asyncio.gather(Migrator(LINES).up(first), Migrator(LINES).down(second, target=0))

    assert len(await snapshot(first, "public")) == 0 or (await Migrator(LINES).validate(first)).ok


@pytest.mark.parametrize("version", MAIN.versions, ids=lambda version: str(version.number))
async def test_version_lost_to_a_migrator_without_our_lock_ends_well(
    empty_database: str, first: "Connection", second: "Connection", version: Version
) -> None:
    """Go's migrator takes no lock: it is inside ``version`` when ours starts, and commits while ours waits."""
    if version.number > 1:
        await Migrator(LINES).up(second, line="main", target=version.number - 1)
    other = second.transaction()
    await other.start()
    await second.execute(
        Migrator(LINES)
        .sql("main", applied=version.number - 1, target=version.number)
        .replace("BEGIN;", "")
        .replace("COMMIT;", "")
    )

    ours = asyncio.create_task(Migrator(LINES).up(first), name="ours")
    observer = await asyncpg.connect(empty_database)
    await until_blocked(observer)
    await observer.close()
    await other.commit()

    result = await ours
    assert [done.version for done in result.versions] == [*range(version.number + 1, 9), 1]
    assert (await Migrator(LINES).validate(first)).ok


async def test_up_waits_for_the_lock_and_then_finds_nothing_to_do(
    empty_database: str, first: "Connection", second: "Connection"
) -> None:
    """The owner builds indexes concurrently meanwhile, which would wait for a snapshot held by the one who waits."""
    version = Version(number=1, name="slow", up="SELECT pg_advisory_xact_lock(4711)", down="SELECT 1")
    lines = [MAIN, Line(name="slow", versions=(version,)), REVENGE_JOBS]
    holder = await asyncpg.connect(empty_database)
    await holder.execute("SELECT pg_advisory_lock(4711)")
    owner = asyncio.create_task(Migrator(lines).up(first), name="owner")
    await until_blocked(holder)

    waiting = asyncio.create_task(Migrator(lines).up(second), name="waiting")
    await holder.execute("SELECT pg_sleep(0.15)")
    assert not waiting.done()
    await holder.close()

    assert (await owner).indexes_built == ("revenge_job_due_idx", "revenge_job_state_idx", "revenge_job_put_back_idx")
    assert (await waiting).versions == ()


async def test_connection_lost_in_a_version_is_an_error_and_up_goes_on_later(
    first: "Connection", second: "Connection"
) -> None:
    await Migrator(LINES).up(second, line="main", target=3)
    async with second.transaction():
        await second.execute("SELECT count(*) FROM river_job")  # version 4 waits for us
        task = asyncio.create_task(Migrator(LINES).up(first), name="up")
        pid = await until_blocked(second)
        await second.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(MigrationFailed, match="version 4"):
            await task

    assert (await Migrator(LINES).status(second))[0].current == 3
    await Migrator(LINES).up(second)
    assert (await Migrator(LINES).validate(second)).ok


async def test_process_killed_in_a_version_leaves_a_database_that_migrates_on(
    empty_database: str, first: "Connection"
) -> None:
    await Migrator(LINES).up(first, line="main", target=3)
    transaction = first.transaction()
    await transaction.start()
    await first.execute("SELECT count(*) FROM river_job")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, empty_database)
    await until_blocked(first)
    process.kill()
    await process.wait()
    await transaction.rollback()

    result = await Migrator(LINES).up(first)

    assert [done.version for done in result.versions] == [4, 5, 6, 7, 8, 1]
    assert (await Migrator(LINES).validate(first)).ok


async def test_cancelled_up_frees_the_lock_for_the_next(first: "Connection", second: "Connection") -> None:
    await Migrator(LINES).up(second, line="main", target=3)
    async with second.transaction():
        await second.execute("SELECT count(*) FROM river_job")
        task = asyncio.create_task(Migrator(LINES).up(first), name="up")
        await until_blocked(second)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert (await Migrator(LINES).up(second)).versions[0].version == 4
