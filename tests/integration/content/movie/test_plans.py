"""Hot statements on many rows: each goes by an index, and reads no more than its page."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.content.movie.statements import statements
from tests.fakes.databases import make_template

FILMS = 20_000
NOBODY = UUID(int=0)


LIBRARY = UUID(int=1)


@pytest.fixture(scope="session")
def template(template: str, postgres_url: str) -> str:
    """Name of a database with a library of many films, all matched but a few."""
    return asyncio.run(make_template(postgres_url, "crowded_template", _crowd, of=template))


async def _crowd(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with conn.transaction():
        await conn.execute("INSERT INTO revenge.library (id, name, type) VALUES ($1, 'films', 'movie')", LIBRARY)
        await conn.execute(
            "CREATE TEMP TABLE film ON COMMIT DROP AS SELECT gen_random_uuid() AS id, number FROM generate_series(1, $1::integer)"
            " AS number",
            FILMS,
        )
        await conn.execute("INSERT INTO revenge.entity (id, kind) SELECT id, 'movie' FROM film")
        await conn.execute(
            "INSERT INTO revenge.movie (id, title, year, added_at, metadata_updated_at)"
            " SELECT id, 'The ' || md5(number::text) || ' Story', 1950 + number % 70, now() - number * interval '1 min', now()"
            " FROM film"
        )
        await conn.execute(
            "INSERT INTO revenge.library_item (id, library_id, kind, key, title, match_state, movie_id)"
            " SELECT gen_random_uuid(), $1, 'movie', number::text, number::text,"
            " CASE WHEN number % 1000 = 0 THEN 'pending' ELSE 'matched' END, id FROM film",
            LIBRARY,
        )
    await conn.execute("ANALYZE")


@pytest.mark.parametrize(
    ("name", "args", "index"),
    [
        ("item_pending", ("library", NOBODY, 50), "library_item_to_match"),
        ("movie_list_added", (None, None, None, None, None, None, None, None, 51), "movie_order"),
        ("movie_list_title", (None, None, None, None, None, None, "the", NOBODY, 51), "movie_title_order"),
        ("movie_alike", ([1], ["The c4ca4238a0b923820dcc509a6f75849b Story"], 5), "movie_title"),
        ("movie_alike_of_year", ([1], ["The Story"], [1999], 5), "movie_year"),
        ("item_list", ("library", "unmatched", NOBODY, 51), "library_item"),
        ("movie_stale", ("2020-01-01", "2020-01-01", 500), "movie_stale"),
    ],
)
async def test_an_index_is_used(pool: asyncpg.Pool, name: str, args: tuple[Any, ...], index: str) -> None:
    values = ", ".join(_literal(LIBRARY if arg == "library" else arg) for arg in args)
    body = statements()[name].rstrip().rstrip(";")
    types = {
        "item_pending": "uuid, uuid, integer",
        "movie_list_added": "uuid[], uuid, text, integer, uuid, text, timestamptz, uuid, integer",
        "movie_list_title": "uuid[], uuid, text, integer, uuid, text, text, uuid, integer",
        "movie_alike": "integer[], text[], integer",
        "movie_alike_of_year": "integer[], text[], integer[], integer",
        "item_list": "uuid, text, uuid, integer",
        "movie_stale": "timestamptz, timestamptz, integer",
    }[name]
    async with pool.acquire() as conn, conn.transaction():
        if name.startswith("movie_alike"):
            await conn.execute(statements()["movie_alike_settings"])
        await conn.execute(f"PREPARE plan ({types}) AS {body}")
        rows = await conn.fetch(f"EXPLAIN EXECUTE plan ({values})")
    plan = "\n".join(row[0] for row in rows)
    assert index in plan, plan
    assert "Seq Scan on movie" not in plan, plan
    assert "Seq Scan on library_item" not in plan, plan


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case list():
            return f"ARRAY[{', '.join(map(_literal, value))}]"
        case _:
            return f"'{value}'"
