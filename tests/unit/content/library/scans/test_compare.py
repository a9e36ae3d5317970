"""The comparison of a walk with what is known: pure, in whatever pieces it comes."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.content.library.models import ScanType
from revenge.content.library.scans.compare import Chunk, Comparison, Known
from revenge.content.library.walk import WalkError, WalkEvent, WalkFile, WalkFolder, boundary


def file(path: str, size: int = 1, inode: int = 1, nfo: int | None = None) -> WalkFile:
    return WalkFile(path.encode(), size, 5, inode, nfo_mtime_ns=nfo)


def known(path: str, size: int = 1, inode: int = 1, *, missing: bool = False, nfo: int | None = None) -> Known:
    return Known(uuid4(), path.encode(), size, 5, inode, nfo, missing)


def compare(
    events: list[WalkEvent], rows: list[Known], scan_type: ScanType = ScanType.INCREMENTAL, *, trust: bool = True
) -> Chunk:
    (chunk,) = Comparison(scan_type, trust_inodes=trust, limit=100).chunks(events, rows, b"0")
    return chunk


def test_a_file_without_a_row_is_read_and_probed() -> None:
    (read,) = compare([file("/a")], []).reads
    assert (read.known, read.is_new_content, read.probe) == (None, True, True)


def test_a_row_without_a_file_is_gone_unless_it_is_missing_already() -> None:
    rows = [known("/a"), known("/b", missing=True), known("/c")]
    assert [row.path for row in compare([], rows).gone] == [b"/a", b"/c"]


@pytest.mark.parametrize("row", [known("/a", size=2), known("/a", inode=2)])
def test_another_size_or_inode_is_new_content(row: Known) -> None:
    (read,) = compare([file("/a")], [row]).reads
    assert (read.is_new_content, read.probe) == (True, True)


def test_an_inode_means_nothing_where_it_is_not_trusted() -> None:
    assert compare([file("/a")], [known("/a", inode=2)], trust=False).unchanged == 1


@pytest.mark.parametrize("row", [known("/a", missing=True), known("/a", nfo=3)])
def test_a_file_that_came_back_or_has_another_nfo_is_read_and_not_probed(row: Known) -> None:
    (read,) = compare([file("/a")], [row]).reads
    assert (read.is_new_content, read.probe) == (False, False)


@pytest.mark.parametrize(("scan_type", "probe"), [(ScanType.FULL, True), (ScanType.METADATA, False)])
def test_other_types_of_scan_read_what_did_not_change(scan_type: ScanType, probe: bool) -> None:
    (read,) = compare([file("/a")], [known("/a")], scan_type).reads
    assert (read.is_new_content, read.probe) == (False, probe)


def test_what_could_not_be_seen_is_not_gone() -> None:
    events: list[WalkEvent] = [WalkError(b"/a", "x", subtree=True), WalkError(b"/b.mkv", "x"), file("/c")]
    rows = [known("/a/1"), known("/a/2/3"), known("/a0"), known("/b.mkv"), known("/c")]
    chunk = compare(events, rows)
    assert [row.path for row in chunk.gone] == [b"/a0"]
    assert chunk.unchanged == 1


def test_what_could_not_be_seen_is_remembered_from_one_stretch_to_the_next() -> None:
    comparison = Comparison(ScanType.INCREMENTAL, limit=100)
    list(comparison.chunks([WalkError(b"/a", "x", subtree=True)], [], b"/a/5"))
    (chunk,) = comparison.chunks([], [known("/a/7")], b"/b")
    assert chunk.gone == []


_paths = st.lists(st.text("ab/!0", min_size=1, max_size=5).map(lambda text: f"/{text}"), unique=True, max_size=30)


@given(there=_paths, rows=_paths, limit=st.integers(1, 5), cuts=st.lists(st.integers(0, 30), max_size=3))
def test_pieces_make_no_difference(there: list[str], rows: list[str], limit: int, cuts: list[int]) -> None:
    events: list[WalkEvent] = sorted((file(path) for path in there), key=lambda event: event.path)
    events.insert(0, WalkFolder(b""))
    table = [known(path) for path in rows]
    comparison = Comparison(ScanType.INCREMENTAL, limit=limit)
    chunks: list[Chunk] = []
    start, begin = b"", 0
    for cut in [*sorted(cuts), len(events)]:
        stretch = events[begin:cut]
        end = b"\xff" if cut >= len(events) else boundary(stretch[-1]) if stretch else start
        chunks += comparison.chunks(stretch, [row for row in table if start <= row.path < end], end)
        start, begin = end, max(begin, cut)
    new = [read.file.path for chunk in chunks for read in chunk.reads]
    gone = [row.path for chunk in chunks for row in chunk.gone]
    there_bytes, row_bytes = {path.encode() for path in there}, {path.encode() for path in rows}
    assert new == sorted(there_bytes - row_bytes)
    assert gone == sorted(row_bytes - there_bytes)
    assert sum(chunk.unchanged for chunk in chunks) == len(there_bytes & row_bytes)
    assert all(len(chunk.reads) <= limit for chunk in chunks)


def test_a_chunk_ends_behind_the_file_that_fills_it() -> None:
    first, second = Comparison(ScanType.INCREMENTAL, limit=1).chunks([file("/a"), file("/b")], [], b"/z"), None
    ends = [chunk.end for chunk in first]
    assert second is None
    assert ends == [b"/a\0", b"/b\0", b"/z"]


def test_ids_are_kept() -> None:
    row = known("/a", size=2)
    (read,) = compare([file("/a")], [row]).reads
    assert read.known is not None
    assert isinstance(read.known.id, UUID)
    assert read.known.id == row.id
