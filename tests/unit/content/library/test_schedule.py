"""When a library is due for a scan: its interval, and a jitter that is its own."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from revenge.content.library.models import LibraryType
from revenge.content.library.schedule import JITTER, Candidate, is_due, jitter

HOUR = timedelta(hours=1)


def candidate(**fields: Any) -> Candidate:
    wanted: dict[str, Any] = {
        "id": uuid4(),
        "name": "Films",
        "type": LibraryType.MOVIE,
        "interval": HOUR,
        "age": None,
        "is_scanned": False,
        "scan_on_startup": False,
    }
    return Candidate(**wanted | fields)


def test_library_that_was_never_scanned_is_due() -> None:
    assert is_due(candidate())


def test_library_without_an_interval_is_never_due() -> None:
    assert not is_due(candidate(interval=None))
    assert not is_due(candidate(interval=None, age=timedelta(days=1000)))


def test_library_is_due_after_its_interval_and_its_jitter() -> None:
    library = candidate()
    due = HOUR + jitter(library.id, HOUR)
    assert is_due(candidate(id=library.id, age=due))
    assert not is_due(candidate(id=library.id, age=due - timedelta(seconds=1)))


@given(st.uuids())
def test_jitter_is_a_library_s_own_and_within_bounds(library_id: UUID) -> None:
    assert timedelta(0) <= jitter(library_id, HOUR) <= HOUR * JITTER
    assert jitter(library_id, HOUR) == jitter(library_id, HOUR)


def test_libraries_are_not_all_due_at_one_moment() -> None:
    assert len({jitter(UUID(int=number), HOUR) for number in range(20)}) == 20
