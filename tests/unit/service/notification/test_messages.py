"""What agents are told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from revenge.service.notification.catalogue import CATALOGUE, Urgency
from revenge.service.notification.messages import LONGEST_BODY, LONGEST_TITLE, compose
from revenge.service.notification.models import Event


def _event(type_: str = "movie.added", **data: Any) -> Event:
    return Event(id=uuid7(), type=type_, occurred_at=datetime(2026, 1, 2, tzinfo=UTC), data=data)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"title": "Alien", "year": 1979}, "Alien (1979)"),
        ({"series": "Lost", "season": 1, "episode": 2, "title": "Pilot"}, "Lost S01E02 Pilot"),
        ({"library_name": "Films", "library_id": "42", "added": 3, "error": None}, "Films\nAdded: 3"),
        ({"kind": "mail", "count": 2, "job_ids": [1, 2], "error": "no disk"}, "mail\nCount: 2\nError: no disk"),
        ({"counts": {"added": 1, "missing": 0}, "done": True}, "Counts: added 1, missing 0\nDone: yes"),
        ({}, "New film"),
    ],
)
def test_body_says_what_it_is_about_and_leaves_ids_to_programs(data: dict[str, Any], body: str) -> None:
    assert compose([_event(**data)]).body == body


def test_many_are_one_message_that_names_some() -> None:
    """W44: numbers are told as they were sent, whatever the key is called."""
    message = compose([_event(title=f"Film {number}") for number in range(20)])
    assert message.title == "20 new films"
    assert message.body.splitlines()[0] == "- Film 0"
    assert message.body.splitlines()[-1] == "and 5 more"
    assert len(message.ids) == 20


def test_nobody_s_phone_rings_because_of_a_file_s_name() -> None:
    body = compose([_event(title="@everyone <@123> look, a@b.example")]).body
    assert "@everyone" not in body
    assert "<@123>" not in body
    assert "a@b.example" in body


@pytest.mark.parametrize("type_", sorted(CATALOGUE))
@pytest.mark.parametrize("count", [1, 500])
def test_message_is_short_enough_for_one_request(type_: str, count: int) -> None:
    message = compose([_event(type_, title="x" * 5000, notes="y\n" * 5000) for _ in range(count)])
    assert 0 < len(message.title) <= LONGEST_TITLE
    assert 0 < len(message.body) <= LONGEST_BODY


def test_failures_are_pressing() -> None:
    assert compose([_event("library.scan_failed")]).urgency is Urgency.FAILURE
