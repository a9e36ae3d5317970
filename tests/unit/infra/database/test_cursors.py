"""Cursors say again what they were made of, and what is none of ours is refused with its own words."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.database import cursors

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(st.binary(), _TEXTS, _MOMENTS, st.uuids())
def test_a_cursor_says_again_what_it_was_made_of(key: bytes, text: str, at: datetime, last_id: UUID) -> None:
    assert cursors.decode(cursors.encode(key)) == key
    assert cursors.decode_text(cursors.encode_text(text)) == text
    assert cursors.decode_row(cursors.encode_row(text, last_id)) == (text, last_id)
    assert cursors.decode_moment(cursors.encode_moment(at, last_id)) == (at, last_id)


@pytest.mark.parametrize(
    "cursor",
    [
        "*",
        "YQ",
        cursors.encode(b"\xff"),
        cursors.encode_row("today", UUID(int=1)),
        cursors.encode_row("2026-11-30T00:00:00", UUID(int=1)),
    ],
)
def test_what_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="is no cursor of this list"):
        cursors.decode_moment(cursor)


@pytest.mark.parametrize("cursor", ["*", cursors.encode(b"\xff")])
def test_text_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="is no cursor of this list"):
        cursors.decode_text(cursor)
