"""What may be plugged into a client, a kind or a worker: protocols of which an object implements any, found out once.

An insert, outermost first: ``around_insert`` of the client's plugins, then of each kind's in the order in which the kinds
come first; ``insert_begin`` for each job, the client's, then its kind's; the statement.

An attempt, outermost first: ``around_work`` of the worker's plugins, the client's, the kind's; ``work_begin`` in the same
order; the arguments are decoded; from here to the end of ``work_end`` the deadline counts; the worker; ``work_end`` in the
same order; outside of all that, and only for a failure, ``handle_error`` in the same order.

River has three lists (plugins, hooks, middleware) and an error handler apart. Here is one list: what an object does follows from its
methods, and its place in the list is its place in every order.
"""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from revenge.infra.jobs.errors import InvalidPlugin
from revenge.infra.jobs.models import InsertResult, JobState

if TYPE_CHECKING:
    from revenge.infra.jobs.args import JobArgs
    from revenge.infra.jobs.job import Job
    from revenge.infra.jobs.outcome import Cancel
    from revenge.infra.jobs.periodic_store import PeriodicInfo

# What plugins are given


@dataclass(slots=True, kw_only=True)
class JobInsertParams:
    """A job that is about to be inserted; what a plugin assigns is what is written.

    Options have been checked and the unique key has been made: it does not follow what is changed here, as in River.
    """

    args: "JobArgs"
    """The arguments; assign others of the kind to change them."""
    kind: str
    queue: str
    state: JobState
    priority: int
    max_attempts: int
    scheduled_at: datetime
    metadata: dict[str, Any]
    tags: list[str]


@dataclass(frozen=True, slots=True)
class WorkOutcome:
    """How the work of one attempt ended: with what it returned, or with what it raised."""

    result: object = None
    """A value, ``Snooze`` or ``Cancel``; only looked at without an error."""
    error: BaseException | None = None
    """``TimeoutError`` at the deadline, ``asyncio.CancelledError`` when the job was cancelled or the client stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGetAvailableDuration:
    """How long a fetch took that succeeded (River: ``job_get_available_duration``); once for each queue it asked for."""

    queue: str
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGetAvailableCount:
    """How many jobs a fetch that succeeded brought from a queue (River: ``job_get_available_count``)."""

    queue: str
    count: int


Metric = JobGetAvailableDuration | JobGetAvailableCount


# What plugins implement, any of it


class InsertBegin(Protocol):
    """Hook: called for each job before it is inserted; what it raises keeps the whole call from inserting anything."""

    async def insert_begin(self, params: JobInsertParams) -> None: ...


class AroundInsert(Protocol):
    """Middleware: called around each call that inserts, of one job or many."""

    async def around_insert(
        self, jobs: Sequence[JobInsertParams], proceed: Callable[[], Awaitable[Sequence[InsertResult]]]
    ) -> Sequence[InsertResult]:
        """Await ``proceed()`` to insert, and return its results or others; a fast insert by COPY has none."""
        ...


class WorkBegin(Protocol):
    """Hook: called before the arguments are decoded; what it raises fails the attempt, with no work and no ``work_end``."""

    async def work_begin(self, job: "Job[Any]") -> None: ...


class WorkEnd(Protocol):
    """Hook: called when the worker has ended, within the job's deadline."""

    async def work_end(self, job: "Job[Any]", outcome: WorkOutcome) -> WorkOutcome | None:
        """Return None to leave it at that, or raise or return what the outcome is instead, for the next hook too."""
        ...


class AroundWork(Protocol):
    """Middleware: called around each attempt, decoding and hooks included, outside of the job's deadline.

    ``job.args`` is there when ``proceed`` has been called; ``job.set_metadata`` and context variables may be set before.
    """

    async def around_work(self, job: "Job[Any]", proceed: Callable[[], Awaitable[object]]) -> object:
        """Await ``proceed()`` to work, and return its result or another; it raises what the work does."""
        ...


class HandleError(Protocol):
    """Called after an attempt failed, whatever was raised; not for cancels, snoozes and interruptions by a stop.

    Return ``Cancel`` to end the job as cancelled instead of retrying it; its error is recorded all the same. What this
    raises is logged, and changes nothing.
    """

    async def handle_error(self, job: "Job[Any]", error: BaseException) -> "Cancel | None": ...


class PeriodicJobsStart(Protocol):
    """Hook: called when this client becomes the one that inserts the cluster's periodic jobs.

    What it raises is logged; the client inserts none and asks again a little later.
    """

    async def periodic_jobs_start(self, jobs: Sequence["PeriodicInfo"]) -> None: ...


class MetricEmit(Protocol):
    """Hook: called with measurements of hot paths, so a plain function: it must not wait. What it raises is logged."""

    def metric_emit(self, metric: Metric) -> None: ...


