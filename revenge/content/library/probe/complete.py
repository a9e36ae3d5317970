"""Finding out whether a file is as long as its own header says."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_MP4_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_MP4_BOXES = _MP4_FIRST_BOXES | {
    b"moof",
    b"mfra",
    b"sidx",
    b"ssix",
    b"styp",
    b"uuid",
    b"meta",
    b"udta",
    b"emsg",
    b"prft",
}

# A fragmented film has thousands of boxes; what is missing shows in the first few of an ordinary one.
_MAX_BOXES = 64

# Some cameras and old muxers write sizes that are a little off in files that are whole.
_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A file that ends before its end."""

    size_bytes: int
    declared_bytes: int

    def __str__(self) -> str:
        return f"the file is incomplete: it has {readable(self.size_bytes)} of at least {readable(self.declared_bytes)}"


def readable(size_bytes: int) -> str:
    """Return a size as a person reads it: ``4.3 GB``."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "bytes" else f"{size_bytes} bytes"
        size /= 1000
    return f"{size:.3g} TB"


def looks_like_media(fd: int) -> bool:
    """Tell whether the file begins like a video container."""
    head = os.pread(fd, 16, 0)
    return (
        head[:4] in (_EBML, b"\x00\x00\x01\xba", b"OggS", b"\x30\x26\xb2\x75", b".RMF")
        or head[:3] == b"FLV"
        or head[4:8] in _MP4_FIRST_BOXES
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (head[:1] == b"\x47" and os.pread(fd, 1, 188) == b"\x47")
    )


def find_shortfall(fd: int, size_bytes: int) -> Shortfall | None:
    """Return what is missing of a Matroska, MP4 or AVI file; None for whole files and where nothing tells."""
    declared = _declared_size(fd, size_bytes)
    if declared is None or declared - size_bytes <= declared * _TOLERANCE:
        return None
    return Shortfall(size_bytes=size_bytes, declared_bytes=declared)


def _declared_size(fd: int, size_bytes: int) -> int | None:
    head = os.pread(fd, 16, 0)
    if head[:4] == _EBML:
        return _matroska_size(fd)
    if head[4:8] in _MP4_FIRST_BOXES:
        return _mp4_size(fd, size_bytes)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return 8 + int(struct.unpack_from("<I", head, 4)[0])
    return None


def _matroska_size(fd: int) -> int | None:
    header = _vint(fd, 4)
    if header is None:
        return None
    segment_at = header[0] + header[1]
    if os.pread(fd, 4, segment_at) != _SEGMENT:
        return None
    segment = _vint(fd, segment_at + 4)
    return segment[0] + segment[1] if segment else None


def _vint(fd: int, at: int) -> tuple[int, int] | None:
    """Return where the number at ``at`` ends, and the number; None where it is unknown or cut."""
    raw = os.pread(fd, 8, at)
    if not raw or raw[0] == 0:
        return None
    length = 9 - raw[0].bit_length()
    if len(raw) < length:
        return None
    value = int.from_bytes(raw[:length], "big") - (1 << (7 * length))
    unknown = (1 << (7 * length)) - 1
    return None if value == unknown else (at + length, value)


def _mp4_size(fd: int, size_bytes: int) -> int | None:
    at = 0
    for _ in range(_MAX_BOXES):
        head = os.pread(fd, 16, at)
        if len(head) < 8:
            return at
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:
            return size_bytes
        if length < 8 or head[4:8] not in _MP4_BOXES:
            return None
        at += length
        if at >= size_bytes:
            return at
    return None
