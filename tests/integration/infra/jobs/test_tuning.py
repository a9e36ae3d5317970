"""A connection of the engine's own knows the server's array types without asking again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.infra.jobs import TunedConnection

VALUES: list[tuple[str, list[Any]]] = [
    ("smallint", [1, None]),
    ("integer", [2]),
    ("bigint", [3, 4]),
    ("text", ["five"]),
    ("bytea", [b"\x06"]),
    ("boolean", [True]),
    ("double precision", [7.5]),
    ("timestamptz", [datetime(2026, 1, 1, tzinfo=UTC)]),
    ("uuid", [UUID(int=8)]),
    ("jsonb", ["9"]),
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """What the server was asked about."""
    types: list[set[int]] = []
    ask = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]

    async def spy(conn: object, typeoids: Any, timeout: float | None) -> Any:  # noqa: ASYNC109 - asyncpg's own
        types.append(set(typeoids))
        return await ask(conn, typeoids, timeout)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", spy)
    return types


@pytest.fixture(params=[100, 0], ids=["kept statements", "none"])
async def two(request: pytest.FixtureRequest, database: str) -> AsyncIterator[list[TunedConnection]]:
    opened = [
        await asyncpg.connect(database, connection_class=TunedConnection, statement_cache_size=request.param)
        for _ in range(2)
    ]
    yield opened
    for conn in opened:
        await conn.close()


async def test_arrays_come_and_go_and_the_second_connection_asks_nothing(
    two: list[TunedConnection], asked: list[set[int]]
) -> None:
    for conn in two:
        asked.clear()
        for name, values in VALUES:
            assert await conn.fetchval(f"SELECT $1::{name}[]", values) == values
    assert asked == []


async def test_a_type_that_somebody_made_is_asked_for_on_each_connection(
    two: list[TunedConnection], asked: list[set[int]]
) -> None:
    await two[0].execute("CREATE TYPE mood AS ENUM ('glad')")
    for conn in two:
        asked.clear()
        assert await conn.fetchval("SELECT $1::mood[]", ["glad"]) == ["glad"]
        assert len(asked) == 1
        assert await conn.fetchval("SELECT $1::point[]", [asyncpg.Point(10, 11)]) == [asyncpg.Point(10, 11)]
