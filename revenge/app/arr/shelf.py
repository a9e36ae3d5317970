"""The libraries, as syncs with Radarr and Sonarr see them: which files are known, and folders to be scanned."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from revenge.app.enqueue import scan_args
from revenge.content.library.errors import UnscannableLibrary
from revenge.content.library.models import Library
from revenge.content.library.repository import LibraryRepository
from revenge.infra.database.connection import Connection
from revenge.infra.jobs import UNFINISHED, InsertOpts, JobArgs, UniqueOpts
from revenge.infra.jobs.client import Client
from revenge.infra.threads import in_thread
from revenge.integration.arr.ports import Looked

MOST_FOLDERS = 100
"""So many folders of a library are scanned one by one; beyond, all of it is."""
ANSWER_TIME = timedelta(seconds=5)
"""For a disk to say whether folders are there."""

_PART = InsertOpts(unique=UniqueOpts(by_args=["library_id", "paths"], by_state=UNFINISHED))
"""A scan of some folders is not the same as one of others, or of all: it waits until that one is over."""


class LibraryShelf:
    """Files and scans of all libraries."""

    def __init__(self, libraries: LibraryRepository, jobs: Client) -> None:
        self._libraries = libraries
        self._jobs = jobs

    async def files_at(self, conn: Connection, paths: Sequence[bytes]) -> Mapping[bytes, UUID]:
        """Return the files that libraries know, by their paths; one that is missing is known too."""
        return await self._libraries.files_at(conn, paths)

    async def look_again(self, conn: Connection, folders: Collection[bytes]) -> Looked:
        """Have folders scanned, as the caller's transaction commits."""
        by_library: dict[UUID, list[tuple[bytes, bytes]]] = defaultdict(list)
        libraries = {library.id: library for library in await self._libraries.all_enabled(conn)}
        roots = [(root, library.id) for library in libraries.values() for root in library.paths]
        for folder in folders:
            for root, library_id in roots:
                if folder == root or folder.startswith(root + b"/"):
                    by_library[library_id].append((root, folder))
        inserts: list[tuple[JobArgs, InsertOpts]] = []
        asked = 0
        for library_id, wanted in by_library.items():
            job = await self._scan(libraries[library_id], wanted)
            if job is not None:
                inserts.append(job)
                asked += len(wanted)
        if inserts:
            await self._jobs.insert_many(inserts, conn=conn)
        return Looked(asked, len(folders) - sum(map(len, by_library.values())))

    async def _scan(self, library: Library, wanted: list[tuple[bytes, bytes]]) -> tuple[JobArgs, InsertOpts] | None:
        try:
            if len(wanted) > MOST_FOLDERS:
                return scan_args(library, None, force=False), InsertOpts()
            there = await _existing(wanted)
            whole = any(folder in library.paths for folder in there)
            return scan_args(library, None, paths=() if whole else there, force=False), InsertOpts() if whole else _PART
        except UnscannableLibrary:
            return None


async def _existing(wanted: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the folders, each with what is above it where it is no more: a scan of what is not there fails.

    A disk that does not answer is not waited for: its folders are taken to be there.
    """
    try:
        async with asyncio.timeout(ANSWER_TIME.total_seconds()):
            found = await in_thread(lambda: {_nearest(root, folder) for root, folder in wanted})
    except TimeoutError:
        found = {folder for _, folder in wanted}
    return [folder for folder in sorted(found) if not any(folder.startswith(other + b"/") for other in found)]


def _nearest(root: bytes, folder: bytes) -> bytes:
    while folder != root and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
