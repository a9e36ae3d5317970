"""Rows of ``river_job`` as any program may have left them."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs.store import Store

AddJob = Callable[..., Awaitable[int]]
_FINAL = ("cancelled", "completed", "discarded")


@pytest.fixture
def store(pool: asyncpg.Pool) -> Store:
    return Store(pool)


@pytest.fixture
def add_job(pool: asyncpg.Pool) -> AddJob:
    """Return a coroutine function that inserts a row and returns its id.

    ``due_in``, ``attempted_ago`` and ``finalized_ago`` are timedeltas from the database's now; a state brings the
    columns that its constraints ask for; every other keyword is a column.
    """
    numbers = itertools.count(1)

    async def add(state: str = "available", **given: Any) -> int:
        number = next(numbers)
        due_in: timedelta = given.pop("due_in", timedelta(0))
        attempted_ago: timedelta | None = given.pop("attempted_ago", timedelta(0) if state == "running" else None)
        finalized_ago: timedelta | None = given.pop("finalized_ago", timedelta(0) if state in _FINAL else None)
        columns: dict[str, Any] = {"kind": f"kind_{number}", "args": "{}", "max_attempts": 25, "state": state, **given}
        names = ", ".join(columns)
        places = ", ".join(f"${index}::text::{_cast(name)}" for index, name in enumerate(columns, start=4))
        job_id: int = await pool.fetchval(
            f"""
            INSERT INTO river_job (scheduled_at, attempted_at, finalized_at, {names})
            VALUES (now() + $1::interval, now() - $2::interval, now() - $3::interval, {places})
            RETURNING id
            """,
            due_in,
            attempted_ago,
            finalized_ago,
            *(None if value is None else str(value) for value in columns.values()),
        )
        return job_id

    return add


def _cast(column: str) -> str:
    casts = {
        "state": "river_job_state",
        "args": "jsonb",
        "metadata": "jsonb",
        "attempted_by": "text[]",
        "errors": "jsonb[]",
        "attempt": "smallint",
        "max_attempts": "smallint",
        "priority": "smallint",
        "unique_key": "bytea",
        "unique_states": "bit(8)",
    }
    return casts.get(column, "text")
