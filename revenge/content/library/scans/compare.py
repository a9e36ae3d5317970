"""Compares a walk with what is known, file by file, both in the order of paths. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from revenge.content.library.models import ScanType
from revenge.content.library.walk import WalkError, WalkEvent, WalkFile, boundary


class Known(NamedTuple):
    """A file's row, as far as the comparison needs it; fields in the order of ``file_known``."""

    id: UUID
    path: bytes
    size: int
    mtime_ns: int
    inode: int
    nfo_mtime_ns: int | None
    missing: bool


class ToRead(NamedTuple):
    """A file whose name (and NFO file) must be read."""

    file: WalkFile
    known: Known | None
    is_new_content: bool
    probe: bool


@dataclass(slots=True)
class Chunk:
    """A stretch of a walk, compared."""

    reads: list[ToRead] = field(default_factory=list)
    unchanged: int = 0
    gone: list[Known] = field(default_factory=list)
    errors: list[WalkError] = field(default_factory=list)
    end: bytes = b""
    """Everything before this path is in this chunk or in earlier ones."""
    last: bytes = b""
    """The path of the last event, to show."""


class Comparison:
    """The comparison of one walk; remembers what must be left alone from one call to the next."""

    def __init__(self, scan_type: ScanType, *, trust_inodes: bool = True, limit: int) -> None:
        """``limit``: files to read per chunk; ``trust_inodes``: a new inode is new content, though size and time are the same."""
        self._type = scan_type
        self._trust_inodes = trust_inodes
        self._limit = limit
        self._left_alone: bytes | None = None

    def chunks(self, events: Sequence[WalkEvent], known: Sequence[Known], end: bytes) -> Iterator[Chunk]:
        """Yield the chunks of a stretch of the walk that ends before ``end``; at least one.

        ``known`` are all rows of the stretch. Those that the walk does not mention are gone, unless an error says that
        they could not be seen.
        """
        chunk = Chunk()
        at = 0
        rows = sorted(known, key=_path_of)
        count = len(rows)
        for event in events:
            path = event.path
            while at < count and rows[at].path < path:
                self._miss(rows[at], chunk)
                at += 1
            row = rows[at] if at < count and rows[at].path == path else None
            if type(event) is WalkFile:
                at += row is not None
                self._take(event, row, chunk)
                if len(chunk.reads) >= self._limit:
                    chunk.last, chunk.end = path, boundary(event)
                    yield chunk
                    chunk = Chunk()
            elif isinstance(event, WalkError):
                # What could not be read is neither there nor gone.
                at += row is not None
                self._left_alone = path + b"/" if event.subtree else None
                chunk.errors.append(event)
            else:
                chunk.last = path
        for row in rows[at:]:
            self._miss(row, chunk)
        chunk.end = end
        yield chunk

    def _take(self, file: WalkFile, known: Known | None, chunk: Chunk) -> None:
        if known is None:
            chunk.reads.append(ToRead(file, None, is_new_content=True, probe=True))
            return
        same_content = (
            known.size == file.size
            and known.mtime_ns == file.mtime_ns
            and (known.inode == file.inode or not self._trust_inodes)
        )
        if not same_content:
            chunk.reads.append(ToRead(file, known, is_new_content=True, probe=True))
        elif self._type is not ScanType.INCREMENTAL:
            chunk.reads.append(ToRead(file, known, is_new_content=False, probe=self._type is ScanType.FULL))
        elif known.missing or known.nfo_mtime_ns != file.nfo_mtime_ns:
            chunk.reads.append(ToRead(file, known, is_new_content=False, probe=False))
        else:
            chunk.unchanged += 1

    def _miss(self, row: Known, chunk: Chunk) -> None:
        if row.missing or (self._left_alone is not None and row.path.startswith(self._left_alone)):
            return
        chunk.gone.append(row)


def _path_of(row: Known) -> bytes:
    return row.path