Plugin = InsertBegin | AroundInsert | WorkBegin | WorkEnd | AroundWork | HandleError | PeriodicJobsStart | MetricEmit
"""An object with any of these methods; what each does is in the protocol of the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSet:
    """The methods of some plugins by what they are called for, each in the plugins' order."""

    around_insert: Sequence[Callable[..., Awaitable[Sequence[InsertResult]]]] = ()
    insert_begin: Sequence[Callable[[JobInsertParams], Awaitable[None]]] = ()
    around_work: Sequence[Callable[..., Awaitable[object]]] = ()
    work_begin: Sequence[Callable[["Job[Any]"], Awaitable[None]]] = ()
    work_end: Sequence[Callable[["Job[Any]", WorkOutcome], Awaitable[WorkOutcome | None]]] = ()
    handle_error: Sequence[Callable[["Job[Any]", BaseException], Awaitable["Cancel | None"]]] = ()
    periodic_jobs_start: Sequence[Callable[[Sequence["PeriodicInfo"]], Awaitable[None]]] = ()
    metric_emit: Sequence[Callable[[Metric], None]] = ()

    @property
    def extends_insert(self) -> bool:
        """Whether inserts go through any of it."""
        return bool(self.around_insert or self.insert_begin)

    @property
    def extends_work(self) -> bool:
        """Whether attempts go through any of it."""
        return bool(self.around_work or self.work_begin or self.work_end or self.handle_error)


NO_PLUGINS = PluginSet()

_SIGNATURES = {
    "around_insert": ("jobs", "proceed"),
    "insert_begin": ("params",),
    "around_work": ("job", "proceed"),
    "work_begin": ("job",),
    "work_end": ("job", "outcome"),
    "handle_error": ("job", "error"),
    "periodic_jobs_start": ("jobs",),
    "metric_emit": ("metric",),
}
OF_CLIENT = frozenset(_SIGNATURES)
OF_ARGS = OF_CLIENT - {"periodic_jobs_start", "metric_emit"}
OF_WORKER = OF_ARGS - {"around_insert", "insert_begin"}


def look_up(plugins: Iterable[object], *, allowed: Collection[str] = OF_CLIENT, owner: str = "a client") -> PluginSet:
    """Return what ``plugins`` implement.

    Raises:
        InvalidPlugin: one is a class, implements nothing, has a method with another signature than its protocol's, or
            one that is never called of what ``owner`` is.
    """
    found: dict[str, list[Callable[..., Any]]] = {name: [] for name in _SIGNATURES}
    for plugin in plugins:
        _check_object(plugin)
        for name, methods in found.items():
            method = getattr(plugin, name, None)
            if method is None:
                continue
            _check_method(plugin, name, method)
            if name not in allowed:
                message = f"{type(plugin).__name__}.{name} would never be called as a plugin of {owner}: give it to the client"
                raise InvalidPlugin(message)
            methods.append(method)
    return PluginSet(**{name: tuple(methods) for name, methods in found.items() if methods})


def look_up_args(args_type: "type[JobArgs]") -> PluginSet:
    """Return what the plugins of an arguments class implement.

    Raises:
        InvalidPlugin: as for ``look_up``.
    """
    return look_up(args_type.plugins, allowed=OF_ARGS, owner=f"the arguments {args_type.__name__}")


def joined(*sets: PluginSet) -> PluginSet:
    """Return what all of ``sets`` implement, in their order."""
    return PluginSet(
        **{
            field.name: tuple(method for each in sets for method in getattr(each, field.name))
            for field in fields(PluginSet)
        }
    )


def _check_object(plugin: object) -> None:
    if isinstance(plugin, type):
        message = f"plugins are objects, got the class {plugin.__name__}: write {plugin.__name__}()"
        raise InvalidPlugin(message)
    if not any(hasattr(plugin, name) for name in _SIGNATURES):
        message = f"{type(plugin).__name__} is no plugin: it has none of the methods {', '.join(_SIGNATURES)}"
        raise InvalidPlugin(message)


def _check_method(plugin: object, name: str, method: object) -> None:
    arguments = _SIGNATURES[name]
    is_async = name != "metric_emit"
    fits = callable(method) and inspect.iscoroutinefunction(method) == is_async
    if fits:
        try:
            inspect.signature(method).bind(*arguments)  # type: ignore[arg-type]  # callable, as `fits` says
        except TypeError:
            fits = False
    if not fits:
        wanted = f"{'async def' if is_async else 'def'} {name}({', '.join(('self', *arguments))})"
        message = f"{type(plugin).__name__}.{name} must be {wanted}"
        raise InvalidPlugin(message)
