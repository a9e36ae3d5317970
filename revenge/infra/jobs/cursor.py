"""List cursors that Go reads too: base64url with padding around a JSON object (River: `JobListCursor`)."""

import base64
import binascii

import orjson

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidCursor
from revenge.infra.jobs.models import JobRow

ZERO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time: the order is by id alone."""


def encode_cursor(row: JobRow) -> str:
    """Return the cursor of the page that follows ``row``."""
    text = encode({"id": row.id, "kind": row.kind, "queue": row.queue, "sort_field": "id", "time": ZERO_TIME})
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_cursor(cursor: str) -> int:
    """Return the id that a cursor names.

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
    return found
