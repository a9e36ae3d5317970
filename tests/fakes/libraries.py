"""The library service as the HTTP side sees it, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from revenge.content.library.errors import (
    InvalidLibrary,
    LibraryNameTaken,
    LibraryNotFound,
    ScanConflict,
    ScanNotFound,
)
from revenge.content.library.models import (
    ACTIVE,
    FilePage,
    FileState,
    Library,
    LibraryFields,
    LibraryFile,
    LibraryPage,
    LibraryType,
    Scan,
    ScanCounts,
    ScanErrorPage,
    ScanFileError,
    ScanPage,
    ScanStatus,
    ScanType,
)
from tests.fakes.jobs import FakeJobs

T = TypeVar("T")


class FakeLibraries:
    """Libraries in a dictionary; scans are moved by hand, their jobs are those of ``jobs``."""

    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs
        self.libraries: dict[UUID, Library] = {}
        self.all_scans: dict[UUID, Scan] = {}
        self.errors: dict[UUID, list[ScanFileError]] = {}
        self.all_files: list[LibraryFile] = []
        self.broken_folders: set[bytes] = set()

    # What tests say

    def add(self, name: str, *paths: str, type: LibraryType = LibraryType.MOVIE) -> Library:
        """Put a library there."""
        now = datetime.now(UTC)
        library = Library(
            id=uuid7(),
            name=name,
            type=type,
            paths=tuple(path.encode() for path in paths or (f"/srv/{name.lower()}",)),
            enabled=True,
            preferred_language="en",
            metadata_provider=None,
            scan_on_startup=False,
            realtime_monitoring=True,
            ignore_patterns=(),
            scanner_config={},
            created_at=now,
            updated_at=now,
        )
        self.libraries[library.id] = library
        return library

    def add_scan(self, library: Library, status: ScanStatus = ScanStatus.COMPLETED, **columns: Any) -> Scan:
        """Put a scan there."""
        now = datetime.now(UTC)
        ended = status not in ACTIVE
        defaults: dict[str, Any] = {
            "job_id": None,
            "type": ScanType.INCREMENTAL,
            "counts": ScanCounts(),
            "error_message": "the folder is gone" if status is ScanStatus.FAILED else None,
            "created_at": now - timedelta(seconds=12),
            "started_at": now - timedelta(seconds=12),
            "completed_at": now if ended else None,
        }
        scan = Scan(id=uuid7(), library_id=library.id, status=status, **(defaults | columns))
        self.all_scans[scan.id] = scan
        return scan

    def end_scan(self, scan: Scan, status: ScanStatus = ScanStatus.COMPLETED, **columns: Any) -> None:
        """Let a scan end."""
        self.all_scans[scan.id] = replace(scan, status=status, completed_at=datetime.now(UTC), **columns)

    def add_file(self, library: Library, path: bytes, state: FileState = FileState.PRESENT) -> LibraryFile:
        """Put a file there."""
        now = datetime.now(UTC)
        unknown = dict.fromkeys(
            [
                "item_id",
                "disc",
                "season",
                "air_date",
                "edition",
                "part",
                "tmdb_id",
                "imdb_id",
                "tvdb_id",
                "resolution",
                "source",
                "name_codec",
                "release_group",
                "episode_title",
                "nfo",
                "probed_at",
                "duration_s",
                "container",
                "video_codec",
                "width",
                "height",
                "hdr",
                "probe",
            ]
        )
        file = LibraryFile(
            **unknown,
            id=uuid4(),
            library_id=library.id,
            path=path,
            size_bytes=1,
            mtime_ns=1,
            state=state,
            missing_since=now if state is FileState.MISSING else None,
            media="movie",
            title="Heat",
            year=1995,
            episodes=(),
            absolute=(),
            probe_error="no video" if state is FileState.BROKEN else None,
            added_at=now,
            updated_at=now,
        )
        self.all_files.append(file)
        return file

    # The port

    async def create(self, wanted: LibraryFields) -> Library:
        self._check(wanted.name, wanted.paths, but=None)
        made = self.add(wanted.name, type=wanted.type)
        fields = {name: getattr(wanted, name) for name in LibraryFields.__dataclass_fields__}
        return self._store(made, fields)

    async def update(self, library_id: UUID, changes: Mapping[str, Any]) -> Library:
        before = await self.get(library_id)
        self._check(changes.get("name", before.name), changes.get("paths", ()), but=library_id)
        return self._store(before, changes)

    async def get(self, library_id: UUID) -> Library:
        if library_id not in self.libraries:
            raise LibraryNotFound(library_id)
        return self.libraries[library_id]

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, only: Collection[UUID] | None = None
    ) -> LibraryPage:
        seen = [library for library in self.libraries.values() if only is None or library.id in only]
        found = sorted(seen, key=lambda library: library.name.lower())
        page, more = _page(found, limit, cursor)
        return LibraryPage(page, more)

    async def delete(self, library_id: UUID) -> None:
        await self.get(library_id)
        del self.libraries[library_id]

    async def trigger_scan(self, library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan:
        library = await self.get(library_id)
        for scan in self.all_scans.values():
            if scan.library_id == library_id and scan.status in ACTIVE:
                raise ScanConflict(library_id=library_id, scan_id=scan.id, job_id=scan.job_id)
        job = self._jobs.running("movie_library_scan", queue="bulk", args={"library_id": str(library_id)})
        return self.add_scan(library, ScanStatus.RUNNING, type=scan_type, job_id=job.id)

    async def scan(self, library_id: UUID, scan_id: UUID) -> Scan:
        scan = self.all_scans.get(scan_id)
        if scan is None or scan.library_id != library_id:
            raise ScanNotFound(scan_id)
        return scan

    async def scans(self, library_id: UUID, *, limit: int = 20, cursor: str | None = None) -> ScanPage:
        found = [scan for scan in self.all_scans.values() if scan.library_id == library_id]
        page, more = _page(sorted(found, key=lambda scan: scan.id, reverse=True), limit, cursor)
        return ScanPage(page, more)

    async def scan_errors(self, scan_id: UUID, *, limit: int = 100, cursor: str | None = None) -> ScanErrorPage:
        page, more = _page(self.errors.get(scan_id, []), limit, cursor)
        return ScanErrorPage(page, more)

    async def files(
        self, library_id: UUID, *, state: FileState | None = None, limit: int = 100, cursor: str | None = None
    ) -> FilePage:
        found = [file for file in self.all_files if file.library_id == library_id and state in (None, file.state)]
        page, more = _page(sorted(found, key=lambda file: file.path), limit, cursor)
        return FilePage(page, more)

    async def file_counts(self, library_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[FileState, int]]:
        found: dict[UUID, dict[FileState, int]] = {}
        for file in self.all_files:
            counts = found.setdefault(file.library_id, {})
            counts[file.state] = counts.get(file.state, 0) + 1
        return found

    def _check(self, name: str, paths: Sequence[str | bytes], *, but: UUID | None) -> None:
        for path in paths:
            if (path.encode() if isinstance(path, str) else path) in self.broken_folders:
                raise InvalidLibrary("paths", f"{path!r} does not exist")
        for library in self.libraries.values():
            if library.name.lower() == name.lower() and library.id != but:
                raise LibraryNameTaken(name)

    def _store(self, library: Library, changes: Mapping[str, Any]) -> Library:
        fields = dict(changes)
        if "paths" in fields:
            fields["paths"] = tuple(path.encode() if isinstance(path, str) else path for path in fields["paths"])
        self.libraries[library.id] = replace(library, **fields)
        return self.libraries[library.id]


def _page(found: Sequence[T], limit: int, cursor: str | None) -> tuple[list[T], str | None]:
    start = int(cursor) if cursor else 0
    end = start + limit
    return list(found[start:end]), str(end) if len(found) > end else None
