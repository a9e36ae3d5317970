"""Ignore patterns mean what they mean in a .gitignore."""

import time

import pytest

from revenge.content.library.walk.ignore import IgnoreRules, check_pattern, is_ignored


def ignores(pattern: str, path: str, *, folder: bool = False) -> bool:
    rules = IgnoreRules(b"/r", pattern.encode().split(b"\n"))
    return is_ignored((rules,), b"/r/" + path.encode(), folder=folder)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a.mkv", "a.mkv"),
        ("a.mkv", "x/y/a.mkv"),
        ("A.MKV", "a.mkv"),
        ("*.avi", "x/b.avi"),
        ("/a.mkv", "a.mkv"),
        ("x/a.mkv", "x/a.mkv"),
        ("x/*.mkv", "x/a.mkv"),
        ("**/a.mkv", "x/y/a.mkv"),
        ("x/**", "x/y/z"),
        ("x/**/z", "x/z"),
        ("x/**/z", "x/a/b/z"),
        ("?.mkv", "a.mkv"),
        ("[ab].mkv", "b.mkv"),
        ("[!ab].mkv", "c.mkv"),
        (r"\#a", "#a"),
        (r"\!a", "!a"),
        (r"a\ ", "a "),
        ("a  ", "a"),
        ("[[]x].mkv", "[x].mkv"),
        ("*a*b*c", "xaxbxbc"),
        ("*.a*.b/c", "x.a.a.b/c"),
        ("a*/x*", "ab/xy"),
        ("é*", "étoile"),
    ],
)
def test_a_pattern_ignores(pattern: str, path: str) -> None:
    assert ignores(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/a.mkv", "x/a.mkv"),
        ("x/*.mkv", "x/y/a.mkv"),
        ("*.avi", "b.avi.mkv"),
        ("?.mkv", "/.mkv"),
        ("[!ab].mkv", "a.mkv"),
        ("a/", "a"),
        ("#a", "a"),
        ("", "a"),
        ("x/**", "x"),
        ("*a*b*c", "xaxcxb"),
        ("!a", "a"),
    ],
)
def test_a_pattern_leaves_alone(pattern: str, path: str) -> None:
    assert not ignores(pattern, path)


def test_a_slash_at_the_end_means_folders() -> None:
    assert ignores("a/", "x/a", folder=True)


def test_the_last_pattern_that_matches_decides() -> None:
    assert not ignores("*.mkv\n!a.mkv", "a.mkv")
    assert ignores("!a.mkv\n*.mkv", "a.mkv")


def test_inner_rules_come_before_outer_ones() -> None:
    chain = (IgnoreRules(b"/r", [b"a.mkv"]), IgnoreRules(b"/r/x", [b"!a.mkv"]))
    assert not is_ignored(chain, b"/r/x/a.mkv", folder=False)


def test_many_stars_take_no_time() -> None:
    rules = IgnoreRules(b"/r", [b"*a" * 40 + b"b", b"**/" * 9 + b"*a" * 20 + b"b", b"**/a/**/b"])
    begun = time.perf_counter()
    assert not is_ignored((rules,), b"/r/" + b"a/" * 200 + b"a" * 2000, folder=False)
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("pattern", [b"a" * 1001, b"**/a/" * 3 + b"a", b"[z-a]"])
def test_patterns_that_cannot_be_used_are_refused(pattern: bytes) -> None:
    with pytest.raises(ValueError, match="pattern"):
        check_pattern(pattern)
    assert not IgnoreRules(b"/r", [pattern])
