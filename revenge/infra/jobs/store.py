"""The way to the database: named statements on a pool, with the driver's errors made the engine's."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from revenge.infra.jobs.drivers import (
    AsyncConnection,
    Link,
    SyncConnection,
    copy_text,
    describe_error,
    link_to,
    told_by,
)
from revenge.infra.jobs.errors import StoreError, UniqueKeyTaken
from revenge.infra.jobs.sql import load

logger = logging.getLogger("revenge.jobs")

HOT_TIMEOUT = timedelta(seconds=10)
"""River: `HotOperationTimeout`, for every statement of the running engine."""

RELEASE_TIMEOUT = timedelta(seconds=2)
"""For giving a connection back, which costs a round trip at most; one that takes longer is closed."""

_RETRYABLE_CLASSES = ("08", "40", "53", "57", "25", "55")
"""SQLSTATE classes after which the same call may work: connection, rollback, resources, operator intervention,
read-only (a standby before its promotion), object in use."""

_CONFLICTS = ("40001", "40P01")
"""Serialisation failure, deadlock."""

_DRIVER_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last: it lost its place in what a dying server still sent."""

_UNIQUE_VIOLATION = "23505"
_NEXT_STEPS = {
    "42P01": "run: revenge migrate up",
    "22P05": r"JSON in the database holds no \u0000, and only characters of the database's encoding",
}
"""What follows from a SQLSTATE: undefined table, untranslatable character."""
_REFUSALS = ("22", "23", "54", "P0")
"""Bad data, broken constraint, beyond a limit of PostgreSQL's, refused by somebody's trigger."""

if TYPE_CHECKING:
    # asyncpg's classes are generic in their stubs only.
    DirectConnection = asyncpg.Connection[asyncpg.Record]
    Connection = DirectConnection | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    AnyConnection = AsyncConnection | SyncConnection
else:
    DirectConnection = Connection = Pool = AnyConnection = Any

KEPT_FROM_INSERTS = 4
"""Connections of a pool that a burst of inserts leaves to the two fetches and the two writes of results that may be under way:
behind as many inserts as there are connections, each waited for tens of them (docs/performance.md)."""


class Store:
    """Runs the statements of ``sql/`` in one schema.

    Every method takes ``conn``, the caller's connection of any driver in ``drivers.py`` with its transaction; without it
    one of the pool serves and the statement commits by itself.

    Raises:
        StoreError: from every method, when the database could not do it; ``retryable`` says whether it may later.
    """

    _pool: Pool | None = None

    def __init__(self, pool: Pool | None, *, schema: str | None = None, blocking: bool = False) -> None:
        """Make it; without a pool every call needs ``conn``, which ``blocking`` says is to be one that blocks.

        Raises:
            TypeError: the pool is a text, as a DSN.
        """
        _check_pool(pool)
        self._pool = pool
        self._blocking = blocking
        self.schema = schema
        self.sql = load("revenge.infra.jobs.sql", schema=schema)
        self._prefix: str | None = schema

    @property
    def pool(self) -> Pool:
        """The client's own connections.

        Raises:
            TypeError: it has none.
        """
        if self._pool is None:
            message = "this client has no pool of its own: give it the connection to use, as conn="
            raise TypeError(message)
        return self._pool

    @property
    def most_inserts(self) -> int:
        """How many inserts may use the pool at once beside a working client."""
        size = 0 if self._pool is None else self._pool.get_max_size()
        return max(size - KEPT_FROM_INSERTS, 1)

    def filled(self, name: str, fills: Mapping[str, str]) -> str:
        """Return the name of the statement ``name`` with its marks filled; ``fills`` are words of our own, never a caller's."""
        full_name = f"{name} ({', '.join(fills.values())})"
        if full_name not in self.sql:
            text = self.sql[name]
            for mark, words in fills.items():
                text = text.replace(f"/* TEMPLATE: {mark} */", words)
            self.sql[full_name] = text
        return full_name

    async def fetch(self, name: str, *args: Any, conn: AnyConnection | None = None) -> list[asyncpg.Record]:
        """Return all rows of the statement ``name``."""
        with _translated(name):
            if conn is not None:
                return await self._link(conn).fetch(self.sql[name], args)
            async with self._own() as own:
                return await own.fetch(self.sql[name], *args, timeout=HOT_TIMEOUT.total_seconds())

    async def fetchrow(self, name: str, *args: Any, conn: AnyConnection | None = None) -> asyncpg.Record | None:
        """Return the first row of the statement ``name``, None without one."""
        rows = await self.fetch(name, *args, conn=conn)
        return rows[0] if rows else None

    async def fetchval(self, name: str, *args: Any, conn: AnyConnection | None = None) -> Any:
        """Return the first column of the first row, None without one."""
        row = await self.fetchrow(name, *args, conn=conn)
        return row[0] if row else None

    async def execute(self, name: str, *args: Any, conn: AnyConnection | None = None) -> int:
        """Run the statement ``name``; return how many rows it touched."""
        with _translated(name):
            if conn is not None:
                return await self._link(conn).execute(self.sql[name], args)
            async with self._own() as own:
                status = await own.execute(self.sql[name], *args, timeout=HOT_TIMEOUT.total_seconds())
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def copy(
        self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]], *, conn: Connection
    ) -> None:
        """Put ``records`` into ``table`` by COPY on a connection of the pool's, all or none."""
        with _translated("copy"):
            await conn.copy_records_to_table(table, schema_name=self.schema, columns=columns, records=records)

    async def copy_on(
        self, conn: AnyConnection, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]
    ) -> None:
        """Put ``records`` into ``table`` by COPY on the caller's connection, whatever codecs that has, all or none."""
        with _translated("copy"):
            await self._link(conn).copy(table, columns, copy_text(records), schema=self.schema)

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
        except Exception as error:
            if isinstance(error.__cause__ or error, asyncpg.ReadOnlySQLTransactionError):
                # It was the primary's when the session began. Another session may find the present one.
                conn.terminate()
            raise
        finally:
            # Bounded, or with a silent server the driver waits for ever to be told of a cancellation. A failure is not
            # the statement's, and must not take the place of a cancellation: the pool has closed the connection.
            with suppress(*_DRIVER_ERRORS):
                await self.pool.release(conn, timeout=RELEASE_TIMEOUT.total_seconds())

    def _link(self, conn: AnyConnection) -> Link:
        return link_to(conn, blocking=self._blocking)

    async def channel(self, topic: str, *, conn: AnyConnection | None = None) -> str:
        """Return the notification channel of ``topic``: one identifier with a dot, as River names it."""
        if self._prefix is None:
            row = await self.fetchrow("current_schema", conn=conn)
            self._prefix, tables = (str(row["name"]), row["tables"]) if row is not None else ("", None)
            if tables not in (None, self._prefix):
                hint = f"notifications go by the schema {self._prefix}, the first on the search path: Client(schema={tables!r})"
                logger.warning("client.schema", extra={"schema": self._prefix, "tables": tables, "hint": hint})
        return f"{self._prefix}.{topic}"

    async def notify(self, topic: str, payloads: Sequence[str], *, conn: AnyConnection | None = None) -> None:
        """Send ``payloads`` to the listeners of ``topic`` when the transaction commits."""
        await self.execute("notify_many", await self.channel(topic, conn=conn), list(payloads), conn=conn)


