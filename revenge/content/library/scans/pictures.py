"""Compares the pictures that a walk meets with those that are known, and writes what differs."""

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.artwork import Artwork, read_artwork
from revenge.content.library.models import Library, LibraryType, show_path
from revenge.content.library.ports import Connection, FilesChanged, LibraryEvents
from revenge.content.library.scans.ledger import Ledger
from revenge.content.library.scans.plan import Root
from revenge.content.library.statements import statements
from revenge.content.library.walk import WalkError, WalkEvent, WalkPicture


class _Known(NamedTuple):
    """A picture's row; fields in the order of ``picture_known``."""

    id: UUID
    path: bytes
    size: int
    mtime_ns: int


class ScanPictures:
    """The pictures of one scan. What it writes is true by itself: a run that takes the scan over compares again."""

    def __init__(self, ledger: Ledger, *, library: Library, events: LibraryEvents) -> None:
        self._ledger = ledger
        self._library = library
        self._events = events
        self._is_show = library.type is LibraryType.TVSHOW

    async def keep(
        self,
        root: Root,
        events: Sequence[WalkEvent],
        *,
        start: bytes,
        end: bytes,
        check: Callable[[], Awaitable[object]],
    ) -> None:
        """Write what differs in a stretch of a walk from ``start`` to before ``end``, whose events are all of ``events``.

        Args:
            root: what is walked.
            events: all kinds of them; pictures count, and folders that could not be read: what is in those stays.
            start: the stretch's first path.
            end: the path behind its last.
            check: awaited before anything is forgotten; raises where the root is no longer what it was.

        Raises:
            ScanLost: the scan is another run's, or ended; nothing was written.
        """
        rows = await self._ledger.pool.fetch(statements()["picture_known"], root.id, start, end)
        known = {row["path"]: _Known._make(row) for row in rows}
        seen = [event for event in events if type(event) is WalkPicture]
        differ = [(each, about) for each in seen if _differs(each, known) and (about := self._read(each, root))]
        errors = [event for event in events if type(event) is WalkError]
        there = {each.path for each in seen} | {error.path for error in errors}
        unread = tuple(error.path + b"/" for error in errors if error.subtree)
        gone = [each.id for each in known.values() if each.path not in there and not each.path.startswith(unread)]
        if not differ and not gone:
            return
        if gone:
            await check()
        async with self._ledger.transaction() as conn:
            put = await self._put(conn, root, differ) if differ else []
            change = FilesChanged(
                library_id=self._library.id, scan_id=self._ledger.scan_id, pictures=put, pictures_gone=gone
            )
            await self._events.files_changed(conn, change)
            if gone:
                await conn.execute(statements()["picture_delete"], gone)

    def _read(self, picture: WalkPicture, root: Root) -> Artwork | None:
        return read_artwork(picture.path, root.path, is_show=self._is_show)

    async def _put(
        self, conn: Connection, root: Root, pictures: Sequence[tuple[WalkPicture, Artwork]]
    ) -> Sequence[UUID]:
        columns = zip(
            *(
                (
                    *(uuid7(), each.path, show_path(os.path.dirname(each.path)), about.covers),
                    *(about.type, about.rank, about.season, each.size, each.mtime_ns),
                )
                for each, about in pictures
            ),
            strict=True,
        )
        rows = await conn.fetch(statements()["picture_put"], self._library.id, root.id, *map(list, columns))
        return [row["id"] for row in rows]


def _differs(picture: WalkPicture, known: dict[bytes, _Known]) -> bool:
    row = known.get(picture.path)
    return row is None or (row.size, row.mtime_ns) != (picture.size, picture.mtime_ns)
