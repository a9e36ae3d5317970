"""One PostgreSQL cluster on disk and its server: create, launch, find, stop; blocking, and under the caller's lock."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from revenge.infra.database.account import Account, handle_of
from revenge.infra.database.binaries import Binaries
from revenge.infra.database.errors import (
    DatabaseError,
    DataDirectoryRefused,
    PostgresStartFailed,
    PostgresStopFailed,
)
from revenge.infra.database.locks import FileLock, is_held

HOST = "127.0.0.1"
USER = "revenge"
POLL_S = 0.02
"""How often a server that starts or stops is looked at; it takes 50 ms or more."""

SETTINGS: Mapping[str, str] = {
    "max_connections": "200",  # several processes, each with a pool for its jobs and one for the rest
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",  # a first scan writes a lot: fewer checkpoints
    "wal_compression": "on",
    "random_page_cost": "1.5",  # a home server's database is in memory or on an SSD
    "max_parallel_workers_per_gather": "0",  # short queries; a container's small /dev/shm would fail big ones
    "jit": "off",
    # A client that fell silent (a frozen machine, a cut network) loses its locks within a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

_DEAD_PID = 2**31 - 1  # above every kernel's pid_max
_LOG_LIMIT_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True)
class PidFile:
    """What ``postmaster.pid`` says."""

    pid: int
    port: int
    status: str


class Cluster:
    """The files of a cluster below ``home``, and what can be done to its server.

    ``server.lock`` is inherited by the server and each of its processes, so that it is held exactly while one of them
    lives: no pid has to be believed, though it was reused or belongs to another container.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "cluster" / "data"
        self.log = home / "server.log"
        self.server_lock = home / "server.lock"
        self._password = home / "cluster" / "password"
        self._port = home / "port"

    def password(self) -> str:
        """Return the password of ``USER``, which only the owner of the cluster can read."""
        return self._password.read_text().strip()

    def last_port(self) -> int | None:
        """Return the port that the server had last, None when it never had one."""
        try:
            return int(self._port.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def exists(self) -> bool:
        """Tell whether the cluster was made; it appears whole or not at all."""
        return self.data.is_dir()

    def create(self, binaries: Binaries, account: Account) -> None:
        """Make the cluster with a random password.

        Raises:
            PostgresStartFailed: ``initdb`` gave up; nothing is left behind.
            DataDirectoryRefused: what a process left behind that was killed at it cannot be removed.
        """
        staging = self.home / "cluster.new"
        try:
            shutil.rmtree(staging)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DataDirectoryRefused(
                f"{staging} is left of a start that was interrupted and cannot be removed ({error.strerror}): remove it"
            ) from None
        staging.mkdir(mode=0o700)
        password, data = staging / "password", staging / "data"
        data.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32) + "\n")
        for path in (password, data, staging):
            account.owns(path)
        fd = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
        try:
            seen = staging if account.reaches(staging) else handle_of(fd)
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            done = subprocess.run(  # noqa: S603 - a path that was tried
                [
                    *(binaries.initdb, "-D", str(seen / "data"), "-U", USER),
                    *("--auth=scram-sha-256", f"--pwfile={seen / 'password'}", "--encoding=UTF8", "--data-checksums"),
                    *(locale if binaries.major >= 17 else ["--no-locale"]),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                **account.popen_options(fds=[fd]),
            )
            if done.returncode:
                raise PostgresStartFailed(f"initdb could not make {self.data}: {_last_words(done.stdout)}")
            staging.rename(self.data.parent)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        finally:
            os.close(fd)

    def give_to(self, account: Account) -> None:
        """Make ``account`` the owner of the cluster where it is root's: restored from a backup, for instance."""
        if account.uid is None or self.data.stat().st_uid == account.uid:
            return
        for folder, names, files in os.walk(self.data.parent):
            for path in (folder, *(os.path.join(folder, name) for name in (*names, *files))):
                os.chown(path, account.uid, account.gid if account.gid is not None else -1, follow_symlinks=False)

    def check_version(self, binaries: Binaries) -> None:
        """Refuse a cluster that another major version of PostgreSQL made.

        Raises:
            DataDirectoryRefused: it is another version's; nothing was touched.
        """
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise DataDirectoryRefused(
                f"{self.data} is not a PostgreSQL cluster ({error.strerror}: PG_VERSION): "
                "restore it from a backup, or move it away to begin with an empty one"
            ) from None
        if found != str(binaries.major):
            raise DataDirectoryRefused(
                f"{self.data} was made by PostgreSQL {found}, this is PostgreSQL {binaries.version}: "
                f"point database.embedded.bin_dir at the programs of a PostgreSQL {found}, or dump the data with them "
                f"and restore it into an empty directory, or move the directory away to begin with an empty one"
            )

    def running(self) -> PidFile | None:
        """Return the server that is ready for connections, None while there is none (or not yet, or no more)."""
        found = self._pid_file()
        if found is None or found.status != "ready" or not is_held(self.server_lock):
            return None
        return found if _serves(found.pid, self.data) else None

    def launch(
        self,
        binaries: Binaries,
        account: Account,
        *,
        lock: FileLock,
        port: int,
        settings: Mapping[str, str],
        pause: Callable[[], None],
    ) -> PidFile | None:
        """Start a server that outlives us and wait until it is ready; None when ``port`` was taken from us.

        ``lock`` is ``server_lock``, held by us alone; it goes over to the server. ``pause`` waits a moment and raises
        when the caller gives up; what was started goes on then.

        Raises:
            PostgresStartFailed: the server ended; the text has its last words.
            DataDirectoryRefused: a server that we did not start works on the cluster.
        """
        try:
            self._disown_stale_pid()
            begin, pid = self._spawn(binaries, account, lock=lock, port=port, settings=settings)
        finally:
            lock.leave_to_child()
        while not ((found := self.running()) and found.pid == pid):
            if not is_held(self.server_lock):
                self._raise_unless_port_taken(begin)
                return None
            pause()
        self._port.write_text(str(port))
        return found

    def _spawn(
        self, binaries: Binaries, account: Account, *, lock: FileLock, port: int, settings: Mapping[str, str]
    ) -> tuple[int, int]:
        """Start the server; return where in its log it begins to speak, and its pid."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        chosen = {
            **SETTINGS,
            **({"client_connection_check_interval": "10s"} if sys.platform == "linux" else {}),
            **settings,
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
        }
        options = [f"--{name}={value}" for name, value in chosen.items()]
        data = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            begin = os.fstat(log).st_size
            seen = self.data if account.reaches(self.data) else handle_of(data)
            # Started by a shell that ends at once, the server is nobody's child: it survives us, and leaves no
            # zombie. A session of its own keeps the terminal's Ctrl-C from it.
            started = subprocess.run(  # noqa: S603 - a path that was tried
                ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", binaries.postgres, "-D", str(seen), *options],
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=True,
                **account.popen_options(fds=[data, lock.fd]),
            )
        finally:
            os.close(log)
            os.close(data)
        return begin, int(started.stdout)

    def shut_down(self, *, grace: float) -> None:
        """Stop the server, whoever of us started it: connections are cut, everything is written.

        After ``grace`` seconds it is told to end at once instead, and recovers at its next start.

        Raises:
            PostgresStopFailed: it did not even end then.
        """
        if not is_held(self.server_lock):
            return
        for order, seconds in ((signal.SIGINT, grace), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            told: int | None = None
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                # Looked at each time: one that has just been started says only now who it is.
                found = self._pid_file()
                if found and found.pid != told and _serves(found.pid, self.data):
                    _signal(found.pid, order)
                    told = found.pid
                time.sleep(POLL_S)
                if not is_held(self.server_lock):
                    return
        raise PostgresStopFailed(f"the PostgreSQL in {self.data} did not stop: see {self.log}")

    def _raise_unless_port_taken(self, begin: int) -> None:
        with self.log.open("rb") as log:
            log.seek(begin)
            said = log.read().decode(errors="replace")
        if "Address already in use" in said or "shared memory block" in said:
            return
        raise PostgresStartFailed(f"PostgreSQL could not start in {self.data}: {_last_words(said)} (see {self.log})")

    def _disown_stale_pid(self) -> None:
        """Let ``postgres`` start though the pid that its last run left behind is somebody else's now."""
        found = self._pid_file()
        if found is None:
            return
        if _serves(found.pid, self.data):
            raise DataDirectoryRefused(
                f"a PostgreSQL that Revenge did not start (pid {found.pid}) works on {self.data}: stop it first"
            )
        # Only the pid: the line about shared memory stays, by which postgres still finds a server that lives.
        path = self.data / "postmaster.pid"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([str(_DEAD_PID), *lines[1:]]) + "\n")

    def _pid_file(self) -> PidFile | None:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return PidFile(int(lines[0]), int(lines[3]), lines[7].strip() if len(lines) > 7 else "starting")
        except (FileNotFoundError, IndexError, ValueError):
            return None


def free_port() -> int:
    """Return a port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _serves(pid: int, data: Path) -> bool:
    """Tell whether ``pid`` is the PostgreSQL server of ``data``."""
    process = Path(f"/proc/{pid}")
    if not process.exists():
        if Path("/proc/self").exists():
            return False
        listed = subprocess.run(["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603 - fixed command
        return "postgres" in listed.stdout
    try:
        return (process / "cwd").samefile(data)  # every process of a server works in its data directory
    except PermissionError:  # root in a container may not look at another user's process
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            handle = re.compile(rb"/proc/self/fd/\d+")
            return words[0].endswith(b"postgres") and any(w == os.fsencode(data) or handle.fullmatch(w) for w in words)
        return False
    except OSError:
        return False


def _signal(pid: int, order: signal.Signals) -> None:
    try:
        os.kill(pid, order)
    except ProcessLookupError:
        return
    except PermissionError:
        raise DatabaseError(f"the PostgreSQL server (pid {pid}) is another user's: it cannot be stopped") from None


def _last_words(said: str) -> str:
    """Return the line that names the cause: the last one that is an error, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if any(mark in line for mark in ("FATAL:", "PANIC:", "error:", "ERROR:"))]
    return (causes or lines or ["it said nothing"])[-1]
