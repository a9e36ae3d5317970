"""Cron expressions as River takes them, with seconds, and with every run exactly once when clocks change. Pure."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.given import check_type

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LEAP_YEARS_APART = 8
"""At most: from 2096 to 2104."""

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_PREFIX = re.compile(r"(?:CRON_TZ|TZ)=(\S+)\s+(.*)", re.DOTALL)
_PART = re.compile(r"(?:[*?]|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>[0-9]+))?", re.ASCII)
LONGEST_TEXT = 1000
"""Every second, minute, hour, day and month by its number are 508 characters."""
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s)")
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class InvalidSchedule(InvalidJob):
    """A schedule that cannot be read, or that could never run; the text names the part and what is allowed."""


@dataclass(frozen=True, slots=True)
class _Fields:
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: tuple[int, ...]
    weekdays: frozenset[int]
    needs_both_days: bool
    """Day of the month and day of the week must both fit; otherwise one of them is enough."""
    is_fixed: bool
    """Names a time of day; otherwise it recurs within the day or the hour."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule by cron expression: ``Cron("*/5 * * * *", zone="Europe/Berlin")``; call it with a time for the next.

    Five fields (minute, hour, day of month, month, day of week), or six with seconds first. Each holds ``*``, numbers,
    names (JAN, SUN), ranges and steps, separated by commas; Sunday is 0. When both days are restricted, one is enough.
    ``@hourly`` to ``@yearly`` and ``@every 1h30m`` are taken as well, and ``CRON_TZ=`` in front instead of ``zone``.

    Where clocks change, an expression with a fixed minute and hour runs exactly once: a time that is left out is run
    at the moment of the change, one that comes twice the first time. One with ``*`` there runs whenever the clock on
    the wall shows such a time.

    Raises:
        InvalidSchedule: the expression cannot be read or never fits, or the zone is unknown.
        TypeError: it is no text.
    """

    expression: str
    zone: str | None = None
    """An IANA name; None means UTC."""
    interval: timedelta | None = field(init=False, repr=False, compare=False)
    """Of ``@every``; None for all others."""
    _zone: tzinfo = field(init=False, repr=False, compare=False)
    _fields: _Fields | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_type("a cron expression", self.expression, str)
        zone, text = _split_zone(self.expression.strip(), self.zone)
        object.__setattr__(self, "_zone", _zone(zone))
        interval = _every(text.removeprefix("@every ")) if text.startswith("@every ") else None
        object.__setattr__(self, "interval", interval)
        object.__setattr__(self, "_fields", _parse(text) if interval is None else None)
        if self._fields is not None and _day_from(self._fields, date(2000, 1, 1)) is None:
            message = f"cron expression {self.expression!r} never runs: none of its months has such a day"
            raise InvalidSchedule(message)

    def __call__(self, after: datetime) -> datetime | None:
        """Return the first run later than ``after``, in UTC; None when the calendar ends before it.

        Raises:
            ValueError: ``after`` has no time zone.
        """
        if after.tzinfo is None:
            message = f"a time needs a time zone, got {after!r}"
            raise ValueError(message)
        try:
            if self._fields is None:
                return (after.astimezone(UTC) + (self.interval or DAY)).replace(microsecond=0)
            if self._fields.is_fixed:
                return _next_fixed(self._fields, self._zone, after)
            return _next_recurring(self._fields, self._zone, after.astimezone(UTC))
        except OverflowError:
            return None


# Times of day and days, by the clock on the wall


def _next_wall(fields: _Fields, wall: datetime) -> datetime | None:
    """Return the first fitting time later than ``wall``; both have no zone."""
    start = wall.replace(microsecond=0) + SECOND
    day = _day_from(fields, start.date())
    if day == start.date():
        found = _time_from(fields, start.time())
        if found is not None:
            return datetime.combine(day, found)
        day = _day_from(fields, day + DAY)
    if day is None:
        return None
    return datetime.combine(day, time(fields.hours[0], fields.minutes[0], fields.seconds[0]))


def _time_from(fields: _Fields, start: time) -> time | None:
    for hour in fields.hours:
        if hour < start.hour:
            continue
        for minute in fields.minutes:
            if (hour, minute) < (start.hour, start.minute):
                continue
            for second in fields.seconds:
                if (hour, minute, second) >= (start.hour, start.minute, start.second):
                    return time(hour, minute, second)
    return None


def _day_from(fields: _Fields, start: date) -> date | None:
    for year in range(start.year, min(start.year + LEAP_YEARS_APART, MAXYEAR) + 1):
        for month in fields.months:
            if (year, month) < (start.year, start.month):
                continue
            first = start.day if (year, month) == (start.year, start.month) else 1
            for number in range(first, monthrange(year, month)[1] + 1):
                day = date(year, month, number)
                if _fits(fields, day):
                    return day
    return None


def _fits(fields: _Fields, day: date) -> bool:
    in_month, in_week = day.day in fields.days, day.isoweekday() % 7 in fields.weekdays
    return (in_month and in_week) if fields.needs_both_days else (in_month or in_week)


# From the wall to moments


def _next_fixed(fields: _Fields, zone: tzinfo, after: datetime) -> datetime | None:
    """Every wall time has one moment, so each run comes once whatever the clocks do."""
    wall: datetime | None = after.astimezone(zone).replace(tzinfo=None)
    while wall is not None and (wall := _next_wall(fields, wall)) is not None:
        moment = _moment(zone, wall)
        # Not so where the hour is repeated: its runs were in the first pass.
        if moment > after:
            return moment
    return None


def _moment(zone: tzinfo, wall: datetime) -> datetime:
    """Return the first moment at which the clock shows ``wall``, or the one at which it leaves ``wall`` out."""
    with_old_offset = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    with_new_offset = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if with_old_offset <= with_new_offset:
        return with_old_offset
    return _change(zone, with_new_offset, with_old_offset)


def _next_recurring(fields: _Fields, zone: tzinfo, after: datetime) -> datetime | None:
    """Follow the clock on the wall from one change of its offset to the next."""
    offset = _offset(zone, after)
    while (wall := _next_wall(fields, (after + offset).replace(tzinfo=None))) is not None:
        moment = wall.replace(tzinfo=UTC) - offset
        look_until = min(moment, after + DAY)
        if _offset(zone, look_until) != offset:
            changed_at = _change(zone, after, look_until)
            offset = _offset(zone, changed_at)
            # The moment of the change itself may fit.
            after = changed_at - SECOND
        elif moment <= after + DAY:
            return moment
        else:
            # Nothing fits before the run's own neighbourhood, where clocks may have changed again.
            after = max(after + DAY, moment - 2 * DAY)
            offset = _offset(zone, after)
    return None


def _change(zone: tzinfo, start: datetime, end: datetime) -> datetime:
    """Return the first second after ``start`` that has the offset of ``end``, which is another than that of ``start``."""
    start = start.replace(microsecond=0)
    old = _offset(zone, start)
    while end - start > SECOND:
        middle = start + ((end - start) // SECOND // 2) * SECOND
        if _offset(zone, middle) == old:
            start = middle
        else:
            end = middle
    return end


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


# Reading


def _split_zone(text: str, zone: str | None) -> tuple[str | None, str]:
    found = _PREFIX.fullmatch(text)
    if found is None:
        return zone, text
    if zone is not None and zone != found[1]:
        message = f"cron expression {text!r} names its own time zone, so zone must not be {zone!r}"
        raise InvalidSchedule(message)
    return found[1], found[2]


def _zone(name: str | None) -> tzinfo:
    if name in (None, "UTC"):
        return UTC
    try:
        return ZoneInfo(str(name))
    # A name that is a path, or leads to a directory, is refused in ways of its own.
    except (KeyError, ValueError, OSError) as error:
        message = f"time zone {name!r} is not known here"
        raise InvalidSchedule(message) from error


def _every(text: str) -> timedelta:
    """Read a duration of Go's; River cuts it to seconds, and to one at least."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        message = f"@every needs a duration such as 1h30m or 90s, got {text!r}"
        raise InvalidSchedule(message)
    try:
        return max(timedelta(seconds=int(sum(float(number) * _UNITS_S[unit] for number, unit in parts))), SECOND)
    except OverflowError:
        message = f"@every {text} is too long"
        raise InvalidSchedule(message) from None


