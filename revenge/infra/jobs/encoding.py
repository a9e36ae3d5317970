"""JSON as Go's encoding/json writes it: unique keys are hashes of these bytes, and rows look the same from both sides."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import AnyUrl, BaseModel, MongoDsn, NatsDsn, PostgresDsn, Secret, SecretBytes, SecretStr
from pydantic_core import MultiHostUrl, Url

_SHORT = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_ESCAPED = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\ud800-\udfff]')
_TEXTS = (
    PurePath,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    Url,
    MultiHostUrl,
    AnyUrl,
    MongoDsn,
    NatsDsn,
    PostgresDsn,
)
"""Values whose text pydantic reads again; the last four are the classes that its other URLs are made of."""
_EXPONENT_BELOW, _EXPONENT_FROM = 1e-6, 1e21
"""Outside of these Go writes a float with an exponent (Go: `encoding/json` `floatEncoder`)."""


def encode(value: Any) -> str:
    """Return ``value`` as compact JSON text, byte for byte as Go would write the same value.

    Times become RFC 3339 with the fraction's trailing zeros cut, timedeltas integer nanoseconds (Go: `time.Duration`),
    bytes base64, mappings objects in their own order; paths, times of day, addresses and URLs their text.

    Raises:
        TypeError: the value, or one inside it, has no JSON form, or is a secret.
        ValueError: a number is infinite or none.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # documented nowhere, and a fifth of what loads takes


def decode(text: str) -> Any:
    """Return what JSON ``text`` of a row says.

    Integers are exact, however large; one of more digits than Python reads, and what is nested deeper than it reads,
    stays text.
    """
    # Not orjson: it makes floats of integers beyond 64 bits. PostgreSQL's text has nothing around the value, so that the
    # scanner alone does: every row is read so.
    try:
        try:
            return _scan(text, 0)[0]
        except (ValueError, StopIteration):
            return json.loads(text, parse_int=_integer)
    except RecursionError:
        return text


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def encode_string(text: str) -> str:
    """Return ``text`` quoted and escaped as Go does, ``<``, ``>`` and ``&`` included."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def encode_time(moment: datetime) -> str:
    """Return RFC 3339 with ``Z`` for UTC and no trailing zeros in the fraction (Go: `time.RFC3339Nano`).

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    offset = moment.utcoffset()
    if offset is None:
        message = f"a time needs a time zone, got {moment!r}"
        raise ValueError(message)
    text = moment.replace(tzinfo=None, microsecond=0).isoformat()
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text + (_offset(offset) if offset else "Z")


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _write(value: Any, parts: list[str]) -> None:
    match value:
        case None:
            parts.append("null")
        case bool():
            parts.append("true" if value else "false")
        case Enum():
            _write(value.value, parts)
        case str():
            parts.append(encode_string(value))
        case int():
            parts.append(str(value))
        case float():
            parts.append(_float(value))
        case BaseModel():
            _write(value.model_dump(mode="python", by_alias=True), parts)
        case Mapping():
            _write_object(value, parts)
        case list() | tuple():
            _write_array(value, parts)
        case set() | frozenset():
            _write_array(sorted(value), parts)
        case _ if is_dataclass(value):
            _write_object({column.name: getattr(value, column.name) for column in fields(value)}, parts)
        case _:
            parts.append(_scalar(value))


def _write_object(value: Mapping[Any, Any], parts: list[str]) -> None:
    before = "{"
    for key, item in value.items():
        parts.append(before + encode_string(_key(key)) + ":")
        _write(item, parts)
        before = ","
    parts.append("}" if value else "{}")


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, bytes):
        message = f"bytes are no key of a JSON object: {key!r}"
        raise TypeError(message)
    return str(key)


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    before = "["
    for item in value:
        parts.append(before)
        _write(item, parts)
        before = ","
    parts.append("]" if value else "[]")


def _scalar(value: Any) -> str:
    match value:
        case datetime():
            return f'"{encode_time(value)}"'
        case date():
            return f'"{value.isoformat()}"'
        case timedelta():
            return str((value.days * 86_400 + value.seconds) * 1_000_000_000 + value.microseconds * 1000)
        case UUID() | time():
            return f'"{value}"'
        case bytes():
            return f'"{base64.b64encode(value).decode()}"'
        case Decimal() if not value.is_finite():
            message = f"JSON has no {value}"
            raise ValueError(message)
        case Decimal():
            return str(value)
        case _ if isinstance(value, _TEXTS):
            return encode_string(str(value))
        case Secret() | SecretStr() | SecretBytes():
            message = f"a {type(value).__name__} is not written: whoever reads the database, a log or the job would see the secret"
            raise TypeError(message)
    message = f"{type(value).__name__} has no JSON form: {value!r}"
    raise TypeError(message)


def _float(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        message = f"JSON has no {value}"
        raise ValueError(message)
    size = abs(value)
    text = repr(value)
    if size and (size < _EXPONENT_BELOW or size >= _EXPONENT_FROM):
        digits, _, exponent = text.partition("e")
        power = int(exponent)
        return f"{digits.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power)}"
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _SHORT.get(character) or f"\\u{ord(character):04x}"
