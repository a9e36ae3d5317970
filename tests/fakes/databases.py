"""Databases of the run's server: templates that are made once, and copies of them for one test each."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    Fill = Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[object]]


def dsn_of(admin: str, name: str) -> str:
    """Return the DSN of another database of the same server."""
    return f"{admin.rpartition('/')[0]}/{name}"


@contextlib.asynccontextmanager
async def copy_of(admin: str, template: str) -> AsyncIterator[str]:
    """Give the DSN of a database that holds what ``template`` does; it is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(admin)
    try:
        # FILE_COPY: a quarter of the default's time where fsync is off.
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield dsn_of(admin, name)
        finally:
            # FORCE: a test that fails may leave connections behind.
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def make_template(admin: str, name: str, fill: "Fill", *, of: str = "template1") -> str:
    """Return ``name``: a copy of the database ``of`` that ``fill`` has filled, made by the worker that comes first."""
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            # Renamed when complete: a worker that dies leaves no half template.
            await connection.execute(f"DROP DATABASE IF EXISTS {name}_new")
            await connection.execute(f"CREATE DATABASE {name}_new TEMPLATE {of} STRATEGY FILE_COPY")
            filled = await asyncpg.connect(dsn_of(admin, f"{name}_new"))
            try:
                await fill(filled)
            finally:
                await filled.close()
            await connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    finally:
        await connection.close()
    return name
