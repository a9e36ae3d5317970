"""Whether a file is as long as its header says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from revenge.content.library.probe.complete import Shortfall, find_shortfall, readable

EBML = b"\x1a\x45\xdf\xa3\x84\x42\x82\x81\x00"
SEGMENT = b"\x18\x53\x80\x67"


def box(name: bytes, size: int) -> bytes:
    return size.to_bytes(4, "big") + name + bytes(max(size - 8, 0))


@pytest.fixture
def shortfall_of(tmp_path: Path) -> Callable[[bytes], Shortfall | None]:
    def find(content: bytes) -> Shortfall | None:
        path = tmp_path / "file"
        path.write_bytes(content)
        fd = os.open(path, os.O_RDONLY)
        try:
            return find_shortfall(fd, len(content))
        finally:
            os.close(fd)

    return find


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EBML + SEGMENT + b"\x01\x00\x00\x00\x00\x00\x03\xe8" + bytes(1000), id="matroska, whole"),
        pytest.param(
            EBML + SEGMENT + b"\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(10), id="matroska, live: size unknown"
        ),
        pytest.param(EBML + SEGMENT + b"\x43\xe8" + bytes(995), id="matroska, off by half a per cent"),
        pytest.param(EBML, id="matroska, header only"),
        pytest.param(EBML[:5], id="matroska, cut in its header"),
        pytest.param(box(b"ftyp", 16) + box(b"mdat", 500) + box(b"moov", 100), id="mp4, whole"),
        pytest.param(box(b"ftyp", 16) + b"\0\0\0\0mdat" + bytes(99), id="mp4, last box to the end"),
        pytest.param(box(b"ftyp", 16) + b"\0\0\0\1mdat" + (516).to_bytes(8, "big") + bytes(500), id="mp4, long size"),
        pytest.param(box(b"ftyp", 16) + b"\xff\xff\xff\xffjunk" + bytes(99), id="mp4, unknown box at the end"),
        pytest.param(box(b"ftyp", 16) + b"\0\0\0\4free" + bytes(99), id="mp4, impossible size"),
        pytest.param(box(b"ftyp", 16) + b"abc", id="mp4, crumbs at the end"),
        pytest.param(b"RIFF" + (104).to_bytes(4, "little") + b"AVI " + bytes(100), id="avi, whole"),
        pytest.param(b"anything else " * 9, id="no container"),
        pytest.param(b"", id="empty"),
    ],
)
def test_nothing_is_missed_where_nothing_is_missing(
    shortfall_of: Callable[[bytes], Shortfall | None], content: bytes
) -> None:
    assert shortfall_of(content) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(EBML + SEGMENT + b"\x43\xe8" + bytes(500), id="matroska"),
        pytest.param(box(b"ftyp", 16) + box(b"moov", 100) + box(b"mdat", 9000)[:500], id="mp4"),
        pytest.param(b"RIFF" + (9000).to_bytes(4, "little") + b"AVI " + bytes(100), id="avi"),
    ],
)
def test_a_download_that_stopped_is_noticed(shortfall_of: Callable[[bytes], Shortfall | None], content: bytes) -> None:
    found = shortfall_of(content)

    assert found is not None
    assert found.size_bytes == len(content) < found.declared_bytes


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1234, "1.23 kB"), (4_300_000_000, "4.3 GB"), (7 * 10**12, "7 TB")],
)
def test_sizes_are_readable(size_bytes: int, text: str) -> None:
    assert readable(size_bytes) == text
