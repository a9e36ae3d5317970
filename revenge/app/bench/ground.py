"""A schema of its own for one measurement, on the database that the settings name, and gone afterwards."""

import os
import resource
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from revenge.app.database import Database
from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from revenge.infra.jobs.sql import load

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@dataclass(slots=True)
class Ground:
    """A migrated schema, a connection to look at it, and clients for it."""

    database: Database
    schema: str
    conn: "Connection"
    sql: Mapping[str, str]

    def client(self, config: ClientConfig, workers: Workers) -> Client:
        """Return a client that is not started."""
        return Client(
            self.database.jobs_pool,
            config=config,
            workers=workers,
            schema=self.schema,
            listen=self.database.listen,
        )

    async def calm(self) -> None:
        """Give every run the same start: fresh statistics, no dirty buffers where we may write them."""
        await self.conn.execute(self.sql["vacuum"])
        try:
            await self.conn.execute("CHECKPOINT")
        except asyncpg.InsufficientPrivilegeError:
            return

    async def unfinished(self) -> bool:
        """Whether a job has not been written as completed."""
        return bool(await self.conn.fetchval(self.sql["unfinished"]))


@asynccontextmanager
async def ground(database: Database) -> AsyncIterator[Ground]:
    """Give a fresh schema, and drop it at the end.

    Raises:
        asyncpg.InsufficientPrivilegeError: the role may not create a schema in this database.
    """
    schema = f"revenge_bench_{secrets.token_hex(4)}"
    conn = await asyncpg.connect(database.direct_dsn, server_settings={"application_name": "revenge bench"})
    try:
        await Migrator([MAIN, REVENGE_JOBS], schema=schema).up(conn)
        yield Ground(database, schema, conn, load("revenge.app.bench.sql", schema=schema))
    finally:
        await conn.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        await conn.close()


class Cpu:
    """CPUs that this process and, where it is a child of this machine's, the server kept busy since ``begin``."""

    def __init__(self, server_pid: int | None) -> None:
        self._server_pid = server_pid
        self._at = self._own = self._server = 0.0

    def begin(self) -> None:
        """Count from here."""
        self._at, self._own, self._server = time.perf_counter(), _own_cpu_s(), self._server_cpu_s()

    def busy(self) -> dict[str, float]:
        """Return ``client_cpus`` and, where it can be seen, ``pg_cpus``, on average since ``begin``."""
        elapsed = time.perf_counter() - self._at
        found = {"client_cpus": round((_own_cpu_s() - self._own) / elapsed, 2)}
        if self._server_pid is not None:
            found["pg_cpus"] = round((self._server_cpu_s() - self._server) / elapsed, 2)
        return found

    def _server_cpu_s(self) -> float:
        """Seconds of the postmaster, its living children and those already reaped."""
        ticks = 0
        for process in Path("/proc").glob("[0-9]*") if self._server_pid is not None else ():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if process.name == str(self._server_pid):
                ticks += sum(int(value) for value in fields[11:15])
            elif fields[1] == str(self._server_pid):
                ticks += sum(int(value) for value in fields[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


async def server_pid(conn: "Connection") -> int | None:
    """Return the postmaster's process id when it runs on this machine and may be seen, None otherwise."""
    return _postmaster_of(await conn.fetchval("SELECT pg_backend_pid()"))


def _postmaster_of(backend: int) -> int | None:
    try:
        parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
        return parent if "postgres" in Path(f"/proc/{parent}/comm").read_text() else None
    except OSError:
        return None


def rss_mb() -> int:
    """Return the most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def percentiles(prefix: str, seconds: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds under names that begin with ``prefix``."""
    ordered = sorted(seconds)
    at: dict[str, float] = {}
    for percent in (50, 95, 99):
        index = max(-(-len(ordered) * percent // 100) - 1, 0)
        at[f"{prefix}_p{percent}_ms"] = round(ordered[index] * 1000, 3)
    return at


def report(mode: str, n: int, workers: int, **figures: Any) -> dict[str, Any]:
    """Return the JSON object of a measurement."""
    return {"system": "revenge", "mode": mode, "n": n, "workers": workers, **figures}


def _own_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