def _parse(text: str) -> _Fields:
    if len(text) > LONGEST_TEXT:
        message = f"a cron expression has at most {LONGEST_TEXT} characters, got {len(text)}"
        raise InvalidSchedule(message)
    columns = _SHORTHANDS.get(text.lower(), text).split()
    if len(columns) == 5:
        columns.insert(0, "0")
    if len(columns) != 6:
        message = f"a cron expression has 5 fields, or 6 with seconds first, got {len(columns)} in {text!r}"
        raise InvalidSchedule(message)
    seconds, minutes, hours, days, months, weekdays = columns
    return _Fields(
        seconds=_read("second", seconds, 0, 59),
        minutes=_read("minute", minutes, 0, 59),
        hours=_read("hour", hours, 0, 23),
        days=frozenset(_read("day of month", days, 1, 31)),
        months=_read("month", months, 1, 12, names=dict(zip(_MONTHS, range(1, 13), strict=True))),
        weekdays=frozenset(_read("day of week", weekdays, 0, 6, names=dict(zip(_WEEKDAYS, range(7), strict=True)))),
        needs_both_days=_is_open(days) or _is_open(weekdays),
        is_fixed=not any(part.startswith(("*", "?")) for part in f"{minutes},{hours}".split(",")),
    )


def _is_open(column: str) -> bool:
    """As in River's: a star restricts nothing, unless its step leaves days out."""
    return any(part in ("*", "?") or re.fullmatch(r"[*?]/0*1", part) for part in column.split(","))


def _read(name: str, column: str, least: int, most: int, *, names: Mapping[str, int] | None = None) -> tuple[int, ...]:
    values: set[int] = set()
    for part in column.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            message = f"{name} {part!r} is not a number, range or step"
            raise InvalidSchedule(message)
        step = int(found["step"] or 1)
        if step < 1:
            message = f"the step of {name} {part!r} must be at least 1"
            raise InvalidSchedule(message)
        low, high = _bounds(name, found, least, most, names or {})
        values.update(range(low, high + 1, step))
    return tuple(sorted(values))


def _bounds(name: str, found: re.Match[str], least: int, most: int, names: Mapping[str, int]) -> tuple[int, int]:
    if found["low"] is None:
        return least, most
    low = _number(found["low"], names)
    # River reads 10/5 as "from 10 on".
    alone = low if found["step"] is None else most
    high = alone if found["high"] is None else _number(found["high"], names)
    if low is None or high is None or not least <= low <= high <= most:
        message = f"{name} {found[0]!r} must be within {least} to {most}, low to high" + (
            f", or names such as {min(names, key=names.__getitem__)}" if names else ""
        )
        raise InvalidSchedule(message)
    return low, high


def _number(text: str, names: Mapping[str, int]) -> int | None:
    return int(text) if text.isdigit() else names.get(text.upper())
