"""The engine's errors: their names say what the caller may conclude."""


class JobsError(Exception):
    """Root of everything the engine raises on purpose."""


class InvalidJob(JobsError):
    """The insert options or the arguments break a rule; nothing was written."""


class InvalidPlugin(JobsError):
    """An object was given as a plugin that is none, or that has a method with a wrong signature."""


class UnknownKind(JobsError):
    """No worker and no arguments class is registered for a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        # River's own text: a row that fails with it reads the same whichever engine met it.
        super().__init__(f"job kind is not registered in the client's Workers bundle: {kind}")


class KindAlreadyRegistered(JobsError):
    """Two workers claim one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"a worker for kind {kind!r} is registered already; each kind has exactly one")


class JobNotFound(JobsError):
    """No job has this id (it may have been cleaned up after its retention time)."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"there is no job {job_id}")


class JobIsRunning(JobsError):
    """The job is being worked; cancel it and wait before deleting or retrying it."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} is running: cancel it first and wait until it has stopped")


class UniqueConflict(JobsError):
    """Another unfinished job holds the unique key that this one needs."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} can't be made available: an unfinished job with the same unique key exists")


class QueueNotFound(JobsError):
    """No client has ever worked a queue of this name."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"there is no queue {queue!r}: a queue appears when a worker first serves it")


class QueueAlreadyAdded(JobsError):
    """This client works the queue already."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        super().__init__(f"queue {queue!r} is worked by this client already")


class JobFailed(JobsError):
    """A job that was waited for ended discarded or cancelled."""

    def __init__(self, job_id: int, state: str, error: str) -> None:
        self.job_id = job_id
        self.state = state
        self.error = error
        super().__init__(f"job {job_id} was {state}" + (f": {error}" if error else ""))


class InvalidCursor(JobsError):
    """A list cursor that this engine (or Go's) did not make."""


class StoreError(JobsError):
    """The database could not be read or written.

    ``retryable`` says whether the same call may work later: the connection was lost, the server is starting or
    stopping, or the transaction met a deadlock or a serialisation failure.
    """

    def __init__(self, message: str, *, retryable: bool, is_refusal: bool = False, is_undone: bool = False) -> None:
        self.retryable = retryable
        self.is_refusal = is_refusal
        """The database refuses the values themselves (its SQLSTATE's class is 22, 23, 54 or P0): the same call always fails."""
        self.is_undone = is_undone
        """The database says that it undid everything for another transaction's sake (SQLSTATE 40001 or 40P01)."""
        super().__init__(message)


class UniqueKeyTaken(StoreError):
    """An unfinished job holds a unique key that the statement needs; where a duplicate is an answer, no error is raised."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False, is_refusal=True)


class JobCancelled(JobsError):
    """Raised inside a thread or process worker at its next report once the job is cancelled or the node stops."""


class AttemptLost(JobsError):
    """The attempt is this worker's no more: its job was rescued, handed back or deleted meanwhile.

    Raised by what a worker writes in its own transaction: let it roll back, somebody else does the work again.
    """

    def __init__(self, job_id: int, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        super().__init__(f"attempt {attempt} of job {job_id} is no longer this worker's: roll its transaction back")


class StepError(JobsError):
    """A job's steps do not fit: nested, named twice, or not those that an earlier attempt left."""


class WorkerLost(JobsError):
    """The process that a job had to itself ended without a result: killed, out of memory, crashed.

    ``trace`` is where it was, as far as it could still say.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        self.trace = trace
        super().__init__(text)


class IsolationFailed(JobsError):
    """A suspect could not be run in a process of its own; it was not run there at all."""


class ProgramNotGuarded(JobsError):
    """A program starts a client where a worker's process only reads it, to find the worker."""

    def __init__(self) -> None:
        super().__init__(
            "a worker's process reads the program that defines the worker, and this one starts a client when it is read: "
            "guard what starts it with `if __name__ == '__main__'`"
        )


class WorkerRaised(JobsError):
    """A process worker raised in its process; the text describes what, ``trace`` is the traceback there.

    ``is_final`` says that every further attempt would end so.
    """

    def __init__(self, text: str, trace: str, *, is_final: bool = False) -> None:
        self.trace = trace
        self.is_final = is_final
        super().__init__(text)


_WHOLE = (UnknownKind, StepError, WorkerLost, WorkerRaised)
"""Their texts are stored as they are: rows read the same whichever engine met them."""


MAX_TEXT = 20_000
"""Characters of an error's text, and of its traceback, that are kept: each attempt leaves both in its row."""


def shortened(text: str) -> str:
    """Return ``text`` without its middle where it is longer than ``MAX_TEXT``."""
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]} ... [{len(text) - 2 * half} characters left out] ... {text[-half:]}"


def describe(error: BaseException) -> str:
    """Return the class and the text of whatever was raised, for people; River's own texts alone."""
    if isinstance(error, _WHOLE):
        return shortened(str(error))
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a user's class may not even describe itself
        text = "its text cannot be read"
    if type(error) is TypeError and text == "exceptions must derive from BaseException":
        text += " (Snooze and Cancel are returned, not raised)"
    return shortened(f"{type(error).__name__}: {text}") if text else type(error).__name__
