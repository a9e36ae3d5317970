"""The caller's own connection, whatever its driver: asyncpg, psycopg 3, or SQLAlchemy 2 on either of them.

Statements keep their ``$n``. A driver is imported when a connection of it is given, never before.
"""

import io
import re
from collections.abc import Awaitable, Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import asyncpg

from revenge.infra.jobs.errors import InvalidPlugin

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy.engine as sqlalchemy_engine
    import sqlalchemy.ext.asyncio as sqlalchemy_async
    import sqlalchemy.orm as sqlalchemy_orm

    AsyncConnection = (
        asyncpg.Connection[asyncpg.Record]
        | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
        | psycopg.AsyncConnection[Any]
        | sqlalchemy_async.AsyncConnection
        | sqlalchemy_async.AsyncSession
        | sqlalchemy_async.async_scoped_session[Any]
    )
    SyncConnection = (
        psycopg.Connection[Any]
        | sqlalchemy_engine.Connection
        | sqlalchemy_orm.Session
        | sqlalchemy_orm.scoped_session[Any]
    )
else:
    AsyncConnection = SyncConnection = Any

T = TypeVar("T")

_PLACEHOLDER = re.compile(r"\$(\d+)")
_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+): .*?(?: (\(value out of \w+ range\)))?", re.DOTALL)
"""asyncpg quotes the argument that it cannot encode, and whatever the codec said of it."""
_COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Row:
    """A row by column and by position, as asyncpg's are; times are UTC."""

    __slots__ = ("_columns", "_values")

    def __init__(self, columns: Mapping[str, int], values: Sequence[Any]) -> None:
        self._columns = columns
        self._values = values

    def __getitem__(self, key: str | int) -> Any:
        return self._values[key if isinstance(key, int) else self._columns[key]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


class _Answer(NamedTuple):
    rows: list[Any]
    touched: int


class Link(Protocol):
    """What the engine does on a caller's connection; it neither commits nor rolls back.

    Errors are the driver's own, see ``describe_error``.
    """

    async def fetch(self, statement: str, args: Sequence[Any]) -> list[Any]:
        """Return the rows of a statement with ``$n`` placeholders, which are read as asyncpg's."""

    async def execute(self, statement: str, args: Sequence[Any]) -> int:
        """Run it; return how many rows it touched."""

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        """Put ``text``, in COPY's text format, into ``table``."""


def link_to(conn: Any, *, blocking: bool = False) -> Link:
    """Return the link to ``conn``; with ``blocking`` one that blocks, whose methods never suspend.

    Raises:
        TypeError: it is of no driver that is known here, or of the other sort.
    """
    given = f"{type(conn).__module__}.{type(conn).__qualname__}"
    link = _find(conn)
    if link is None:
        message = f"conn must be a connection of asyncpg, psycopg 3 or SQLAlchemy 2, or a session, got {given}"
        raise TypeError(message)
    if isinstance(link, (_Psycopg, _Sqlalchemy)) is not blocking:
        message = f"Client takes asynchronous connections, SyncClient those that block, got {given}"
        raise TypeError(message)
    return link


def at_once(call: Coroutine[Any, Any, T]) -> T:
    """Return what ``call`` returns, which awaits nothing but methods of a blocking link."""
    try:
        call.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    call.close()
    message = "a plugin waited for something; those of jobs that a SyncClient inserts must not, it has no event loop"
    raise InvalidPlugin(message)


def copy_text(records: Sequence[Sequence[Any]]) -> str:
    """Return ``records`` in COPY's text format: no codec that the caller's connection may have touches it."""
    return "".join("\t".join(map(_copy_field, record)) + "\n" for record in records)


def describe_error(error: BaseException) -> tuple[str | None, str] | None:
    """Return SQLSTATE, None without one, and text of an error of psycopg's or SQLAlchemy's, None for any other.

    The text names no argument: neither SQLAlchemy's own, which lists them, nor what the server adds, see ``told_by``.
    """
    if _library_of(error) == "sqlalchemy":
        error = getattr(error, "orig", None) or error
    elif _library_of(error) != "psycopg":
        return None
    code = getattr(error, "sqlstate", None)
    # SQLAlchemy's form of asyncpg's error begins with the class.
    return code, re.sub(r"^<class '[\w.]+'>: ", "", told_by(error))


def told_by(error: BaseException) -> str:
    """Return the text of a driver's error without the server's detail, hint and context: they quote rows and arguments."""
    if isinstance(error.__cause__, asyncpg.PostgresError):
        # SQLAlchemy's form of asyncpg's error.
        error = error.__cause__
    if isinstance(error, asyncpg.PostgresError):
        text = str(error.args[0]) if error.args else ""
    else:
        # psycopg's own errors have no answer of the server's.
        text = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    if found := _ARGUMENT.fullmatch(text):
        text = " ".join(filter(None, found.groups()))
    return text


def _library_of(value: object) -> str | None:
    for base in type(value).__mro__:
        root = base.__module__.partition(".")[0]
        if root in ("asyncpg", "psycopg", "sqlalchemy"):
            return root
    return None


def _find(conn: Any) -> Link | None:
    match _library_of(conn):
        case "asyncpg":
            return None if isinstance(conn, asyncpg.Pool) else _Asyncpg(conn)
        case "psycopg":
            return _psycopg_link(conn)
        case "sqlalchemy":
            return _sqlalchemy_link(conn)
    return None


def _psycopg_link(conn: Any) -> Link | None:
    import psycopg

    if isinstance(conn, psycopg.AsyncConnection):
        return _AsyncPsycopg(conn)
    return _Psycopg(conn) if isinstance(conn, psycopg.Connection) else None


def _sqlalchemy_link(conn: Any) -> Link | None:
    import sqlalchemy
    import sqlalchemy.ext.asyncio as sqlalchemy_async
    import sqlalchemy.orm as sqlalchemy_orm

    if isinstance(conn, (sqlalchemy_async.async_scoped_session, sqlalchemy_orm.scoped_session)):
        conn = conn.registry()
    if isinstance(conn, (sqlalchemy_async.AsyncConnection, sqlalchemy_async.AsyncSession)):
        return _AsyncSqlalchemy(conn)
    if isinstance(conn, sqlalchemy_orm.Session):
        conn = conn.connection()
    return _Sqlalchemy(conn) if isinstance(conn, sqlalchemy.Connection) else None


class _Asyncpg:
    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def fetch(self, statement: str, args: Sequence[Any]) -> list[Any]:
        rows: list[Any] = await self._conn.fetch(statement, *args)
        return rows

    async def execute(self, statement: str, args: Sequence[Any]) -> int:
        count = (await self._conn.execute(statement, *args)).rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        source = io.BytesIO(text.encode())
        await self._conn.copy_to_table(table, schema_name=schema, columns=columns, source=source, format="text")


class _Running:
    """A link whose driver tells rows and their number in one answer."""

    async def fetch(self, statement: str, args: Sequence[Any]) -> list[Any]:
        return (await self._run(statement, args)).rows

    async def execute(self, statement: str, args: Sequence[Any]) -> int:
        return (await self._run(statement, args)).touched

    async def _run(self, statement: str, args: Sequence[Any]) -> _Answer:
        raise NotImplementedError


class _AsyncPsycopg(_Running):
    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def _run(self, statement: str, args: Sequence[Any]) -> _Answer:
        from psycopg import AsyncRawCursor
        from psycopg.rows import tuple_row

        async with AsyncRawCursor(self._conn, row_factory=tuple_row) as cursor:
            await cursor.execute(statement.encode(), args)
            if self._conn.pgconn.pipeline_status:
                # A pipeline within another begins with all answers to what was sent before.
                async with self._conn.pipeline():
                    pass
            rows = await cursor.fetchall() if cursor.description else []
            return _answer([column.name for column in cursor.description or ()], rows, cursor.rowcount)

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        async with self._conn.cursor() as cursor, cursor.copy(_copy_statement(table, columns, schema)) as copy:
            await copy.write(text)


class _Psycopg(_Running):
    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def _run(self, statement: str, args: Sequence[Any]) -> _Answer:
        from psycopg import RawCursor
        from psycopg.rows import tuple_row

        with RawCursor(self._conn, row_factory=tuple_row) as cursor:
            cursor.execute(statement.encode(), args)
            if self._conn.pgconn.pipeline_status:
                with self._conn.pipeline():
                    pass
            rows = cursor.fetchall() if cursor.description else []
            return _answer([column.name for column in cursor.description or ()], rows, cursor.rowcount)

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        with self._conn.cursor() as cursor, cursor.copy(_copy_statement(table, columns, schema)) as copy:
            copy.write(text)


class _Sqlalchemy(_Running):
    """A synchronous connection, also that within ``run_sync`` of an asynchronous one."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def _run(self, statement: str, args: Sequence[Any]) -> _Answer:
        return self.run_now(statement, args)

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        self.copy_now(table, columns, text, schema)

    def run_now(self, statement: str, args: Sequence[Any]) -> _Answer:
        dialect = self._conn.dialect
        if dialect.paramstyle == "numeric_dollar":
            result = self._conn.exec_driver_sql(statement, tuple(args))
        elif dialect.driver == "psycopg":
            named = {f"p{number}": value for number, value in enumerate(args, start=1)}
            result = self._conn.exec_driver_sql(_with_names(statement), named)
        else:
            message = f"SQLAlchemy's driver must be asyncpg or psycopg, got {dialect.name}+{dialect.driver}"
            raise TypeError(message)
        rows = result.fetchall() if result.returns_rows else []
        return _answer(list(result.keys()) if result.returns_rows else [], rows, result.rowcount)

    def copy_now(self, table: str, columns: Sequence[str], text: str, schema: str | None) -> None:
        # SQLAlchemy begins its transaction at its own first statement, and knows nothing of COPY.
        self.run_now("SELECT 1", ())
        raw = self._conn.connection.dbapi_connection

        def copy(conn: Any) -> Awaitable[None]:
            found = _find(conn)
            assert found is not None  # noqa: S101 - the dialect was looked at
            return found.copy(table, columns, text, schema=schema)

        if self._conn.dialect.is_async:
            raw.run_async(copy)
        else:
            at_once(_Psycopg(raw).copy(table, columns, text, schema=schema))


class _AsyncSqlalchemy(_Running):
    def __init__(self, conn: Any) -> None:
        self._conn = conn

    async def _run(self, statement: str, args: Sequence[Any]) -> _Answer:
        answer: _Answer = await self._conn.run_sync(lambda conn: _blocking(conn).run_now(statement, args))
        return answer

    async def copy(self, table: str, columns: Sequence[str], text: str, *, schema: str | None) -> None:
        await self._conn.run_sync(lambda conn: _blocking(conn).copy_now(table, columns, text, schema))


def _blocking(conn: Any) -> _Sqlalchemy:
    link = _sqlalchemy_link(conn)
    assert isinstance(link, _Sqlalchemy)  # noqa: S101 - `run_sync` gives the synchronous side
    return link


def _answer(names: Sequence[str], rows: Sequence[Sequence[Any]], count: int) -> _Answer:
    columns = {name: place for place, name in enumerate(names)}
    return _Answer([Row(columns, [_in_utc(value) for value in row]) for row in rows], count)


def _in_utc(value: Any) -> Any:
    # psycopg gives times in the session's zone.
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@lru_cache(maxsize=256)
def _with_names(statement: str) -> str:
    return _PLACEHOLDER.sub(r"%(p\1)s", statement.replace("%", "%%"))


def _copy_statement(table: str, columns: Sequence[str], schema: str | None) -> Any:
    from psycopg import sql

    into = sql.Identifier(schema, table) if schema else sql.Identifier(table)
    return sql.SQL("COPY {} ({}) FROM STDIN").format(into, sql.SQL(", ").join(map(sql.Identifier, columns)))


def _copy_field(value: Any) -> str:
    match value:
        case None:
            return r"\N"
        case str():
            return value.translate(_COPY_ESCAPES)
        case datetime():
            return value.isoformat()
        case bytes():
            return r"\\x" + value.hex()
        case asyncpg.BitString():
            return value.as_string().replace(" ", "")
        case list():
            # Tags, which hold nothing that needs a quote.
            return "{" + ",".join(value) + "}"
    return str(value)
