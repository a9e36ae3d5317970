"""JSON as the command line and the HTTP API write it: fast, and with every integer exact."""

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
        # It knows no integers beyond 64 bits; those of a job's arguments may have any size.
        return orjson.dumps(_with_digits(value), option=option)


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
