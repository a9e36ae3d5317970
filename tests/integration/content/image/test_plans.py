"""Whose pictures are, in a library of 20,000 films: by indexes, and no more than is around them is read."""

import re
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.content.image.repository import statements

FILMS = 20_000
LIBRARY = UUID(int=1)

FILL = f"""
INSERT INTO revenge.library (id, name, type) VALUES ('{LIBRARY}', 'films', 'movie');
INSERT INTO revenge.library_root (id, library_id, position, path, path_text)
VALUES ('{LIBRARY}', '{LIBRARY}', 0, '/films', '/films');
CREATE TEMP TABLE film AS
SELECT gen_random_uuid() AS id, '/films/' || lpad(n::text, 6, '0') AS folder, n FROM generate_series(1, {FILMS}) AS n;
INSERT INTO revenge.entity (id, kind) SELECT id, 'movie' FROM film;
INSERT INTO revenge.movie (id, title) SELECT id, n::text FROM film;
INSERT INTO revenge.library_item (id, library_id, kind, key, title, match_state, movie_id)
SELECT id, '{LIBRARY}', 'movie', n::text, n::text, 'matched', id FROM film;
INSERT INTO revenge.library_file (id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode)
SELECT id, '{LIBRARY}'::uuid, '{LIBRARY}'::uuid, id, convert_to(folder || '/film.mkv', 'UTF8'), folder || '/film.mkv', 1, n, n FROM film;
INSERT INTO revenge.library_picture (id, library_id, root_id, path, folder, covers, type, rank, size_bytes, mtime_ns)
SELECT id, '{LIBRARY}'::uuid, '{LIBRARY}'::uuid, convert_to(folder || '/poster.jpg', 'UTF8'), folder, convert_to(folder || '/', 'UTF8'),
    'poster', 1, 1, n
FROM film
UNION ALL
SELECT '{UUID(int=2)}'::uuid, '{LIBRARY}', '{LIBRARY}', '/films/folder.jpg'::bytea, '/films', '/films/'::bytea, 'poster', 3, 1, 1;
INSERT INTO revenge.image (id, entity_id, type, provider, source, picture_id)
SELECT gen_random_uuid(), id, 'poster', 'beside', id::text, id FROM film;
DROP TABLE film;
"""


@pytest.fixture
async def full(pool: "asyncpg.Pool[asyncpg.Record]") -> "asyncpg.Pool[asyncpg.Record]":
    await pool.execute(FILL)
    await pool.execute("ANALYZE")
    return pool


async def rows_read(pool: "asyncpg.Pool[asyncpg.Record]", name: str, types: str, *args: str) -> int:
    """Return how many rows a statement read or threw away, in all of its plan as it is when it was run often."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE it ({types}) AS {statements()[name]}")
        rows: list[Any] = await conn.fetch(f"EXPLAIN (ANALYZE, COSTS off) EXECUTE it ({', '.join(args)})")
        await conn.execute("DEALLOCATE it")
    text = "\n".join(row[0] for row in rows)
    read = sum(float(rows) * int(loops) for rows, loops in re.findall(r"rows=([\d.]+) loops=(\d+)", text)) + sum(
        int(n) for n in re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", text)
    )
    return round(read)


async def test_pictures_near_a_chunk_of_films_are_found_by_their_folders(
    full: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    films = await full.fetchval("SELECT array_agg(id) FROM (SELECT id FROM revenge.movie LIMIT 50) AS few")
    given = "'{" + ",".join(map(str, films)) + "}'"
    near = await full.fetch(statements()["beside_near"], films, [])
    assert {row["id"] for row in near} == {*films, UUID(int=2)}
    assert await rows_read(full, "beside_near", "uuid[], uuid[]", given, "'{}'") < 50 * 100


async def test_owners_of_pictures_are_found_by_the_paths_that_they_cover(
    full: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    films = await full.fetchval("SELECT array_agg(id) FROM (SELECT id FROM revenge.movie LIMIT 50) AS few")
    asked = [*films, UUID(int=2)]
    owners = await full.fetch(statements()["beside_owners"], asked)
    assert {(row["id"], row["entity_id"]) for row in owners} == {(film, film) for film in films}
    given = "'{" + ",".join(map(str, asked)) + "}'"
    assert await rows_read(full, "beside_owners", "uuid[]", given) < 50 * 100
