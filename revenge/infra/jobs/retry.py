"""When a failed job runs again: River's policy and two more, all pure."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from revenge.infra.jobs.given import check_span

LONGEST_DELAY = timedelta(microseconds=(2**63 - 1) // 1000)
"""River caps its delay at the largest Go duration, 2^63-1 ns, about 292 years (River: `retry_policy.go`)."""


class RetryPolicy(Protocol):
    """Chooses the delay before the next attempt."""

    def delay(self, failures: int) -> timedelta:
        """Return how long to wait after the ``failures``-th failure, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiverRetry:
    """River's default: ``failures ** 4`` seconds, give or take ten percent, so 25 attempts span about 20 days."""

    jitter: float = 0.1

    def delay(self, failures: int) -> timedelta:
        """Return ``failures ** 4`` seconds with jitter, at most ``LONGEST_DELAY``."""
        # Not for secrets: the jitter only spreads retries.
        seconds = float(failures) ** 4 * (1 + random.uniform(-self.jitter, self.jitter))  # noqa: S311
        if seconds >= LONGEST_DELAY.total_seconds():
            return LONGEST_DELAY
        return timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialRetry:
    """``initial``, then ``multiplier`` times as long after each failure, at most ``longest``."""

    initial: timedelta = timedelta(seconds=1)
    multiplier: float = 2.0
    longest: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        _check_positive("initial", self.initial)
        _check_positive("longest", self.longest)
        if self.multiplier < 1:
            message = f"multiplier must be at least 1, got {self.multiplier}"
            raise ValueError(message)

    def delay(self, failures: int) -> timedelta:
        """Return ``min(initial * multiplier ** (failures - 1), longest)``."""
        try:
            seconds = self.initial.total_seconds() * self.multiplier ** (failures - 1)
        except OverflowError:
            return self.longest
        return timedelta(seconds=min(seconds, self.longest.total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRetry:
    """``step`` longer after each failure, at most ``longest``."""

    step: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=30)

    def __post_init__(self) -> None:
        _check_positive("step", self.step)
        _check_positive("longest", self.longest)

    def delay(self, failures: int) -> timedelta:
        """Return ``min(step * failures, longest)``."""
        return timedelta(seconds=min(self.step.total_seconds() * failures, self.longest.total_seconds()))


def _check_positive(name: str, value: timedelta) -> None:
    check_span(name, value)
    if value <= timedelta(0):
        message = f"{name} must be positive, got {value}"
        raise ValueError(message)
