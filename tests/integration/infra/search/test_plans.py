"""Searches on PostgreSQL use their indexes, though nobody looks at the values when they are planned."""

import asyncio
from typing import Any

import asyncpg
import pytest

from revenge.infra.search.statements import statements
from tests.fakes.databases import make_template

FILL = """
INSERT INTO revenge.search_document (collection, id, title, names, words, facts, data)
SELECT
    (ARRAY['movies', 'episodes'])[1 + n % 2], gen_random_uuid(), 'film ' || n, 'film ' || n,
    setweight(to_tsvector('simple', 'film ' || md5(n::text)), 'A'),
    jsonb_build_object('popularity', n % 100, 'series_id', md5((n / 20)::text)::uuid), jsonb_build_object('title', 'film ' || n)
FROM generate_series(1, 50000) AS n
"""
WORDS = """
INSERT INTO revenge.search_word (word, variants) SELECT md5(n::text), ARRAY[md5(n::text), substr(md5(n::text), 2)]
FROM generate_series(1, 50000) AS n
"""
TYPES = "text, text, text, text, uuid[], jsonb, jsonb, text[], float8[], float8[], text, boolean, int, int, text[], int"


@pytest.fixture(scope="session")
def template(template: str, postgres_url: str) -> str:
    """Name of a database with many documents."""
    return asyncio.run(make_template(postgres_url, "documents_template", _fill, of=template))


async def _fill(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    await conn.execute(FILL)
    await conn.execute(WORDS)
    await conn.execute("ANALYZE revenge.search_document, revenge.search_word")


async def plan(pool: "asyncpg.Pool[asyncpg.Record]", name: str, types: str, *args: str) -> str:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE it ({types}) AS {statements()[name]}")
        rows: list[Any] = await conn.fetch(f"EXPLAIN (ANALYZE) EXECUTE it ({', '.join(args)})")
        await conn.execute("DEALLOCATE it")
    return "\n".join(row[0] for row in rows)


def search(tsquery: str, pattern: str) -> list[str]:
    rest = ["'x'", "NULL", "'{}'", "'{}'", "'{}'", "'{}'", "'{}'", "NULL", "true", "20", "0", "'{}'", "100"]
    return ["'movies'", tsquery, pattern, *rest]


async def test_words_are_looked_up(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    text = await plan(pool, "document_search", TYPES, *search("$$('c4ca4238a0b923820dcc509a6f75849b':*)$$", "NULL"))
    assert "search_document_words" in text
    lines = text.splitlines()
    # The two other ways to candidates are not gone.
    assert sum("never executed" in line for line in lines) >= 2


async def test_parts_of_titles_are_looked_up(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    text = await plan(pool, "document_search", TYPES, *search("NULL", "'%ilm 4711%'"))
    assert "search_document_names" in text


async def test_parts_of_series_are_looked_up(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    text = await plan(pool, "document_members", "text, text[]", "'episodes'", "ARRAY[md5('7')::uuid::text]")
    assert "search_document_series" in text


async def test_mistyped_words_are_looked_up(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    text = await plan(pool, "word_alike", "text, text[], boolean", "'c4ca4238'", "'{c4ca4238,c4ca423}'", "true")
    assert "search_word_variants" in text
    assert "search_word_alike" in text
