"""Delays between attempts."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.jobs.retry import LONGEST_DELAY, ExponentialRetry, LinearRetry, RiverRetry

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 16), (3, 81), (10, 10_000), (24, 331_776)])
def test_rivers_delays_without_jitter(failures: int, seconds: int) -> None:
    assert RiverRetry(jitter=0).delay(failures) == timedelta(seconds=seconds)


@given(st.integers(1, 309))
def test_rivers_jitter_is_a_tenth_either_way(failures: int) -> None:
    delay, exact = RiverRetry().delay(failures), timedelta(seconds=failures**4)
    assert exact * 0.899 <= delay <= exact * 1.101


def test_rivers_jitter_goes_both_ways() -> None:
    delays = [RiverRetry().delay(2) for _ in range(200)]
    assert min(delays) < timedelta(seconds=16) < max(delays)


@given(st.integers(310, 2**31))
def test_rivers_delay_has_an_end(failures: int) -> None:
    assert RiverRetry().delay(failures) == LONGEST_DELAY


def test_exponential_doubles_up_to_its_longest() -> None:
    delays = [ExponentialRetry().delay(failures) / SECOND for failures in range(1, 15)]
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]


def test_a_factor_of_one_is_the_same_delay_each_time() -> None:
    assert [ExponentialRetry(multiplier=1).delay(failures) / SECOND for failures in (1, 2, 50)] == [1, 1, 1]
    assert ExponentialRetry(multiplier=1.5).delay(3) == timedelta(seconds=2.25)


def test_linear_grows_by_its_step_up_to_its_longest() -> None:
    delays = [LinearRetry().delay(failures) / SECOND for failures in (1, 2, 59, 60, 61, 10**6)]
    assert delays == [30, 60, 1770, 1800, 1800, 1800]


@given(st.integers(1, 2**40))
def test_no_policy_fails_however_often_a_job_did(failures: int) -> None:
    for policy in (ExponentialRetry(), LinearRetry(), RiverRetry()):
        assert timedelta(0) < policy.delay(failures) <= LONGEST_DELAY


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ExponentialRetry(initial=timedelta(0)), "initial must be positive"),
        (lambda: ExponentialRetry(longest=-SECOND), "longest must be positive"),
        (lambda: ExponentialRetry(multiplier=0.5), "multiplier must be at least 1, got 0.5"),
        (lambda: LinearRetry(step=timedelta(0)), "step must be positive"),
        (lambda: LinearRetry(longest=timedelta(0)), "longest must be positive"),
    ],
)
def test_a_policy_checks_itself(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_a_policy_says_which_of_its_spans_is_none() -> None:
    with pytest.raises(TypeError, match=r"^step must be a timedelta, .*got 5$"):
        LinearRetry(step=5)  # type: ignore[arg-type]  # as somebody might
