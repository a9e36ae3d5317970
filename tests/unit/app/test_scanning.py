"""What a scan on the command line means: which library, who works it."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from revenge.app.enqueue import fate_of
from revenge.app.scanning import AmbiguousLibrary, find_target, free_name, is_left
from revenge.content.library.models import Library, LibraryType
from revenge.content.library.ports import JobFate
from revenge.infra.jobs import JobRow, JobState, Progress, QueueInfo

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def library(number: int, *paths: bytes, name: str = "") -> Library:
    return Library(
        id=UUID(int=number),
        name=name or f"Library {number}",
        type=LibraryType.MOVIE,
        paths=paths,
        enabled=True,
        preferred_language="en",
        metadata_provider=None,
        scan_on_startup=False,
        realtime_monitoring=False,
        ignore_patterns=(),
        scanner_config={},
        created_at=NOW,
        updated_at=NOW,
    )


FILMS = library(1, b"/films", b"/mnt/more films")
SHOWS = library(2, b"/shows")


@pytest.mark.parametrize(
    ("paths", "scope"),
    [
        ([b"/films", b"/mnt/more films"], ()),
        ([b"/films"], (b"/films",)),
        ([b"/films/Alien (1979)"], (b"/films/Alien (1979)",)),
    ],
)
def test_path_within_a_library_means_that_library(paths: list[bytes], scope: tuple[bytes, ...]) -> None:
    target = find_target([FILMS, SHOWS], paths)
    assert target is not None
    assert (target.library, target.paths) == (FILMS, scope)


def test_whole_library_of_one_folder_is_scanned_as_a_whole() -> None:
    target = find_target([FILMS, SHOWS], [b"/shows"])
    assert target is not None
    assert target.paths == ()


@pytest.mark.parametrize("path", [b"/elsewhere", b"/films 2", b"/film", b"/"])
def test_path_in_no_library_means_a_new_one(path: bytes) -> None:
    assert find_target([FILMS, SHOWS], [path]) is None


@pytest.mark.parametrize("paths", [[b"/films", b"/shows"], [b"/films/a", b"/elsewhere"]])
def test_paths_of_several_libraries_are_refused(paths: list[bytes]) -> None:
    with pytest.raises(AmbiguousLibrary, match="one at a time"):
        find_target([FILMS, SHOWS], paths)


def test_new_library_is_called_like_its_folder_unless_another_is() -> None:
    assert free_name([b"/srv/films"], []) == "films"
    taken = [library(1, name="Films"), library(2, name="films 2")]
    assert free_name([b"/srv/films"], taken) == "films 3"
    assert free_name([b"/srv/caf\xe9"], []) == "caf\ufffd"
    assert free_name([os.fsencode("/srv/ ")], []) == "Library"


def test_name_made_of_a_folder_is_one_that_a_library_may_have() -> None:
    assert free_name([b"/srv/old\nfilms\x1b"], []) == "old films"
    assert free_name([b"/srv/\n"], []) == "Library"
    long = b"/srv/" + b"f" * 255
    first = free_name([long], [])
    second = free_name([long], [library(1, name=first)])
    assert len(first) < len(second) <= 200


def row(state: JobState, **fields: Any) -> JobRow:
    given: dict[str, Any] = {
        "id": 7,
        "kind": "movie_library_scan",
        "queue": "bulk",
        "state": state,
        "priority": 1,
        "attempt": 1,
        "max_attempts": 3,
        "args": {},
        "metadata": {},
        "tags": [],
        "created_at": NOW,
        "scheduled_at": NOW,
        "attempted_at": None,
        "finalized_at": None,
        "attempted_by": [],
        "errors": [],
    }
    return JobRow(**given | fields)


class FakeJobs:
    """A job that goes through ``states``, and a queue with so many workers."""

    def __init__(self, *states: JobState, workers: int, reports: int = 0) -> None:
        self._states = list(states)
        self._workers = workers
        self._reports = reports
        self._reported = 0

    async def progress(self, job_ids: Sequence[int]) -> dict[int, Progress]:
        self._reported = min(self._reported + 1, self._reports)
        report = Progress(
            phase="reading",
            current=self._reported,
            total=None,
            percent=None,
            message="",
            rate_per_s=None,
            eta_s=None,
            updated_at=NOW,
        )
        return dict.fromkeys(job_ids, report) if self._reports else {}

    async def get(self, job_id: int) -> JobRow:
        return row(self._states.pop(0) if len(self._states) > 1 else self._states[0])

    async def queues(self) -> list[QueueInfo]:
        return [
            QueueInfo(
                name="bulk",
                paused_at=None,
                counts={},
                oldest_wait_s=None,
                workers=self._workers,
                created_at=NOW,
                updated_at=NOW,
            )
        ]


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.elapsed = timedelta(0)

    def now(self) -> datetime:
        return NOW + self.elapsed

    def monotonic(self) -> float:
        return self.elapsed.total_seconds()

    async def sleep(self, duration: timedelta) -> None:
        self.elapsed += duration


async def test_job_that_nobody_serves_is_left_at_once() -> None:
    clock = FakeClock()
    assert await is_left(FakeJobs(JobState.AVAILABLE, workers=0), 7, clock=clock)
    assert clock.elapsed == timedelta(0)


async def test_job_that_a_server_takes_and_ends_is_not_left() -> None:
    jobs = FakeJobs(JobState.AVAILABLE, JobState.AVAILABLE, JobState.RUNNING, JobState.COMPLETED, workers=3)
    assert not await is_left(jobs, 7, clock=FakeClock())


async def test_job_that_busy_or_foreign_workers_do_not_take_is_left_after_a_while() -> None:
    clock = FakeClock()
    assert await is_left(FakeJobs(JobState.AVAILABLE, workers=3), 7, clock=clock)
    assert timedelta(seconds=1) < clock.elapsed < timedelta(seconds=5)


async def test_running_job_of_a_dead_node_is_left() -> None:
    assert await is_left(FakeJobs(JobState.RUNNING, workers=0), 7, clock=FakeClock())


async def test_running_job_that_stands_still_is_left_although_its_node_looks_alive() -> None:
    clock = FakeClock()
    assert await is_left(FakeJobs(JobState.RUNNING, workers=1, reports=20), 7, clock=clock)
    assert timedelta(seconds=20) < clock.elapsed < timedelta(seconds=30), "not while it moved, and soon after that"


async def test_job_that_has_ended_needs_nobody() -> None:
    assert not await is_left(FakeJobs(JobState.COMPLETED, workers=0), 7, clock=FakeClock())


@pytest.mark.parametrize(
    ("job", "fate"),
    [
        (row(JobState.AVAILABLE), JobFate.ALIVE),
        (row(JobState.RETRYABLE), JobFate.ALIVE),
        (row(JobState.RUNNING), JobFate.ALIVE),
        (row(JobState.RUNNING, metadata={"cancel_attempted_at": "2026-01-01T00:00:00Z"}), JobFate.CANCELLED),
        (row(JobState.CANCELLED), JobFate.CANCELLED),
        (row(JobState.COMPLETED), JobFate.ENDED),
        (row(JobState.DISCARDED), JobFate.ENDED),
    ],
    ids=lambda value: value.state.value if isinstance(value, JobRow) else value.name,
)
def test_fate_of_a_scan_s_job(job: JobRow, fate: JobFate) -> None:
    assert fate_of(job) is fate
