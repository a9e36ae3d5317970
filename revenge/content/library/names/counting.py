"""Find the episode in a number that stands there bare: ``Title - 12 [1080p]``, ``title.103.hdtv``, ``02.avi``.

A bare number may as well be a part of a title. Each place where one can stand has a rank, the best one wins, and what
else the name holds decides whether it is *sure*, that is, an episode even where nobody said that this is a series.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from revenge.content.library.names.dates import Year, is_year
from revenge.content.library.names.numbering import MAX_RANGE, Numbering, SeasonMark
from revenge.content.library.names.places import CLOSED, Place, Side, find_places
from revenge.content.library.names.release import Mark
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import TV_SOURCES, Kind

_TWO_PARTS = re.compile(r"([0-9]{1,2})-([0-9]{2})(?=[ .-])(?! ?$)")
_LINES = frozenset({"480", "576", "720", "1080", "2160"})


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
    places = find_places(around.name, around.marks, around.years, around.season_mark)
    ranked = [(rank, place) for place in places if (rank := _rank(place, around))]
    if not ranked:
        return None
    _, best = max(ranked, key=lambda item: item[0])
    if _splits(best, around):
        # ``103.104`` is read from its first number on.
        for _, place in reversed(ranked):
            if place.end + 1 == best.start and int(place.digits) == int(best.digits) - 1:
                best = place
    return _as_numbering(best, around)


def _season_dash_episode(around: Surroundings) -> Numbering | None:
    """Read ``11-02 Title`` as season 11, episode 2, where no folder names the season."""
    match = _TWO_PARTS.match(around.name.flat)
    if not match or around.folder_season is not None or around.years:
        return None
    if len(match[1]) == 1 and not around.in_series:
        return None
    return Numbering(int(match[1]), (int(match[2]),), 0, match.end())


def _rank(place: Place, around: Surroundings) -> int:
    """Say how well a number stands where people put episodes; 0 is not at all."""
    left, right = place.left, place.right
    if left is Side.EDGE:
        return _rank_at_start(place, around)
    if place.bracketed:
        return 90
    if is_year(place.digits) and not (left is Side.DASH and (around.in_series or around.fansub)):
        return 0
    if left is Side.DASH:
        return 80 if right in CLOSED or right is Side.DASH else 45
    if place.digits in _LINES:
        return 0
    if left is Side.GLUED_DASH:
        return 55 if right in CLOSED else 0
    return _rank_in_text(place, around)


def _rank_in_text(place: Place, around: Surroundings) -> int:
    if place.right in CLOSED or (place.right is Side.GLUED_DASH and _splits(place, around)):
        return 60
    if place.last is not None or (place.padded and len(place.digits) < 4):
        return 50
    if _splits(place, around) and (around.in_series or around.television):
        return 30
    return 20 if place.right is Side.DASH else 0


def _rank_at_start(place: Place, around: Surroundings) -> int:
    if around.folder_season is not None:
        return 65
    if around.in_series:
        return 48
    return 40 if place.padded and place.right is not Side.GLUED_DASH else 0


def _splits(place: Place, around: Surroundings) -> bool:
    """Tell whether the number is season and episode in one, as ``103`` or ``1013`` in scene names."""
    digits = place.digits
    if len(digits) < 3 or place.last or int(digits[-2:]) == 0 or int(digits[:-2]) == 0 or is_year(digits):
        return False
    if around.folder_season is not None:
        return int(digits[:-2]) == around.folder_season
    if place.bracketed or place.left in {Side.DASH, Side.EDGE} or around.fansub:
        return False
    return not (around.season_mark and not around.name.flat[around.season_mark.end : place.start].strip(" .-"))


def _as_numbering(best: Place, around: Surroundings) -> Numbering:
    sure = _is_sure(best, around)
    if best.half:
        return Numbering(0, (), best.start, best.end, sure=sure)
    if _splits(best, around):
        return _split(best, around, sure=sure)
    first, last = int(best.digits), int(best.last or best.digits)
    episodes = tuple(range(first, last + 1)) if last - first <= MAX_RANGE else (first, last)
    season = around.folder_season
    if season is None and around.season_mark and around.season_mark.start < best.start:
        season = around.season_mark.season
    counted_through = around.folder_season is None or around.fansub
    return Numbering(season, episodes, best.start, best.end, absolute=episodes if counted_through else (), sure=sure)


def _split(best: Place, around: Surroundings, *, sure: bool) -> Numbering:
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


def _is_sure(best: Place, around: Surroundings) -> bool:
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
