"""Periodic jobs: what is declared in code, and the pure decisions about which runs are due."""

import inspect
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.cron import Cron, InvalidSchedule
from revenge.infra.jobs.given import check_object, check_span
from revenge.infra.jobs.models import InsertOpts

PERIODIC_KEY = "periodic"
PERIODIC_ID_KEY = "river:periodic_job_id"
"""River's metadata of jobs that a schedule made."""

MOST_STEPS = 10_000
"""A schedule that is a function is followed this far from run to run; if more were missed, it goes on from now."""

_ID = re.compile(r"\w[\w\-\[\]<>/.·:+]+", re.ASCII)
"""River: `rivercommon.UserSpecifiedIDOrKindRE`."""

Schedule = Callable[[datetime], datetime | None]
"""Gives the first run later than a time, both aware; None when there is none. ``Every``, ``Cron``, or any function."""

Made = JobArgs | tuple[JobArgs, InsertOpts] | None


class MissedPolicy(StrEnum):
    """What becomes of runs that nobody was there to start."""

    SKIP = "skip"
    """Nothing, unless the latest is late by less than a minute."""
    ONCE = "once"
    """The latest is made up for."""
    ALL = "all"
    """Each is made up for, the latest thousand at most."""


@dataclass(frozen=True, slots=True)
class Every:
    """A schedule with a fixed time from one run to the next.

    Raises:
        InvalidSchedule: the interval is not positive.
    """

    interval: timedelta

    def __post_init__(self) -> None:
        check_span("interval", self.interval)
        if self.interval <= timedelta(0):
            message = f"interval must be positive, got {self.interval}"
            raise InvalidSchedule(message)

    def __call__(self, after: datetime) -> datetime | None:
        """Return ``after`` and an interval, in UTC; None beyond the end of the calendar."""
        try:
            return after.astimezone(UTC) + self.interval
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """A job that is inserted again and again, once for all nodes that declare it.

    Its next run is kept in the database: it survives restarts, and does not begin anew with them.

    Raises:
        InvalidSchedule: River would not take the id.
        TypeError: the schedule, what makes the arguments, or the options are not of what is meant.
        ValueError: there is no such policy.
    """

    id: str
    """Names it for ever, in all nodes: 2 to 127 letters, digits or -_[]<>/.:+."""
    schedule: Schedule
    make: JobArgs | Callable[[], Made]
    """The arguments, or a function that makes them for each run; one that returns None skips the run."""
    missed: MissedPolicy = field(default=MissedPolicy.SKIP, kw_only=True)
    run_on_start: bool = field(default=False, kw_only=True)
    """Run as well when a process starts, unless it has run within the last minute, for another node's start."""
    opts: InsertOpts | None = field(default=None, kw_only=True)
    """For jobs whose ``make`` does not say. The unique window of a run is that of its planned time."""

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id) or len(self.id) >= 128:
            message = f"a periodic job's id has 2 to 127 letters, digits or -_[]<>/.:+, got {self.id!r}"
            raise InvalidSchedule(message)
        _check_parts(self.id, self.schedule, self.make)
        object.__setattr__(self, "missed", _policy(self.missed))
        if self.opts is not None:
            check_object("opts", self.opts, InsertOpts)

    @property
    def kind(self) -> str | None:
        """The kind of the job; None when a function decides it."""
        return self.make.kind if isinstance(self.make, JobArgs) else None

    def build(self) -> tuple[JobArgs, InsertOpts] | None:
        """Return what a run inserts, marked as River marks it; None when this run is skipped."""
        made = self.make if isinstance(self.make, JobArgs) else self.make()
        if made is None:
            return None
        args, opts = made if isinstance(made, tuple) else (made, self.opts or InsertOpts())
        marks = {PERIODIC_KEY: True, PERIODIC_ID_KEY: self.id}
        return args, replace(opts, metadata={**(opts.metadata or {}), **marks})


def _policy(given: str) -> MissedPolicy:
    try:
        return MissedPolicy(given)
    except ValueError:
        message = f"missed must be one of {', '.join(MissedPolicy)}, got {given!r}"
        raise ValueError(message) from None


def _check_parts(job_id: str, schedule: object, make: object) -> None:
    if not callable(schedule):
        message = f"the schedule of {job_id!r} must be Every(...), Cron(...) or a function, got {schedule!r}"
        raise TypeError(message)
    if not isinstance(make, JobArgs) and not callable(make):
        message = f"make of {job_id!r} must be the arguments or a function that makes them, got {make!r}"
        raise TypeError(message)


class PeriodicJobs:
    """The periodic jobs that a client declares, by id; may change while it runs."""

    def __init__(self, jobs: Iterable[PeriodicJob] = ()) -> None:
        self._by_id: dict[str, PeriodicJob] = {}
        self._undeclared: set[str] = set()
        for job in jobs:
            self.add(job)

    def add(self, job: PeriodicJob) -> None:
        """Declare ``job``.

        Raises:
            InvalidSchedule: another one has its id.
        """
        if job.id in self._by_id:
            # River's own text.
            message = f"periodic job with ID already registered: {job.id}"
            raise InvalidSchedule(message)
        self._by_id[job.id] = job
        self._undeclared.add(job.id)

    def remove(self, job_id: str) -> None:
        """Let this client insert no more runs of it; what the database knows of it stays, and other nodes go on."""
        self._by_id.pop(job_id, None)
        self._undeclared.discard(job_id)

    def get(self, job_id: str) -> PeriodicJob | None:
        """Return the job of this id, None without one."""
        return self._by_id.get(job_id)

    def undeclared(self) -> list[PeriodicJob]:
        """Return those whose declaration is not in the database yet, by id."""
        return [self._by_id[job_id] for job_id in sorted(self._undeclared)]

    def declared(self, jobs: Iterable[PeriodicJob]) -> None:
        """Note that ``jobs`` are in the database."""
        for job in jobs:
            if self._by_id.get(job.id) is job:
                self._undeclared.discard(job.id)

    def __iter__(self) -> Iterator[PeriodicJob]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)


