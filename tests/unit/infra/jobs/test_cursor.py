"""Cursors that lists give and take, in Go's form."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.jobs import InvalidCursor, JobRow, JobState
from revenge.infra.jobs.cursor import decode_cursor, encode_cursor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(id: int) -> JobRow:
    return JobRow(
        id=id,
        kind="act<>",
        queue="default",
        state=JobState.AVAILABLE,
        priority=1,
        attempt=0,
        max_attempts=25,
        args={},
        metadata={},
        tags=[],
        created_at=NOW,
        scheduled_at=NOW,
        attempted_at=None,
        finalized_at=None,
        attempted_by=[],
        errors=[],
    )


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_the_id_it_was_made_of(id: int) -> None:
    assert decode_cursor(encode_cursor(row(id))) == (id, None)


def test_it_has_gos_keys_and_order() -> None:
    shape = orjson.loads(base64.urlsafe_b64decode(encode_cursor(row(7))))
    assert list(shape.items()) == [
        ("id", 7),
        ("kind", "act<>"),
        ("queue", "default"),
        ("sort_field", "id"),
        ("time", "0001-01-01T00:00:00Z"),
    ]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "no base64!",
        "é",
        encoded(b"no json"),
        encoded(b"[1]"),
        encoded(b"{}"),
        encoded(b'{"id":"7"}'),
        encoded(b'{"id":-1}'),
        encoded(b'{"id":9223372036854775808}'),
        encoded(b'{"id":1.5}'),
        encoded(b'{"id":true}'),
        encoded(b'{"id":7}').rstrip("="),
        encoded(b'{"id":7,"time":"yesterday"}'),
        encoded(b'{"id":7,"time":"2026-01-02T03:04:05"}'),
    ],
)
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor)


@given(st.text())
def test_no_text_is_more_than_refused(cursor: str) -> None:
    with suppress(InvalidCursor):
        assert decode_cursor(cursor).id >= 0
