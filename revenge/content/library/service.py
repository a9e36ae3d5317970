"""What people do with libraries: make, change and delete them, and ask for a scan."""

import asyncio
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from revenge.content.library.errors import InvalidLibrary, ScanConflict, ScanNotFound, UnscannableLibrary
from revenge.content.library.facts import SCANNED_TYPES
from revenge.content.library.models import (
    ACTIVE,
    MAX_NAME,
    FilePage,
    FileState,
    Library,
    LibraryFields,
    LibraryPage,
    LibraryType,
    Scan,
    ScanErrorPage,
    ScanPage,
    ScanStatus,
    ScanType,
    show_path,
)
from revenge.content.library.ports import Connection, LibraryEvents, NoEvents, Pool, ScanJob, ScanJobs
from revenge.content.library.records import scan_from
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans.claims import Claims
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.schedule import INTERVAL_KEY
from revenge.content.library.statements import statements
from revenge.content.library.walk import check_pattern
from revenge.infra.threads import in_thread

ANSWER_TIME = timedelta(seconds=5)
"""For a folder to be looked at: a network share that is away may never answer."""

_MAX_PACE = 100_000
_LEAST_INTERVAL_S = 60
_MAX_INTERVAL_S = 10 * 365 * 86_400
_CONFIG_KEYS = {"follow_links": bool, "hidden": bool, "trust_inodes": bool}
_CHANGEABLE = frozenset(field.name for field in fields(LibraryFields)) - {"type"}


