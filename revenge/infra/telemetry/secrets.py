"""Keep secrets out of what is written down."""

import re
from collections.abc import Mapping, Sequence, Set

MASK = "***"

_KEY = re.compile(
    r"(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|credential|(?:^|[_-])(?:pass|pwd))s?$",
    re.IGNORECASE,
)
_HARMLESS = (bool, int, float, type(None))
_DEEPEST = 8

_WITHIN = (
    # postgresql://user:password@host; the password may hold an @ that should have been encoded
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/?#@]*:)[^\s/?#]*(?=@)", re.IGNORECASE), rf"\g<keep>{MASK}"),
    # ?api_key=..., password='...', X-Plex-Token: ...
    (
        re.compile(
            r"(?P<keep>\b[\w-]*(?:password|passwd|secret|token|api[_-]?key)[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s&,;\"']+)",
            re.IGNORECASE,
        ),
        rf"\g<keep>{MASK}",
    ),
    (re.compile(r"(?P<keep>\bauthorization[\"']?\s*[=:]\s*[\"']?)[^\"',;\r\n]+", re.IGNORECASE), rf"\g<keep>{MASK}"),
    (re.compile(r"(?P<keep>\bbearer\s+)[\w.~+/=-]{12,}", re.IGNORECASE), rf"\g<keep>{MASK}"),
)


def is_secret_key(key: str) -> bool:
    """Tell whether what is kept under ``key`` is nobody's business."""
    return _KEY.search(key) is not None


def mask_text(text: str) -> str:
    """Return ``text`` without the passwords and keys of addresses and headers in it."""
    for pattern, replacement in _WITHIN:
        text = pattern.sub(replacement, text)
    return text


def mask(value: object, *, key: str = "", depth: int = 0) -> object:
    """Return ``value`` with every secret in it replaced, whatever it is nested in; numbers under any key stay."""
    if isinstance(value, _HARMLESS):
        return value
    if is_secret_key(key):
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {str(name): mask(item, key=str(name), depth=depth + 1) for name, item in value.items()}
    if isinstance(value, bytes | bytearray):
        return mask_text(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Sequence | Set):
        return [mask(item, depth=depth + 1) for item in value]
    return mask_text(str(value))
