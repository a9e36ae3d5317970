"""Arguments of jobs that people give, over HTTP or at a prompt: what no row can hold and no kind knows is refused there."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from revenge.infra.jobs import JobArgs

_HALF = re.compile("[\ud800-\udfff]")

Place = tuple[str | int, ...]
"""Keys and positions that lead into a JSON value."""


def read_args(args_type: type[JobArgs], args: Mapping[str, Any]) -> JobArgs:
    """Return ``args`` as those of a kind: nothing is converted, and keys that it does not know are refused.

    Rows are read more kindly, since another program's version may have written them.

    Raises:
        pydantic.ValidationError: the arguments do not fit.
    """
    takes_all = args_type.model_config.get("extra") == "allow"
    return args_type.model_validate_json(json.dumps(args), strict=True, extra=None if takes_all else "forbid")


def find_unstorable(value: object) -> tuple[Place, str] | None:
    """Return where in a JSON value something is that PostgreSQL's jsonb cannot hold, and what; None when all is well."""
    waiting: list[tuple[Place, object]] = [((), value)]
    while waiting:
        place, each = waiting.pop()
        match each:
            case str() if (reason := _unstorable_text(each)) is not None:
                return place, reason
            case float() if not math.isfinite(each):
                return place, "is a number that JSON does not have"
            case dict():
                for key in each:
                    if isinstance(key, str) and (reason := _unstorable_text(key)) is not None:
                        return (*place, key), f"has a key that {reason}"
                waiting += (((*place, key), item) for key, item in reversed(each.items()))
            case list():
                waiting += reversed([((*place, number), item) for number, item in enumerate(each)])
    return None


def pointer(place: Place) -> str:
    """Return a place as a JSON pointer (RFC 6901); half a character, which no answer can hold, becomes U+FFFD."""
    parts = (_HALF.sub("\ufffd", str(part)).replace("~", "~0").replace("/", "~1") for part in place)
    return "".join("/" + part for part in parts)


def _unstorable_text(text: str) -> str | None:
    if "\x00" in text:
        return r"holds a NUL character (\u0000), which the database cannot hold"
    return "holds half a character (a lone surrogate), which the database cannot hold" if _HALF.search(text) else None
