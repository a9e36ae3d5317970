"""Kinds and what works them."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, get_args

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.errors import InvalidJob, KindAlreadyRegistered, UnknownKind
from revenge.infra.jobs.given import check_policy, check_span
from revenge.infra.jobs.plugins import NO_PLUGINS, OF_WORKER, PluginSet, look_up, look_up_args
from revenge.infra.jobs.reading import row_reader
from revenge.infra.jobs.retry import RetryPolicy
from revenge.infra.jobs.worker import RunsIn, Worker

_KIND = re.compile(r"\w[\w\-\[\]<>/.·:+]+", re.ASCII)
"""River: `rivercommon.UserSpecifiedIDOrKindRE`; the middle dot is River's own exception from ASCII."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A kind with everything about its worker that the executor asks for on every job, looked up once."""

    kind: str
    args_type: type[JobArgs]
    decode: Callable[[str], JobArgs]
    worker: Worker[Any]
    runs_in: RunsIn
    timeout: timedelta | None
    chooses_timeout: bool
    """Whether its worker says a timeout for each attempt."""
    retry_policy: RetryPolicy | None
    phases: Mapping[str, float]
    worker_plugins: PluginSet = NO_PLUGINS
    args_plugins: PluginSet = NO_PLUGINS
    has_plugins: bool = False
    """Whether its attempts go through plugins of its own."""


class Workers:
    """The kinds that a client can work, and those that it only inserts."""

    def __init__(self, workers: Iterable[Worker[Any]] = ()) -> None:
        self._by_kind: dict[str, Registration] = {}
        self._args_types: dict[str, type[JobArgs]] = {}
        for worker in workers:
            self.add(worker)

    @classmethod
    def of(cls, given: "Workers | None") -> "Workers":
        """Return ``given``, none at all where nothing is.

        Raises:
            TypeError: it is something else.
        """
        _check_workers(given)
        # One that is empty stays the caller's: it may declare kinds, and be added to.
        return cls() if given is None else given

    def add(self, worker: Worker[Any]) -> None:
        """Register ``worker`` for the kind of its arguments.

        Raises:
            KindAlreadyRegistered: another worker has the kind.
            InvalidJob: the worker names no arguments class or one that cannot be read from rows, its ``work`` cannot be
                called, or the kind is no valid name.
            InvalidPlugin: it or its arguments declare a plugin that is none.
            TypeError: its timeout or its retry policy is none.
            ValueError: its timeout is not positive.
        """
        _check_object(worker)
        args_type: type[JobArgs] | None = getattr(type(worker), "args_type", None)
        if args_type is None:
            message = (
                f"{type(worker).__name__} must name its arguments: class {type(worker).__name__}(Worker[SomeArgs])"
            )
            raise InvalidJob(message)
        kind = _kind_of(args_type)
        if kind in self._by_kind:
            raise KindAlreadyRegistered(kind)
        _check_work(worker)
        _check_timeout(worker)
        check_policy(f"{type(worker).__name__}.retry_policy", worker.retry_policy, optional=True)
        worker_plugins = look_up(worker.plugins, allowed=OF_WORKER, owner=f"the worker {type(worker).__name__}")
        args_plugins = look_up_args(args_type)
        self._args_types[kind] = args_type
        self._by_kind[kind] = Registration(
            kind=kind,
            args_type=args_type,
            decode=row_reader(args_type),
            worker=worker,
            runs_in=_runs_in(worker),
            timeout=worker.timeout,
            chooses_timeout=type(worker).timeout_for is not Worker.timeout_for,
            retry_policy=worker.retry_policy,
            phases=dict(worker.phases),
            worker_plugins=worker_plugins,
            args_plugins=args_plugins,
            has_plugins=worker_plugins.extends_work or args_plugins.extends_work,
        )

    def declare(self, args_type: type[JobArgs]) -> None:
        """Make a kind known that is inserted here and worked elsewhere."""
        self._args_types.setdefault(_kind_of(args_type), args_type)

    def get(self, kind: str) -> Registration | None:
        """Return the registration of ``kind``, None when nothing here works it."""
        return self._by_kind.get(kind)

    def args_type(self, kind: str) -> type[JobArgs]:
        """Return the arguments class of ``kind``.

        Raises:
            UnknownKind: neither a worker nor a declaration names it.
        """
        try:
            return self._args_types[kind]
        except KeyError:
            raise UnknownKind(kind) from None

    def read(self, kind: str, args: Mapping[str, Any]) -> JobArgs:
        """Return the arguments of ``kind`` by its own class; where no kind at all is known, as they are.

        Raises:
            UnknownKind: others are known, and not this one.
            InvalidJob: it is no valid name.
            pydantic.ValidationError: the arguments do not fit.
        """
        # River checks no kinds either where a client has no workers, as those have that only insert.
        args_type = self.args_type(kind) if self._args_types else _unchecked(kind)
        return args_type.model_validate(args)

    def phases(self, kind: str) -> Mapping[str, float]:
        """Return the phases of a kind with their weights, none when nothing here works it."""
        registration = self._by_kind.get(kind)
        return registration.phases if registration else {}

    @property
    def kinds(self) -> list[str]:
        """The kinds that are worked here, sorted."""
        return sorted(self._by_kind)

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._by_kind.values())

    def __len__(self) -> int:
        return len(self._by_kind)


