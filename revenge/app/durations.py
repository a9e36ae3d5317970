"""Durations as people write them: 30s, 5m, 1h30m, 7d."""

import re
from datetime import timedelta

SYNTAX = "a duration such as 250ms, 30s, 5m, 1h30m or 7d"

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_WHOLE = re.compile("".join(rf"(?:(?P<{unit}>\d{{1,9}}(?:\.\d{{1,6}})?){unit})?" for unit in _UNITS))


def parse_duration(text: str) -> timedelta:
    """Return the duration that ``text`` says: numbers with units, the larger unit first, each at most once.

    Raises:
        ValueError: it says none; a bare number has no unit and is none either.
    """
    found = _WHOLE.fullmatch(text.strip().lower())
    given = {unit: number for unit, number in found.groupdict().items() if number} if found else {}
    if not given:
        raise ValueError(f"{text!r} is not {SYNTAX}")
    try:
        return sum((_UNITS[unit] * float(number) for unit, number in given.items()), timedelta(0))
    except OverflowError:
        raise ValueError(f"{text!r} is longer than can be counted") from None


def format_duration(duration: timedelta) -> str:
    """Return ``duration`` in that writing, in the largest units that are exact; parsing it gives it back to the millisecond."""
    left = round(duration / _UNITS["ms"])
    words = []
    for unit, size in _UNITS.items():
        if unit == "w":  # 7d is plainer
            continue
        count, left = divmod(left, size // _UNITS["ms"])
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"
