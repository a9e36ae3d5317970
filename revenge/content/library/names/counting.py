"""Find the episode in a number that stands there bare: ``Title - 12 [1080p]``, ``title.103.hdtv``, ``02.avi``.

A bare number may as well be a part of a title. Each place where one can stand has a rank, the best one wins, and what
else the name holds decides whether it is *sure*, that is, an episode even where nobody said that this is a series.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from revenge.content.library.names.dates import Year, is_year
from revenge.content.library.names.numbering import MAX_RANGE, Numbering, SeasonMark
from revenge.content.library.names.release import Mark
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import TV_SOURCES, Kind

_LINES = frozenset({"480", "576", "720", "1080", "2160"})
_COUNT = re.compile(r"([0-9]{1,4})(?:v[0-9])?$")
_RANGE = re.compile(r" ?[-–~+&] ?([0-9]{1,4})(?:v[0-9])?(?!\w)(?!\.[0-9](?!\w))")
_HALF = re.compile(r"\.[0-9](?:v[0-9])?(?!\w)")
_TWO_PARTS = re.compile(r"([0-9]{2})-([0-9]{2})(?=[ .-])(?! ?$)")


class Side(Enum):
    """What stands next to a number."""

    EDGE = auto()
    DASH = auto()
    GLUED_DASH = auto()
    BRACKET = auto()
    RELEASE = auto()
    TEXT = auto()


class Candidate(NamedTuple):
    """A bare number and its surroundings."""

    digits: str
    start: int
    end: int
    left: Side
    right: Side
    bracketed: bool

    @property
    def padded(self) -> bool:
        return len(self.digits) > 1 and self.digits[0] == "0"


class Surroundings(NamedTuple):
    """What else is known when a bare number is judged."""

    name: Name
    marks: list[Mark]
    years: list[Year]
    season_mark: SeasonMark | None
    folder_season: int | None
    in_series: bool
    """Whether the caller or a season folder said that this is an episode."""

    @property
    def fansub(self) -> bool:
        return self.name.group_first is not None or any(mark.term.kind is Kind.FANSUB for mark in self.marks)

    @property
    def television(self) -> bool:
        return any(mark.term.sure and mark.term.value in TV_SOURCES for mark in self.marks)

    def year_behind(self, position: int) -> bool:
        return any(year.start >= position for year in self.years)


def find_counted(around: Surroundings) -> Numbering | None:
    """Give the bare number that most probably is the episode, or ``None``."""
    if two := _season_dash_episode(around):
        return two
    ranked = [(rank, candidate) for candidate in _candidates(around) if (rank := _rank(candidate, around))]
    if not ranked:
        return None
    _, best = max(ranked, key=lambda item: item[0])
    if _splits(best, around):
        # ``103.104`` is read from its first number on.
        for candidate in reversed([candidate for _, candidate in ranked if candidate.end + 1 == best.start]):
            if int(candidate.digits) == int(best.digits) - 1:
                best = candidate
    return _as_numbering(best, around)


def _season_dash_episode(around: Surroundings) -> Numbering | None:
    """Read ``11-02 Title`` as season 11, episode 2, where no folder names the season."""
    match = _TWO_PARTS.match(around.name.flat)
    if not match or around.folder_season is not None or around.years:
        return None
    return Numbering(int(match[1]), (int(match[2]),), 0, match.end())


def _candidates(around: Surroundings) -> list[Candidate]:
    name = around.name
    release = {mark.start: mark for mark in around.marks}
    covered = {index for mark in around.marks if mark.term.sure for index in range(mark.first, mark.last + 1)}
    bracketed_years = {year.start + 1 for year in around.years if year.bracketed}
    found = []
    for index, word in enumerate(name.words):
        match = _COUNT.match(word)
        if not match or index in covered or name.starts[index] in bracketed_years:
            continue
        start, end = name.starts[index], name.ends[index]
        inside = name.inside(start)
        alone = inside is not None and not (name.flat[inside[0] + 1 : start] + name.flat[end : inside[1]]).strip(" .-#")
        if inside is not None and not (alone and name.flat[inside[0]] in "[【「"):
            continue
        if _decimal(name.flat, start, end) or (
            around.season_mark and around.season_mark.start <= start < around.season_mark.end
        ):
            continue
        right = Side.BRACKET if alone else _right(name.flat, end, release)
        found.append(Candidate(match[1], start, end, _left(name, start), right, bracketed=alone))
    return found


def _decimal(flat: str, start: int, end: int) -> bool:
    """Tell whether a number is one side of ``5.1`` or ``2.0``."""
    behind = (
        end + 1 < len(flat)
        and flat[end] == "."
        and flat[end + 1].isdecimal()
        and not flat[end + 2 : end + 3].isdecimal()
    )
    before = (
        start > 1
        and flat[start - 1] == "."
        and flat[start - 2].isdecimal()
        and not flat[max(0, start - 3) : start - 2].isdecimal()
    )
    return (behind or before) and end - start == 1


def _left(name: Name, start: int) -> Side:
    before = name.flat[name.begin : start]
    stripped = before.rstrip(" .#")
    if not stripped.strip(" .-[("):
        return Side.EDGE
    if stripped[-1] in "-–—:":
        return Side.GLUED_DASH if stripped == before and stripped[-1] != ":" else Side.DASH
    return Side.TEXT


def _right(flat: str, end: int, release: dict[int, Mark]) -> Side:
    position, length = end, len(flat)
    while position < length and flat[position] in " .,":
        position += 1
    if position == length:
        return Side.EDGE
    if position in release and (release[position].term.sure or release[position].term.kind is not Kind.OTHER):
        return Side.RELEASE
    if flat[position] in "[({【":
        return Side.BRACKET
    if flat[position] in "-–—":
        return Side.DASH if position > end else Side.GLUED_DASH
    return Side.TEXT


_CLOSED = frozenset({Side.EDGE, Side.BRACKET, Side.RELEASE})


def _rank(candidate: Candidate, around: Surroundings) -> int:
    """Say how well a number stands where people put episodes; 0 is not at all."""
    left, right = candidate.left, candidate.right
    if left is Side.EDGE:
        return _rank_at_start(candidate, around)
    if is_year(candidate.digits) and not candidate.bracketed and left is not Side.DASH:
        return 0
    if candidate.bracketed:
        return 90
    if candidate.digits in _LINES and left is not Side.DASH:
        return 0
    if left is Side.DASH:
        return 80 if right in _CLOSED or right is Side.DASH or _RANGE.match(around.name.flat, candidate.end) else 45
    if left is Side.GLUED_DASH:
        return 55 if right in _CLOSED else 0
    if right in _CLOSED or (right is Side.GLUED_DASH and _splits(candidate, around)):
        return 60
    if (candidate.padded and len(candidate.digits) < 4) or _RANGE.match(around.name.flat, candidate.end):
        return 50
    return (
        30
        if _splits(candidate, around) and (around.in_series or around.television)
        else 20
        if right is Side.DASH
        else 0
    )


def _rank_at_start(candidate: Candidate, around: Surroundings) -> int:
    if around.folder_season is not None:
        return 65
    if around.in_series:
        return 48
    return 40 if candidate.padded and candidate.right is not Side.GLUED_DASH else 0


def _splits(candidate: Candidate, around: Surroundings) -> bool:
    """Tell whether the number is season and episode in one, as ``103`` or ``1013`` in scene names."""
    digits = candidate.digits
    if len(digits) < 3 or int(digits[-2:]) == 0 or int(digits[:-2]) == 0 or is_year(digits):
        return False
    if around.folder_season is not None:
        return int(digits[:-2]) == around.folder_season
    if candidate.bracketed or candidate.left in {Side.DASH, Side.EDGE} or around.fansub:
        return False
    return not (around.season_mark and not around.name.flat[around.season_mark.end : candidate.start].strip(" .-"))


def _as_numbering(best: Candidate, around: Surroundings) -> Numbering:
    flat = around.name.flat
    sure = _is_sure(best, around)
    if _HALF.match(flat, best.end) and flat[best.end + 1] != "0":
        # 13.5 is a special between two episodes; it has no whole number of its own.
        return Numbering(0, (), best.start, best.end + 2, sure=sure)
    if _splits(best, around):
        return _split(best, around, sure=sure)
    episodes, end = _with_range(best, flat)
    season = around.folder_season
    if season is None and around.season_mark and around.season_mark.start < best.start:
        season = around.season_mark.season
    counted_through = around.folder_season is None or around.fansub
    return Numbering(season, episodes, best.start, end, absolute=episodes if counted_through else (), sure=sure)


def _split(best: Candidate, around: Surroundings, *, sure: bool) -> Numbering:
    flat, season, episodes, end = around.name.flat, int(best.digits[:-2]), [int(best.digits[-2:])], best.end
    # ``103.104``: the next number is of the same season and follows.
    while flat[end : end + 1] in {" ", ".", "-"}:
        following = f"{best.digits[:-2]}{episodes[-1] + 1:02d}"
        behind = end + 1 + len(following)
        if flat[end + 1 : behind] != following or flat[behind : behind + 1].isalnum():
            break
        episodes.append(episodes[-1] + 1)
        end = behind
    return Numbering(season, tuple(episodes), best.start, end, sure=sure)


def _with_range(best: Candidate, flat: str) -> tuple[tuple[int, ...], int]:
    first = int(best.digits)
    match = _RANGE.match(flat, best.end)
    if match and first < int(match[1]) <= first + MAX_RANGE:
        spaced = match.group()[0] == " " or match.group()[1] == " "
        rest = flat[match.end() :].lstrip(" .")
        if not spaced or (len(match[1]) == len(best.digits) and (not rest or rest[0] in "[(")):
            return tuple(range(first, int(match[1]) + 1)), match.end()
    return (first,), best.end


def _is_sure(best: Candidate, around: Surroundings) -> bool:
    """Decide whether a number is an episode although nobody said that this is a series."""
    if around.in_series:
        return True
    if around.year_behind(best.end) and not best.bracketed:
        return False
    if around.fansub and len(best.digits) > 1:
        return True
    if best.left is Side.EDGE:
        return best.padded
    if best.bracketed or best.left is Side.DASH:
        return len(best.digits) > 1
    if best.padded:
        return True
    if around.season_mark and around.season_mark.end <= best.start:
        return True
    return _splits(best, around) and (around.television or best.left is Side.GLUED_DASH) and not around.years
