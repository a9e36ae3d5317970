"""Libraries on real trees and a real database, with a queue and a prober that do as they are told."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.content.library.models import Library, LibraryFields, LibraryType, Scan, ScanFileError
from revenge.content.library.ports import Connection, EnqueuedScan, FilesChanged, JobFate, ScanJob
from revenge.content.library.probe import Probe, ProbeFailed, VideoTrack
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanConfig, ScanProgress, ScanRequest, ScanService
from revenge.content.library.service import LibraryService


class Jobs:
    """A queue that only remembers."""

    def __init__(self) -> None:
        self.enqueued: list[ScanJob] = []
        self.fates: dict[int, JobFate] = {}
        self.duplicate_of: int | None = None

    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        if self.duplicate_of is not None:
            return EnqueuedScan(self.duplicate_of, duplicate=True)
        self.enqueued.append(job)
        return EnqueuedScan(len(self.enqueued), duplicate=False)

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        return self.fates.get(job_id, JobFate.ALIVE)


class FakeProber:
    """Reads nothing; files whose name says so are broken, or block."""

    def __init__(self) -> None:
        self.probed: list[str] = []
        self.blocked = asyncio.Event()
        self.denied: set[str] = set()

    async def probe(self, path: bytes) -> Probe:
        name = os.path.basename(path).decode(errors="replace")
        self.probed.append(name)
        if "hang" in name:
            self.blocked.set()
            await asyncio.Event().wait()
        if name in self.denied:
            raise ProbeFailed("permission denied", access=True)
        if "broken" in name:
            raise ProbeFailed("no video in it")
        return Probe(
            container="matroska", duration_s=5400.0, video=(VideoTrack(codec="h264", width=1920, height=1080),)
        )


@dataclass
class Recorder:
    """Keeps the events it is told."""

    told: list[str] = field(default_factory=list)
    changes: list[FilesChanged] = field(default_factory=list)

    async def scan_started(self, conn: Connection, scan: Scan, library: Library) -> None:
        self.told.append("started")

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        self.changes.append(change)

    async def scan_done(self, conn: Connection, scan: Scan, library: Library) -> None:
        self.told.append("done")

    async def scan_failed(self, conn: Connection, scan: Scan, library: Library) -> None:
        self.told.append(scan.status.value)

    async def library_made(self, conn: Connection, library: Library) -> None: ...

    async def library_changed(self, conn: Connection, before: Library, after: Library) -> None: ...

    async def library_hidden(self, conn: Connection, library: Library) -> None:
        self.told.append("hidden")

    async def library_restored(self, conn: Connection, library: Library) -> None:
        self.told.append("restored")


class World:
    """A folder, a library of it, and all that scans it."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", database: str, root: Path) -> None:
        self.pool = pool
        self.database = database
        self.root = root
        self.jobs = Jobs()
        self.prober = FakeProber()
        self.events = Recorder()
        self.libraries = LibraryService(pool, jobs=self.jobs, events=self.events)
        self.repository = LibraryRepository(pool)
        self.library_id: UUID

    async def make_library(self, *paths: Path, **fields: Any) -> Library:
        wanted: dict[str, Any] = {
            "name": "Films",
            "type": LibraryType.MOVIE,
            "paths": [str(p) for p in paths or (self.root,)],
        }
        library = await self.libraries.create(LibraryFields(**wanted | fields))
        self.library_id = library.id
        return library

    def put(self, *paths: str, size: int = 1000) -> None:
        for path in paths:
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as opened:
                opened.truncate(size)

    def service(self, *, probing: bool = True, **config: Any) -> ScanService:
        prober = self.prober if probing else None
        return ScanService(self.pool, jobs=self.jobs, prober=prober, events=self.events, config=ScanConfig(**config))

    async def scan(
        self,
        *,
        job_id: int | None = None,
        force: bool = False,
        paths: Sequence[Path] = (),
        report: Callable[[ScanProgress], object] = lambda progress: None,
        **config: Any,
    ) -> Scan:
        request = ScanRequest(
            library_id=self.library_id, job_id=job_id, force=force, paths=[os.fsencode(path) for path in paths]
        )
        outcome = await self.service(**config).run(request, report=report)
        assert isinstance(outcome, Scan)
        return outcome

    async def files(self) -> dict[str, str]:
        page = await self.repository.files(self.library_id, limit=10_000)
        start = len(str(self.root)) + 1
        return {os.fsdecode(file.path)[start:]: file.state.value for file in page.files}

    async def errors(self, scan: Scan) -> list[ScanFileError]:
        return (await self.repository.scan_errors(scan.id)).errors

    async def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return what the tables say, without ids and times."""
        files = await self.pool.fetch(
            "SELECT path, size_bytes, mtime_ns, inode, state, file.title, file.year, part, resolution, needs_probe, probe, probe_error,"
            " item.key FROM revenge.library_file AS file LEFT JOIN revenge.library_item AS item ON item.id = item_id"
            " WHERE file.library_id = $1 ORDER BY path",
            self.library_id,
        )
        items = await self.pool.fetch(
            "SELECT key, title, year FROM revenge.library_item WHERE library_id = $1 ORDER BY key", self.library_id
        )
        scans = await self.pool.fetch(
            "SELECT status, files_seen, added, updated, moved, unchanged, missing, removed, unmatched, failed, probed"
            " FROM revenge.library_scan WHERE library_id = $1 ORDER BY id DESC LIMIT 1",
            self.library_id,
        )
        errors = await self.pool.fetch(
            "SELECT path, error FROM revenge.library_scan_error JOIN revenge.library_scan AS scan ON scan.id = scan_id"
            " WHERE scan.id = (SELECT max(id::text)::uuid FROM revenge.library_scan WHERE library_id = $1) ORDER BY path",
            self.library_id,
        )
        return {
            name: [tuple(row) for row in rows]
            for name, rows in {"files": files, "items": items, "scan": scans, "errors": errors}.items()
        }


@pytest.fixture
async def world(pool: "asyncpg.Pool[asyncpg.Record]", database: str, tmp_path: Path) -> World:
    root = tmp_path / "films"
    root.mkdir()
    return World(pool, database, root)
