"""The statements that a scan runs again and again use their indexes on a library of 50,000 files."""

import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from revenge.content.library.statements import statements

if TYPE_CHECKING:
    from tests.integration.content.library.conftest import World

FILL = """
INSERT INTO revenge.library_file (id, library_id, root_id, path, path_text, size_bytes, mtime_ns, inode, needs_probe)
SELECT gen_random_uuid(), library_id, id, path || convert_to('/' || lpad(n::text, 6, '0') || '.mkv', 'UTF8'), '', 1, n, n, n % 1000 = 0
FROM revenge.library_root, generate_series(1, 50000) AS n
"""


@pytest.fixture
async def full(world: "World") -> "World":
    await world.make_library()
    await world.pool.execute(FILL)
    await world.pool.execute("ANALYZE revenge.library_file")
    return world


async def plan(world: "World", name: str, types: str, *args: str) -> str:
    """Return the plan of a statement as it is when it was run often: without looking at the values."""
    async with world.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE it ({types}) AS {statements()[name]}")
        rows: list[Any] = await conn.fetch(f"EXPLAIN (ANALYZE) EXECUTE it ({', '.join(args)})")
        await conn.execute("DEALLOCATE it")
    return "\n".join(row[0] for row in rows)


def rows_read(text: str) -> int:
    """Return how many rows were removed by filters, that is read for nothing."""
    return sum(int(n) for n in re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", text))


async def test_a_stretch_of_what_is_known_is_read_by_its_paths(full: "World") -> None:
    root = await full.pool.fetchrow("SELECT id, path FROM revenge.library_root")
    assert root is not None
    path = f"'\\x{root['path'].hex()}'::bytea || convert_to('/0200', 'UTF8')"
    text = await plan(full, "file_known", "uuid, bytea, bytea", f"'{root['id']}'", path, f"{path} || '\\xff'")
    assert "library_file_path_order" in text
    assert rows_read(text) < 10


async def test_moved_files_are_looked_up_by_inode(full: "World") -> None:
    text = await plan(
        full, "file_same_content", "uuid, bigint[], bigint[], bigint[], timestamptz",
        f"'{full.library_id}'", "'{5,6}'", "'{1,1}'", "'{5,6}'", "now()",
    )  # fmt: skip
    assert "library_file_inode" in text
    assert rows_read(text) == 0


async def test_files_to_probe_are_found_without_reading_the_others(full: "World") -> None:
    zero = "'00000000-0000-0000-0000-000000000000'"
    text = await plan(
        full, "file_to_probe", "uuid, uuid, integer, timestamptz", f"'{full.library_id}'", zero, "20", "now()"
    )
    assert "library_file_to_probe" in text
    assert rows_read(text) == 0


async def test_a_page_of_files_reads_little_more_than_itself(full: "World") -> None:
    root = await full.pool.fetchrow("SELECT id, path FROM revenge.library_root")
    assert root is not None
    path = f"'\\x{root['path'].hex()}'::bytea || convert_to('/020000.mkv', 'UTF8')"
    text = await plan(
        full,
        "file_list",
        "uuid, text, uuid, bytea, integer",
        f"'{full.library_id}'",
        "NULL",
        f"'{root['id']}'",
        path,
        "100",
    )
    assert "library_file_path_order" in text
    assert rows_read(text) < 10


async def test_a_first_scan_reads_each_item_a_few_times_and_not_once_for_every_file(world: "World") -> None:
    await world.make_library()
    # Autovacuum would gather statistics too, but only after a while.
    for table in ("library_file", "library_item"):
        await world.pool.execute(f"ALTER TABLE revenge.{table} SET (autovacuum_enabled = false)")
    files = 6_000
    world.put(*(f"The Film {n:05d} (1999).mkv" for n in range(files)))
    await world.scan(probing=False)
    async with AsyncExitStack() as stack:
        # Each session keeps what it counts to itself for a second.
        for conn in [await stack.enter_async_context(world.pool.acquire()) for _ in range(world.pool.get_max_size())]:
            await conn.execute("SELECT pg_stat_force_next_flush()")
    read = await world.pool.fetchval(
        "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'revenge' AND relname = 'library_item'"
    )
    assert read < 300 * files
