"""Libraries and scans in JSON, with what belongs to them from elsewhere, for the CLI and the HTTP API."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from revenge.app.presentation import library_to_json, scan_to_json
from revenge.content.library.models import ACTIVE, Library, Scan, ScanPage
from revenge.infra.jobs.progress import Progress

if TYPE_CHECKING:
    from revenge.app.http.services import FileCounts


class Scans(Protocol):
    """A library's scans."""

    async def scans(self, library_id: UUID, *, limit: int = 20, cursor: str | None = None) -> ScanPage:
        """Return a page of them, the newest first."""


class Reports(Protocol):
    """How far jobs are."""

    async def progress(self, job_ids: Sequence[int], /) -> Mapping[int, Progress]:
        """Return the newest reports."""


class LibraryPresenter:
    """Gathers what belongs to libraries and scans from elsewhere: the latest scan, progress, counts."""

    def __init__(self, libraries: Scans, jobs: Reports, counts: "FileCounts | None") -> None:
        self._libraries = libraries
        self._jobs = jobs
        self._counts = counts

    async def libraries(
        self, found: Sequence[Library], *, managed: Collection[UUID] | None = None
    ) -> list[dict[str, Any]]:
        """Return libraries for JSON; of those that are not in ``managed``, None is all, nothing that names folders or files."""
        latest = [next(iter((await self._libraries.scans(library.id, limit=1)).scans), None) for library in found]
        progress = await self._progress([scan for scan in latest if scan])
        ids = [library.id for library in found]
        counts = await self._counts.file_counts(ids) if self._counts and ids else None
        return [
            library_to_json(
                library,
                latest_scan=scan,
                progress=progress.get(scan.job_id or 0) if scan else None,
                counts=None if counts is None else counts.get(library.id, {}),
                with_paths=managed is None or library.id in managed,
            )
            for library, scan in zip(found, latest, strict=True)
        ]

    async def scans(self, found: Sequence[Scan], *, with_paths: bool = True) -> list[dict[str, Any]]:
        """Return scans for JSON; without ``with_paths`` nothing that names folders or files."""
        progress = await self._progress(found)
        return [scan_to_json(scan, progress.get(scan.job_id or 0), with_paths=with_paths) for scan in found]

    async def _progress(self, scans: Sequence[Scan]) -> Mapping[int, Progress]:
        ids = [scan.job_id for scan in scans if scan.job_id is not None and scan.status in ACTIVE]
        return await self._jobs.progress(ids) if ids else {}
