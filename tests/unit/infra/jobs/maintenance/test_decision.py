"""What becomes of jobs whose worker is gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.maintenance.decision import MOST_LOSSES, GoneJob, Move, Policies, decide_lost, decide_stuck
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.worker import NO_TIMEOUT, Worker

SECOND = timedelta(seconds=1)


class ShortArgs(JobArgs, kind="short"):
    pass


class Short(Worker[ShortArgs]):
    async def work(self, job: Job[ShortArgs]) -> None: ...


class LongArgs(JobArgs, kind="long"):
    pass


class Long(Worker[LongArgs]):
    timeout = timedelta(hours=5)
    retry_policy = LinearRetry(step=60 * SECOND)

    async def work(self, job: Job[LongArgs]) -> None: ...


class EndlessArgs(JobArgs, kind="endless"):
    pass


class Endless(Worker[EndlessArgs]):
    timeout = NO_TIMEOUT

    async def work(self, job: Job[EndlessArgs]) -> None: ...


POLICIES = Policies(
    workers=Workers([Short(), Long(), Endless()]), timeout=60 * SECOND, retry_policy=LinearRetry(step=2 * SECOND)
)
JOB = GoneJob(
    id=1,
    kind="short",
    attempt=3,
    max_attempts=25,
    attempted_at=datetime(2026, 1, 2, tzinfo=UTC),
    running_for=timedelta(hours=2),
    failures=2,
    is_cancel_requested=False,
    losses=0,
)


def test_a_stuck_job_is_retried_by_the_clients_policy_as_a_failed_attempt() -> None:
    # The third failure: two are in the row already.
    assert decide_stuck(JOB, POLICIES) == Move(state=JobState.RETRYABLE, delay=6 * SECOND, is_failure=True)


def test_a_stuck_job_without_attempts_left_is_discarded() -> None:
    assert decide_stuck(replace(JOB, attempt=25), POLICIES) == Move(state=JobState.DISCARDED, is_failure=True)


@pytest.mark.parametrize(
    "job", [JOB, replace(JOB, attempt=25), replace(JOB, kind="foreign"), replace(JOB, kind="endless")]
)
def test_a_cancel_request_wins_over_remaining_attempts(job: GoneJob) -> None:
    move = decide_stuck(replace(job, is_cancel_requested=True), POLICIES)
    assert move == Move(state=JobState.CANCELLED, is_failure=True)


@pytest.mark.parametrize(
    ("kind", "hours", "is_rescued"), [("long", 4.9, False), ("long", 5, True), ("endless", 9999, False)]
)
def test_a_job_within_its_workers_own_deadline_is_not_stuck(kind: str, hours: float, is_rescued: bool) -> None:
    move = decide_stuck(replace(JOB, kind=kind, running_for=timedelta(hours=hours)), POLICIES)
    assert (move is not None) is is_rescued


def test_a_worker_with_a_policy_of_its_own_is_asked_for_the_delay() -> None:
    move = decide_stuck(replace(JOB, kind="long", running_for=timedelta(hours=6)), POLICIES)
    assert move is not None
    assert move.delay == 180 * SECOND


@pytest.mark.parametrize("attempt", [1, 25])
def test_a_kind_that_nobody_here_knows_is_retried_and_never_discarded(attempt: int) -> None:
    move = decide_stuck(replace(JOB, kind="foreign", attempt=attempt), POLICIES)
    assert move == Move(state=JobState.RETRYABLE, delay=6 * SECOND, is_failure=True)


@pytest.mark.parametrize(("losses", "attempt", "new_attempt"), [(0, 3, 2), (1, 0, 0), (0, 25, 24), (19, 25, 24)])
def test_a_loss_costs_a_job_nothing(losses: int, attempt: int, new_attempt: int) -> None:
    move = decide_lost(replace(JOB, losses=losses, attempt=attempt), POLICIES)
    assert move == Move(state=JobState.AVAILABLE, new_attempt=new_attempt, delay=timedelta(0))


def test_a_loss_of_the_only_suspect_is_a_failed_attempt() -> None:
    move = decide_lost(replace(JOB, losses=2, is_accused=True), POLICIES)
    assert move == Move(state=JobState.RETRYABLE, delay=6 * SECOND, is_failure=True)


@pytest.mark.parametrize(("kills", "attempt", "is_discarded"), [(1, 3, False), (2, 3, True), (0, 25, True)])
def test_a_job_that_has_killed_often_enough_is_discarded(kills: int, attempt: int, is_discarded: bool) -> None:
    move = decide_lost(replace(JOB, losses=2, is_accused=True, kills=kills, attempt=attempt), POLICIES)
    assert (move.state is JobState.DISCARDED) is is_discarded
    assert move.is_failure


def test_a_suspect_is_not_to_blame_for_a_loss_with_the_database() -> None:
    move = decide_lost(replace(JOB, losses=2, is_accused=True, kills=2, is_outage=True), POLICIES)
    assert move == Move(state=JobState.AVAILABLE, new_attempt=2, delay=timedelta(0))


def test_a_loss_with_the_database_is_nobodys_fault() -> None:
    move = decide_lost(replace(JOB, losses=99, attempt=25, is_outage=True), POLICIES)
    assert move == Move(state=JobState.AVAILABLE, new_attempt=24, delay=timedelta(0))


def test_a_loss_after_many_is_a_failed_attempt() -> None:
    move = decide_lost(replace(JOB, losses=MOST_LOSSES), POLICIES)
    assert move == Move(state=JobState.RETRYABLE, delay=6 * SECOND, is_failure=True)


def test_a_retry_that_is_near_goes_straight_to_available() -> None:
    move = decide_lost(replace(JOB, losses=MOST_LOSSES, failures=1), POLICIES)
    assert move == Move(state=JobState.AVAILABLE, delay=4 * SECOND, is_failure=True)


@pytest.mark.parametrize(("step", "state"), [(5, JobState.AVAILABLE), (5.1, JobState.RETRYABLE)])
def test_near_is_five_seconds(step: float, state: JobState) -> None:
    policies = replace(POLICIES, retry_policy=LinearRetry(step=step * SECOND))
    assert decide_lost(replace(JOB, losses=MOST_LOSSES, failures=0), policies).state is state


def test_a_job_that_is_lost_again_on_its_last_attempt_is_discarded() -> None:
    move = decide_lost(replace(JOB, losses=MOST_LOSSES, attempt=25), POLICIES)
    assert move == Move(state=JobState.DISCARDED, is_failure=True)


def test_a_lost_job_that_was_to_be_cancelled_is_cancelled() -> None:
    move = decide_lost(replace(JOB, is_cancel_requested=True, losses=7, attempt=25), POLICIES)
    assert move == Move(state=JobState.CANCELLED)
