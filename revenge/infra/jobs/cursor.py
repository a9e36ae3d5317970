"""List cursors that Go reads too: base64url with padding around a JSON object (River: `JobListCursor`)."""

import base64
import binascii
from datetime import datetime
from typing import NamedTuple

import orjson

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidCursor
from revenge.infra.jobs.models import JobOrder, JobRow
from revenge.infra.jobs.unique import YEAR_ONE

ZERO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time: the order is by id alone."""


class Cursor(NamedTuple):
    """Where a page ended."""

    id: int
    time: datetime | None
    """None where the order is by id alone, or the job has no such time."""


def encode_cursor(row: JobRow, *, order_by: JobOrder = JobOrder.ID, time: datetime | None = None) -> str:
    """Return the cursor of the page that follows ``row``; ``time`` is what it is ordered by."""
    text = encode(
        {
            "id": row.id,
            "kind": row.kind,
            "queue": row.queue,
            "sort_field": order_by.value,
            "time": ZERO_TIME if time is None else time,
        }
    )
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_cursor(cursor: str) -> Cursor:
    """Return where the page before ended.

    Raises:
        InvalidCursor: it is none of ours or Go's.
    """
    try:
        value = orjson.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError) as error:
        message = f"the cursor is not one that a list returned: {cursor[:80]!r}"
        raise InvalidCursor(message) from error
    found = value.get("id") if isinstance(value, dict) else None
    if type(found) is not int or not 0 <= found < 2**63:
        message = f"the cursor names no job: {cursor[:80]!r}"
        raise InvalidCursor(message)
    return Cursor(found, _time(value.get("time"), cursor))


def _time(text: object, cursor: str) -> datetime | None:
    message = f"the cursor's time is none: {cursor[:80]!r}"
    try:
        moment = datetime.fromisoformat(str(text or ZERO_TIME))
    except ValueError as error:
        raise InvalidCursor(message) from error
    if moment.tzinfo is None:
        raise InvalidCursor(message)
    return None if moment == YEAR_ONE else moment
