"""From an attempt's end to the row's new state: pure."""

from datetime import timedelta

import pytest

from revenge.infra.jobs import JobState, Snooze
from revenge.infra.jobs.outcome import SOON, cancelled, completed, failed, interrupted, snoozed
from tests.fakes.engine import NOW, claim, fence

MICROSECOND = timedelta(microseconds=1)


def test_every_end_names_the_attempt_it_ends() -> None:
    item = claim(attempt=2)
    ends = [
        completed(item, now=NOW),
        cancelled(item, now=NOW, error="{}"),
        failed(item, now=NOW, retry_at=NOW, error="{}"),
        snoozed(item, now=NOW, for_=SOON),
        interrupted(item, now=NOW),
    ]
    assert {fence(end) for end in ends} == {fence(item)}


@pytest.mark.parametrize("attempt", [3, 4])
def test_the_last_attempt_discards(attempt: int) -> None:
    end = failed(claim(attempt=attempt, max_attempts=3), now=NOW, retry_at=NOW, error="{}")
    assert (end.state, end.finalized_at, end.scheduled_at) == (JobState.DISCARDED, NOW, None)


@pytest.mark.parametrize(
    ("after", "state"), [(timedelta(0), "available"), (SOON, "available"), (SOON + MICROSECOND, "retryable")]
)
def test_what_is_retried_within_the_schedulers_interval_is_available(after: timedelta, state: str) -> None:
    end = failed(claim(attempt=2), now=NOW, retry_at=NOW + after, error="{}")
    assert (end.state, end.scheduled_at, end.finalized_at, end.new_attempt) == (state, NOW + after, None, None)


@pytest.mark.parametrize(
    ("after", "state"), [(timedelta(0), "available"), (SOON, "available"), (SOON + MICROSECOND, "scheduled")]
)
def test_a_snooze_takes_its_attempt_back(after: timedelta, state: str) -> None:
    end = snoozed(claim(attempt=3), now=NOW, for_=after)
    assert (end.state, end.scheduled_at, end.new_attempt, end.error) == (state, NOW + after, 2, None)


def test_attempts_never_fall_below_none() -> None:
    assert snoozed(claim(attempt=0), now=NOW, for_=SOON).new_attempt == 0
    assert interrupted(claim(attempt=0), now=NOW).new_attempt == 0


def test_a_negative_snooze_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="must not be negative, got -1 day"):
        Snooze(timedelta(days=-1))
