"""Find season and episode where a name says outright that a number is one: ``S01E02``, ``1x02``, ``Staffel 1 Folge 2``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from revenge.content.library.names.numerals import (
    EPISODE,
    EPISODE_ALONE,
    EPISODE_BEHIND,
    EPISODE_WORDS,
    NUMBER_WORD,
    ORDINAL,
    ORDINALS,
    PART_WORDS,
    SEASON,
    SEASON_BEHIND,
    SEASON_WORDS,
    number,
)
from revenge.content.library.names.tokens import Name

MAX_RANGE = 300
"""Longer ranges are the two numbers, not all between them: a name of twenty letters must not become a huge list."""


class Numbering(NamedTuple):
    """Which episodes a name says, and where it says so."""

    season: int | None
    episodes: tuple[int, ...]
    start: int
    end: int
    absolute: tuple[int, ...] = ()
    sure: bool = True
    """Whether the form means episodes in any library, or only in one of series."""


class SeasonMark(NamedTuple):
    """A season that stands alone: ``S03``, ``Season 3``, ``3rd Season``."""

    season: int
    start: int
    end: int
    plain: bool
    """Whether the word before it means nothing else, as "Series" does in "World Series 10"."""


_STANDARD = re.compile(
    r"(?<!\w)[st]([0-9]{1,4})"
    r"(?:(?:[ .]{0,2}|[ .]?-[ .]?)(?:e|x ?e?)|[ .,]{0,2}ep(?:isode)?[ .]{0,2}|-ep(?:isode)?[ .]?)[ .]?"
    r"([0-9]{1,5})(?![0-9])"
)
_GLUED = re.compile(r"(?<=[^\W0-9])s([0-9]{2})e([0-9]{2,3})(?=[^\w]|e[0-9]|$)")
_CROSS = re.compile(
    r"(?<!\w)(?<![^0-9][0-9]\.)((?:19|20)[0-9]{2}|[0-9]{1,2})xe?(?!26[45])([0-9]{1,3})(?=[^\w]|v[0-9]|[xe][0-9]|$)"
)
_WORDS = re.compile(
    rf"(?<!\w)(?:{SEASON})[ .:#]{{0,2}}([0-9]{{1,4}})[ .,:;-]{{0,4}}(?:{EPISODE}|e|x)[ .:#]{{0,2}}([0-9]{{1,5}})(?![0-9pi])"
)
_WORDS_BEHIND = re.compile(
    rf"(?<!\w)([0-9]{{1,2}})(?:st|nd|rd|th|\.|ª|º)? ?(?:{SEASON_BEHIND})[ .,-]{{0,4}}"
    rf"(?:(?:{EPISODE}|e)[ .]{{0,2}}([0-9]{{1,4}})|([0-9]{{1,4}})\.? ?(?:{EPISODE_BEHIND})(?! ?[0-9]{{1,3}}(?!\w)))(?!\w)"
)
_CAP = re.compile(r"(?<!\w)cap(?:[ií]tulo)?s?[. ]{0,2}([0-9]{1,2})([0-9]{2})(?:[ -]([0-9]{1,2})([0-9]{2}))?(?![0-9])")
_ALONE = re.compile(
    rf"(?<!\w)(?:e([0-9]{{2,4}})|(?:{EPISODE_ALONE}|cap(?=[. ]?[0-9]{{1,2}}(?![0-9])))[ .:#]{{0,2}}([0-9]{{1,4}}))(?![0-9])(?!\.[0-9](?!\w))"
)
_BEHIND = re.compile(
    rf"(?<!\w)([0-9]{{1,4}})\.? ?(?:{EPISODE_BEHIND})(?!\w)|(?:第 ?)?([0-9]{{1,4}})(?:v[0-9])? ?[話话集回화]"
)
_PART = re.compile(
    rf"(?<!\w)(?:(?:part|pt|parte|partie|teil|deel|часть|episode)[ .]{{0,2}}([0-9]{{1,2}}|{NUMBER_WORD})(?!\w)(?: ?of ?[0-9]{{1,2}})?"
    r"|([0-9]{1,2})[ .]?of[ .]?[0-9]{1,3}(?!\w))"
)
_PACKED = re.compile(r"(?<!\w)([0-9]{1,2})([0-9]{2})([0-9]{2})(?!\w)")
_NEXT = re.compile(
    r"([ .]{0,2}(?:[-–~+&,]|-?to[ -]|bis |and )?[ .]{0,2})"
    r"(?:s([0-9]{1,4})[ .]?[ex]|([0-9]{1,4})x|ep?\.?|(x)(?!26[45]))([0-9]{1,5})(?![0-9])(?![a-df-uwyz])"
    r"|([-–]| ?[~+&] ?| )([0-9]{1,5})(?!\w)(?!\.[0-9](?!\w))"
)
_SEASON_ALONE = re.compile(
    rf"(?<!\w)(?:s((?:19|20)[0-9]{{2}}|[0-9]{{1,2}})|(?:{SEASON})[ .-]{{0,2}}([0-9]{{1,4}})|({ORDINAL})[ .]season|"
    rf"([0-9]{{1,2}})(?:\.|ª|º)? ?(?:{SEASON_BEHIND})|第 ?([0-9]{{1,2}}) ?[季期])(?!\w)"
)
_JOINTS = frozenset({"e", "ep", "episode", "x", "xe"})
_CROSSES = frozenset({"x", "xe"})
_ALSO_IN_TITLES = ("ser", "sér", "se.", "se ", "temp ", "temp.")
_ABSOLUTE_BEHIND = re.compile(r" ?(?:[\[(]|- ?)([0-9]{3,4})((?:-[0-9]{3,4}){0,8})(?= ?[\])]| ?-| ?\[|$| ?v[0-9])")
_ABSOLUTE_BEFORE = re.compile(r"(?: - |[ .-]{1,3})([0-9]{2,4})(?: - | ?[(\[])$")


def find_numbering(name: Name) -> Numbering | None:
    """Give the first and plainest numbering of a name, or ``None``."""
    for recognise in _RECOGNISERS:
        if found := recognise(name):
            return found
    return None


def _standard(name: Name) -> Numbering | None:
    if name.letters.isdisjoint(_JOINTS):
        return None
    match = _STANDARD.search(name.flat) or _GLUED.search(name.flat)
    return _with_absolute(name, _continued(name, match)) if match else None


def _cross(name: Name) -> Numbering | None:
    if name.letters.isdisjoint(_CROSSES):
        return None
    match = _CROSS.search(name.flat)
    return _with_absolute(name, _continued(name, match)) if match else None


def _words(name: Name) -> Numbering | None:
    if name.letters.isdisjoint(SEASON_WORDS) or name.letters.isdisjoint(EPISODE_WORDS):
        return None
    if match := _WORDS_BEHIND.search(name.flat):
        return Numbering(int(match[1]), (int(match[2] or match[3]),), match.start(), match.end())
    match = _WORDS.search(name.flat)
    return _continued(name, match) if match else None


def _cap(name: Name) -> Numbering | None:
    """Read Spanish ``Cap.402`` and ``Cap.111_120``: season and episode in one number."""
    if "cap" not in name.flat or not (match := _CAP.search(name.flat)):
        return None
    first, last = int(match[2]), int(match[4] or match[2])
    same = match[3] is None or match[3] == match[1]
    episodes = _filled([first, last]) if same and last > first else (first,)
    return Numbering(int(match[1]), episodes, match.start(), match.end())


def _alone(name: Name) -> Numbering | None:
    if name.letters.isdisjoint(EPISODE_WORDS) or not (match := _ALONE.search(name.flat)):
        return None
    first = int(match[1] or match[2])
    episodes, end = follow_episodes(name, first, None, match.end())
    sure = match[1] is not None or (match.group().startswith("ep") and not match.group().startswith("episode"))
    return Numbering(None, episodes, match.start(), end, absolute=episodes, sure=sure)


def _behind(name: Name) -> Numbering | None:
    if name.flat.isascii() and name.letters.isdisjoint(EPISODE_WORDS):
        return None
    if not (match := _BEHIND.search(name.flat)):
        return None
    episodes = (int(match[1] or match[2]),)
    return Numbering(None, episodes, match.start(), match.end(), absolute=episodes)


def find_part(name: Name, *, alone: bool) -> Numbering | None:
    """Read ``Part 2``, ``Part Two``, ``2 of 6``: an episode of a mini series, or a part of a film's title.

    Args:
        alone: whether it may be all that the name holds, as in ``Season 1/Part 2.mkv``.
    """
    if name.letters.isdisjoint(PART_WORDS):
        return None
    match = _PART.search(name.flat, name.begin)
    if not match or (match.start() == name.begin and not match[2] and not alone):
        return None
    value = number(match[1] or match[2])
    return Numbering(1, (value,), match.start(), match.end(), sure=False) if value else None


def _packed(name: Name) -> Numbering | None:
    """Read ``10708`` as season 1, episodes 7 and 8. Without two that follow each other it is a date or no numbering."""
    if not any(len(word) in {5, 6} for word in name.numbers):
        return None
    for match in _PACKED.finditer(name.flat, name.begin + 1):
        first, second = int(match[2]), int(match[3])
        if second == first + 1 and not name.inside(match.start()):
            return Numbering(int(match[1]), (first, second), match.start(), match.end())
    return None


_RECOGNISERS: tuple[Callable[[Name], Numbering | None], ...] = (
    _standard,
    _cross,
    _words,
    _cap,
    _alone,
    _behind,
    _packed,
)


def find_season(name: Name) -> SeasonMark | None:
    """Give the season that a name says without an episode."""
    if name.letters.isdisjoint(SEASON_WORDS) and name.flat.isascii():
        return None
    match = _SEASON_ALONE.search(name.flat, name.begin)
    if not match:
        return None
    plain = not match.group().startswith(_ALSO_IN_TITLES)
    if not plain and (match.start() <= name.begin or len(match[2] or "") > 2):
        return None
    digits = match[1] or match[2] or match[4] or match[5]
    return SeasonMark(int(digits) if digits else ORDINALS[match[3]], match.start(), match.end(), plain)


def _continued(name: Name, match: re.Match[str]) -> Numbering:
    season = int(match[1])
    episodes, end = follow_episodes(name, int(match[2]), season, match.end())
    return Numbering(season, episodes, match.start(), end)


def follow_episodes(name: Name, first: int, season: int | None, position: int) -> tuple[tuple[int, ...], int]:
    """Follow ``-E04``, ``x04``, ``-04``, ``_04``, `` - 1x04``, ``.S01E04`` from the first episode on."""
    numbers, joint = [first], ""
    while match := _NEXT.match(name.flat, position):
        sign = match[1] if match[5] else match[6]
        value = int(match[5] or match[7])
        again = match[2] or match[3]
        if value <= numbers[-1] or (again and season is not None and int(again) != season):
            break
        if match[7] and (value >= numbers[-1] + 100 or (sign == " " and name.text[match.start()] != "_")):
            break
        numbers.append(value)
        position = match.end()
        joint = "-" if match[6] or sign.strip(" .") not in {"", "+", "&", ",", "and"} else sign
    if len(numbers) == 2 and joint == "-":
        return _filled(numbers), position
    return tuple(numbers), position


def _filled(ends: list[int]) -> tuple[int, ...]:
    first, last = ends
    return tuple(range(first, last + 1)) if last - first <= MAX_RANGE else (first, last)


def _with_absolute(name: Name, numbering: Numbering) -> Numbering:
    """Add the absolute number that stands behind (``S01E05 - 017``, ``S01E05 [017]``) or before (``- 017 (S01E05)``)."""
    if behind := _ABSOLUTE_BEHIND.match(name.flat, numbering.end):
        more = [int(digits) for digits in behind[2].split("-") if digits]
        numbers = [int(behind[1]), *more]
        # A pair of numbers is the two ends of as many as there are episodes.
        absolute = _filled(numbers) if len(numbers) == 2 and numbers[0] < numbers[1] else tuple(numbers)
        return numbering._replace(absolute=absolute, end=behind.end())
    before = _ABSOLUTE_BEFORE.search(name.flat, max(name.begin, numbering.start - 12), numbering.start)
    if before and name.flat[numbering.start - 1] in "([" and before.start() > name.begin:
        return numbering._replace(absolute=(int(before[1]),), start=before.start())
    return numbering
