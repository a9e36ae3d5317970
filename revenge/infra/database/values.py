"""Text and JSON that came from outside, as PostgreSQL can hold them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson

_DEEPEST = 20


def in_calendar(moment: datetime) -> bool:
    """Return whether an aware time is one in UTC, too: the last hours of the year 9999 and the first of the year 1 may not be."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def clean_text(text: str) -> str:
    """Return ``text`` with U+FFFD for NUL, which PostgreSQL's text cannot hold, and for what is no UTF-8."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


def json_text(value: Any) -> str:
    """Return ``value`` as the text of a jsonb; what JSON does not know is written as text."""
    return orjson.dumps(_clean(value, 0)).decode()


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | float | datetime | date):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, str):
        return clean_text(value)
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [_clean(item, depth + 1) for item in value]
    return clean_text(str(value))
