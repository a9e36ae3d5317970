"""The first phase: walk the folders, compare with what is known, read names and NFO files, write what differs."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.errors import ScanFailed
from revenge.content.library.facts import SCANNED_TYPES, FactReader, FileFacts
from revenge.content.library.models import Library, ScanType, show_path
from revenge.content.library.names import MediaType
from revenge.content.library.ports import FilesChanged, LibraryEvents
from revenge.content.library.scans.checkpoint import Phase
from revenge.content.library.scans.compare import Chunk, Comparison, Known, ToRead
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.ledger import Ledger
from revenge.content.library.scans.pictures import ScanPictures
from revenge.content.library.scans.plan import Scope, Standing, check_unmoved
from revenge.content.library.scans.progress import Report, ScanProgress
from revenge.content.library.scans.rows import FileRow, insert_errors, insert_files, put_items, update_files
from revenge.content.library.statements import statements
from revenge.content.library.walk import WalkError, WalkEvent, WalkOptions, WalkPicture, boundary, walk
from revenge.infra.threads import in_thread

MAX_ERRORS = 10_000
"""Recorded per scan: a disk that dies would otherwise fill a table with its files' names."""
_STRETCH = 5_000
_STRETCH_S = 0.5
"""Events handed over at once, and how long they are collected at most."""
_WORTH_STATISTICS = 1_000
"""New files from which on the planner is told of them, and again whenever they are four times as many."""


_Named = tuple[list[tuple[ToRead, FileFacts]], list[Known], list[WalkError]]
"""The files of a chunk with their facts, those that are gone, and the errors."""


class _Read(NamedTuple):
    """A chunk whose names are being read."""

    chunk: Chunk
    links: bool
    """A link to a folder was followed by then."""
    names: "asyncio.Future[_Named]"


