"""Types at the edge: what parameters may look like, and the documents of jobs, queues and the server."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from revenge.app.given_args import find_unstorable
from revenge.infra.jobs.models import JobState
from revenge.infra.limits import LONGEST, MAX_BIGINT

MAX_PAGE = 1000


def _digits(value: object) -> object:
    # pydantic reads "1.0", " 1" and "1_0" as numbers; the published schema does not.
    if isinstance(value, str) and not (value.isascii() and value.removeprefix("-").isdigit()):
        message = "must be a whole number"
        raise ValueError(message)
    return value


def whole(value: object) -> object:
    # JSON has one sort of number: 5.0 is a whole one, which strict integers do not know.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text_of_time(value: object) -> object:
    # pydantic reads numbers and bare dates as times; the published schema does not.
    if not isinstance(value, str) or "T" not in value.upper():
        message = "must be an RFC 3339 time, such as 2026-11-23T18:00:00Z"
        raise ValueError(message)
    return value


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        message = "must say its time zone, such as Z"
        raise ValueError(message)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        message = "is beyond the calendar in UTC"
        raise ValueError(message) from None


WholeNumber = BeforeValidator(_digits)
# The validator stands last, so that it runs first and the limits stay in the published schema.
JobId = Annotated[int, Field(ge=1, le=MAX_BIGINT), BeforeValidator(_digits)]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_digits)]
Text = Annotated[str, StringConstraints(strict=True, pattern=r"^[^\x00]*$")]
FilterText = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")]
QueueName = Annotated[str, StringConstraints(strict=True, max_length=64, pattern=r"^[a-z0-9]+([_|\-]?[a-z0-9]+)*$")]
Tag = Annotated[
    str, StringConstraints(strict=True, max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_\-]+[A-Za-z0-9_]$")
]
Moment = Annotated[
    datetime,
    BeforeValidator(_text_of_time),
    AfterValidator(_aware),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _storable(value: object) -> object:
    # A union's own errors name its branches and not the place.
    found = find_unstorable(value)
    if found is not None:
        place, reason = found
        raise PydanticCustomError("unstorable", "{reason}", {"reason": reason, "place": place})
    return value


# What PostgreSQL's jsonb can hold, at any depth.
JsonText = Annotated[str, StringConstraints(strict=True, pattern=r"^[^\x00]*$")]
JsonValue = TypeAliasType(
    "JsonValue",
    "StrictBool | StrictInt "
    "| Annotated[float, Field(strict=True, allow_inf_nan=False)] | JsonText | list[JsonValue] | dict[JsonText, JsonValue] "
    "| None",
)
JsonObject = Annotated[dict[JsonText, JsonValue], BeforeValidator(_storable)]


class Strict(BaseModel):
    """A request: unknown members are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Strict):
    """Which page of a list."""

    limit: Limit = 100
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")


class JobsQuery(Strict):
    """Which jobs to list; an empty filter lets all pass."""

    state: list[JobState] = Field(default=[], description="Any of these states.")
    kind: list[FilterText] = Field(default=[], description="Any of these kinds.")
    queue: list[FilterText] = Field(default=[], description="Any of these queues.")
    tag: list[FilterText] = Field(default=[], description="All of these tags.")
    limit: Limit = 100
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")


class NewJob(Strict):
    """A job to enqueue. What is left out comes from the kind's own defaults."""

    kind: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=127, pattern=r"^[^\x00]+$")]
    args: JsonObject = {}
    queue: QueueName | None = None
    priority: Annotated[int, Field(strict=True, ge=1, le=4), BeforeValidator(whole)] | None = None
    max_attempts: Annotated[int, Field(strict=True, ge=1, le=32767), BeforeValidator(whole)] | None = None
    scheduled_at: Moment | None = Field(default=None, description="Not before this time.")
    tags: Annotated[list[Tag], Field(max_length=50)] | None = None
    metadata: JsonObject | None = None


class ProgressOut(BaseModel):
    """How far a job is: `current` and `total` are the phase's, `percent` is the whole job's."""

    phase: str
    current: float
    total: float | None
    percent: float | None
    message: str
    rate_per_s: float | None
    eta_s: float | None
    updated_at: str | None


class AttemptErrorOut(BaseModel):
    """A failed attempt."""

    at: str | None
    attempt: int
    error: str
    trace: str


class AttemptLogOut(BaseModel):
    """What a worker logged in one attempt."""

    attempt: int
    log: str


class JobOut(BaseModel):
    """A job."""

    id: int
    kind: str
    queue: str
    state: JobState
    priority: int
    attempt: int
    max_attempts: int
    args: Any
    metadata: Any
    tags: list[str]
    created_at: str
    scheduled_at: str
    attempted_at: str | None
    finalized_at: str | None
    attempted_by: list[str]
    errors: list[AttemptErrorOut]
    output: Any
    progress: ProgressOut | None
    log: list[AttemptLogOut] | None
    """What its worker logged in each attempt; null in lists and events."""


class EnqueuedOut(JobOut):
    """The job, and whether an equal unique one was there already."""

    duplicate: bool


class JobListOut(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobOut]
    next_cursor: str | None


class CountsOut(BaseModel):
    """Unfinished jobs by state."""

    available: int
    pending: int
    retryable: int
    running: int
    scheduled: int


class QueueOut(BaseModel):
    """A queue as the whole cluster sees it."""

    name: str
    paused: bool
    paused_at: str | None
    counts: CountsOut
    oldest_wait_s: float | None
    workers: int
    created_at: str
    updated_at: str


class QueueListOut(BaseModel):
    """Every queue."""

    queues: list[QueueOut]


class PeriodicOut(BaseModel):
    """A periodic job as the whole cluster sees it."""

    id: str
    kind: str | None = Field(description="Null when a function decides it.")
    schedule: dict[str, Any] = Field(description="`every_s`, or `cron` and perhaps `zone`, or `function`.")
    overridden: bool = Field(description="The schedule was set at run time; code says something else.")
    missed: Literal["skip", "once", "all"]
    paused: bool
    paused_at: str | None
    run_requested: bool
    last_run_at: str | None
    next_run_at: str | None
    last_job_id: int | None
    created_at: str
    updated_at: str


class PeriodicListOut(BaseModel):
    """Every periodic job."""

    periodic: list[PeriodicOut]


class EverySchedule(BaseModel):
    """So many seconds from one run to the next."""

    model_config = ConfigDict(extra="forbid")

    every_s: Annotated[float, Field(strict=True, ge=1, le=LONGEST // timedelta(seconds=1))]


class CronSchedule(BaseModel):
    """A cron expression of five fields, or of six with seconds first."""

    model_config = ConfigDict(extra="forbid")

    cron: Annotated[Text, Field(max_length=256)]
    zone: Annotated[Text, Field(max_length=64)] | None = Field(default=None, description="`Europe/Berlin`; null: UTC.")


NewSchedule = EverySchedule | CronSchedule


class CheckOut(BaseModel):
    """One thing that must be well."""

    ok: bool
    detail: str


class ReadyOut(BaseModel):
    """The server can do its work."""

    status: Literal["ready"]
    checks: dict[str, CheckOut]


class AliveOut(BaseModel):
    """The process answers."""

    status: Literal["alive"]


class ServerOut(BaseModel):
    """About the server itself."""

    version: str
    started_at: str
    client_id: str
    works: bool
    checks: dict[str, CheckOut]


class Credentials(Strict):
    """The dashboard's login form."""

    api_key: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]


class SessionOut(BaseModel):
    """Whether this browser may call."""

    key_required: bool
    signed_in: bool
