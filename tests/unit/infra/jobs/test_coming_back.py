"""A job that comes back soon is looked for when it is due, and only if it was written so."""

from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs.coming_back import DUE_MARGIN, ComingBack
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.server_clock import ServerClock
from revenge.infra.jobs.testing import StoppedClock

SECOND = timedelta(seconds=1)


class Bench:
    """What comes back, and where somebody will look for it."""

    def __init__(self) -> None:
        store: Any = None  # nothing is asked
        self.clock = ServerClock(clock=StoppedClock(), store=store)
        self.looked_for: list[tuple[str, timedelta]] = []
        self.coming_back = ComingBack(clock=self.clock, hint_at=lambda *hint: self.looked_for.append(hint))

    def end(self, job_id: int, *, state: JobState = JobState.AVAILABLE, due_in: timedelta = SECOND) -> None:
        now = self.clock.now()
        self.coming_back.add(Settlement(job_id, 1, now, state, scheduled_at=now + due_in, queue=f"q{job_id}"))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_looked_for_when_it_is_due_and_written(bench: Bench) -> None:
    bench.end(1)
    assert bench.looked_for == []
    bench.coming_back.written([(1, JobState.AVAILABLE)], are_all=True)
    assert bench.looked_for == [("q1", SECOND + DUE_MARGIN)]


def test_one_that_was_due_before_it_was_written_is_looked_for_at_once(bench: Bench) -> None:
    bench.end(1, due_in=-SECOND)
    bench.coming_back.written([(1, JobState.AVAILABLE)], are_all=True)
    assert bench.looked_for == [("q1", DUE_MARGIN)]


def test_where_the_clock_is_less_well_known_it_is_looked_for_later(bench: Bench) -> None:
    bench.clock.error = SECOND
    bench.end(1)
    bench.coming_back.written([(1, JobState.AVAILABLE)], are_all=True)
    assert bench.looked_for == [("q1", 2 * SECOND + DUE_MARGIN)]


def test_what_waits_for_longer_is_the_schedulers(bench: Bench) -> None:
    bench.end(1, state=JobState.RETRYABLE)
    assert not bench.coming_back


def test_one_that_was_cancelled_meanwhile_is_not_looked_for(bench: Bench) -> None:
    bench.end(1)
    bench.coming_back.written([(1, JobState.CANCELLED)], are_all=True)
    assert bench.looked_for == []


def test_an_attempt_that_had_been_taken_away_is_forgotten_when_all_is_written(bench: Bench) -> None:
    bench.end(1)
    bench.end(2)
    bench.coming_back.written([(2, JobState.AVAILABLE)], are_all=False)
    assert len(bench.coming_back) == 1
    bench.coming_back.written([], are_all=True)
    assert not bench.coming_back
    assert bench.looked_for == [("q2", SECOND + DUE_MARGIN)]
