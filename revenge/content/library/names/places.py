"""List the bare numbers of a name, each with what stands next to it."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from revenge.content.library.names.dates import Year, is_year
from revenge.content.library.names.numbering import SeasonMark
from revenge.content.library.names.release import Mark
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import Kind

_COUNT = re.compile(r"([0-9]{1,4})(?:v[0-9])?$")
_RANGE = re.compile(r" ?[-–~+&] ?([0-9]{1,4})(?:v[0-9])?(?!\w)(?!\.[0-9](?!\w))")
_FRACTION = re.compile(r"\.([0-9])(?:v[0-9])?(?!\w)")
_SIGNS = " .,"


class Side(Enum):
    """What stands next to a number."""

    EDGE = auto()
    DASH = auto()
    """A dash between spaces, a colon or a number sign: what follows is set apart."""
    GLUED_DASH = auto()
    BRACKET = auto()
    RELEASE = auto()
    TEXT = auto()


CLOSED = frozenset({Side.EDGE, Side.BRACKET, Side.RELEASE})


class Place(NamedTuple):
    """A bare number and where it stands."""

    digits: str
    last: str | None
    """The digits of the other end, if it is a range such as ``01-12``."""
    start: int
    end: int
    left: Side
    right: Side
    bracketed: bool
    half: bool
    """Whether it goes on as in ``13.5``, a special between two episodes."""

    @property
    def padded(self) -> bool:
        return len(self.digits) > 1 and self.digits[0] == "0"


def find_places(name: Name, marks: list[Mark], years: list[Year], season: SeasonMark | None) -> list[Place]:
    """Give the numbers of up to four digits that are no part of anything else that was recognised."""
    if not any(word[0].isdecimal() for word in name.words):
        return []
    releases = {mark.start: mark.term.sure or mark.term.kind is not Kind.OTHER for mark in marks}
    covered = {index for mark in marks if mark.term.sure for index in range(mark.first, mark.last + 1)}
    taken = {year.start + 1 for year in years if year.bracketed}
    places = []
    for index, word in enumerate(name.words):
        start = name.starts[index]
        if not (match := _COUNT.match(word)) or index in covered or start in taken:
            continue
        if season is not None and season.start <= start < season.end:
            continue
        if (
            index
            and name.ends[index - 1] == start - 1
            and _COUNT.match(name.words[index - 1])
            and _continues(name.flat, start, match[1])
        ):
            continue
        if place := _place(name, match[1], start, name.ends[index], releases):
            places.append(place)
    return places


def _place(name: Name, digits: str, start: int, end: int, releases: dict[int, bool]) -> Place | None:
    flat = name.flat
    fraction = _FRACTION.match(flat, end)
    if fraction and (fraction[1] == "0" or len(digits) == 1):
        return None
    if fraction:
        return Place(digits, None, start, fraction.end(), _left(name, start), Side.BRACKET, bracketed=False, half=True)
    last, behind = _range(flat, digits, end)
    bracketed = False
    if inside := name.inside(start):
        rest = flat[inside[0] + 1 : start] + flat[behind : inside[1]]
        if rest.strip(" .-#") or (flat[inside[0]] in "(（" and last is None):
            return None
        bracketed = True
    right = Side.BRACKET if bracketed else _right(flat, behind, releases)
    return Place(digits, last, start, behind, _left(name, start), right, bracketed, half=False)


def _continues(flat: str, start: int, digits: str) -> bool:
    """Tell whether a number right behind another is the second of ``11-12`` or of ``13.5``."""
    return flat[start - 1] in "-–~+&" or (flat[start - 1] == "." and len(digits) == 1)


def _range(flat: str, digits: str, end: int) -> tuple[str | None, int]:
    match = _RANGE.match(flat, end)
    if not match or int(match[1]) <= int(digits) or is_year(match[1]):
        return None, end
    rest = flat[match.end() :].lstrip(" .")
    spaced = " " in match.group()
    if spaced and (len(match[1]) != len(digits) or (rest and rest[0] not in "[(")):
        return None, end
    return match[1], match.end()


def _left(name: Name, start: int) -> Side:
    before = name.flat[name.begin : start]
    stripped = before.rstrip(" .")
    if not stripped.strip(" .-[(#"):
        return Side.EDGE
    match stripped[-1]:
        case "#" | ":":
            return Side.DASH
        case "-" | "–" | "—":
            return Side.GLUED_DASH if stripped == before else Side.DASH
        case _:
            return Side.TEXT


def _right(flat: str, end: int, releases: dict[int, bool]) -> Side:
    position, length = end, len(flat)
    while position < length and flat[position] in _SIGNS:
        position += 1
    if position == length:
        return Side.EDGE
    if releases.get(position):
        return Side.RELEASE
    if flat[position] in "[({【":
        return Side.BRACKET
    if flat[position] in "-–—":
        return Side.DASH if position > end else Side.GLUED_DASH
    return Side.TEXT
