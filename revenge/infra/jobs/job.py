"""A job as its worker sees it: what it is, what the worker says of it, how it completes it or goes on by steps."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from revenge.infra.jobs import completion
from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.drivers import AsyncConnection, SyncConnection, at_once
from revenge.infra.jobs.errors import JobCancelled
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.progress import Report
from revenge.infra.jobs.resumable import MARK, Cursor, Steps
from revenge.infra.jobs.stepping import DONE, Done
from revenge.infra.jobs.workplace import loop_of_thread, workplace

if TYPE_CHECKING:
    from revenge.infra.jobs.client import Client

A = TypeVar("A", bound=JobArgs)
T = TypeVar("T")
P = ParamSpec("P")


class Job(Generic[A]):
    """Decoded arguments, the attempt, and where progress goes."""

    __slots__ = ("_claim", "_metadata", "args", "cancel_requested", "raises_on_report", "report", "staged", "steps")

    def __init__(self, claim: Claim, args: A) -> None:
        self._claim = claim
        self._metadata: dict[str, Any] | None = None
        self.args = args
        self.cancel_requested = False
        """Somebody asked for this job to end, or the node stops; a thread or process worker looks at it."""
        self.raises_on_report = False
        self.report: Report | None = None
        self.staged: dict[str, Any] | None = None
        self.steps: Steps | None = None

    @classmethod
    def undecoded(cls, claim: Claim) -> "Job[Any]":
        """Return a job without ``args`` yet: what plugins around its work see first."""
        job = Job[Any](claim, None)
        del job.args
        return job

    @property
    def is_decoded(self) -> bool:
        """Whether ``args`` can be looked at: a plugin around the work is called before it, too."""
        return hasattr(self, "args")

    @property
    def encoded_args(self) -> str:
        """The arguments as the row has them, as JSON text."""
        return self._claim.args

    @property
    def id(self) -> int:
        """The row's id."""
        return self._claim.id

    @property
    def kind(self) -> str:
        """The row's kind."""
        return self._claim.kind

    @property
    def queue(self) -> str:
        """The queue it was fetched from."""
        return self._claim.queue

    @property
    def attempt(self) -> int:
        """This attempt, counted from 1."""
        return self._claim.attempt

    @property
    def max_attempts(self) -> int:
        """After how many failed attempts the job is discarded."""
        return self._claim.max_attempts

    @property
    def priority(self) -> int:
        """1 (first) to 4 (last)."""
        return self._claim.priority

    @property
    def attempted_at(self) -> datetime:
        """When this attempt was fetched."""
        return self._claim.attempted_at

    @property
    def scheduled_at(self) -> datetime:
        """When it was due."""
        return self._claim.scheduled_at

    @property
    def metadata(self) -> dict[str, Any]:
        """The row's metadata as it was at the fetch."""
        if self._metadata is None:
            self._metadata = self._claim.metadata()
        return self._metadata

    def report_progress(
        self, *, phase: str = "", current: int = 0, total: int | None = None, message: str = ""
    ) -> Done:
        """Say how far the work is; may be called for every item, awaited or not.

        The node writes the newest report of all its jobs about once a second. ``current`` and ``total`` count within
        ``phase``; ``total`` is None while unknown; ``message`` is the current item.

        Raises:
            JobCancelled: in a thread or process worker, when the job was cancelled or the node stops. An async worker
                gets ``asyncio.CancelledError`` at its next await instead.
        """
        self.report = Report(phase, current, total, message)
        if self.raises_on_report and self.cancel_requested:
            message = f"job {self.id} is to stop"
            raise JobCancelled(message)
        return DONE

    def set_metadata(self, key: str, value: Any) -> None:
        """Stage a metadata key that is written when the attempt ends, whatever its outcome.

        Raises:
            ValueError: the key begins with ``river:`` or ``revenge:``, which are the engines' own.
        """
        if key.startswith(("river:", "revenge:")):
            message = f"metadata keys that begin with 'river:' or 'revenge:' are the engine's own, got {key!r}"
            raise ValueError(message)
        self.stage(key, value)

    def stage(self, key: str, value: Any) -> None:
        """Do the same for the engine's own keys."""
        if self.staged is None:
            self.staged = {}
        self.staged[key] = value

    def record_output(self, value: Any) -> None:
        """Record ``value`` as the job's output although the worker returns something else, or fails later."""
        self.set_metadata("output", value)

    @property
    def client(self) -> "Client":
        """The client that works this job: to insert others, to ask ``is_leader``, for ``once_per_cluster``.

        Its methods are to be awaited; a worker in a thread gives them to ``in_loop``.

        Raises:
            RuntimeError: in a worker that runs in a process of its own, and outside of workers.
        """
        return workplace().client

    def in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` in the client's event loop, and return what it returns once it is done: for workers in threads.

        ``job.in_loop(job.client.insert(OtherArgs()))`` inserts as ``await job.client.insert(OtherArgs())`` does in a coroutine.

        Raises:
            RuntimeError: called elsewhere than in a worker's own thread.
            Exception: what ``work`` raises.
        """
        try:
            loop = loop_of_thread()
        except RuntimeError:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def complete(self, *, conn: AsyncConnection, output: object = None) -> None:
        """Complete the job by the transaction of ``conn``: it is done exactly when that commits (River: ``JobCompleteTx``).

        What was staged is written with it, and ``output`` unless it is None. Return afterwards: once it has committed, nothing
        that the worker raises changes the outcome. When it rolls back, the attempt ends as if this had not been called.

        Raises:
            AttemptLost: the attempt is another's by now; let the transaction roll back.
            RuntimeError: in a worker that runs in a process of its own, and outside of workers.
            StoreError: the database could not do it; the transaction is to be rolled back.
        """
        await completion.complete(self._claim, self._with_completion(output), conn=conn)

    def complete_blocking(self, *, conn: SyncConnection, output: object = None) -> None:
        """Do the same in a thread, by a connection that blocks: psycopg's, SQLAlchemy's or its session.

        Raises:
            AttemptLost, RuntimeError, StoreError: as for ``complete``.
        """
        at_once(completion.complete(self._claim, self._with_completion(output), conn=conn, blocking=True))

    def _with_completion(self, output: object) -> dict[str, Any]:
        if self.staged is None:
            # Whatever the worker then returns meets the completed row as one with something to merge: it counts as settled.
            self.staged = {}
        return {**self.staged, **({} if output is None else {"output": output})}

    @overload
    def step(  # type: ignore[overload-overlap]  # the first that fits is the one
        self, name: str, do: Callable[P, Awaitable[object]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, None]: ...

    @overload
    def step(self, name: str, do: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None: ...

    def step(self, name: str, do: Callable[..., object], /, *args: Any, **kwargs: Any) -> Any:
        """Call ``do`` with the other arguments, unless an earlier attempt of this job has done this step (River: ``ResumableStep``).

        Await it when ``do`` is a coroutine function. ``do`` may return ``Snooze`` or ``Cancel``: then no later step runs, and
        that is how the attempt ends, even if ``work`` returns something else. The same goes for what it raises. Code outside
        of steps runs on every attempt. What was done is stored when the attempt fails, snoozes or is interrupted.

        Raises:
            StepError: it is called within a step, the name was there before, or an earlier attempt knew it as a cursor step.
        """
        return self.open_steps().step(name, partial(do, *args, **kwargs))

    @overload
    def cursor_step(  # type: ignore[overload-overlap]  # as above
        self,
        name: str,
        type_: type[T],
        do: Callable[Concatenate[Cursor[T], P], Awaitable[object]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, None]: ...

    @overload
    def cursor_step(
        self,
        name: str,
        type_: type[T],
        do: Callable[Concatenate[Cursor[T], P], object],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None: ...

    def cursor_step(self, name: str, type_: type[T], do: Callable[..., object], /, *args: Any, **kwargs: Any) -> Any:
        """Do the same with a cursor of type ``type_`` as first argument: a step that goes on where an attempt was cut off.

        ``type_`` is anything that pydantic reads from JSON: ``int``, ``str``, a model.

        Raises:
            StepError: as for ``step``, or the stored cursor is none of ``type_``.
        """
        return self.open_steps().cursor_step(name, type_, lambda cursor: do(cursor, *args, **kwargs))

    async def save_step(self, *, conn: AsyncConnection) -> None:
        """Store by the transaction of ``conn`` that the present step is done (River: ``ResumableSetStepTx``).

        Commit before the step's function returns, and let an error of the transaction be raised out of it. What the
        transaction rolls back is done again, earlier steps of this attempt too.

        Raises:
            AttemptLost: the attempt is another's by now; let the transaction roll back.
            StepError: an earlier attempt's cursor belongs to a step that has not been reached yet.
            RuntimeError: called outside of a step.
        """
        await self.open_steps().save(conn=conn)

    def save_step_blocking(self, *, conn: SyncConnection) -> None:
        """Do the same in a thread, by a connection that blocks.

        Raises:
            AttemptLost, StepError, RuntimeError: as for ``save_step``.
        """
        at_once(self.open_steps().save(conn=conn, blocking=True))

    def open_steps(self) -> Steps:
        """Return the steps of this attempt, read from the row when they are first asked for.

        Raises:
            StepError: what the row says of them cannot be read.
        """
        if self.steps is None:
            self.steps = Steps(self._claim)
        return self.steps

    def resume(self) -> None:
        """Read what an earlier attempt left of its steps, if any: this one has to meet it, though the worker has no steps now.

        Raises:
            StepError: it cannot be read.
        """
        metadata = self._claim.metadata_json
        if metadata is not None and MARK in metadata:
            self.open_steps()

    def conclude(self, result: object) -> object:
        """Return how the attempt ends whose ``work`` returned ``result``: what a step wished comes first.

        Raises:
            Exception: what a step raised, or that the steps do not fit.
        """
        return result if self.steps is None else self.steps.conclude(result)
