"""Whatever a path holds, the reader answers, in bounded work."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge.content.library.names import MediaType, ParsedName, read_name
from revenge.content.library.names.folders import read_folder

_PIECES = [
    "S01E02", "s1e", "1x02", "x04", "-E05", "-06", "Season 2", "Staffel", "E12", "Part 2", "cd1", " - ", ".", "_", "/", "\\", " / ",
    "(", ")", "[", "]", "{", "}", "2019", "(2019)", "2019.01.02", "140722", "103", "104", "720p", "BluRay", "x264", "WEB-DL", "-GRP",
    "{tmdb-603}", "tt0133093", "{edition-", "www.a.com", "sample", "-trailer", "第", "話", "Bölüm", "½", "İ", "ß", "\u0301", "\x00", "'",
]  # fmt: skip
# A busy machine may stop any example for a while; work is bounded by counting it, below.
_unhurried = settings(deadline=None)
_MEDIA = [None, *MediaType]


@_unhurried
@given(st.binary(max_size=600), st.sampled_from(_MEDIA))
def test_any_bytes_are_answered(path: bytes, media: MediaType | None) -> None:
    assert isinstance(read_name(path, media=media), ParsedName)


@_unhurried
@given(st.text(max_size=300), st.sampled_from(_MEDIA))
def test_any_text_is_answered(path: str, media: MediaType | None) -> None:
    assert isinstance(read_name(path, media=media), ParsedName)


@_unhurried
@given(st.text(st.characters(categories=["Cs", "L", "N", "P"]), max_size=60), st.sampled_from(_MEDIA))
def test_what_is_read_can_be_stored_as_text(path: str, media: MediaType | None) -> None:
    (read_name(path, media=media).title or "").encode()


@_unhurried
@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join), st.sampled_from(_MEDIA))
def test_any_mix_of_what_recognisers_look_for_is_answered(path: str, media: MediaType | None) -> None:
    got = read_name(path, media=media)
    assert list(got.episodes) == sorted(set(got.episodes))
    if media is MediaType.MOVIE:
        assert got.media in {MediaType.MOVIE, MediaType.EXTRA}


@_unhurried
@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_bytes_and_text_of_one_path_read_the_same(path: str) -> None:
    assert read_name(path) == read_name(path.encode())


def _steps(path: str, media: MediaType | None) -> int:
    """Count the calls and lines of Python that reading takes: a measure that no busy machine disturbs."""
    read_folder.cache_clear()
    steps = 0

    def count(*_: object) -> object:
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)  # type: ignore[arg-type]  # a tracer may return itself; the stub's type cannot say so
    try:
        read_name(path, media=media)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize(
    "piece",
    [*_PIECES, "((", "[]", "a.", "1 ", "1-", "E1-", "x1", "01", "- 1 ", "1x1-", "S1E1.", "aka ", "(2010) ", "[1] "],
)
@pytest.mark.parametrize("media", [None, MediaType.MOVIE, MediaType.EPISODE])
def test_work_grows_no_faster_than_the_name(piece: str, media: MediaType | None) -> None:
    short, longer = _steps(piece * (100 // len(piece)), media), _steps(piece * (200 // len(piece)), media)
    assert longer <= 2.6 * short + 400


@pytest.mark.parametrize("piece", ["a", "S01E01", "(", "a/", "1-", "\\x", ". "])
def test_work_is_bounded_for_endless_names(piece: str) -> None:
    assert _steps(piece * (1_000_000 // len(piece)), None) < 20_000


def test_name_in_the_bytes_of_western_windows_is_read() -> None:
    got = read_name("/films/Amélie (2001).mkv".encode("cp1252"))
    assert (got.title, got.year) == ("Amélie", 2001)


def test_surrogates_of_undecodable_names_are_read_as_their_bytes() -> None:
    path = b"/films/Am\xe9lie (2001).mkv"
    assert read_name(path.decode("utf-8", "surrogateescape")) == read_name(path)


def test_composed_and_decomposed_letters_read_the_same() -> None:
    assert read_name("Ame\u0301lie (2001).mkv") == read_name("Amélie (2001).mkv")
