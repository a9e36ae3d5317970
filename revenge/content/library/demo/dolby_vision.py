"""Declaring Dolby Vision in an MP4 file, which no free encoder does."""

from __future__ import annotations

import struct

# From the file's outside to its one video track's sample entry, and how many bytes of each are not boxes.
_WAY = ((b"moov", 0), (b"trak", 0), (b"mdia", 0), (b"minf", 0), (b"stbl", 0), (b"stsd", 8))
_ENTRY_FIELDS = 78


def declare_dolby_vision(mp4: bytes, *, profile: int, level: int = 6) -> bytes:
    """Return the file with a Dolby Vision configuration record in its first track's sample entry.

    The index (``moov``) has to come after the media data, as muxers place it by default:
    no position in the file changes then but its own.

    Raises:
        ValueError: the file has no such structure.
    """
    record = _configuration(profile=profile, level=level)
    whole = bytearray(mp4)
    parents: list[int] = []
    start, end = 0, len(whole)
    for name, fields in _WAY:
        at, length = _find(whole, name, start, end)
        parents.append(at)
        start, end = at + 8 + fields, at + length
    entry = start
    entry_end = entry + int(struct.unpack_from(">I", whole, entry)[0])
    if entry_end > end or entry_end - entry < 8 + _ENTRY_FIELDS:
        raise ValueError("no video sample entry in this file")
    for at in (*parents, entry):
        struct.pack_into(">I", whole, at, struct.unpack_from(">I", whole, at)[0] + len(record))
    whole[entry_end:entry_end] = record
    return bytes(whole)


def _configuration(*, profile: int, level: int) -> bytes:
    # Version 1.0, then in bits: profile 7, level 6, RPU 1, enhancement layer 1, base layer 1; compatibility 4.
    compatibility = 1 if profile == 8 else 0
    fields = (profile << 9) | (level << 3) | 0b101
    body = struct.pack(">BBHB", 1, 0, fields, compatibility << 4) + bytes(19)
    name = b"dvvC" if profile > 7 else b"dvcC"
    return struct.pack(">I", 8 + len(body)) + name + body


def _find(whole: bytearray, name: bytes, start: int, end: int) -> tuple[int, int]:
    at = start
    while at + 8 <= end:
        length = int(struct.unpack_from(">I", whole, at)[0])
        if whole[at + 4 : at + 8] == name:
            return at, length
        if length < 8:
            break
        at += length
    raise ValueError(f"no box {name.decode()} in this file")
