"""What a user of the engine writes for each kind of job: a worker class."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, get_args, get_origin

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.job import A, Job
from revenge.infra.jobs.retry import RetryPolicy

if TYPE_CHECKING:
    from revenge.infra.jobs.plugins import Plugin

NO_TIMEOUT: Final = timedelta.max
"""A worker's ``timeout`` for attempts that may take for ever."""

RunsIn = Literal["loop", "thread", "process"]


class Worker(Generic[A]):
    """Works the jobs of one kind: ``class ScanWorker(Worker[ScanArgs])`` with a method ``work``.

    ``async def work`` runs in the event loop, a plain ``def work`` in a thread. With
    ``class HashWorker(Worker[HashArgs], runs_in="process")`` a static ``work`` runs in a process of its own that is
    killed at its deadline; it gets nothing of this process but the job.
    """

    args_type: ClassVar[type[JobArgs]]
    runs_in: ClassVar[RunsIn | None] = None
    """None: by whether ``work`` is a coroutine function."""
    timeout: timedelta | None = None
    """How long an attempt may take; None: the client's default, ``NO_TIMEOUT``: for ever."""
    retry_policy: RetryPolicy | None = None
    """None: the client's."""
    phases: Mapping[str, float] = {}
    """The phases it reports, in order, with weights: the whole job's percent follows from them."""
    plugins: "Sequence[Plugin]" = ()
    """What happens around this worker's work; outside of all other plugins."""

    def __init_subclass__(cls, *, runs_in: RunsIn | None = None, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if runs_in is not None:
            cls.runs_in = runs_in
        for base in cls.__dict__.get("__orig_bases__", ()):
            origin, arguments = get_origin(base), get_args(base)
            if isinstance(origin, type) and issubclass(origin, Worker) and isinstance(arguments[0], type):
                cls.args_type = arguments[0]

    if TYPE_CHECKING:
        # Of this type and no method, so that a static method may take its place.
        work: Callable[[Job[A]], object]
    else:

        def work(self, job: Job[A]) -> object:
            """Do the job.

            Return ``Snooze`` or ``Cancel`` to wish for that; any other value but None is recorded as the job's output.
            Whatever is raised is a failed attempt.
            """
            raise NotImplementedError

    def timeout_for(self, job: Job[A]) -> timedelta | None:
        """Choose the deadline of this very attempt, in the terms of ``timeout``; what this raises leaves it at that."""
        return self.timeout

    def retry_delay(self, job: Job[A], error: BaseException) -> timedelta | None:
        """Choose when this failure is retried; None leaves it to the retry policy."""
        return None
