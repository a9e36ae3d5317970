"""What people are shown of a job, from what its worker says about it."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from revenge.infra.jobs.progress import MAX_MESSAGE, Progress, ProgressMeter, Report

SECOND = datetime(2026, 1, 1, tzinfo=UTC)


def sample(meter: ProgressMeter, at: float, phase: str, current: int, total: int | None, message: str = "") -> Progress:
    return meter.sample(Report(phase, current, total, message), now=SECOND, monotonic=at)


def test_phases_weigh_into_the_whole_jobs_percent() -> None:
    meter = ProgressMeter({"walk": 1, "probe": 3})
    assert sample(meter, 0, "walk", 50, 100).percent == 12.5
    assert sample(meter, 1, "walk", 100, 100).percent == 25
    assert sample(meter, 2, "probe", 1, 2).percent == 62.5
    assert sample(meter, 3, "probe", 2, 2).percent == 100


def test_without_phases_the_percent_is_the_phases_own() -> None:
    meter = ProgressMeter({})
    assert sample(meter, 0, "anything", 3, 4).percent == 75
    assert sample(meter, 1, "other", 1, 4).percent == 25


def test_a_phase_that_nobody_declared_has_its_own_percent() -> None:
    assert sample(ProgressMeter({"walk": 1}), 0, "surprise", 1, 2).percent == 50


@pytest.mark.parametrize("total", [None, 0])
def test_without_a_total_nothing_is_promised(total: int | None) -> None:
    progress = sample(ProgressMeter({}), 0, "", 10, total)
    assert (progress.percent, progress.eta_s) == (None, None)


def test_a_total_that_grows_never_moves_the_bar_back() -> None:
    meter = ProgressMeter({"walk": 1, "probe": 1})
    assert sample(meter, 0, "walk", 90, 100).percent == 45
    assert sample(meter, 1, "walk", 95, 1000).percent == 45


def test_more_than_all_is_all() -> None:
    assert sample(ProgressMeter({}), 0, "", 11, 10).percent == 100


def test_rate_and_time_left_follow_the_newest_samples() -> None:
    meter = ProgressMeter({})
    assert sample(meter, 0, "", 0, 100).rate_per_s is None
    for second in range(1, 6):
        progress = sample(meter, second, "", second * 10, 100)
    assert progress.rate_per_s == 10
    assert progress.eta_s == 5


def test_the_time_left_is_the_whole_jobs() -> None:
    meter = ProgressMeter({"walk": 1, "probe": 1})
    sample(meter, 0, "walk", 0, 100)
    progress = sample(meter, 10, "walk", 50, 100)
    assert (progress.percent, progress.eta_s) == (25, 30)


def test_a_new_phase_begins_with_a_rate_of_its_own() -> None:
    meter = ProgressMeter({})
    sample(meter, 0, "walk", 0, None)
    assert sample(meter, 1, "walk", 1000, None).rate_per_s == 1000
    assert sample(meter, 2, "probe", 5, None).rate_per_s is None
    assert sample(meter, 3, "probe", 10, None).rate_per_s == 5


def test_a_count_that_falls_is_no_negative_rate() -> None:
    meter = ProgressMeter({})
    sample(meter, 0, "", 50, None)
    assert sample(meter, 1, "", 10, None).rate_per_s == 0


def test_two_samples_at_one_moment_divide_by_nothing() -> None:
    meter = ProgressMeter({"walk": 1})
    sample(meter, 5, "walk", 1, 10)
    assert sample(meter, 5, "walk", 2, 10).percent == 20


def test_a_name_that_is_not_utf_8_can_be_stored_and_shown() -> None:
    name = b"caf\xe9\0.mkv".decode(errors="surrogateescape")
    progress = sample(ProgressMeter({}), 0, name, 1, 2, name)
    stored = Progress.decode(progress.encode(), SECOND)
    assert stored.message == "caf\ufffd\ufffd.mkv"
    assert stored.phase == stored.message
    assert "\\u0000" not in progress.encode()


def test_a_long_message_is_cut() -> None:
    assert len(sample(ProgressMeter({}), 0, "", 1, 2, "x" * 10_000).message) == MAX_MESSAGE


@pytest.mark.parametrize(
    "report",
    [
        Report("", "many", None, ""),  # type: ignore[arg-type]  # as a worker may call it
        Report("", 1, "more", ""),  # type: ignore[arg-type]  # as above
        Report(None, None, None, None),  # type: ignore[arg-type]  # as above
        Report("", 2**80, 2**90, ""),
        Report("", float("nan"), float("inf"), ""),  # type: ignore[arg-type]  # as above
        Report("", -5, -1, ""),
        Report(b"bytes", 1, 2, object()),  # type: ignore[arg-type]  # as above
    ],
)
def test_a_senseless_report_breaks_nothing(report: Any) -> None:
    meter = ProgressMeter({"walk": 1})
    for second in range(3):
        progress = meter.sample(report, now=SECOND, monotonic=second)
        Progress.decode(progress.encode(), SECOND)
    assert progress.percent is None or 0 <= progress.percent <= 100


def test_stored_progress_says_nothing_twice_and_comes_back_the_same() -> None:
    progress = sample(ProgressMeter({}), 0, "probe", 2, 8, "It (1990)")
    assert "updated_at" not in orjson.loads(progress.encode())
    assert Progress.decode(progress.encode(), SECOND) == progress


def test_what_gos_server_writes_is_read() -> None:
    progress = Progress.decode('{"phase":"scan","current":3,"total":9,"percent":33.3,"message":"m"}', SECOND)
    assert (progress.phase, progress.current, progress.rate_per_s) == ("scan", 3, None)
