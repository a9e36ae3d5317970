"""How a client behaves: one frozen, self-checking value."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.given import check_object, check_policy, check_spans, check_type
from revenge.infra.jobs.liveness import LivenessConfig
from revenge.infra.jobs.models import TIERS
from revenge.infra.jobs.retry import RetryPolicy, RiverRetry

MAX_WORKERS = 10_000
"""River: `QueueNumWorkersMax`."""

_QUEUE_NAME = re.compile(r"[a-z0-9]+(?:[_|\-]?[a-z0-9]+)*")
"""River: `nameRegex` in `client.go`; the pipe is River's own."""
MAX_QUEUE_NAME_BYTES = 64


def check_queue_name(name: object) -> str:
    """Return ``name``.

    Raises:
        InvalidJob: River would not take it as a queue's name.
    """
    if not isinstance(name, str) or not _QUEUE_NAME.fullmatch(name) or len(name) > MAX_QUEUE_NAME_BYTES:
        message = (
            f"queue name must be 1 to {MAX_QUEUE_NAME_BYTES} lower-case letters and digits, "
            f"separated by single _ - or |, got {name!r}"
        )
        raise InvalidJob(message)
    return name


def default_client_id() -> str:
    """Return River's default: host, cut to 60, and the start time, both with underscores; with the process id, since
    several of ours may start on one host in one microsecond."""
    host = socket.gethostname().replace(".", "_")[:60] or "unknown_host"
    return f"{host}_{datetime.now(UTC):%Y_%m_%dT%H_%M_%S_%f}_{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopConfig:
    """How long a stop waits at each step."""

    soft: timedelta = timedelta(seconds=20)
    """For running jobs to finish by themselves."""
    cancel: timedelta = timedelta(seconds=5)
    """For cancelled jobs to end; what is left then is abandoned and handed back."""

    def __post_init__(self) -> None:
        check_spans(self, "soft", "cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long ended jobs are kept; None keeps them for ever. The defaults are River's."""

    completed: timedelta | None = timedelta(hours=24)
    cancelled: timedelta | None = timedelta(hours=24)
    discarded: timedelta | None = timedelta(days=7)

    def __post_init__(self) -> None:
        check_spans(self, "completed", "cancelled", "discarded", optional=True)


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """How one queue is worked, where a number of workers does not say enough."""

    workers: int
    """Jobs of it that run at once."""
    poll_interval: timedelta | None = None
    """Look into it so often, whether notifications arrive or not; None: as the client does."""
    fetch_cooldown: timedelta | None = None
    """Least time between two fetches from it; None: none but the client's."""

    def __post_init__(self) -> None:
        if not isinstance(self.workers, int) or not 1 <= self.workers <= MAX_WORKERS:
            message = f"a queue needs 1 to {MAX_WORKERS} workers, got {self.workers!r}"
            raise ValueError(message)
        check_spans(self, "poll_interval", "fetch_cooldown", optional=True)
        if self.poll_interval is not None and self.poll_interval <= timedelta(0):
            message = f"poll_interval must be positive, got {self.poll_interval}"
            raise ValueError(message)
        if self.fetch_cooldown is not None and self.fetch_cooldown < timedelta(0):
            message = f"fetch_cooldown must not be negative, got {self.fetch_cooldown}"
            raise ValueError(message)
        _check_cooldown(self.fetch_cooldown, self.poll_interval)

    @classmethod
    def of(cls, given: "int | QueueConfig") -> "QueueConfig":
        """Return ``given``, made of a number of workers where it is one."""
        return given if isinstance(given, QueueConfig) else cls(given)


_KINDS: Mapping[str, type] = {
    "client_id": str,
    "queues": Mapping,
    "max_attempts": int,
    "max_worker_losses": int,
    "known_kinds_only": bool,
    "lead": bool,
    "poll_only": bool,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Everything about a client that is not code."""

    client_id: str = field(default_factory=default_client_id)
    """At most 100 characters; the last entry of ``attempted_by`` names who has a job, so no two clients share one."""
    queues: Mapping[str, int | QueueConfig] = field(default_factory=lambda: dict(TIERS))
    """Queues that are worked, with the jobs of each that run at once, or more about it."""
    max_attempts: int = 25
    """For jobs whose arguments and insert do not say. River's default."""
    timeout: timedelta = timedelta(minutes=1)
    """Deadline of an attempt whose worker does not say. River's default."""
    retry_policy: RetryPolicy = field(default_factory=RiverRetry)
    known_kinds_only: bool = False
    """Leave rows of kinds without a worker here alone (River: `FetchOnlyKnownKinds`)."""
    lead: bool = True
    """Take part in the election of the leader that does River's maintenance."""
    poll_only: bool = False
    """Never LISTEN: for connections through PgBouncer in transaction mode."""
    fetch_cooldown: timedelta = timedelta(0)
    """Least time between two fetches; slots are refilled at once without one."""
    poll_interval: timedelta = timedelta(seconds=5)
    """Fetch at least this often while notifications arrive; they are hints, polling is the truth."""
    poll_only_interval: timedelta = timedelta(seconds=1)
    """The same while none can arrive. River's default."""
    rescue_after: timedelta = timedelta(hours=1)
    """River's rule for rows of clients without node rows, Go's for instance."""
    max_worker_losses: int = 3
    """A job that has killed so many processes beyond doubt is discarded, whatever attempts it has left: one may be chance."""
    stuck_after: timedelta = timedelta(seconds=10)
    """How long an attempt may take to end once it is told to, before it counts as stuck. River's default."""
    loop_blocked_after: timedelta | None = timedelta(seconds=1)
    """A worker that keeps the event loop for so long is named in the log; None looks at nothing. A tenth of it already
    delays every other job; a second is beyond what honest work between two awaits takes."""
    hand_over_blocked_after: timedelta | None = None
    """Hand on the jobs of other nodes that hold their lock but have not beaten for so long: stopped, or their loop or GIL
    is blocked. None leaves such nodes alone: their jobs may be running."""
    stop: StopConfig = field(default_factory=StopConfig)
    retention: RetentionConfig = field(default_factory=RetentionConfig)

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            check_type(name, getattr(self, name), kind)
        if not 0 < len(self.client_id) <= 100:
            message = f"client_id must have 1 to 100 characters, got {len(self.client_id)}"
            raise ValueError(message)
        # Plain strings: a StrEnum member as a key is none for orjson.
        object.__setattr__(self, "queues", {str(name): workers for name, workers in self.queues.items()})
        for name, queue in self.queues.items():
            check_queue_name(name)
            try:
                QueueConfig.of(queue)
            except ValueError as error:
                message = f"queue {name!r}: {error}"
                raise ValueError(message) from error
        if not 1 <= self.max_attempts <= 32_767:
            message = f"max_attempts must be 1 to 32767 (a smallint), got {self.max_attempts}"
            raise ValueError(message)
        if self.max_worker_losses < 1:
            message = f"max_worker_losses must be at least 1, got {self.max_worker_losses}"
            raise ValueError(message)
        spans = ("timeout", "poll_interval", "poll_only_interval", "rescue_after", "stuck_after")
        optional = ("loop_blocked_after", "hand_over_blocked_after")
        check_spans(self, *spans, "fetch_cooldown")
        check_spans(self, *optional, optional=True)
        for name in (*spans, *optional):
            if (value := getattr(self, name)) is not None and value <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
        LivenessConfig(hand_over_blocked_after=self.hand_over_blocked_after)  # which checks it
        if self.fetch_cooldown < timedelta(0):
            message = f"fetch_cooldown must not be negative, got {self.fetch_cooldown}"
            raise ValueError(message)
        _check_cooldown(self.fetch_cooldown, self.poll_interval)
        if timedelta.max > self.timeout > self.rescue_after:
            message = (
                f"rescue_after must not be shorter than timeout, or jobs are rescued while they run: "
                f"got {self.rescue_after} and {self.timeout}"
            )
            raise ValueError(message)
        check_policy("retry_policy", self.retry_policy)
        for name, kind in (("stop", StopConfig), ("retention", RetentionConfig)):
            check_object(name, getattr(self, name), kind)


def _check_cooldown(fetch_cooldown: timedelta | None, poll_interval: timedelta | None) -> None:
    # River's rule, too: nothing would be polled so often.
    if fetch_cooldown is not None and poll_interval is not None and poll_interval < fetch_cooldown:
        message = f"poll_interval must not be shorter than fetch_cooldown, got {poll_interval} and {fetch_cooldown}"
        raise ValueError(message)
