"""Numbers, dates and ids as they are written in NFO files; None for what makes no sense."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_MAX_ID: Final = 2**31 - 1

_IMDB_ID = re.compile(r"(?:tt)?(\d{5,10})", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,6}(\.\d{0,9})?", re.ASCII)
_HOURS = re.compile(r"(\d{1,2})\s*h(?:ours?|r?s?)?\W*(?:(\d{1,2})\s*m)?", re.IGNORECASE | re.ASCII)


def number(value: str | None, *, most: int) -> int | None:
    text = (value or "").strip()
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= most else None


def provider_id(value: str | None) -> int | None:
    """Return a positive id of TMDb or TheTVDB."""
    # The columns are four bytes wide; no provider counts that far.
    return number(value, most=_MAX_ID) or None


def imdb_id(value: str | None) -> str | None:
    """Return an IMDb id as IMDb writes it; its ``tt`` may be missing."""
    match = _IMDB_ID.fullmatch((value or "").strip().lower())
    return f"tt{match[1]:0>7}" if match and int(match[1]) else None


def year(value: str | None) -> int | None:
    found = number((value or "")[:4], most=2200)
    return found if found and found >= 1870 else None


def day(value: str | None) -> date | None:
    try:
        return date.fromisoformat((value or "")[:10])
    except ValueError:
        return None


def minutes(value: str | None) -> int | None:
    """Read ``120``, ``120 min`` and ``2h 5m``."""
    text = (value or "").strip()
    if match := _HOURS.match(text):
        return int(match[1]) * 60 + int(match[2] or 0) or None
    match = _NUMBER.match(text)
    return number(match[0], most=10_000) or None if match else None


def decimal(value: str | None) -> float | None:
    text = (value or "").strip().replace(",", ".")
    return float(text) if _DECIMAL.fullmatch(text) else None


def votes(value: str | None) -> int | None:
    return number(re.sub(r"[.,\s]", "", value or ""), most=_MAX_ID)