def _kind_of(args_type: type[JobArgs]) -> str:
    kind = getattr(args_type, "kind", None)
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or len(kind) >= 128:
        message = (
            f"{args_type.__name__} needs a kind of 2 to 127 letters, digits or -_[]<>/.:+, "
            f'as in class {args_type.__name__}(JobArgs, kind="..."); got {kind!r}'
        )
        raise InvalidJob(message)
    return kind


@lru_cache(maxsize=256)
def _unchecked(kind: str) -> type[JobArgs]:
    class Unchecked(JobArgs, kind=kind, extra="allow"):
        pass

    _kind_of(Unchecked)
    return Unchecked


def _check_object(worker: object) -> None:
    if not isinstance(worker, Worker):
        said = f"the class {worker.__name__}: write {worker.__name__}()" if isinstance(worker, type) else repr(worker)
        message = f"workers are objects of classes like class Some(Worker[SomeArgs]), got {said}"
        raise InvalidJob(message)


def _check_timeout(worker: Worker[Any]) -> None:
    name = f"{type(worker).__name__}.timeout"
    check_span(name, worker.timeout, optional=True)
    if worker.timeout is not None and worker.timeout <= timedelta(0):
        message = f"{name} must be positive, got {worker.timeout}: None is the client's own, NO_TIMEOUT is none"
        raise ValueError(message)


def _check_work(worker: Worker[Any]) -> None:
    name, work = type(worker).__name__, worker.work
    if getattr(work, "__func__", None) is vars(Worker)["work"]:
        message = f"{name} has no work: write async def work(self, job)"
        raise InvalidJob(message)
    if inspect.isasyncgenfunction(work) or inspect.isgeneratorfunction(work):
        message = f"{name}.work must not yield, or nothing of it would run: return the job's output"
        raise InvalidJob(message)
    try:
        inspect.signature(work).bind("job")
    except (TypeError, ValueError) as error:
        message = f"{name}.work must take the job and nothing else, as def work(self, job): {error}"
        raise InvalidJob(message) from error


def _check_workers(given: object) -> None:
    if given is not None and not isinstance(given, Workers):
        message = f"workers must be Workers([...]), got {type(given).__name__}"
        raise TypeError(message)


def _runs_in(worker: Worker[Any]) -> RunsIn:
    is_async = inspect.iscoroutinefunction(worker.work)
    declared = worker.runs_in
    if declared is None:
        return "loop" if is_async else "thread"
    if declared not in get_args(RunsIn):
        message = f"{type(worker).__name__}: runs_in must be one of {', '.join(get_args(RunsIn))}, got {declared!r}"
        raise InvalidJob(message)
    if is_async != (declared == "loop"):
        message = (
            f'{type(worker).__name__}: runs_in="{declared}" needs {"async def" if declared == "loop" else "def"} work'
        )
        raise InvalidJob(message)
    return declared
