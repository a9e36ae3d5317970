"""What a migration holds for its time: the lock against other migrators, and no statement timeout."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from revenge.infra.jobs.clock import Clock

from .errors import InTransaction, SchemaMissing
from .ledger import Connection

logger = logging.getLogger(__name__)

_RETRY_LOCK_AFTER = timedelta(milliseconds=100)


@asynccontextmanager
async def migrating(
    conn: Connection, statements: Mapping[str, str], *, schema: str | None, clock: Clock
) -> AsyncIterator[None]:
    """Hold the migration lock of ``schema`` on ``conn``, waiting for another holder as long as the caller does.

    Raises:
        InTransaction: the connection has a transaction open.
    """
    if conn.is_in_transaction():
        raise InTransaction
    timeout = await conn.fetchval(statements["statement_timeout_get"])
    waited = False
    while not await conn.fetchval(statements["migration_lock"], schema):
        if not waited:
            logger.info("migration.waiting", extra={"schema": schema})
            waited = True
        await clock.sleep(_RETRY_LOCK_AFTER)
    try:
        await conn.execute(statements["statement_timeout_set"], "0")
        yield
    finally:
        # A lost connection has lost its lock and its settings with it.
        if not conn.is_closed():
            await conn.execute(statements["statement_timeout_set"], timeout)
            await conn.execute(statements["migration_unlock"], schema)


async def ensure_schema(conn: Connection, statements: Mapping[str, str], schema: str) -> None:
    """Create ``schema`` when it is missing.

    Raises:
        SchemaMissing: it is, and may not be created.
    """
    if await conn.fetchval(statements["schema_exists"], schema):
        return
    try:
        await conn.execute(statements["schema_create"].replace("/* TEMPLATE: name */", f'"{schema}"'))
    except (asyncpg.DuplicateSchemaError, asyncpg.UniqueViolationError):
        return  # somebody else was faster
    except asyncpg.PostgresError as error:
        raise SchemaMissing(schema, str(error)) from error
