"""A position of the events is text that says where to go on, and nothing else is taken for one."""

from datetime import UTC, datetime

import pytest

from revenge.infra.jobs import InvalidCursor
from revenge.infra.jobs.watching import Position


def test_a_position_is_read_as_it_was_written() -> None:
    position = Position(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), 42)
    assert position.encode() == "1767323045678901-42"
    assert Position.decode(position.encode()) == position


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-2-3", "1" * 18 + "-1", "١-1"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor, match="position"):
        Position.decode(text)


def test_an_id_beyond_all_is_the_last_one() -> None:
    assert Position.decode("1-" + "9" * 19).last_id == 2**63 - 1
