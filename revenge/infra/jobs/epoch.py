"""Times as microseconds since 1970: what a row and a position are told in, whatever a connection thinks of dates."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(time: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the time, in UTC, so many microseconds after 1970.

    Raises:
        OverflowError: it is beyond the calendar.
    """
    return _EPOCH + timedelta(0, 0, microseconds)
