"""What the jobs of both programs have in common; the logic is in the services."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import Field

from revenge.infra.database.connection import Connection
from revenge.infra.failures import Final, Later, put_off, verdict_of
from revenge.infra.http.errors import CallFailed
from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    InsertOpts,
    Job,
    JobArgs,
    OptionalUuid,
    Queue,
    Snooze,
    UniqueOpts,
    Worker,
    omitempty,
)
from revenge.infra.jobs.plugins import JobInsertParams
from revenge.integration.arr.errors import ArrError
from revenge.integration.arr.models import SyncDone, SyncElsewhere, SyncPaused
from revenge.integration.arr.service import PHASES, SyncRequest

FULL, SINGLE = "full", "single"
MAX_ATTEMPTS = 5
_BUSY_AGAIN = timedelta(seconds=1)


class Syncs(Protocol):
    """The part of ``SyncService`` that the jobs need."""

    async def sync_all(self, request: SyncRequest) -> SyncDone | SyncPaused | SyncElsewhere: ...

    async def sync_one(self, arr_id: int) -> SyncDone: ...

    async def say_error(self, job_id: int, reason: str) -> None: ...

    async def fail(self, job_id: int, reason: str) -> None: ...


class Webhooks(Protocol):
    """The part of ``WebhookService`` that the jobs need."""

    async def work(
        self, subject: str, complete: Callable[[Connection, Mapping[str, Any]], Awaitable[None]]
    ) -> bool: ...

    async def handle(self, payloads: list[Mapping[str, Any]]) -> dict[str, Any]: ...


class SingleFirst:
    """Lets the sync of one title, which somebody waits for, go before those of everything."""

    def __init__(self, queue: str) -> None:
        self._queue = queue

    async def insert_begin(self, params: JobInsertParams) -> None:
        """Move it to the other queue."""
        if getattr(params.args, "operation", None) == SINGLE:
            params.queue = self._queue


class ArrSyncArgs(JobArgs):
    """The Go server's arguments. One job of an operation and title waits or runs at a time.

    A full sync goes to the queue for long things, so that it holds up nothing; one title's goes first.
    """

    operation: str
    """``full`` or ``single``."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK, max_attempts=MAX_ATTEMPTS, unique=UniqueOpts(by_args=True, by_state=UNFINISHED)
    )
    plugins = (SingleFirst(Queue.HIGH),)

    @property
    @abstractmethod
    def arr_id(self) -> int:
        """The title of a single sync by the program's own id; 0: none."""


class ArrWebhookArgs(JobArgs):
    """The Go server's arguments, and whose events the job works."""

    payload: dict[str, Any] = Field(default_factory=dict)
    """The first event's body, as the program sent it."""
    subject: str = omitempty("")
    """All events that wait of it are worked; empty, as in Go's jobs: the payload alone is."""
    event_id: OptionalUuid = omitempty()

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=MAX_ATTEMPTS)


S = TypeVar("S", bound=ArrSyncArgs)
W = TypeVar("W", bound=ArrWebhookArgs)


class ArrSyncWorker(Worker[S]):
    """Syncs everything, or one title."""

    timeout = timedelta(minutes=15)
    run_for = timedelta(minutes=8)
    """Less than ``timeout`` by what a list and a slow batch may take; then it snoozes and goes on."""
    phases: Mapping[str, float] = PHASES

    def __init__(self, syncs: Syncs | None) -> None:
        """``syncs``: None where the program is not used."""
        self._syncs = syncs

    async def work(self, job: Job[S]) -> dict[str, Any] | Snooze | Cancel:
        """Sync, and return what changed as the job's output."""
        operation, arr_id = job.args.operation, job.args.arr_id
        if operation not in (FULL, SINGLE):
            return Cancel(f"operation must be {FULL} or {SINGLE}, got {operation[:50]!r}")
        if operation == SINGLE and arr_id < 1:
            return Cancel("a single sync names its title by a positive id")
        if self._syncs is None:
            return disabled(job)
        try:
            if operation == SINGLE:
                return (await self._syncs.sync_one(arr_id)).to_dict()
            return await self._all(job, self._syncs)
        except (CallFailed, ArrError) as error:
            return verdict_of(error)

    async def _all(self, job: Job[S], syncs: Syncs) -> dict[str, Any] | Snooze:
        def report(phase: str, current: int, total: int | None) -> None:
            job.report_progress(phase=phase, current=current, total=total)

        try:
            outcome = await syncs.sync_all(SyncRequest(job_id=job.id, run_for=self.run_for, report=report))
        except Exception as error:
            ends = isinstance(error, Final) or (not isinstance(error, Later) and job.attempt >= job.max_attempts)
            await (syncs.fail if ends else syncs.say_error)(job.id, str(error) or type(error).__name__)
            raise
        match outcome:
            case SyncPaused(again_in, reason):
                if reason is None:
                    return Snooze(again_in)
                await syncs.say_error(job.id, reason)
                return put_off(again_in, reason)
            case SyncDone() | SyncElsewhere():
                return outcome.to_dict()


class ArrWebhookWorker(Worker[W]):
    """Works webhooks; those of one title together."""

    timeout = timedelta(minutes=2)

    def __init__(self, webhooks: Webhooks | None) -> None:
        """``webhooks``: None where the program is not used."""
        self._webhooks = webhooks

    async def work(self, job: Job[W]) -> dict[str, Any] | Snooze | Cancel | None:
        """Do what it asks for, and return what that was."""
        if self._webhooks is None:
            return disabled(job)
        subject = job.args.subject
        try:
            if not subject:
                return await self._webhooks.handle([job.args.payload])

            async def complete(conn: Connection, output: Mapping[str, Any]) -> None:
                await job.complete(conn=conn, output=dict(output))

            return None if await self._webhooks.work(subject, complete) else Snooze(_BUSY_AGAIN)
        except (CallFailed, ArrError) as error:
            return verdict_of(error)


def disabled(job: Job[Any]) -> dict[str, Any]:
    """Return the output of a job whose program is not used here."""
    return {"status": "disabled", "reason": f"{job.kind.partition('_')[0]} is switched off in the settings"}
