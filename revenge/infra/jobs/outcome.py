"""What an attempt may end in, and the pure decision from it to the row's new state."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.given import check_span
from revenge.infra.jobs.models import Claim, JobState

SOON = timedelta(seconds=5)
"""River's scheduler interval: what is due sooner goes straight to ``available`` (River: `JobSchedulerIntervalDefault`)."""

MAX_OUTPUT_BYTES = 32 * 1024 * 1024
"""River's limit of a recorded output (River: `recorded_output.go`)."""

LOG = "river:log"
"""Where a job's log is in its metadata (River: `riverlog`)."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""Behind backslashes in pairs: one more belongs to them, and ``u0000`` is text."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Returned by a worker: run the job again after ``for_``, without counting this attempt."""

    for_: timedelta

    def __post_init__(self) -> None:
        check_span("a snooze", self.for_)
        if self.for_ < timedelta(0):
            message = f"a snooze must not be negative, got {self.for_}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Cancel:
    """Returned by a worker: end the job as cancelled for good, with this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """The write that ends one attempt; ``None`` leaves a column as it is.

    ``id``, ``attempt`` and ``attempted_at`` are the fence: a row that has been rescued, or fetched again since,
    does not match and stays untouched.
    """

    id: int
    attempt: int
    attempted_at: datetime
    state: JobState
    finalized_at: datetime | None = None
    scheduled_at: datetime | None = None
    new_attempt: int | None = None
    error: str | None = None
    metadata: str | None = None
    queue: str = ""
    """Of what comes back: who writes this also sees to it that it is fetched in time."""
    is_interruption: bool = False
    """A stop ended the attempt; only events tell it from a snooze."""


def completed(claim: Claim, *, now: datetime, metadata: str | None = None) -> Settlement:
    """The job is done."""
    return Settlement(
        claim.id, claim.attempt, claim.attempted_at, JobState.COMPLETED, finalized_at=now, metadata=metadata
    )


def cancelled(claim: Claim, *, now: datetime, error: str, metadata: str | None = None) -> Settlement:
    """The job ends here and is never run again."""
    return Settlement(
        claim.id,
        claim.attempt,
        claim.attempted_at,
        JobState.CANCELLED,
        finalized_at=now,
        error=error,
        metadata=metadata,
    )


def failed(
    claim: Claim,
    *,
    now: datetime,
    retry_at: datetime,
    error: str,
    metadata: str | None = None,
    is_last: bool = False,
) -> Settlement:
    """The attempt failed: retry at ``retry_at``, or discard when it was the last, by number or by ``is_last``."""
    fence = (claim.id, claim.attempt, claim.attempted_at)
    if is_last or claim.attempt >= claim.max_attempts:
        return Settlement(*fence, JobState.DISCARDED, finalized_at=now, error=error, metadata=metadata)
    state = JobState.AVAILABLE if retry_at - now <= SOON else JobState.RETRYABLE
    return Settlement(*fence, state, scheduled_at=retry_at, error=error, metadata=metadata, queue=claim.queue)


def snoozed(claim: Claim, *, now: datetime, for_: timedelta, metadata: str | None = None) -> Settlement:
    """The job comes back after ``for_``; the attempt does not count."""
    return Settlement(
        claim.id,
        claim.attempt,
        claim.attempted_at,
        JobState.AVAILABLE if for_ <= SOON else JobState.SCHEDULED,
        scheduled_at=now + for_,
        new_attempt=max(claim.attempt - 1, 0),
        metadata=metadata,
        queue=claim.queue,
    )


def cancelled_instead(settlement: Settlement, *, now: datetime) -> Settlement:
    """The same failure, never to be run again."""
    return replace(settlement, state=JobState.CANCELLED, finalized_at=now, scheduled_at=None, queue="")


def interrupted(claim: Claim, *, now: datetime, metadata: str | None = None) -> Settlement:
    """A stop took the job out of a worker's hands: back at once, the attempt does not count, no error is left."""
    return Settlement(
        claim.id,
        claim.attempt,
        claim.attempted_at,
        JobState.AVAILABLE,
        scheduled_at=now,
        new_attempt=max(claim.attempt - 1, 0),
        metadata=metadata,
        queue=claim.queue,
        is_interruption=True,
    )


def storable_json(value: Any) -> str:
    """Return ``value`` as JSON text that PostgreSQL's jsonb can hold.

    Raises:
        TypeError, ValueError: it has no JSON form.
    """
    return without_nul(encode(value))


def without_nul(text: str) -> str:
    """Return JSON text with U+FFFD for each NUL in its strings, which PostgreSQL's jsonb cannot hold."""
    return _NUL.sub("\\1\ufffd", text) if "\\u0000" in text else text


def metadata_json(values: Mapping[str, Any]) -> str:
    """Return what is merged into a row's metadata as JSON text.

    Raises:
        InvalidJob: it is larger than River allows.
        TypeError: a value has no JSON form.
    """
    text = storable_json(values)
    if (size := len(text.encode())) > MAX_OUTPUT_BYTES:
        # The log has a limit of its own.
        size -= len(storable_json(values[LOG]).encode()) if LOG in values else 0
        if size > MAX_OUTPUT_BYTES:
            message = f"output and metadata are {size} bytes of JSON; {MAX_OUTPUT_BYTES} are allowed"
            raise InvalidJob(message)
    return text
