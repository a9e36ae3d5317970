"""What becomes of a job whose worker is gone: pure decisions, for River's rule and for the engine's own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.outcome import SOON
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import RetryPolicy
from revenge.infra.jobs.suspects import MAX_WORKER_LOSSES
from revenge.infra.jobs.worker import NO_TIMEOUT

MOST_LOSSES = 20
"""Losses from which on each is a failed attempt, though nothing is proven: whatever happens, it must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneJob:
    """The columns of a ``running`` row that a decision needs; attempt and attempted_at are its fence."""

    id: int
    kind: str
    attempt: int
    max_attempts: int
    attempted_at: datetime
    running_for: timedelta
    """By the database's clock."""
    failures: int
    is_cancel_requested: bool
    losses: int
    """How often a node died with it before, while the database lived."""
    kills: int = 0
    """How many processes died of it beyond doubt."""
    is_accused: bool = False
    """It was the only suspect that its node ran."""
    is_outage: bool = False
    """The database has restarted since the attempt began: the job did not do that."""
    is_rivalled: bool = False
    """It does not hold its unique key while it runs, so that another may hold it, or be about to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The state a job goes to, and what changes with it."""

    state: JobState
    new_attempt: int | None = None
    delay: timedelta | None = None
    """Until it is due; None leaves its time as it is."""
    is_failure: bool = False
    """Whether the attempt's error list grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What the workers here and the client say about timeouts and retries of a kind."""

    workers: Workers
    timeout: timedelta
    retry_policy: RetryPolicy
    max_worker_losses: int = MAX_WORKER_LOSSES

    def knows(self, kind: str) -> bool:
        """Whether a worker for ``kind`` is registered here."""
        return self.workers.get(kind) is not None

    def timeout_of(self, kind: str) -> timedelta:
        """Return the deadline of an attempt of ``kind``, ``NO_TIMEOUT`` for none."""
        registration = self.workers.get(kind)
        return self.timeout if registration is None or registration.timeout is None else registration.timeout

    def delay_of(self, job: GoneJob) -> timedelta:
        """Return the pause before the next attempt, as if this one had failed now."""
        registration = self.workers.get(job.kind)
        policy = (registration.retry_policy if registration else None) or self.retry_policy
        return policy.delay(job.failures + 1)


def decide_stuck(job: GoneJob, policies: Policies) -> Move | None:
    """Choose by River's rule what becomes of a job that has run for too long; None leaves it alone.

    Unlike River's, this leader never discards a kind that it does not know: another service's job is retried.
    """
    # The user asked for the job to stop, and nobody was left to act on it.
    if job.is_cancel_requested:
        return Move(state=JobState.CANCELLED, is_failure=True)
    if policies.knows(job.kind):
        timeout = policies.timeout_of(job.kind)
        if timeout is NO_TIMEOUT or job.running_for < timeout:
            return None
        if job.attempt >= job.max_attempts:
            return Move(state=JobState.DISCARDED, is_failure=True)
    return Move(state=JobState.RETRYABLE, delay=policies.delay_of(job), is_failure=True)


def decide_lost(job: GoneJob, policies: Policies) -> Move:
    """Choose what becomes of a job whose node has died.

    Innocent until proven guilty: it comes back at once without losing an attempt. After ``FREE_LOSSES`` it is run apart
    (``suspects.py``), and only a loss there counts.
    """
    if job.is_cancel_requested:
        return Move(state=JobState.CANCELLED)
    if not is_guilty(job) and (job.is_outage or job.losses < MOST_LOSSES):
        return Move(state=JobState.AVAILABLE, new_attempt=max(job.attempt - 1, 0), delay=timedelta(0))
    if job.attempt >= job.max_attempts or (is_guilty(job) and job.kills + 1 >= policies.max_worker_losses):
        return Move(state=JobState.DISCARDED, is_failure=True)
    delay = policies.delay_of(job)
    state = JobState.AVAILABLE if delay <= SOON else JobState.RETRYABLE
    return Move(state=state, delay=delay, is_failure=True)


def is_guilty(job: GoneJob) -> bool:
    """Say whether the node has died of this very job."""
    return job.is_accused and not job.is_outage