class Walking:
    """One run's walk through the scopes of its scan."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        config: ScanConfig,
        events: LibraryEvents,
        facts: FactReader,
        library: Library,
        report: Report,
        scan_type: ScanType,
        scopes: Sequence[Scope],
        standings: dict[UUID, Standing],
        started_at: datetime,
        auto_create: bool = True,
    ) -> None:
        self._ledger = ledger
        self._auto_create = auto_create
        self._config = config
        self._events = events
        self._facts = facts
        self._library = library
        self._report = report
        self._type = scan_type
        self._scopes = scopes
        self._standings = standings
        self._started_at = started_at
        self._media = SCANNED_TYPES[library.type]
        self._moved: set[UUID] = set()
        self._expected = sum(scope.root.file_count for scope in scopes) or None
        self._analyze_at = _WORTH_STATISTICS
        self._pictures = ScanPictures(ledger, library=library, events=events)

    async def run(self) -> None:
        """Walk what is left to walk; errors as those of ``Ledger.chunk``.

        Raises:
            ScanFailed: a root cannot be listed, or was replaced by something else while it was walked.
        """
        checkpoint = self._ledger.checkpoint
        for index, scope in enumerate(self._scopes):
            if index < checkpoint.scope:
                continue
            if index > checkpoint.scope:
                checkpoint.scope, checkpoint.done, checkpoint.links = index, b"", False
            await self._walk(scope)

    async def _walk(self, scope: Scope) -> None:
        checkpoint = self._ledger.checkpoint
        start = checkpoint.done or scope.start
        stop = threading.Event()
        walker = walk(
            scope.root.path, self._options(), start=start, end=scope.end, skip=not checkpoint.links, stopped=stop.is_set
        )
        trust = self._library.scanner_config.get("trust_inodes", True) is not False
        comparison = Comparison(self._type, trust_inodes=trust, limit=self._config.chunk_size)
        batches = walker.batches()
        stretch = asyncio.ensure_future(in_thread(partial(_take, batches)))
        reading: asyncio.Future[_Named] | None = None
        before: _Read | None = None
        try:
            while True:
                events, is_last = await self._wait(stretch, scope.root.path)
                links = walker.followed_links or checkpoint.links
                if not is_last:
                    stretch = asyncio.ensure_future(in_thread(partial(_take, batches)))
                end = scope.end if is_last else min(boundary(events[-1]), scope.end) if events else start
                if end > start:
                    await self._keep_pictures(scope, events, start, end)
                    events = [event for event in events if type(event) is not WalkPicture]
                    known = await self._known(scope, start, end)
                    for chunk in comparison.chunks(events, known, end):
                        # Names are read while the database writes the chunk before.
                        reading = asyncio.ensure_future(self._read_names(chunk, scope.root.path))
                        await self._commit(scope, before)
                        before = _Read(chunk, links, reading)
                    start = end
                if is_last:
                    await self._commit(scope, before)
                    return
        finally:
            stop.set()
            for task in (stretch, reading):
                if task is not None:
                    task.cancel()

    def _options(self) -> WalkOptions:
        settings = self._library.scanner_config
        return WalkOptions(
            follow_links=settings.get("follow_links", self._config.follow_links) is not False,
            hidden=settings.get("hidden", False) is True,
            pictures=True,
            patterns=(*self._config.ignore_patterns, *self._library.ignore_patterns),
            roots=self._library.paths,
        )

    async def _wait(
        self, stretch: "asyncio.Future[tuple[list[WalkEvent], bool]]", root: bytes
    ) -> tuple[list[WalkEvent], bool]:
        """Wait for the disk, and say meanwhile that the scan lives."""
        while not stretch.done():
            await asyncio.wait({stretch}, timeout=self._config.heartbeat.total_seconds())
            if not stretch.done():
                await self._ledger.beat()
        try:
            return stretch.result()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ScanFailed(f"{show_path(root)} cannot be read: {reason}") from error

    async def _known(self, scope: Scope, start: bytes, end: bytes) -> list[Known]:
        rows = await self._ledger.pool.fetch(statements()["file_known"], scope.root.id, start, end)
        return [Known._make(row) for row in rows]

    async def _keep_pictures(self, scope: Scope, events: Sequence[WalkEvent], start: bytes, end: bytes) -> None:
        root = scope.root
        check = partial(check_unmoved, root.path, self._standings[root.id])
        await self._pictures.keep(root, events, start=start, end=end, check=lambda: in_thread(check))

    async def _commit(self, scope: Scope, part: "_Read | None") -> None:
        """Write one chunk."""
        if part is None:
            return
        root, chunk, checkpoint = scope.root, part.chunk, self._ledger.checkpoint
        read, gone, errors = await part.names
        checkpoint.done, checkpoint.links = chunk.end, part.links
        moved = await self._find_moved([each for each, _ in read if each.known is None])
        gone = [row for row in gone if row.id not in self._moved]
        if gone:
            await in_thread(partial(check_unmoved, root.path, self._standings[root.id]))
        added, updated = _sort(read, moved)
        counts = self._ledger.counts
        counts.unchanged += chunk.unchanged
        counts.added += len(added)
        counts.updated += len(updated) - len(moved)
        counts.moved += len(moved)
        counts.missing += len(gone) - sum(missed for _, missed in moved.values())
        counts.files_seen += chunk.unchanged + len(added) + len(updated)
        async with self._ledger.chunk() as conn:
            if added or updated:
                items = await put_items(conn, self._library.id, [*added, *updated])
                if updated:
                    await update_files(conn, root.id, updated, items)
                if added:
                    await insert_files(conn, self._library.id, root.id, added, items)
            if gone:
                await conn.execute(statements()["file_set_missing"], [row.id for row in gone])
            if errors and counts.failed < MAX_ERRORS:
                counts.failed += await insert_errors(conn, self._ledger.scan_id, errors)
            if added or updated or gone:
                moved_ids = {moved_id for moved_id, _ in moved.values()}
                await self._events.files_changed(
                    conn,
                    FilesChanged(
                        library_id=self._library.id,
                        scan_id=self._ledger.scan_id,
                        added=[row.id for row in added],
                        updated=[row.id for row in updated if row.id not in moved_ids],
                        moved=list(moved_ids),
                        missing=[row.id for row in gone],
                        auto_create=self._auto_create,
                    ),
                )
        await self._keep_statistics()
        self._tell(chunk.last)

    async def _keep_statistics(self) -> None:
        """Tell the planner of the many rows of a first scan; autovacuum would, but up to a minute later.

        Until then one index looks as good as another, and each file's check against its item read all items (2,000
        files/s instead of 5,000: docs/performance.md).
        """
        added = self._ledger.counts.added
        if added >= self._analyze_at:
            self._analyze_at = 4 * added
            await self._ledger.pool.execute(statements()["library_analyze"])

    async def _read_names(self, chunk: Chunk, root: bytes) -> "_Named":
        """Return the files of a chunk with their facts, those that are gone, and the errors."""
        read: list[tuple[ToRead, FileFacts]] = []
        gone, errors = list(chunk.gone), list(chunk.errors)
        if not chunk.reads:
            return read, gone, errors
        for each, facts in await in_thread(partial(self._read, chunk.reads, root)):
            if facts.nfo_error is not None and each.file.nfo is not None:
                errors.append(WalkError(each.file.nfo, facts.nfo_error))
            if facts.media is not MediaType.EXTRA:
                read.append((each, facts))
            elif each.known is not None and not each.known.missing:
                gone.append(each.known)  # better rules see now that it is none of the library's
        return read, gone, errors

    def _read(self, reads: Sequence[ToRead], root: bytes) -> list[tuple[ToRead, FileFacts]]:
        return [(each, self._facts.read(each.file, root, self._media)) for each in reads]

    async def _find_moved(self, new: Sequence[ToRead]) -> dict[bytes, tuple[UUID, bool]]:
        """Return, by a new file's path, the row that moved there, and whether this scan had missed it.

        It has moved when inode, size and time are the same and nothing is left at its old path: a hard link, or a file
        put in its place, makes it a new one.
        """
        if not new or self._ledger.checkpoint.first:
            return {}
        same = await self._ledger.pool.fetch(
            statements()["file_same_content"],
            self._library.id,
            [each.file.inode for each in new],
            [each.file.size for each in new],
            [each.file.mtime_ns for each in new],
            self._started_at,
        )
        there = await in_thread(lambda: {row["path"]: os.path.lexists(row["path"]) for row in same}) if same else {}
        moved: dict[bytes, tuple[UUID, bool]] = {}
        for row in same:
            path = new[row["position"] - 1].file.path
            if path not in moved and not there[row["path"]] and row["id"] not in self._moved:
                moved[path] = (row["id"], row["missed"])
                self._moved.add(row["id"])
        return moved

    def _tell(self, path: bytes) -> None:
        seen = self._ledger.counts.files_seen
        total = max(self._expected, seen) if self._expected else None
        self._report(ScanProgress(Phase.SCANNING, seen, total, show_path(path)))


def _take(batches: Iterator[list[WalkEvent]]) -> tuple[list[WalkEvent], bool]:
    """Return the next stretch of a walk, and whether it is the last."""
    events: list[WalkEvent] = []
    until = time.monotonic() + _STRETCH_S
    for batch in batches:
        events += batch
        if len(events) >= _STRETCH or time.monotonic() > until:
            return events, False
    return events, True


def _sort(
    read: Sequence[tuple[ToRead, FileFacts]], moved: dict[bytes, tuple[UUID, bool]]
) -> tuple[list[FileRow], list[FileRow]]:
    """Return the rows to insert and the rows to update."""
    added, updated = [], []
    for each, facts in read:
        if each.known is not None:
            updated.append(FileRow(each.known.id, each.file, facts, each.probe, each.is_new_content))
        elif each.file.path in moved:
            updated.append(FileRow(moved[each.file.path][0], each.file, facts, probe=False, is_new_content=False))
        else:
            added.append(FileRow(uuid7(), each.file, facts, each.probe, is_new_content=True))
    return added, updated
