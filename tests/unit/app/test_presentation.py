"""A job in JSON is what contract.md says, whoever shows it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from revenge.app.presentation import job_to_json, path_to_json, queue_to_json, time_to_json
from revenge.infra.jobs import AttemptError, JobRow, JobState, QueueInfo
from revenge.infra.jobs.progress import Progress
from tests.fakes.jobs import START, FakeJobs

CONTRACT = [
    "id",
    "kind",
    "queue",
    "state",
    "priority",
    "attempt",
    "max_attempts",
    "args",
    "metadata",
    "tags",
    "created_at",
    "scheduled_at",
    "attempted_at",
    "finalized_at",
    "attempted_by",
    "errors",
    "output",
    "progress",
    "log",
]
PROGRESS = ["phase", "current", "total", "percent", "message", "rate_per_s", "eta_s", "updated_at"]


def row(**columns: object) -> JobRow:
    return FakeJobs().add(**columns)  # type: ignore[arg-type]  # columns of all types


def test_a_job_has_exactly_the_fields_of_the_contract() -> None:
    error = AttemptError(at=START, attempt=1, error="boom", trace="where")
    shape = job_to_json(row(errors=[error], metadata={"output": {"n": 1}}), None)
    assert list(shape) == CONTRACT
    assert shape["errors"] == [{"at": "2026-11-23T12:00:00Z", "attempt": 1, "error": "boom", "trace": "where"}]
    assert shape["output"] == {"n": 1}
    assert shape["progress"] is None


def test_the_log_of_each_attempt_is_shown_where_it_is_asked_for_and_nowhere_in_the_metadata() -> None:
    entries: list[object] = [
        {"attempt": 1, "log": "one\n"},
        {"attempt": "x", "log": 1},
        "odd",
        {"attempt": 2, "log": "two\n"},
    ]
    job = row(metadata={"mine": 1, "river:log": entries})
    assert job_to_json(job, None)["log"] is None
    shape = job_to_json(job, None, with_log=True)
    assert shape["log"] == [{"attempt": 1, "log": "one\n"}, {"attempt": 2, "log": "two\n"}]
    assert shape["metadata"] == {"mine": 1}
    for odd in (None, "text", {"attempt": 1}):
        assert job_to_json(row(metadata={"river:log": odd}), None, with_log=True)["log"] == []


def test_progress_has_exactly_the_fields_of_the_contract() -> None:
    progress = Progress(
        phase="probing", current=1, total=None, percent=None, message="", rate_per_s=None, eta_s=None, updated_at=START
    )
    shape = job_to_json(row(), progress)["progress"]
    assert list(shape) == PROGRESS
    assert shape["updated_at"] == "2026-11-23T12:00:00Z"


def test_progress_that_a_go_worker_writes_into_its_output_is_read() -> None:
    output = {"phase": "processing", "current": 3, "total": 12, "percent": 25, "message": "Heat"}
    running = row(state=JobState.RUNNING, attempted_at=START, metadata={"output": output})
    progress = job_to_json(running, None)["progress"]
    assert list(progress) == PROGRESS
    assert (progress["percent"], progress["total"], progress["message"]) == (25, 12, "Heat")


@pytest.mark.parametrize("output", [None, [], "done", {}, {"phase": 1, "current": 2}, {"phase": "x", "current": True}])
def test_other_output_of_a_running_job_is_no_progress(output: object) -> None:
    running = row(state=JobState.RUNNING, metadata={"output": output})
    assert job_to_json(running, None)["progress"] is None


def test_output_of_a_job_that_has_ended_is_no_progress() -> None:
    ended = row(state=JobState.COMPLETED, metadata={"output": {"phase": "x", "current": 1}})
    assert job_to_json(ended, None)["progress"] is None


def test_times_are_utc_whatever_their_zone() -> None:
    assert time_to_json(START.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "2026-11-23T12:00:00Z"
    assert time_to_json(datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC)) == "2026-01-02T03:04:05.000060Z"
    assert time_to_json(None) is None


def test_a_path_is_shown_and_its_bytes_are_added_where_the_text_is_not_enough() -> None:
    assert path_to_json("/srv/Amélie".encode()) == {"path": "/srv/Amélie"}
    assert path_to_json(b"/srv/\xff") == {"path": "/srv/\ufffd", "path_b64": "L3Nydi//"}


def test_a_queue_names_every_unfinished_state() -> None:
    info = QueueInfo(
        name="low",
        paused_at=START,
        counts={"running": 2},
        oldest_wait_s=None,
        workers=5,
        created_at=START,
        updated_at=START,
    )
    shape = queue_to_json(info)
    assert shape["paused"] is True
    assert shape["counts"] == {"available": 0, "pending": 0, "retryable": 0, "running": 2, "scheduled": 0}
