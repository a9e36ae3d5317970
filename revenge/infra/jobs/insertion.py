"""From arguments and options to the columns of a new row: precedence, validation, unique key. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from revenge.infra.jobs.config import ClientConfig, check_queue_name
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.models import InsertOpts, JobState, Queue
from revenge.infra.jobs.unique import UniqueKey, unique_key
from revenge.infra.jobs.worker import JobArgs

_TAG = re.compile(r"\w[\w\-]+\w", re.ASCII)
"""River: `tagRE`."""
MAX_TAG_BYTES = 255
MAX_ATTEMPTS = 32_767


@dataclass(frozen=True, slots=True)
class NewJob:
    """The columns that an insert gives."""

    kind: str
    args: str
    queue: str
    state: JobState
    priority: int
    max_attempts: int
    scheduled_at: datetime
    metadata: str
    tags: Sequence[str]
    unique: UniqueKey | None


def build(args: JobArgs, opts: InsertOpts | None, *, config: ClientConfig, now: datetime) -> NewJob:
    """Return the row for ``args``: what ``opts`` says, else the arguments' class, else the client.

    Raises:
        InvalidJob: an option breaks one of River's rules; the text names it, the limit and the value.
    """
    kind = getattr(args, "kind", None)
    if not kind:
        message = f"{type(args).__name__} has no kind: class {type(args).__name__}(JobArgs, kind=...)"
        raise InvalidJob(message)
    own, given = args.insert_opts, opts or InsertOpts()
    wire = args.model_dump(by_alias=True)
    queue = check_queue_name(given.queue or own.queue or Queue.DEFAULT)
    priority = _within("priority", given.priority or own.priority or 1, 1, 4)
    max_attempts = _within(
        "max_attempts", given.max_attempts or own.max_attempts or config.max_attempts, 1, MAX_ATTEMPTS
    )
    scheduled_at = given.scheduled_at or own.scheduled_at
    if scheduled_at is not None and scheduled_at.tzinfo is None:
        message = f"scheduled_at needs a time zone, got {scheduled_at!r}"
        raise InvalidJob(message)
    wish = own.unique if given.unique is None or given.unique.is_empty else given.unique
    unique = (
        unique_key(wish, kind=kind, args=wire, queue=queue, scheduled_at=scheduled_at, now=now)
        if wish is not None
        else None
    )
    return NewJob(
        kind=kind,
        args=encode(wire),
        queue=queue,
        state=_first_state(pending=given.pending, scheduled=scheduled_at is not None),
        priority=priority,
        max_attempts=max_attempts,
        scheduled_at=(scheduled_at or now).astimezone(UTC),
        metadata=encode(given.metadata) if given.metadata else "{}",
        tags=_check_tags(given.tags if given.tags is not None else own.tags or ()),
        unique=unique,
    )


def _first_state(*, pending: bool, scheduled: bool) -> JobState:
    # A time in the past schedules too, as in River: the leader promotes it at its next round.
    if pending:
        return JobState.PENDING
    return JobState.SCHEDULED if scheduled else JobState.AVAILABLE


def _within(name: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        message = f"{name} must be {least} to {most}, got {value}"
        raise InvalidJob(message)
    return value


def _check_tags(tags: Sequence[str]) -> Sequence[str]:
    for tag in tags:
        if len(tag.encode()) > MAX_TAG_BYTES or not _TAG.fullmatch(tag):
            message = f"a tag has 3 to {MAX_TAG_BYTES} letters, digits, _ and -, and neither begins nor ends with -, got {tag!r}"
            raise InvalidJob(message)
    return tags