class LibraryService:
    """Libraries, and their scans as far as asking for them and looking at them goes; ``ScanService`` runs them."""

    def __init__(
        self, pool: Pool, *, jobs: ScanJobs, events: LibraryEvents | None = None, config: ScanConfig | None = None
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._repository = LibraryRepository(pool)
        self._events = events or NoEvents()
        self._claims = Claims(pool, config=config or ScanConfig(), events=self._events, jobs=jobs)

    async def create(self, wanted: LibraryFields) -> Library:
        """Make a library.

        Raises:
            InvalidLibrary: a field is wrong: the name is empty, a path is not absolute or no folder, or lies in another
                library, or holds one, a pattern cannot be read.
            LibraryNameTaken: another library has the name.
        """
        now = datetime.now(UTC)
        library = Library(id=uuid7(), created_at=now, updated_at=now, **_checked(wanted))
        await _check_folders(library.paths)
        async with self._pool.acquire() as conn, conn.transaction():
            await self._repository.lock(conn)
            await self._check_overlap(conn, library)
            await self._repository.insert(conn, library)
            made = await self._repository.get(library.id, conn=conn)
            await self._events.library_made(conn, made)
            return made

    async def update(self, library_id: UUID, changes: Mapping[str, Any]) -> Library:
        """Change fields of a library, all but its type; what ``changes`` does not name stays.

        Files in a folder that is taken out are missing from the next scan on, unless they turn up elsewhere.

        Raises:
            LibraryNotFound: there is no such library.
            InvalidLibrary: as from `create`; or a field does not exist or cannot be changed.
            LibraryNameTaken: another library has the name.
            ScanConflict: the folders are to be changed while they are scanned.
        """
        unknown = sorted(changes.keys() - _CHANGEABLE)
        if unknown:
            raise InvalidLibrary(unknown[0], "cannot be changed")
        async with self._pool.acquire() as conn, conn.transaction():
            await self._repository.lock(conn)
            before = await self._repository.get(library_id, conn=conn)
            kept = LibraryFields(**{field.name: getattr(before, field.name) for field in fields(LibraryFields)})
            after = replace(before, **_checked(replace(kept, **changes)))
            if after.paths != before.paths:
                await _check_folders([path for path in after.paths if path not in before.paths])
                await self._check_overlap(conn, after)
                await self._check_idle(conn, library_id)
            await self._repository.update(conn, after)
            changed = await self._repository.get(library_id, conn=conn)
            await self._events.library_changed(conn, before, changed)
            return changed

    async def get(self, library_id: UUID) -> Library:
        """Return a library.

        Raises:
            LibraryNotFound: there is none.
        """
        return await self._repository.get(library_id)

    async def find(self, name: str) -> Library:
        """Return the library of a name, in whatever case.

        Raises:
            LibraryNotFound: there is none.
        """
        return await self._repository.find(name)

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, only: Collection[UUID] | None = None
    ) -> LibraryPage:
        """Return libraries by name, ``only`` these; ``ValueError`` for a cursor that is none of ours."""
        return await self._repository.list(limit=limit, cursor=cursor, only=only)

    async def delete(self, library_id: UUID) -> None:
        """Take a library out of sight, and end its scan. Nothing on disk is touched; its rows stay for a restore.

        Raises:
            LibraryNotFound: there is none.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            library = await self._repository.get(library_id, conn=conn)
            for row in await conn.fetch(statements()["scan_active"], library_id, 0.0):
                await self._claims.end(conn, row["id"], None, ScanStatus.CANCELLED, "its library was deleted", library)
            await self._repository.delete(conn, library_id)
            await self._events.library_hidden(conn, library)

    async def restore(self, library_id: UUID, *, name: str | None = None) -> Library:
        """Bring back a library that was deleted, with all that is known of its files; the next scan says what is true still.

        It has ``name`` from now on; without one the name that it had.

        Raises:
            LibraryNotFound: there is none, or it was forgotten, or it is there.
            LibraryBusy: somebody else restores or forgets it.
            LibraryNameTaken: another has the name by now: give a new one.
            InvalidLibrary: another has one of its folders by now, or ``name`` is none.
        """
        name = None if name is None else _checked_name(name)
        async with self._pool.acquire() as conn, conn.transaction():
            await self._repository.lock(conn)
            await self._repository.restore(conn, library_id, name)
            library = await self._repository.get(library_id, conn=conn)
            await self._check_overlap(conn, library)
            await self._events.library_restored(conn, library)
            return library

    async def trigger_scan(self, library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan:
        """Make a scan and its job, both or neither.

        Raises:
            LibraryNotFound: there is no such library.
            UnscannableLibrary: libraries of its type cannot be scanned.
            ScanConflict: one is waiting or running already.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            library = await self._repository.get(library_id, conn=conn)
            if library.type not in SCANNED_TYPES:
                raise UnscannableLibrary(library.type)
            await self._claims.settle_abandoned(library_id, conn=conn)
            scan_id = uuid7()
            try:
                async with conn.transaction():
                    await conn.execute(statements()["scan_insert"], scan_id, library_id, scan_type, [], None)
            except asyncpg.UniqueViolationError:
                await self._check_idle(conn, library_id)
                raise
            job = ScanJob(library=library, scan_id=scan_id, force=scan_type is ScanType.FULL)
            enqueued = await self._jobs.enqueue(conn, job)
            if enqueued.duplicate:
                raise ScanConflict(library_id=library_id, scan_id=None, job_id=enqueued.job_id)
            await conn.execute(statements()["scan_set_job"], scan_id, enqueued.job_id)
            row = await conn.fetchrow(statements()["scan_show"], library_id, scan_id)
            if row is None:
                raise ScanNotFound(scan_id)
            return scan_from(row)

    async def scan(self, library_id: UUID, scan_id: UUID) -> Scan:
        """Return a scan of a library; one whose job is over without it has ended, too.

        Raises:
            ScanNotFound: the library has no such scan.
        """
        scan = await self._repository.scan(library_id, scan_id)
        if await self._is_overtaken(library_id, [scan]):
            scan = await self._repository.scan(library_id, scan_id)
        return scan

    async def scans(self, library_id: UUID, *, limit: int = 20, cursor: str | None = None) -> ScanPage:
        """Return a library's scans, newest first; ``ValueError`` for a cursor that is none of ours.

        Scans whose job is over without them have ended, too.
        """
        page = await self._repository.scans(library_id, limit=limit, cursor=cursor)
        if await self._is_overtaken(library_id, page.scans):
            page = await self._repository.scans(library_id, limit=limit, cursor=cursor)
        return page

    async def scan_errors(self, scan_id: UUID, *, limit: int = 100, cursor: str | None = None) -> ScanErrorPage:
        """Return what a scan could not read; ``ValueError`` for a cursor that is none of ours."""
        return await self._repository.scan_errors(scan_id, limit=limit, cursor=cursor)

    async def files(
        self, library_id: UUID, *, state: FileState | None = None, limit: int = 100, cursor: str | None = None
    ) -> FilePage:
        """Return a library's files by folder and path; ``ValueError`` for a cursor that is none of ours."""
        return await self._repository.files(library_id, state=state, limit=limit, cursor=cursor)

    async def _is_overtaken(self, library_id: UUID, scans: Iterable[Scan]) -> bool:
        """Whether some of ``scans``, as they were read, have ended since their jobs are over."""
        # Asked by whoever looks, and not told by whoever cancels: River's clients, its UI and our own commands cancel and
        # delete waiting rows from other processes, deletions without any notification. The sweep comes minutes later.
        waiting = any(scan.status in ACTIVE for scan in scans)
        return waiting and await self._claims.settle_abandoned(library_id) > 0

    async def _check_overlap(self, conn: Connection, library: Library) -> None:
        others = await self._repository.other_roots(conn, library.id)
        real = await _real_paths({*library.paths, *(other for other, _ in others)}) if others else {}
        for path in library.paths:
            for other, name in others:
                by_link = not _overlap(path, other)
                if not by_link or _overlap(real[path], real[other]):
                    how = " through a symbolic link" if by_link else ""
                    raise InvalidLibrary(
                        "paths", f"{show_path(path)} overlaps {show_path(other)} of the library {name!r}{how}"
                    )

    async def _check_idle(self, conn: Connection, library_id: UUID) -> None:
        for row in await conn.fetch(statements()["scan_active"], library_id, 0.0):
            raise ScanConflict(library_id=library_id, scan_id=row["id"], job_id=row["job_id"])


