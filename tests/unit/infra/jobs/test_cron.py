"""Cron expressions: as River's own parser reads them, and once for each run where clocks change."""

import bisect
import functools
import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenge.infra.jobs.cron import Cron, InvalidSchedule

GOLDENS = json.loads((Path(__file__).parent / "cron_goldens.json").read_text())
MINUTE = timedelta(minutes=1)


def runs(cron: Cron, after: str, count: int) -> list[str]:
    """Return the next runs, as the clock in the schedule's zone shows them."""
    moment, found = datetime.fromisoformat(after), []
    zone = ZoneInfo(cron.zone or "UTC")
    for _ in range(count):
        following = cron(moment)
        assert following is not None
        assert following > moment
        moment = following
        found.append(f"{moment.astimezone(zone):%m-%d %H:%M%z}")
    return found


@pytest.mark.parametrize(("expression", "after", "following"), GOLDENS["runs"])
def test_runs_are_those_of_rivers_parser(expression: str, after: str, following: list[str]) -> None:
    cron, moment = Cron(expression), datetime.fromisoformat(after)
    for expected in following:
        found = cron(moment)
        assert found == datetime.fromisoformat(expected)
        moment = datetime.fromisoformat(expected)


@pytest.mark.parametrize("expression", GOLDENS["refused"])
def test_what_rivers_parser_refuses_is_refused(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        Cron(expression)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("* * * *", "a cron expression has 5 fields, or 6 with seconds first, got 4"),
        ("60 * * * *", "minute '60' must be within 0 to 59, low to high"),
        ("* * * * 7", "day of week '7' must be within 0 to 6, low to high, or names such as SUN"),
        ("* * * JANUARY *", "month 'JANUARY' must be within 1 to 12, low to high, or names such as JAN"),
        ("*/0 * * * *", "the step of minute '\\*/0' must be at least 1"),
        ("1,,2 * * * *", "minute '' is not a number, range or step"),
        ("٣ * * * *", "minute '٣' is not a number"),
        ("60 * * * * *", "^second '60' must be within 0 to 59, low to high$"),
        ("* 5-24 * * *", "^hour '5-24' must be within 0 to 23, low to high$"),
        ("* * 32 * *", "^day of month '32' must be within 1 to 31, low to high$"),
        ("x-5 * * * *", "^minute 'x-5' must be within 0 to 59, low to high$"),
        ("@every 1h30", "got '1h30'"),
        ("@every soon", "@every needs a duration such as 1h30m or 90s, got 'soon'"),
        ("@every 99999999999999h", "@every 99999999999999h is too long"),
        ("0 0 30 2 *", "never runs: none of its months has such a day"),
        ("0 0 31 2,4,6,9,11 ?", "never runs"),
        (f"{'9' * 5000} * * * *", "at most 1000 characters, got 5008"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(expression: str, text: str) -> None:
    with pytest.raises(InvalidSchedule, match=text):
        Cron(expression)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "/etc/passwd", "../zoneinfo/UTC", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidSchedule, match="is not known here"):
        Cron("* * * * *", zone=zone)


def test_a_zone_in_the_expression_is_used_and_may_not_contradict() -> None:
    assert Cron("CRON_TZ=Europe/Berlin 0 3 * * *")(datetime(2026, 7, 1, tzinfo=UTC)) == datetime(
        2026, 7, 1, 1, tzinfo=UTC
    )
    assert Cron("TZ=Asia/Tokyo @daily")(datetime(2026, 7, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert Cron("CRON_TZ=Europe/Berlin 0 3 * * *", zone="Europe/Berlin").zone == "Europe/Berlin"
    with pytest.raises(InvalidSchedule, match="names its own time zone"):
        Cron("TZ=Asia/Tokyo @daily", zone="Europe/Berlin")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        Cron("* * * * *")(datetime(2026, 1, 1))  # noqa: DTZ001 - the very thing


def test_the_result_is_utc_whatever_zone_the_question_is_in() -> None:
    after = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    assert Cron("0 * * * *")(after) == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert (Cron("0 * * * *")(after) or after).tzinfo is UTC


def test_after_the_last_day_of_the_calendar_there_is_no_run() -> None:
    assert Cron("0 0 1 1 *")(datetime(9999, 6, 1, tzinfo=UTC)) is None
    assert Cron("@every 24h")(datetime(9999, 12, 31, 23, tzinfo=UTC)) is None
    assert Cron("*/5 * * * *")(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


def test_a_leap_day_is_waited_for_over_a_century_without_one() -> None:
    assert runs(Cron("0 0 29 2 *"), "2095-01-01T00:00:00Z", 2) == ["02-29 00:00+0000"] * 2
    assert Cron("0 0 29 2 *")(datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2104, 2, 29, tzinfo=UTC)


# Clocks go forward: 2026-03-29 02:00 in Berlin, 2026-03-08 02:00 in New York. Back: 10-25 03:00, 11-01 02:00.


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        ("Europe/Berlin", "2026-03-28T00:00:00Z", ["03-28 02:30+0100", "03-29 03:00+0200", "03-30 02:30+0200"]),
        ("America/New_York", "2026-03-07T00:00:00Z", ["03-07 02:30-0500", "03-08 03:00-0400", "03-09 02:30-0400"]),
        ("Europe/Berlin", "2026-10-24T12:00:00Z", ["10-25 02:30+0200", "10-26 02:30+0100", "10-27 02:30+0100"]),
    ],
)
def test_a_daily_run_comes_once_a_day_when_clocks_change(zone: str, after: str, expected: list[str]) -> None:
    assert runs(Cron("30 2 * * *", zone=zone), after, 3) == expected


def test_a_repeated_hour_runs_a_fixed_time_only_the_first_time() -> None:
    cron = Cron("30 1 * * *", zone="America/New_York")
    assert runs(cron, "2026-10-31T12:00:00Z", 2) == ["11-01 01:30-0400", "11-02 01:30-0500"]
    # Asked in the second pass, before its half past.
    assert runs(cron, "2026-11-01T06:10:00Z", 1) == ["11-02 01:30-0500"]


def test_times_left_out_together_run_once() -> None:
    cron = Cron("0,15,30,45 2,3 * * *", zone="Europe/Berlin")
    assert runs(cron, "2026-03-29T00:59:00Z", 3) == ["03-29 03:00+0200", "03-29 03:15+0200", "03-29 03:30+0200"]


def test_a_recurring_run_follows_real_time_through_a_repeated_hour() -> None:
    assert runs(Cron("*/30 * * * *", zone="Europe/Berlin"), "2026-10-24T23:45:00Z", 6) == [
        *("10-25 02:00+0200", "10-25 02:30+0200", "10-25 02:00+0100", "10-25 02:30+0100"),
        *("10-25 03:00+0100", "10-25 03:30+0100"),
    ]
    assert runs(Cron("@hourly", zone="America/New_York"), "2026-11-01T04:30:00Z", 3) == [
        *("11-01 01:00-0400", "11-01 01:00-0500", "11-01 02:00-0500"),
    ]


def test_a_recurring_run_skips_times_that_are_left_out() -> None:
    assert runs(Cron("*/30 * * * *", zone="America/New_York"), "2026-03-08T06:15:00Z", 3) == [
        *("03-08 01:30-0500", "03-08 03:00-0400", "03-08 03:30-0400"),
    ]


def test_a_day_that_begins_an_hour_late_has_its_midnight_run_then() -> None:
    # Chile goes forward at midnight.
    assert runs(Cron("@daily", zone="America/Santiago"), "2026-09-05T12:00:00Z", 2) == [
        *("09-06 01:00-0300", "09-07 00:00-0300"),
    ]


def test_a_change_is_found_although_the_next_run_is_months_away() -> None:
    # From winter, over summer, to the second of two equal hours: the first of them is meant.
    assert runs(Cron("* 2 25 10 *", zone="Europe/Berlin"), "2026-01-01T00:00:00Z", 1) == ["10-25 02:00+0200"]
    assert runs(Cron("30 2 25 10 *", zone="Europe/Berlin"), "2026-01-01T00:00:00Z", 1) == ["10-25 02:30+0200"]


# Everything, against a clock that is read minute by minute.

CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    ("Asia/Kolkata", datetime(2026, 1, 1, tzinfo=UTC)),  # none, and half an hour off
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a day left out
]


@functools.cache
def walls(zone: str, around: datetime) -> list[tuple[datetime, datetime]]:
    """Return each minute of the days around a change, and what the clock shows in it."""
    start = around - timedelta(days=2)
    moments = [start + index * MINUTE for index in range(6 * 24 * 60)]
    return [(moment, moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for moment in moments]


def expected_runs(
    zone: str, around: datetime, minutes: list[int], hours: list[int], *, is_fixed: bool
) -> list[datetime]:
    shown = walls(zone, around)
    if not is_fixed:
        return [moment for moment, wall in shown if wall.minute in minutes and wall.hour in hours]
    first: dict[datetime, datetime] = {}
    for moment, wall in shown:
        first.setdefault(wall, moment)
    days = sorted({wall.date() for _, wall in shown})
    days = [days[0] + timedelta(days=index) for index in range((days[-1] - days[0]).days + 1)]
    found = set()
    for day, hour, minute in product(days, hours, minutes):
        wanted = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - on the wall
        if wanted in first:
            found.add(first[wanted])
        elif shown[0][1] < wanted < shown[-1][1]:
            found.add(next(moment for moment, wall in shown if wall > wanted))
    return sorted(found)


@settings(max_examples=150, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    minutes=st.lists(st.integers(0, 59), min_size=1, max_size=4, unique=True),
    hours=st.one_of(st.none(), st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True)),
    start=st.integers(0, 4 * 24 * 3600 * 1000),
)
def test_the_next_run_is_the_first_that_the_clock_on_the_wall_would_give(
    change: tuple[str, datetime], minutes: list[int], hours: list[int] | None, start: int
) -> None:
    zone, around = change
    expression = f"{','.join(map(str, minutes))} {','.join(map(str, hours)) if hours else '*'} * * *"
    after = around - timedelta(days=1, hours=20) + timedelta(milliseconds=start)
    expected = expected_runs(zone, around, minutes, hours or list(range(24)), is_fixed=hours is not None)
    following = bisect.bisect_right(expected, after)
    found = Cron(expression, zone=zone)(after)
    assert found is not None
    assert found > after
    if following < len(expected):
        assert found == expected[following]


def column(least: int, most: int) -> st.SearchStrategy[tuple[str, set[int]]]:
    """Return texts of a field, with what they mean."""
    number = st.integers(least, most).map(lambda value: (str(value), {value}))
    bounds = st.tuples(st.integers(least, most), st.integers(least, most), st.integers(1, most)).map(
        lambda found: (
            f"{min(found[:2])}-{max(found[:2])}/{found[2]}",
            set(range(min(found[:2]), max(found[:2]) + 1, found[2])),
        )
    )
    step = st.integers(2, most).map(lambda by: (f"*/{by}", set(range(least, most + 1, by))))
    part = st.one_of(number, bounds, step)
    return st.lists(part, min_size=1, max_size=3).map(
        lambda parts: (",".join(text for text, _ in parts), set[int]().union(*(values for _, values in parts)))
    )


@settings(max_examples=200, deadline=None)
@given(
    second=column(0, 59),
    minute=column(0, 59),
    hour=column(0, 23),
    day=column(1, 31),
    month=column(1, 12),
    weekday=column(0, 6),
    after=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds it
)
def test_the_next_run_is_later_and_fits_the_expression(
    second: tuple[str, set[int]],
    minute: tuple[str, set[int]],
    hour: tuple[str, set[int]],
    day: tuple[str, set[int]],
    month: tuple[str, set[int]],
    weekday: tuple[str, set[int]],
    after: datetime,
) -> None:
    cron = Cron(" ".join(text for text, _ in (second, minute, hour, day, month, weekday)))
    found = cron(after)
    assert found is not None
    assert found > after
    assert found.second in second[1]
    assert found.minute in minute[1]
    assert found.hour in hour[1]
    assert found.month in month[1]
    assert found.day in day[1] or found.isoweekday() % 7 in weekday[1]
    # Nothing fits in between: asked from a moment before it, the answer is the same.
    assert cron(found - timedelta(microseconds=1)) == found
    assert cron(after + (found - after) / 2) == found


@pytest.mark.parametrize("minute", [3, 30, 47])
def test_a_time_that_is_left_out_runs_at_the_very_second_of_the_change(minute: int) -> None:
    run = Cron(f"{minute} 2 * * *", zone="Europe/Berlin")(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert run == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_run_between_a_change_and_where_the_old_clock_would_have_put_it_is_not_passed_over() -> None:
    run = Cron("30 */3 * * *", zone="Europe/Berlin")(datetime(2026, 3, 29, 0, tzinfo=UTC))
    assert run == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_question_mark_recurs_as_a_star_does() -> None:
    assert runs(Cron("0 ? * * *", zone="Europe/Berlin"), "2026-10-24T23:30:00+00:00", 3) == [
        "10-25 02:00+0200",
        "10-25 02:00+0100",
        "10-25 03:00+0100",
    ]


def test_an_expression_may_have_a_thousand_characters() -> None:
    text = "00 0 * * " + ",".join(["1"] * 496)
    assert len(text) == 1000
    monday = datetime(2026, 1, 5, tzinfo=UTC)
    assert Cron(text)(datetime(2026, 1, 2, 12, tzinfo=UTC)) == monday
