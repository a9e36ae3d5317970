"""What an answer means, by its status and headers alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from revenge.infra.http.errors import CallFailed, NotThere, Refused, TooMany, Unavailable

UNSAID = timedelta(seconds=30)
"""How long a service is left alone that says 429 and not for how long."""
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(days=1)
"""Nobody's word makes us wait longer: then it is asked again."""
_AGAIN = (408, 425)
"""4xx that say nothing about the call itself: too slow, too early."""


def failure_of(service: str, what: str, status: int, headers: Mapping[str, str], *, now: datetime) -> CallFailed | None:
    """Return what the caller is to raise; None where the answer is what was asked for."""
    said = f"{what} answered {status}"
    wait = retry_after(headers, now=now)
    match status:
        case _ if 200 <= status < 300:
            return None
        case 404 | 410:
            return NotThere(service, said)
        case 429:
            return TooMany(service, said, retry_after=wait or UNSAID)
        case 503 if wait is not None:
            return TooMany(service, said, retry_after=wait)
        case _ if 400 <= status < 500 and status not in _AGAIN:
            return Refused(service, said, status=status)
        case _:
            return Unavailable(service, said)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return how long ``Retry-After`` asks for, given in seconds or as a date; None where it says nothing readable."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:10]), _LONGEST.total_seconds()))
    else:
        try:
            then = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
    return min(max(wait, _SHORTEST), _LONGEST)
