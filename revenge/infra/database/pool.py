"""Pools of connections to PostgreSQL, ours or the user's."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from revenge.infra.database.errors import DatabaseUnreachable
from revenge.infra.jobs.tuning import TunedConnection

_logger = logging.getLogger("revenge.database")

_RETRY_AFTER_S = 0.25
_SILENCE_S = 1.0
"""After that nobody who waits should have to guess what for."""
_CONNECT_TIMEOUT_S = 10.0
"""For each connection, also those that the pool makes later."""
_LAST_PORT = 65_535
_OTHER_DRIVERS = frozenset(
    {
        *("connect_timeout", "channel_binding", "gssencmode", "keepalives", "keepalives_idle", "keepalives_interval"),
        *("keepalives_count", "tcp_user_timeout", "default_query_exec_mode", "statement_cache_capacity"),
        *("description_cache_capacity", "pool_max_conns", "pool_min_conns", "pool_max_conn_lifetime"),
        *("pool_max_conn_lifetime_jitter", "pool_max_conn_idle_time", "pool_health_check_period"),
    }
)
"""What libpq and Go's pgx read from a DSN and asyncpg would send to the server, which refuses it."""

_NOT_YET = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,  # it went away while we spoke
    asyncpg.CannotConnectNowError,  # it starts
    asyncpg.AdminShutdownError,  # it stops, perhaps to start again
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def build_dsn(
    *, host: str = "127.0.0.1", port: int = 5432, user: str = "revenge", password: str = "", name: str = "revenge"
) -> str:
    """Return the DSN of ``DB_HOST``, ``DB_PORT``, ``DB_USER``, ``DB_PASS`` and ``DB_NAME``; ``host`` may be a socket's directory."""
    secret = f":{quote(password, safe='')}" if password else ""
    account, database = quote(user, safe="") + secret, quote(name, safe="")
    if host.startswith("/"):
        return f"postgresql://{account}@/{database}?{urlencode({'host': host, 'port': port})}"
    return f"postgresql://{account}@{f'[{host}]' if ':' in host else host}:{port}/{database}"


def describe(dsn: str) -> str:
    """Return ``host:port/database`` of a DSN, without user and password, for people.

    Raises:
        DatabaseUnreachable: it is no DSN.
    """
    parts = _split(dsn)
    query = dict(parse_qsl(parts.query))
    hosts = parts.netloc.rpartition("@")[2] or query.get("host", "localhost")
    database = unquote(parts.path).lstrip("/") or query.get("dbname", "")
    if hosts.startswith("/"):
        return f"the socket in {hosts}, database {database}"
    named = ",".join(host if _has_port(host) else f"{host}:{query.get('port', 5432)}" for host in hosts.split(","))
    return f"{named}/{database}"


def for_asyncpg(dsn: str) -> str:
    """Return ``dsn`` without the settings that only libpq or Go's pgx understand.

    Raises:
        DatabaseUnreachable: it is no DSN.
    """
    parts = _split(dsn)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in _OTHER_DRIVERS]
    return urlunsplit(parts._replace(query=urlencode(query)))


class _LeanConnection(TunedConnection):
    """A connection that is given back as it is."""

    def get_reset_query(self) -> str:
        return ""


