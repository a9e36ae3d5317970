"""JSON as the command line and the HTTP API write it: fast, and with every integer exact."""

import json
from typing import Any

import orjson


def json_text(value: object, *, option: int | None = None) -> bytes:
    """Return ``value`` as JSON; ``option`` is orjson's.

    Raises:
        TypeError: a value has no JSON form.
    """
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        pass
    try:
        # It knows no integers beyond 64 bits; those of a job's arguments may have any size.
        return orjson.dumps(_with_digits(value), option=option)
    except TypeError:
        # Nor what is nested deeper than 254 times, which jsonb holds.
        return json.dumps(
            value,
            ensure_ascii=False,
            separators=(",", ":"),
            default=lambda one: orjson.loads(orjson.dumps(one, option=option)),
        ).encode()


def _with_digits(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int():
            return orjson.Fragment(str(value))
        case dict():
            return {key: _with_digits(item) for key, item in value.items()}
        case list() | tuple():
            return [_with_digits(item) for item in value]
    return value
