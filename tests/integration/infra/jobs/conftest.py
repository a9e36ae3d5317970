"""Clients with tiny queues on a database of the test's own, and rows as any program may have left them."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.database.pool import create_pool
from revenge.infra.jobs import Client, ClientConfig, PeriodicJob, Plugin, RetryPolicy, StopConfig, Worker, Workers
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.retry import LinearRetry
from tests.fakes.engine import Actor, Behaviour, nothing

StartClient = Callable[..., Awaitable[Client]]
MakeClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]

AT_ONCE: RetryPolicy = LinearRetry(step=timedelta(milliseconds=1))
_FINAL = ("cancelled", "completed", "discarded")
_CASTS = {
    "state": "river_job_state",
    "args": "jsonb",
    "metadata": "jsonb",
    "attempted_by": "text[]",
    "errors": "jsonb[]",
    "tags": "varchar[]",
    "attempt": "smallint",
    "max_attempts": "smallint",
    "priority": "smallint",
    "unique_key": "bytea",
    "unique_states": "bit(8)",
}


@dataclass
class Listening:
    """How a client gets its LISTEN connection."""

    dsn: str
    client_id: str

    async def __call__(self) -> Any:
        return await asyncpg.connect(self.dsn, server_settings={"application_name": f"{self.client_id}-listen"})


@pytest.fixture
async def make_client(database: str) -> AsyncIterator[MakeClient]:
    """Return a coroutine function that makes a client with a pool of its own; it is stopped when the test ends.

    Its first argument is a worker, several, or what the jobs of kind ``act`` do; ``dsn`` is another database,
    ``listen_dsn`` the direct way to it, ``clock`` the node's; ``reset`` and ``statement_cache_size`` are the pool's,
    ``plugins`` and ``periodic`` the client's; every other keyword is one of ClientConfig.
    """
    numbers = itertools.count(1)
    async with AsyncExitStack() as stack:

        async def make(
            does: Behaviour | Worker[Any] | list[Worker[Any]] = nothing,
            *,
            dsn: str = database,
            listen_dsn: str = "",
            clock: Clock | None = None,
            reset: bool = True,
            statement_cache_size: int | None = None,
            plugins: Iterable[Plugin] = (),
            periodic: Iterable[PeriodicJob] = (),
            **config: Any,
        ) -> Client:
            client_id = config.setdefault("client_id", f"client{next(numbers)}")
            config.setdefault("queues", {"default": 4})
            config.setdefault("retry_policy", AT_ONCE)
            config.setdefault("stop", StopConfig(soft=timedelta(seconds=2), cancel=timedelta(seconds=2)))
            workers = does if isinstance(does, list) else [does if isinstance(does, Worker) else Actor(does)]
            pool = await create_pool(
                dsn,
                min_size=0,
                max_size=4,
                application_name=client_id,
                reset=reset,
                statement_cache_size=statement_cache_size,
            )
            stack.push_async_callback(_close, pool)
            client = Client(
                pool,
                config=ClientConfig(**config),
                workers=Workers(workers),
                schema="public",
                listen=Listening(listen_dsn or dsn, client_id),
                clock=clock,
                plugins=plugins,
                periodic=periodic,
            )
            stack.push_async_callback(client.stop)
            return client

        yield make


async def _close(pool: asyncpg.Pool) -> None:
    pool.terminate()


@pytest.fixture
def start_client(make_client: MakeClient) -> StartClient:
    """Return a coroutine function as ``make_client``'s, whose client works."""

    async def start(*args: Any, **config: Any) -> Client:
        client = await make_client(*args, **config)
        await client.start()
        return client

    return start


@pytest.fixture
async def client(make_client: MakeClient) -> Client:
    """A client that only inserts and looks."""
    return await make_client()


@pytest.fixture
def add_row(pool: asyncpg.Pool) -> AddRow:
    """Return a coroutine function that inserts a row past the engine, and returns its id.

    ``due_in`` and ``attempted_ago`` are timedeltas from the database's now; a state brings the columns that its
    constraints ask for; every other keyword is a column, as text.
    """

    async def add(state: str = "available", **given: Any) -> int:
        due_in: timedelta = given.pop("due_in", timedelta(0))
        attempted_ago: timedelta | None = given.pop("attempted_ago", timedelta(0) if state == "running" else None)
        columns: dict[str, Any] = {"kind": "act", "args": "{}", "max_attempts": 25, "state": state, **given}
        places = ", ".join(f"${index}::text::{_CASTS.get(name, 'text')}" for index, name in enumerate(columns, start=4))
        job_id: int = await pool.fetchval(
            f"""
            INSERT INTO river_job (scheduled_at, attempted_at, finalized_at, {", ".join(columns)})
            VALUES (now() + $1::interval, now() - $2::interval, CASE WHEN $3 THEN now() END, {places})
            RETURNING id
            """,
            due_in,
            attempted_ago,
            state in _FINAL,
            *(None if value is None else str(value) for value in columns.values()),
        )
        return job_id

    return add
