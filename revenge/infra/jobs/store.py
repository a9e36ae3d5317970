"""The way to the database: named statements on a pool, with the driver's errors made the engine's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.sql import load

HOT_TIMEOUT = timedelta(seconds=10)
"""River: `HotOperationTimeout`, for every statement of the running engine."""

RELEASE_TIMEOUT = timedelta(seconds=2)
"""For giving a connection back, which costs a round trip at most; one that takes longer is closed."""

_RETRYABLE_CLASSES = ("08", "40", "53", "57", "25", "55")
"""SQLSTATE classes after which the same call may work: connection, rollback, resources, operator intervention,
read-only (a standby before its promotion), object in use."""

_DRIVER_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last: it lost its place in what a dying server still sent."""

_REFUSALS = ("22", "23", "54", "P0")
"""Bad data, broken constraint, beyond a limit of PostgreSQL's, refused by somebody's trigger."""

if TYPE_CHECKING:
    # asyncpg's classes are generic in their stubs only.
    DirectConnection = asyncpg.Connection[asyncpg.Record]
    Connection = DirectConnection | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    DirectConnection = Connection = Pool = Any


class Store:
    """Runs the statements of ``sql/`` in one schema.

    Every method takes ``conn``, the caller's connection with its transaction; without it one of the pool serves and the
    statement commits by itself.

    Raises:
        StoreError: from every method, when the database could not do it; ``retryable`` says whether it may later.
        asyncpg.UniqueViolationError: as it is, since it is an answer and no failure.
    """

    def __init__(self, pool: Pool, *, schema: str | None = None) -> None:
        self.pool = pool
        self.schema = schema
        self.sql = load("revenge.infra.jobs.sql", schema=schema)
        self._prefix: str | None = schema

    async def fetch(self, name: str, *args: Any, conn: Connection | None = None) -> list[asyncpg.Record]:
        """Return all rows of the statement ``name``."""
        with _translated(name):
            if conn is not None:
                return await conn.fetch(self.sql[name], *args)
            async with self._own() as own:
                return await own.fetch(self.sql[name], *args, timeout=HOT_TIMEOUT.total_seconds())

    async def fetchrow(self, name: str, *args: Any, conn: Connection | None = None) -> asyncpg.Record | None:
        """Return the first row of the statement ``name``, None without one."""
        rows = await self.fetch(name, *args, conn=conn)
        return rows[0] if rows else None

    async def fetchval(self, name: str, *args: Any, conn: Connection | None = None) -> Any:
        """Return the first column of the first row, None without one."""
        row = await self.fetchrow(name, *args, conn=conn)
        return row[0] if row else None

    async def execute(self, name: str, *args: Any, conn: Connection | None = None) -> int:
        """Run the statement ``name``; return how many rows it touched."""
        with _translated(name):
            if conn is not None:
                status = await conn.execute(self.sql[name], *args)
            else:
                async with self._own() as own:
                    status = await own.execute(self.sql[name], *args, timeout=HOT_TIMEOUT.total_seconds())
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def copy(
        self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]], *, conn: Connection
    ) -> None:
        """Put ``records`` into ``table`` by COPY, all or none."""
        with _translated("copy"):
            await conn.copy_records_to_table(table, schema_name=self.schema, columns=columns, records=records)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool inside a transaction that commits when the block ends well."""
        with _translated("transaction"):
            async with self._own() as conn, conn.transaction():
                yield conn

    @asynccontextmanager
    async def _own(self) -> AsyncIterator[Connection]:
        conn = await self.pool.acquire(timeout=HOT_TIMEOUT.total_seconds())
        try:
            yield conn
        finally:
            # Bounded, or with a silent server the driver waits for ever to be told of a cancellation. A failure is not
            # the statement's, and must not take the place of a cancellation: the pool has closed the connection.
            with suppress(*_DRIVER_ERRORS):
                await self.pool.release(conn, timeout=RELEASE_TIMEOUT.total_seconds())

    async def channel(self, topic: str) -> str:
        """Return the notification channel of ``topic``: one identifier with a dot, as River names it."""
        if self._prefix is None:
            with _translated("current_schema"):
                self._prefix = str(await self.pool.fetchval("SELECT current_schema()"))
        return f"{self._prefix}.{topic}"

    async def notify(self, topic: str, payloads: Sequence[str], *, conn: Connection | None = None) -> None:
        """Send ``payloads`` to the listeners of ``topic`` when the transaction commits."""
        await self.execute("notify_many", await self.channel(topic), list(payloads), conn=conn)


class _translated:  # noqa: N801 - a context manager that reads like a statement, without a generator's cost
    """Turn the driver's errors into StoreError, whose text names the statement and never the arguments."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, (StoreError, asyncpg.UniqueViolationError)):
            return
        if isinstance(error, asyncpg.PostgresError):
            code = error.sqlstate or ""
            retryable = code.startswith(_RETRYABLE_CLASSES)
            message = f"{self._name} failed: {error} (SQLSTATE {code})"
            raise StoreError(message, retryable=retryable, is_refusal=code[:2] in _REFUSALS) from error
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            # The driver could not encode an argument; its class for that shares a name with the server's.
            message = f"{self._name} failed: {error}"
            raise StoreError(message, retryable=False, is_refusal=True) from error
        if isinstance(error, _DRIVER_ERRORS):
            message = f"{self._name} failed: {str(error) or type(error).__name__}"
            raise StoreError(message, retryable=True) from error
