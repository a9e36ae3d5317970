"""Libraries, scans and files as the tables hold them: reading, and the writes of libraries."""

import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from revenge.content.library.errors import (
    LibraryBusy,
    LibraryNameTaken,
    LibraryNotFound,
    ScanNotFound,
    WrongLibraryType,
)
from revenge.content.library.models import (
    FilePage,
    FileState,
    Library,
    LibraryPage,
    LibraryType,
    Scan,
    ScanErrorPage,
    ScanFileError,
    ScanPage,
    show_path,
)
from revenge.content.library.ports import Connection, Pool
from revenge.content.library.records import file_from, library_from, scan_from
from revenge.content.library.statements import statements
from revenge.infra.database.cursors import decode, decode_text, encode, encode_text

_BEFORE_ALL = UUID(int=0)


class LibraryRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def get(self, library_id: UUID, *, conn: Connection | None = None) -> Library:
        """Return a library.

        Raises:
            LibraryNotFound: there is none, or it was deleted.
        """
        row = await (conn or self._pool).fetchrow(self._sql["library_get"], library_id)
        if row is None:
            raise LibraryNotFound(library_id)
        return library_from(row)

    async def get_of_type(self, library_id: UUID, type: LibraryType, *, conn: Connection | None = None) -> Library:
        """Return a library that must be of ``type``.

        Raises:
            LibraryNotFound: there is none, or it was deleted.
            WrongLibraryType: it is of another type.
        """
        library = await self.get(library_id, conn=conn)
        if library.type is not type:
            raise WrongLibraryType(library.name, library.type)
        return library

    async def find(self, name: str, *, conn: Connection | None = None) -> Library:
        """Return the library of a name, in whatever case.

        Raises:
            LibraryNotFound: there is none, or it was deleted.
        """
        library_id = await (conn or self._pool).fetchval(self._sql["library_find"], name)
        if library_id is None:
            raise LibraryNotFound(name)
        return await self.get(library_id, conn=conn)

    async def find_by_path(
        self, path: bytes, types: Collection[LibraryType], *, conn: Connection | None = None
    ) -> UUID:
        """Return the id of the library of one of ``types`` that ``path``, an absolute one, lies in.

        Raises:
            LibraryNotFound: it is in none.
        """
        inside = os.path.normpath(path)  # noqa: ASYNC240 - looks at the text alone
        found = await (conn or self._pool).fetchval(self._sql["library_find_by_path"], inside, sorted(types))
        if found is None:
            raise LibraryNotFound(f"that holds {show_path(path)}")
        return UUID(str(found))

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, only: Collection[UUID] | None = None
    ) -> LibraryPage:
        """Return libraries by name; ``only`` these, None is all.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after = decode_text(cursor) if cursor else ""
        rows = await self._pool.fetch(self._sql["library_list"], after, limit + 1, None if only is None else list(only))
        more = encode_text(rows[limit - 1]["sort_key"]) if len(rows) > limit else None
        return LibraryPage([library_from(row) for row in rows[:limit]], more)

    async def all_enabled(self, conn: Connection) -> Sequence[Library]:
        """Return every library that is scanned."""
        return [library_from(row) for row in await conn.fetch(self._sql["library_all_enabled"])]

    async def files_at(self, conn: Connection, paths: Sequence[bytes]) -> dict[bytes, UUID]:
        """Return the files of all libraries that are at ``paths``, missing ones included."""
        return {bytes(row["path"]): row["id"] for row in await conn.fetch(self._sql["file_at_paths"], list(paths))}

    async def scan(self, library_id: UUID, scan_id: UUID) -> Scan:
        """Return a scan of a library.

        Raises:
            ScanNotFound: the library has no such scan.
        """
        row = await self._pool.fetchrow(self._sql["scan_show"], library_id, scan_id)
        if row is None:
            raise ScanNotFound(scan_id)
        return scan_from(row)

    async def scans(self, library_id: UUID, *, limit: int = 20, cursor: str | None = None) -> ScanPage:
        """Return a library's scans, newest first.

        Raises:
            ValueError: the cursor is none of ours.
        """
        before = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["scan_list"], library_id, before, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return ScanPage([scan_from(row) for row in rows[:limit]], more)

    async def scan_errors(self, scan_id: UUID, *, limit: int = 100, cursor: str | None = None) -> ScanErrorPage:
        """Return what a scan could not read, in the order it was met.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["scan_error_list"], scan_id, after, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return ScanErrorPage([ScanFileError(row["path"], row["error"]) for row in rows[:limit]], more)

    async def file_counts(self, library_ids: Sequence[UUID]) -> dict[UUID, dict[FileState, int]]:
        """Return how many files of each state the libraries have; a library without files is left out."""
        counts: dict[UUID, dict[FileState, int]] = {}
        for row in await self._pool.fetch(self._sql["file_counts"], list(library_ids)):
            counts.setdefault(row["library_id"], {})[FileState(row["state"])] = row["count"]
        return counts

    async def files(
        self, library_id: UUID, *, state: FileState | None = None, limit: int = 100, cursor: str | None = None
    ) -> FilePage:
        """Return a library's files by folder and path.

        Raises:
            ValueError: the cursor is none of ours.
        """
        root, path = _BEFORE_ALL, b""
        if cursor:
            decoded = decode(cursor)
            root, path = UUID(bytes=decoded[:16]), decoded[16:]
        rows = await self._pool.fetch(self._sql["file_list"], library_id, state, root, path, limit + 1)
        more = None
        if len(rows) > limit:
            more = encode(rows[limit - 1]["root_id"].bytes + rows[limit - 1]["path"])
        return FilePage([file_from(row) for row in rows[:limit]], more)

    async def insert(self, conn: Connection, library: Library) -> None:
        """Write a new library and its folders.

        Raises:
            LibraryNameTaken: another has its name.
        """
        try:
            await conn.execute(self._sql["library_insert"], *_values(library), library.type)
        except asyncpg.UniqueViolationError as error:
            raise LibraryNameTaken(library.name) from error
        await self._put_roots(conn, library.id, library.paths)

    async def update(self, conn: Connection, library: Library) -> None:
        """Write a library anew, and its folders; files of folders that are taken out stay until the next scan.

        Raises:
            LibraryNameTaken: another has its name.
        """
        try:
            await conn.execute(self._sql["library_update"], *_values(library))
        except asyncpg.UniqueViolationError as error:
            raise LibraryNameTaken(library.name) from error
        await conn.execute(self._sql["root_take_out"], library.id, library.paths)
        await self._put_roots(conn, library.id, library.paths)
        await conn.execute(self._sql["root_adopt_files"], library.id)

    async def delete(self, conn: Connection, library_id: UUID) -> None:
        """Hide a library; its rows stay.

        Raises:
            LibraryNotFound: there is none, or it was deleted already.
        """
        if await conn.fetchval(self._sql["library_delete"], library_id) is None:
            raise LibraryNotFound(library_id)

    async def restore(self, conn: Connection, library_id: UUID, name: str | None = None) -> None:
        """Show a library again that was deleted, by the name that it had or a new one.

        Raises:
            LibraryNotFound: there is none that was deleted.
            LibraryBusy: somebody else restores or forgets it.
            LibraryNameTaken: another has the name.
        """
        await self._claim_deleted(conn, library_id)
        try:
            async with conn.transaction():
                await conn.execute(self._sql["library_restore"], library_id, name)
        except asyncpg.UniqueViolationError as error:
            taken = name or await conn.fetchval(self._sql["library_name"], library_id)
            raise LibraryNameTaken(taken) from error

    @asynccontextmanager
    async def forgetting(self, library_id: UUID) -> AsyncIterator[None]:
        """Remove a deleted library for good after the block, in which nobody can restore it; not where the block fails.

        Raises:
            LibraryNotFound: there is none that was deleted.
            LibraryBusy: somebody else restores or forgets it.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._claim_deleted(conn, library_id)
            yield
            await conn.execute(self._sql["library_forget"], library_id)

    async def lock(self, conn: Connection) -> None:
        """Let nobody else change libraries' folders until the transaction ends."""
        await conn.execute(self._sql["library_lock"])

    async def other_roots(self, conn: Connection, library_id: UUID | None) -> Sequence[tuple[bytes, str]]:
        """Return the folders of all other libraries, with their names."""
        return [(row["path"], row["name"]) for row in await conn.fetch(self._sql["root_others"], library_id)]

    async def _claim_deleted(self, conn: Connection, library_id: UUID) -> None:
        try:
            found = await conn.fetchval(self._sql["library_claim_deleted"], library_id)
        except asyncpg.LockNotAvailableError as error:
            raise LibraryBusy(library_id) from error
        if found is None:
            raise LibraryNotFound(library_id)

    async def _put_roots(self, conn: Connection, library_id: UUID, paths: Sequence[bytes]) -> None:
        ids = [uuid7() for _ in paths]
        await conn.execute(self._sql["root_put"], library_id, ids, list(paths), [show_path(path) for path in paths])


def _values(library: Library) -> tuple[object, ...]:
    return (
        library.id,
        library.name,
        library.enabled,
        library.preferred_language,
        library.metadata_provider,
        library.scan_on_startup,
        library.realtime_monitoring,
        library.ignore_patterns,
        orjson.dumps(dict(library.scanner_config)).decode(),
    )