async def create_pool(
    dsn: str,
    *,
    min_size: int,
    max_size: int,
    application_name: str = "revenge",
    statement_cache_size: int | None = None,
    connect_timeout: timedelta = timedelta(seconds=30),
    reset: bool = True,
    init: Callable[[Any], Coroutine[Any, Any, None]] | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> asyncpg.Pool:
    """Return a pool whose first ``min_size`` connections are made; the caller closes it.

    JSON columns come and go as text. A server that is starting, or not reachable yet, is tried again until
    ``connect_timeout`` is over.

    Args:
        dsn: what libpq and Go's pgx accept is accepted; their own settings in it are ignored.
        min_size: connections kept open.
        max_size: connections at most.
        application_name: what the server shows in ``pg_stat_activity``.
        statement_cache_size: prepared statements per connection; 0 behind PgBouncer in transaction mode. None is asyncpg's default.
        connect_timeout: how long a server may take to answer, all tries together.
        reset: False saves a round trip each time a connection is given back; only for users that leave nothing in a
            session (no SET without LOCAL, no session locks, no LISTEN).
        init: awaited with each new connection.
        on_wait: called once, with a line for people, when the first try fails or is not answered within a second.

    Raises:
        DatabaseUnreachable: nobody answered in time, or the server does not let us in.
    """
    options: dict[str, Any] = {
        "min_size": min_size,
        "max_size": max_size,
        "server_settings": {"application_name": application_name},
        "init": init,
        "connection_class": TunedConnection if reset else _LeanConnection,
    }
    if statement_cache_size is not None:
        options["statement_cache_size"] = statement_cache_size
    address, place = for_asyncpg(dsn), describe(dsn)
    limit_s = connect_timeout.total_seconds()
    waiting = _Waiting(place, limit_s, on_wait)
    silence = asyncio.get_running_loop().call_later(_SILENCE_S, waiting.tell, "no answer yet")
    try:
        return await _create_pool(options, address, place, limit_s, waiting.tell)
    finally:
        silence.cancel()


class _Waiting:
    """Says once that a server is waited for."""

    def __init__(self, place: str, limit_s: float, on_wait: Callable[[str], None] | None) -> None:
        self._place = place
        self._limit_s = limit_s
        self._on_wait = on_wait
        self._is_told = False

    def tell(self, reason: str) -> None:
        if self._is_told:
            return
        self._is_told = True
        _logger.warning("database.waiting", extra={"database": self._place, "error": reason})
        if self._on_wait is not None:
            self._on_wait(f"PostgreSQL at {self._place}: {reason}; trying for {self._limit_s:g} s ...")


async def _create_pool(
    options: dict[str, Any], address: str, place: str, limit_s: float, tell: Callable[[str], None]
) -> asyncpg.Pool:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            pool = asyncpg.create_pool(address, timeout=_CONNECT_TIMEOUT_S, **options)
            async with asyncio.timeout(max(deadline - time.monotonic(), _RETRY_AFTER_S)):
                return await _opened(pool)
        except _NOT_YET as error:
            if deadline - time.monotonic() <= _RETRY_AFTER_S:
                raise DatabaseUnreachable(
                    f"no connection to PostgreSQL at {place} within {limit_s:g} s: {_reason(error)}"
                ) from error
            tell(_reason(error))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise DatabaseUnreachable(f"no connection to PostgreSQL at {place}: {_reason(error)}") from error
        await asyncio.sleep(_RETRY_AFTER_S)  # noqa: TID251 - waits for a real server, which no clock of ours can hurry


async def _opened(pool: asyncpg.Pool) -> asyncpg.Pool:
    try:
        await pool
    except BaseException:
        pool.terminate()
        raise
    return pool


def _split(dsn: str) -> SplitResult:
    # What is wrong is not shown: it may be the password.
    try:
        parts = urlsplit(dsn)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("postgresql", "postgres"):
        raise DatabaseUnreachable("the database's address must look like postgresql://user:password@host:5432/database")
    if "@" not in parts.netloc and "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise DatabaseUnreachable(
            "the database's address cannot be read: write the special characters of its password as %XX (@ is %40, / is %2F, # is %23)"
        )
    _check_ports(parts)
    return parts


def _check_ports(parts: SplitResult) -> None:
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [host.rpartition(":")[2] for host in hosts if ":" in host.rpartition("]")[2]]
    ports += [port for key, value in parse_qsl(parts.query) if key == "port" for port in value.split(",")]
    # An empty one is the usual one, as for libpq.
    if not all(
        port == "" or (port.isascii() and port.isdecimal() and 1 <= int(port[:9]) <= _LAST_PORT) for port in ports
    ):
        raise DatabaseUnreachable(
            f"the database's address cannot be read: its port must be a number from 1 to {_LAST_PORT}"
        )


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _reason(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "no answer"
        case ConnectionRefusedError():
            return "connection refused"
        case asyncpg.InvalidPasswordError():
            return "wrong user or password"
        case _:
            return str(error) or type(error).__name__
