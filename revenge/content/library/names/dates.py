"""Find the day an episode was first shown, and the year of a film or series."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from revenge.content.library.names.tokens import Name

FIRST_YEAR = 1870
LAST_YEAR = 2039
"""Later numbers are titles: "Blade Runner 2049", "Cyberpunk 2077", "2160p". A constant, since a name's meaning must not change with the clock."""

_YEAR_FIRST = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([ .]|-| - )([0-9]{2}|(?<=-)[0-9])\2([0-9]{2}|(?<=-)[0-9])(?![0-9])"
)
_YEAR_LAST = re.compile(
    r"(?<![0-9])([0-3][0-9]|[0-9](?=-))([ .-])([0-3][0-9]|(?<=-)[0-9])\2((?:19|20)[0-9]{2})(?![0-9])"
)
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = {
    name[:length]: number for number, name in enumerate(_MONTH_NAMES.split(), start=1) for length in {3, len(name)}
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NAMED = re.compile(
    rf"(?<!\w)(?:([0-9]{{1,2}})(?:st|nd|rd|th)?[ .-]({_MONTH})[ .,-]{{1,2}}((?:19|20)[0-9]{{2}})"
    rf"|({_MONTH})[ .-]([0-9]{{1,2}})(?:st|nd|rd|th)?[ .,-]{{1,2}}((?:19|20)[0-9]{{2}})"
    rf"|((?:19|20)[0-9]{{2}})[ .-]({_MONTH})[ .-]([0-9]{{1,2}}))(?!\w)"
)
_PACKED = re.compile(r"(?<![^\W_])((?:19|20)[0-9]{2}|[0-2][0-9])([01][0-9])([0-3][0-9])(?![^\W_])")
_IN_BRACKETS = re.compile(r"[(\[] ?((?:1[89]|20)[0-9]{2})(?: ?[-–] ?(?:[0-9]{4}|present|)| ?, [^()\[\]]{1,40}|) ?[)\]]")
_RANGE_BEHIND = re.compile(r"[-–](?:[0-9]{2}|[0-9]{4})(?!\w)")
_AT_START = re.compile(r"[(\[] ?(?:1[89]|20)[0-9]{2} ?[)\]]")


class AirDate(NamedTuple):
    """A day in a name; ``day`` is ``None`` where day and month cannot be told apart."""

    day: date | None
    start: int
    end: int


class Year(NamedTuple):
    """A year in a name."""

    value: int
    start: int
    end: int
    bracketed: bool


def find_air_date(name: Name) -> AirDate | None:
    """Give the first calendar day that is written in a name."""
    if not name.letters.isdisjoint(_MONTHS) and (found := _named(name)):
        return found
    if len(name.numbers) < 3 and not any(len(word) in {6, 8} for word in name.numbers):
        return None
    for match in _YEAR_FIRST.finditer(name.flat):
        year, month, day = int(match[1]), int(match[3]), int(match[4])
        # Some release groups write the day before the month.
        if found := _dated(match, {_day(year, month, day) or _day(year, day, month)}):
            return found
    for match in _YEAR_LAST.finditer(name.flat):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if found := _dated(match, {_day(year, second, first), _day(year, first, second)}):
            return found
    return _packed(name)


def _dated(match: re.Match[str], orders: set[date | None]) -> AirDate | None:
    """Make an answer of the days that a match can mean; of two it says only that there is a day."""
    days = [day for day in orders if day is not None]
    return AirDate(days[0] if len(days) == 1 else None, match.start(), match.end()) if days else None


def _named(name: Name) -> AirDate | None:
    """Read ``20 April 2011``, ``Apr 20, 2011`` and ``2011 Apr 20``."""
    match = _NAMED.search(name.flat)
    if match is None:
        return None
    day, month, year = (
        next(part for part in parts if part)
        for parts in (match.group(1, 5, 9), match.group(2, 4, 8), match.group(3, 6, 7))
    )
    return _dated(match, {_day(int(year), _MONTHS[month], int(day))})


def _packed(name: Name) -> AirDate | None:
    """Read ``20140722`` and, where the rest agrees, ``140722``."""
    for match in _PACKED.finditer(name.flat, name.begin):
        year = int(match[1]) if len(match[1]) == 4 else 2000 + int(match[1])
        if name.inside(match.start()) or match.start() == name.begin:
            continue
        if found := _dated(match, {_day(year, int(match[2]), int(match[3]))}):
            return found
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_year(text: str) -> bool:
    """Tell whether four digits can be a year of release."""
    return len(text) == 4 and text.isdecimal() and text.isascii() and FIRST_YEAR <= int(text) <= LAST_YEAR


def find_years(name: Name) -> list[Year]:
    """List what can be years, in order. Bare numbers that begin the name are its title."""
    years: list[Year] = []
    if not any(len(word) == 4 for word in name.numbers):
        return years
    flat = name.flat
    taken: set[int] = set()
    if "(" in flat or "[" in flat:
        for match in _IN_BRACKETS.finditer(flat):
            if is_year(match[1]):
                years.append(Year(int(match[1]), match.start(), match.end(), bracketed=True))
                taken.update(range(match.start(), match.end()))
    for word, start, end in zip(name.words, name.starts, name.ends, strict=True):
        if (
            len(word) == 4
            and start > name.begin
            and start not in taken
            and is_year(word)
            and not _joined(flat, start, end)
        ):
            years.append(Year(int(word), start, end, bracketed=False))
    years.sort(key=lambda year: year.start)
    return years


def _joined(flat: str, start: int, end: int) -> bool:
    """Tell whether a number is part of a longer one: ``1999-2003``, ``3.1999``."""
    if _RANGE_BEHIND.match(flat, end):
        return True
    return start > 1 and flat[start - 1] in "-–#" and flat[start - 2].isdecimal()


def starts_with_year(name: Name) -> int | None:
    """Give the position behind a bracketed year that begins a name, as in ``(1995) Movie Name``."""
    match = _AT_START.match(name.flat, name.begin)
    return match.end() if match and name.flat[match.end() :].strip(" .-") else None
