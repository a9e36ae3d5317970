"""The PostgreSQL of this process: the user's, or one of our own; and the connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from revenge.app.settings import Settings
from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.database.pool import create_pool, for_asyncpg
from revenge.infra.jobs.tuning import tune_connection


class Database:
    """Two pools, so that a burst of jobs does not keep the API waiting; and single connections past PgBouncer.

    Order of calls: ``start``, ``open_pools``, ``close_pools``, ``stop``.
    """

    def __init__(self, settings: Settings) -> None:
        """Say which database; nothing is started or connected."""
        self._settings = settings.database
        self._prepared_statements = settings.prepared_statements
        self._embedded: EmbeddedPostgres | None = None
        if self._settings.url is None:
            embedded = self._settings.embedded
            self._embedded = EmbeddedPostgres(
                settings.postgres_dir,
                bin_dir=embedded.bin_dir,
                port=embedded.port,
                settings=embedded.settings,
                start_timeout=embedded.start_timeout,
                stop_timeout=embedded.stop_timeout,
            )
        self._dsn = self._settings.url.get_secret_value() if self._settings.url else ""
        self._connect_timeout = self._settings.connect_timeout
        self._on_wait: Callable[[str], None] | None = None
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._jobs_pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the server is one of our own."""
        return self._embedded is not None

    @property
    def dsn(self) -> str:
        """Where the database is, with its password; empty before ``start``."""
        return self._dsn

    @property
    def direct_dsn(self) -> str:
        """The same past PgBouncer, for what needs a session of its own."""
        direct = self._settings.listen_url
        return direct.get_secret_value() if direct else self._dsn

    @property
    def pool(self) -> asyncpg.Pool[asyncpg.Record]:
        """The application's connections.

        Raises:
            RuntimeError: before ``open_pools``, or after ``close_pools``.
        """
        return _opened(self._pool)

    @property
    def jobs_pool(self) -> asyncpg.Pool[asyncpg.Record]:
        """The job engine's connections.

        Raises:
            RuntimeError: before ``open_pools``, or after ``close_pools``.
        """
        return _opened(self._jobs_pool)

    def watch_waiting(self, on_wait: Callable[[str], None], *, longest: timedelta | None = None) -> None:
        """Have a line told to somebody who waits for a database that does not answer; they wait ``longest`` at most."""
        self._on_wait = on_wait
        if longest is not None:
            self._connect_timeout = min(longest, self._connect_timeout)

    async def start(self) -> None:
        """Start the embedded server, or join it where another process has; the user's own is left to itself.

        Raises:
            DatabaseError: there are no binaries, the directory is refused, or the server does not come up.
        """
        if self._embedded is not None:
            self._dsn = await self._embedded.start()

    async def stop(self) -> None:
        """Leave the embedded server; the last process stops it."""
        if self._embedded is not None:
            await self._embedded.stop()

    async def open_pools(self) -> None:
        """Connect.

        Raises:
            DatabaseUnreachable: nobody answered in time, or the server does not let us in.
        """
        sizes, jobs_sizes = self._settings.pool, self._settings.jobs_pool
        self._pool = await self._create_pool(sizes.min, sizes.max, "revenge")
        try:
            self._jobs_pool = await self._create_pool(jobs_sizes.min, jobs_sizes.max, "revenge jobs", is_engines=True)
        except BaseException:
            await self.close_pools()
            raise

    async def close_pools(self) -> None:
        """Close every connection once it is given back."""
        for pool in (self._jobs_pool, self._pool):
            if pool is not None:
                await pool.close()
        self._pool = self._jobs_pool = None

    async def cut_connections(self) -> None:
        """Close every connection at once."""
        for pool in (self._jobs_pool, self._pool):
            if pool is not None:
                pool.terminate()
        self._pool = self._jobs_pool = None

    async def listen(self) -> asyncpg.Connection[asyncpg.Record]:
        """Open a direct connection for LISTEN, which the caller closes."""
        return await asyncpg.connect(
            for_asyncpg(self.direct_dsn), server_settings={"application_name": "revenge listen"}
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]]:
        """Give a direct connection of its own, for migrations; needs ``start`` only.

        Raises:
            DatabaseUnreachable: nobody answered in time, or the server does not let us in.
        """
        pool = await create_pool(
            self.direct_dsn,
            min_size=1,
            max_size=1,
            application_name="revenge migrate",
            connect_timeout=self._connect_timeout,
            on_wait=self._on_wait,
        )
        try:
            async with pool.acquire() as conn:
                yield conn
        finally:
            pool.terminate()

    async def _create_pool(
        self, min_size: int, max_size: int, name: str, *, is_engines: bool = False
    ) -> asyncpg.Pool[asyncpg.Record]:
        # Without prepared statements it is PgBouncer's session, which is not ours to change.
        tunable = is_engines and self._prepared_statements != 0
        return await create_pool(
            self._dsn,
            min_size=min(min_size, max_size),
            max_size=max_size,
            application_name=name,
            statement_cache_size=self._prepared_statements,
            connect_timeout=self._connect_timeout,
            on_wait=self._on_wait,
            # The engine leaves nothing behind in a session: no reset saves it a round trip per statement.
            reset=not is_engines,
            init=tune_connection if tunable else None,
        )


def _opened(pool: asyncpg.Pool[asyncpg.Record] | None) -> asyncpg.Pool[asyncpg.Record]:
    if pool is None:
        message = "the database's pools are not open: they are between open_pools and close_pools"
        raise RuntimeError(message)
    return pool
