"""JSON has the bytes that Go's encoding/json writes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path, PureWindowsPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, HttpUrl, NatsDsn, PostgresDsn, SecretBytes, SecretStr, TypeAdapter

from revenge.infra.jobs.encoding import decode, encode


@dataclass
class Counts:
    seen: int
    errors: tuple[str, ...]


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 2


class Renamed(BaseModel):
    title: str = Field(alias="titleOf")


NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-9, "-1.5e-9"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (0.1, "0.1"),
        (123456789.125, "123456789.125"),
        ('<a href="x">&amp;</a>', '"\\u003ca href=\\"x\\"\\u003e\\u0026amp;\\u003c/a\\u003e"'),
        ("\b\f\n\r\t\x00\x1f\x7f", '"\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"'),
        ("\u2028é😀/", '"\\u2028é😀/"'),
        ("\udcff", '"\ufffd"'),
        (datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC), '"2026-01-02T03:04:05.5Z"'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))), '"2026-01-02T03:04:05+05:30"'),
        (timedelta(days=1), "86400000000000"),
        (timedelta(microseconds=-1), "-1000"),
        (UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
        (b"\xff\x00", '"/wA="'),
        ({"z": 1, "a": [None, True, {}]}, '{"z":1,"a":[null,true,{}]}'),
        (Counts(2, ("x",)), '{"seen":2,"errors":["x"]}'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (Colour.RED, '"red"'),
        (Level.HIGH, "2"),
        ({Colour.RED: Level.HIGH}, '{"red":2}'),
        (Renamed(titleOf="It"), '{"titleOf":"It"}'),
    ],
)
def test_values_look_as_go_writes_them(value: Any, text: str) -> None:
    assert encode(value) == text


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        [Decimal("-Infinity")],
        object(),
        {"a": {1j}},
        NAIVE,
        {b"a": 1},
    ],
)
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Path("/films/é.mkv"), '"/films/é.mkv"'),
        (PureWindowsPath("c:\\films"), '"c:\\\\films"'),
        (time(3, 4), '"03:04:00"'),
        (time(3, 4, 5, 600, tzinfo=UTC), '"03:04:05.000600+00:00"'),
        (ip_address("1.2.3.4"), '"1.2.3.4"'),
        (ip_address("::1"), '"::1"'),
        (ip_network("10.0.0.0/8"), '"10.0.0.0/8"'),
        (ip_interface("10.0.0.1/8"), '"10.0.0.1/8"'),
        (ip_network("fe80::/64"), '"fe80::/64"'),
        (ip_interface("fe80::1/64"), '"fe80::1/64"'),
        (AnyUrl("http://x/y?a=1&b"), '"http://x/y?a=1\\u0026b"'),
        (HttpUrl("https://x"), '"https://x/"'),
        (PostgresDsn("postgres://a@x,y/z"), '"postgres://a@x,y/z"'),
        (NatsDsn("nats://x:1"), '"nats://x:1"'),
    ],
)
def test_what_has_a_text_is_written_as_it_and_read_again(value: Any, text: str) -> None:
    assert encode(value) == text
    assert TypeAdapter(type(value)).validate_json(text) == value


@pytest.mark.parametrize("secret", [SecretStr("hush"), SecretBytes(b"hush")])
def test_a_secret_is_refused_without_saying_it(secret: Any) -> None:
    with pytest.raises(TypeError, match="whoever reads the database") as raised:
        encode({"a": [secret]})
    assert "hush" not in str(raised.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_every_json_value_survives(value: Any) -> None:
    assert decode(encode(value)) == value


def test_what_python_does_not_read_stays_text() -> None:
    digits, deep = "9" * 5000, "[" * 5000 + "]" * 5000
    assert decode(f'{{"n":{digits},"i":{10**400}}}') == {"n": digits, "i": 10**400}
    assert decode(deep) == deep
    assert decode(f"[{digits},{deep}]") == f"[{digits},{deep}]"