class _translated:  # noqa: N801 - a context manager that reads like a statement, without a generator's cost
    """Turn the driver's errors into StoreError, whose text names the statement and never the arguments."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, StoreError):
            return
        if isinstance(error, asyncpg.PostgresError):
            # Tracebacks and logs show the cause with it: a broken constraint's holds the whole row.
            error.detail = None
            told = told_by(error)
            cause = error if told == error.args[0] else None
            raise _said_by_the_server(self._name, error.sqlstate or "", told) from cause
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            # The driver could not encode an argument; its class for that shares a name with the server's.
            message = f"{self._name} failed: {error}"
            raise StoreError(message, retryable=False, is_refusal=True) from error
        if isinstance(error, _DRIVER_ERRORS):
            message = f"{self._name} failed: {str(error) or type(error).__name__}"
            raise StoreError(message, retryable=True) from error
        if isinstance(error, UnicodeEncodeError):
            # Not the cause: it holds the arguments.
            message = f"{self._name} failed: client_encoding {error.encoding} has no form for what was given, UTF8 has"
            raise StoreError(message, retryable=False, is_refusal=True) from None
        described = describe_error(error)
        if described is not None:
            code, text = described
            if code:
                raise _said_by_the_server(self._name, code, text) from None
            message = f"{self._name} failed: {text}"
            raise StoreError(message, retryable=True) from None


def is_in_the_way(error: StoreError) -> bool:
    """Say whether a unique key, a lock, or the wait for one is all that is wrong."""
    causes = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, TimeoutError)
    return isinstance(error, UniqueKeyTaken) or isinstance(error.__cause__, causes)


def _check_pool(pool: object) -> None:
    if isinstance(pool, str):
        message = "pool must be one of asyncpg's, as await asyncpg.create_pool(dsn), and no DSN: the engine opens none"
        raise TypeError(message)


def _said_by_the_server(name: str, code: str, text: str) -> StoreError:
    message = f"{name} failed: {text} (SQLSTATE {code})"
    if step := _NEXT_STEPS.get(code):
        message += f"; {step}"
    if code == _UNIQUE_VIOLATION:
        return UniqueKeyTaken(message)
    return StoreError(
        message,
        retryable=code.startswith(_RETRYABLE_CLASSES),
        is_refusal=code[:2] in _REFUSALS,
        is_undone=code in _CONFLICTS,
    )