def _checked(wanted: LibraryFields) -> dict[str, Any]:
    """Return the fields as they are stored.

    Raises:
        InvalidLibrary: one of them is wrong.
    """
    name = _checked_name(wanted.name)
    language = wanted.preferred_language.strip()
    if not 0 < len(language) <= 35:
        raise InvalidLibrary("preferred_language", f"must be a language's code, got {wanted.preferred_language[:50]!r}")
    for pattern in wanted.ignore_patterns:
        try:
            check_pattern(os.fsencode(pattern))
        except ValueError as error:
            raise InvalidLibrary("ignore_patterns", str(error)) from error
    for key, value in wanted.scanner_config.items():
        expected = _CONFIG_KEYS.get(key)
        if expected is not None and type(value) is not expected:
            raise InvalidLibrary("scanner_config", f"{key} must be true or false, got {value!r}")
    pace = wanted.scanner_config.get("reads_per_second")
    if pace is not None and (isinstance(pace, bool) or not isinstance(pace, (int, float)) or not 0 < pace <= _MAX_PACE):
        raise InvalidLibrary(
            "scanner_config", f"reads_per_second must be above 0 and at most {_MAX_PACE}, got {pace!r}"
        )
    interval = wanted.scanner_config.get(INTERVAL_KEY)
    if interval is not None and (
        isinstance(interval, bool)
        or not isinstance(interval, (int, float))
        or not (interval == 0 or _LEAST_INTERVAL_S <= interval <= _MAX_INTERVAL_S)
    ):
        raise InvalidLibrary(
            "scanner_config",
            f"{INTERVAL_KEY} must be 0 for never, or {_LEAST_INTERVAL_S} to {_MAX_INTERVAL_S} seconds, got {interval!r}",
        )
    return {
        "name": name,
        "type": LibraryType(wanted.type),
        "paths": _checked_paths(wanted.paths),
        "enabled": wanted.enabled,
        "preferred_language": language,
        "metadata_provider": wanted.metadata_provider,
        "scan_on_startup": wanted.scan_on_startup,
        "realtime_monitoring": wanted.realtime_monitoring,
        "ignore_patterns": tuple(wanted.ignore_patterns),
        "scanner_config": dict(wanted.scanner_config),
    }


def _checked_name(wanted: str) -> str:
    name = wanted.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidLibrary("name", f"must be 1 to {MAX_NAME} printable characters, got {wanted[:50]!r}")
    return name


def _checked_paths(paths: Sequence[str | bytes]) -> tuple[bytes, ...]:
    if not paths:
        raise InvalidLibrary("paths", "must name at least one folder")
    checked: list[bytes] = []
    for given in paths:
        path = os.fsencode(given)
        if b"\0" in path or not os.path.isabs(path):
            raise InvalidLibrary("paths", f"{show_path(path)!r} is not an absolute path")
        # POSIX gives two slashes at the start a meaning of their own, which no system uses.
        path = b"/" + os.path.normpath(path).lstrip(b"/")
        if path == b"/":
            raise InvalidLibrary("paths", "the whole file system cannot be a library; name a folder")
        if path in checked:
            continue
        for other in checked:
            if _overlap(path, other):
                raise InvalidLibrary("paths", f"{show_path(path)} overlaps {show_path(other)}")
        checked.append(path)
    return tuple(checked)


async def _check_folders(paths: Sequence[bytes]) -> None:
    for path in paths:
        try:
            async with asyncio.timeout(ANSWER_TIME.total_seconds()):
                wrong = await in_thread(partial(_wrong_with, path))
        except TimeoutError:
            wrong = "does not answer: is its disk or share there?"
        if wrong:
            raise InvalidLibrary("paths", f"{show_path(path)} {wrong}")


def _wrong_with(path: bytes) -> str | None:
    if os.path.isdir(path):
        return None
    return "is not a folder" if os.path.lexists(path) else "does not exist"


async def _real_paths(paths: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return where folders are when links are followed; those that do not answer are where they are written."""
    asked = {path: asyncio.ensure_future(in_thread(partial(os.path.realpath, path))) for path in paths}
    try:
        await asyncio.wait(asked.values(), timeout=ANSWER_TIME.total_seconds())
        return {path: answer.result() if answer.done() else path for path, answer in asked.items()}
    finally:
        for answer in asked.values():
            answer.cancel()


def _overlap(one: bytes, other: bytes) -> bool:
    return (one + b"/").startswith(other + b"/") or (other + b"/").startswith(one + b"/")
