"""Durations and times as people type them on the command line."""

import re
from datetime import UTC, datetime, timedelta

import typer

from revenge.infra.limits import LONGEST

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,6})?")


def duration(text: str) -> timedelta:
    """Return the duration of ``5m``, ``1h30m``, ``2d``, ``250ms``, or a bare number of seconds.

    Raises:
        BadParameter: it is none of these, or longer than a hundred years.
    """
    from revenge.app.durations import parse_duration

    try:
        found = timedelta(seconds=float(text)) if _SECONDS.fullmatch(text) else parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if found > LONGEST:
        message = f"{text!r} is too long a duration: at most {LONGEST.days}d"
        raise typer.BadParameter(message)
    return found


def moment(text: str) -> datetime:
    """Return an RFC 3339 time, in UTC.

    Raises:
        BadParameter: it is none, or it does not say its distance from UTC.
    """
    try:
        found = datetime.fromisoformat(text)
        known = None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        known = None
    if known is None:
        message = f"{text!r} is no RFC 3339 time: write 2026-01-31T18:00:00Z or 2026-01-31T18:00:00+01:00"
        raise typer.BadParameter(message)
    return known
