"""Making text that comes out of strangers' files fit to store and to show."""

from __future__ import annotations

import re

# Control characters (a terminal obeys some, PostgreSQL refuses NUL) and halves of surrogate pairs.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
_UNFIT_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")


def clean_text(value: str | None, *, limit: int = 500, lines: bool = False) -> str | None:
    """Return ``value`` without control characters, cut at ``limit``; None when nothing is left.

    With ``lines`` line feeds are kept.
    """
    kept = (_UNFIT_BUT_LINES if lines else _UNFIT).sub(" ", value or "").strip()
    return kept[:limit].strip() or None
