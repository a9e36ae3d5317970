"""Following jobs: what is shown, and when it ends."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from revenge.app.cli.follow import JobBars, describe, follow_jobs
from revenge.app.cli.shell import Shell
from revenge.infra.jobs import JobRow, JobState, Progress

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(job_id: int, state: JobState) -> JobRow:
    return JobRow(
        id=job_id,
        kind="greet",
        queue="default",
        state=state,
        priority=1,
        attempt=1,
        max_attempts=3,
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


def report(current: int, phase: str = "reading") -> Progress:
    return Progress(
        phase=phase,
        current=current,
        total=200,
        percent=current / 2,
        message="/films/a rather long name of a film that does not fit (1995).mkv",
        rate_per_s=31.4,
        eta_s=63.0,
        updated_at=NOW,
    )


class FakeJobs:
    """Jobs that end after so many looks."""

    def __init__(self, **ends: int) -> None:
        self.looks = 0
        self.ends = {int(name[1:]): after for name, after in ends.items()}

    async def get(self, job_id: int) -> JobRow:
        ended = self.looks >= self.ends[job_id]
        return row(job_id, JobState.COMPLETED if ended else JobState.RUNNING)

    async def progress(self, job_ids: Sequence[int]) -> dict[int, Progress]:
        self.looks += 1
        return {job_id: report(self.looks) for job_id in job_ids}


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


async def test_jobs_are_returned_as_they_end(capsys: pytest.CaptureFixture[str]) -> None:
    done = await follow_jobs(Shell(json=True), FakeJobs(j1=3, j2=1), [1, 2, 1], clock=FakeClock())
    assert [job.id for job in done] == [2, 1]
    out, err = capsys.readouterr()
    assert out == "", "progress never goes where results go"
    assert err.splitlines() == [
        "greet 1: reading 1/200, 31/s, 0:01:03 left",
        "greet 2: completed 1/200, 31/s, 0:01:03 left",
        "greet 1: completed 3/200, 31/s, 0:01:03 left",
    ]


async def test_the_end_is_told_by_who_knows_more_than_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    async def ending(job: JobRow) -> str:
        return f"failed after {job.state.value}"

    await follow_jobs(Shell(), FakeJobs(j1=1), [1], clock=FakeClock(), ending=ending)
    assert capsys.readouterr().err.splitlines()[-1].startswith("greet 1: failed after completed")


async def test_waiting_ends_when_patience_does() -> None:
    clock = FakeClock()
    done = await follow_jobs(Shell(), FakeJobs(j1=10**9), [1], clock=clock, give_up_after=timedelta(seconds=3))
    assert done == []
    assert clock.elapsed == timedelta(seconds=3)


async def test_without_a_terminal_moving_numbers_are_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    await follow_jobs(Shell(), FakeJobs(j1=10**9), [1], clock=FakeClock(), give_up_after=timedelta(seconds=16))
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_terminal_gets_a_bar_with_rate_time_left_and_the_current_item() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, no_color=True)
    with JobBars(console, clock=FakeClock()) as bars:
        bars.show(row(1, JobState.RUNNING), report(120), name="Scanning films")
    shown = screen.getvalue()
    assert "Scanning films" in shown
    assert "reading" in shown
    assert "120/200, 31/s, 0:01:03 left" in shown
    assert "fit (1995).mkv" in shown


def test_unknown_total_is_not_made_up() -> None:
    unknown = Progress(
        phase="walking",
        current=1500,
        total=None,
        percent=None,
        message="",
        rate_per_s=None,
        eta_s=None,
        updated_at=NOW,
    )
    assert describe(unknown) == "1,500"
