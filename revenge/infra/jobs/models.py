"""The values that the engine hands out: job rows, their states, insert options and claims."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.given import check_lists, check_spans


class JobState(StrEnum):
    """River's eight states (River: `rivertype.JobState`)."""

    AVAILABLE = "available"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    DISCARDED = "discarded"
    PENDING = "pending"
    RETRYABLE = "retryable"
    RUNNING = "running"
    SCHEDULED = "scheduled"


FINAL = frozenset({JobState.CANCELLED, JobState.COMPLETED, JobState.DISCARDED})
UNFINISHED = frozenset(JobState) - FINAL


class Queue(StrEnum):
    """The five tiers; any other name that River allows is a queue as well."""

    CRITICAL = "critical"
    HIGH = "high"
    DEFAULT = "default"
    LOW = "low"
    BULK = "bulk"


TIERS: Mapping[str, int] = {
    Queue.CRITICAL: 20,
    Queue.HIGH: 15,
    Queue.DEFAULT: 10,
    Queue.LOW: 5,
    Queue.BULK: 3,
}
"""Workers per tier and process when nothing else is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueOpts:
    """What makes a job the same as another (River: `UniqueOpts`).

    Only one job of a key exists at a time while its state is one of ``by_state``; inserting another returns the one
    that is there, as a duplicate.
    """

    by_args: bool | Sequence[str] = False
    """All top-level arguments, or the JSON names of some; a dot goes into an object."""
    by_period: timedelta | None = None
    """One job per window of this length, at least a second; windows start at multiples of it since the year 1, UTC."""
    by_queue: bool = False
    by_state: Collection[JobState] | None = None
    """None: all but cancelled and discarded, which makes a finished job block too. ``UNFINISHED`` is what most want."""
    exclude_kind: bool = False
    """Jobs of other kinds count too; needs ``by_args``, ``by_period`` or ``by_queue``."""

    def __post_init__(self) -> None:
        check_spans(self, "by_period", optional=True)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set, which means no uniqueness at all."""
        return not (self.by_args or self.by_period or self.by_queue or self.by_state is not None or self.exclude_kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertOpts:
    """How a job is inserted; what is None comes from the arguments' class, then from the client."""

    queue: str | None = None
    max_attempts: int | None = None
    priority: int | None = None
    """1 (first) to 4 (last), within its queue."""
    scheduled_at: datetime | None = None
    """Not before this time; an aware one."""
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None
    """The call's alone: those of a class are not looked at, as in River."""
    pending: bool = False
    """Insert as ``pending``: nothing fetches it until somebody makes it available. The call's alone, too."""
    unique: UniqueOpts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptError:
    """One failed attempt, as River writes it."""

    at: datetime | None
    """When the attempt *started*; None where another program wrote something that is no time."""
    attempt: int
    error: str
    trace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A row of ``river_job``."""

    id: int
    kind: str
    queue: str
    state: JobState
    priority: int
    attempt: int
    max_attempts: int
    args: dict[str, Any]
    metadata: dict[str, Any]
    tags: list[str]
    created_at: datetime
    scheduled_at: datetime
    attempted_at: datetime | None
    finalized_at: datetime | None
    attempted_by: list[str]
    errors: list[AttemptError]
    unique_key: bytes | None = None
    unique_states: frozenset[JobState] = field(default_factory=frozenset)

    @property
    def output(self) -> Any:
        """What the worker recorded, or None."""
        return self.metadata.get("output")

    @property
    def is_final(self) -> bool:
        """Whether the job has ended: completed, cancelled or discarded."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class InsertResult:
    """What an insert did: the row, and whether it was there already as a unique duplicate."""

    job: JobRow
    duplicate: bool


class Claim:
    """What a fetch returned of one row: its identity, its fence and what the attempt needs at once.

    A class with slots and not a dataclass: one is made per job on the hot path, from a record by position.
    """

    __slots__ = (
        "args",
        "attempt",
        "attempted_at",
        "error_count",
        "id",
        "kind",
        "max_attempts",
        "metadata_json",
        "priority",
        "queue",
        "scheduled_at",
    )

    id: int
    kind: str
    queue: str
    args: str
    attempt: int
    max_attempts: int
    attempted_at: datetime
    scheduled_at: datetime
    priority: int
    metadata_json: str | None
    error_count: int

    def __init__(self, record: Iterable[Any]) -> None:
        (
            self.id,
            self.kind,
            self.queue,
            self.args,
            self.attempt,
            self.max_attempts,
            self.attempted_at,
            self.scheduled_at,
            self.priority,
            self.metadata_json,
            self.error_count,
        ) = record

    def metadata(self) -> dict[str, Any]:
        """Decode the row's metadata as it was at the fetch."""
        return decode(self.metadata_json) if self.metadata_json else {}


class JobOrder(StrEnum):
    """What a list is ordered by; the id decides between equals (River: `JobListOrderByField`)."""

    ID = "id"
    TIME = "time"
    """The time that matters in the first of the states: scheduled_at, attempted_at or finalized_at. Jobs without it count
    as the latest."""
    SCHEDULED_AT = "scheduled_at"
    FINALIZED_AT = "finalized_at"
    """Of ended jobs only, which are what is listed when no states are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a call is about; what is empty lets all pass."""

    ids: Collection[int] = ()
    kinds: Collection[str] = ()
    priorities: Collection[int] = ()
    queues: Collection[str] = ()
    states: Collection[JobState] = ()

    def __post_init__(self) -> None:
        check_lists(**{field.name: getattr(self, field.name) for field in fields(self)})
        object.__setattr__(self, "states", _states(self.states))

    @property
    def is_empty(self) -> bool:
        """Whether all jobs pass."""
        return not (self.ids or self.kinds or self.priorities or self.queues or self.states)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobListParams:
    """Which jobs a list shows, and in what order; an empty filter lets all pass."""

    states: Collection[JobState] = ()
    kinds: Collection[str] = ()
    queues: Collection[str] = ()
    tags: Collection[str] = ()
    """All of these."""
    tags_any: Collection[str] = ()
    """At least one of these."""
    ids: Collection[int] = ()
    priorities: Collection[int] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the job's metadata contain, as PostgreSQL's ``@>`` understands it."""
    order_by: JobOrder = JobOrder.ID
    descending: bool = True
    limit: int = 100
    """1 to 10,000 (River: `JobListParams.First`)."""
    cursor: str | None = None
    """Of the page before, in the same order; one of Go's serves as well."""

    def __post_init__(self) -> None:
        names = ("states", "kinds", "queues", "tags", "tags_any", "ids", "priorities")
        check_lists(**{name: getattr(self, name) for name in names})
        object.__setattr__(self, "states", _states(self.states))


def _states(given: Collection[str]) -> tuple[JobState, ...]:
    try:
        return tuple([JobState(state) for state in given])
    except ValueError:
        message = f"states must be of {', '.join(JobState)}, got {given!r}"
        raise ValueError(message) from None


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, and the cursor of the next, None at the end."""

    jobs: list[JobRow]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInfo:
    """A queue as the whole cluster sees it."""

    name: str
    paused_at: datetime | None
    counts: Mapping[str, int]
    """Unfinished jobs by state."""
    oldest_wait_s: float | None
    """How long the job that is due longest has waited; None when nothing waits."""
    workers: int
    """Slots of all living nodes together."""
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What ``update_queue`` put there."""
    is_served: bool = True
    """False: no client has worked it within a day; all that is known of it is that jobs wait in it."""