# Schedules as they are stored


def describe(schedule: Schedule) -> dict[str, Any]:
    """Return the schedule as JSON: whole for ``Every`` and ``Cron``, by its name for a function."""
    match schedule:
        case Every(interval=interval):
            return {"every_s": interval.total_seconds()}
        case Cron(expression=expression, zone=None):
            return {"cron": expression}
        case Cron(expression=expression, zone=zone):
            return {"cron": expression, "zone": zone}
    named = schedule if inspect.isroutine(schedule) else type(schedule)
    return {"function": f"{named.__module__}:{named.__qualname__}"}


def read_schedule(description: Mapping[str, Any]) -> Schedule | None:
    """Return the schedule that ``describe`` described; None for a function, which only code has.

    Raises:
        InvalidSchedule: it is neither, or says something that this version does not understand.
    """
    match description:
        case {"every_s": int() | float() as seconds}:
            return Every(timedelta(seconds=seconds))
        case {"cron": str() as expression}:
            return Cron(expression, description.get("zone"))
        case {"function": str()}:
            return None
    message = f"this is no schedule: {dict(description)!r}"
    raise InvalidSchedule(message)


# Decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one look at a schedule decides."""

    runs: Sequence[datetime]
    """Planned times to insert a job for, oldest first."""
    next_run_at: datetime | None
    """None: never again."""
    is_missing: bool = False
    """Whether runs were due that are not made up for."""


def first_run(schedule: Schedule, *, last_run_at: datetime | None, now: datetime) -> datetime | None:
    """Return the first run of a definition that is new or was changed: never one from before it was in force.

    Raises:
        InvalidSchedule: the schedule does not lead forward.
    """
    if last_run_at is not None:
        first = _step(schedule, last_run_at)
        if first is None or first > now:
            return first
    return _step(schedule, now)


def decide(
    schedule: Schedule, policy: MissedPolicy, *, next_run_at: datetime, now: datetime, tolerance: timedelta, most: int
) -> Plan:
    """Choose which of the runs from ``next_run_at`` until ``now`` are inserted, and when the next one is.

    A run is missed when it is late by more than ``tolerance``; ``most`` is the limit of ``MissedPolicy.ALL``.

    Raises:
        InvalidSchedule: the schedule does not lead forward.
    """
    if next_run_at > now:
        return Plan(runs=[], next_run_at=next_run_at)
    due, is_whole, following = _due(schedule, next_run_at, now, most if policy is MissedPolicy.ALL else 1)
    match policy:
        case MissedPolicy.SKIP:
            runs = due if now - due[-1] <= tolerance else []
        case MissedPolicy.ONCE | MissedPolicy.ALL:
            runs = due
        case _:
            assert_never(policy)
    return Plan(runs=runs, next_run_at=following, is_missing=not is_whole or len(runs) < len(due))


def _due(schedule: Schedule, first: datetime, now: datetime, most: int) -> tuple[list[datetime], bool, datetime | None]:
    """Return the latest ``most`` runs until ``now``, whether they are all, and the first one after it."""
    start = _catch_up(schedule, first, now, most)
    found: deque[datetime] = deque([start], maxlen=most)
    count = 1
    following = _step(schedule, start)
    while following is not None and following <= now:
        if count == MOST_STEPS and not isinstance(schedule, (Every, Cron)):
            return list(found), False, _step(schedule, now)
        found.append(following)
        count += 1
        following = _step(schedule, following)
    return list(found), start == first and count <= most, following


def _catch_up(schedule: Schedule, first: datetime, now: datetime, most: int) -> datetime:
    """Return a run from which only about ``most`` are left until ``now``; ``first`` where that is not far, or not known."""
    match schedule:
        case Every(interval=interval) | Cron(interval=timedelta() as interval):
            return first + max((now - first) // interval - most, 0) * interval
        case Cron():
            return _catch_up_backwards(schedule, first, now, most)
    return first


def _catch_up_backwards(schedule: Cron, first: datetime, now: datetime, most: int) -> datetime:
    back = timedelta(seconds=1)
    while (start := now - back) > first:
        count, run = 0, schedule(start)
        while run is not None and run <= now and count <= most:
            count, run = count + 1, schedule(run)
        if count > most:
            return schedule(start) or first
        back *= 2
    return first


def _step(schedule: Schedule, after: datetime) -> datetime | None:
    following = schedule(after)
    if following is None:
        return None
    if following.tzinfo is None or following <= after:
        message = f"a schedule must return an aware time later than {after}, got {following!r}"
        raise InvalidSchedule(message)
    return following.astimezone(UTC)
