"""Works every job that is due, one after the other, until none is left."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs.client import Client
from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.errors import JobFailed
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.maintenance.scheduler import Scheduler, SchedulerConfig
from revenge.infra.jobs.models import Claim, JobRow
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing.kit_store import store_of
from revenge.infra.jobs.testing.workbench import Outcome, Workbench, Worked

MOST_ATTEMPTS = 1000
"""After which a drain that is not over is taken for one that never ends."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain worked: the attempts in their order, and the jobs by how their attempts ended."""

    attempts: Sequence[Worked]

    @property
    def completed(self) -> Sequence[JobRow]:
        """Jobs that were done."""
        return self._ended("completed")

    @property
    def failed(self) -> Sequence[JobRow]:
        """Jobs whose attempt failed and that have another to come, once for each such attempt."""
        return self._ended("failed")

    @property
    def snoozed(self) -> Sequence[JobRow]:
        """Jobs that asked to come back later, once for each time they did."""
        return self._ended("snoozed")

    @property
    def cancelled(self) -> Sequence[JobRow]:
        """Jobs that were cancelled while they ran, or asked for it."""
        return self._ended("cancelled")

    @property
    def discarded(self) -> Sequence[JobRow]:
        """Jobs whose last attempt failed."""
        return self._ended("discarded")

    def __len__(self) -> int:
        return len(self.attempts)

    def __iter__(self) -> Iterator[Worked]:
        return iter(self.attempts)

    def __str__(self) -> str:
        counts = Counter(attempt.outcome for attempt in self.attempts)
        return ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "nothing"

    def _ended(self, outcome: Outcome) -> Sequence[JobRow]:
        return [attempt.job for attempt in self.attempts if attempt.outcome == outcome]


async def drain(
    client: Client,
    *,
    queues: Collection[str] | None = None,
    with_scheduled: bool = False,
    with_retries: bool = False,
    raise_errors: bool = True,
    limit: int = MOST_ATTEMPTS,
    conn: AsyncConnection | None = None,
) -> Drained:
    """Work all jobs that are due, those too that they insert, until none is left; return what was worked.

    They are worked in this process one at a time, by priority, then in the order in which they fell due; paused queues
    are left alone. The client must have workers and need not be started.

    Args:
        client: an in-memory client, or one on a database.
        queues: only these; all of them when None.
        with_scheduled: jobs that wait for their time are worked too, the next to come first, as if it had come: what
            was inserted for later, and what snoozes for more than a moment. They are due now from then on.
        with_retries: failed jobs are tried again without waiting, until they succeed or are discarded.
        raise_errors: what a worker raises is raised here, once its attempt has been written; with ``with_retries`` only
            what its last attempt raises.
        limit: attempts after which this gives up.
        conn: a connection in whose transaction everything is done, jobs inserted by it included. A worker that looks
            at the same rows needs the same connection. Not for in-memory clients, which have no transactions.

    Raises:
        RuntimeError: ``limit`` attempts were made and there is still something to do; or the client is running, and
            works its jobs itself.
        StoreError: the database refused how an attempt ended, or is away.
    """
    if client.is_running:
        message = "this client is running and works its jobs itself: wait for them instead"
        raise RuntimeError(message)
    store = store_of(client, conn)
    line = _Line(client, store=store, queues=queues, with_scheduled=with_scheduled, with_retries=with_retries)
    bench = Workbench(client, store=store)
    attempts: list[Worked] = []
    try:
        while (queue := await line.next_queue()) is not None:
            if len(attempts) == limit:
                message = (
                    f"{limit} attempts have been worked and jobs are still due: a job that always snoozes, or inserts its "
                    f"own successor, never comes to an end (so far {Drained(attempts)})"
                )
                raise RuntimeError(message)
            claim = await line.claim(queue)
            if claim is None:
                continue
            worked = await bench.work(claim)
            attempts.append(worked)
            if raise_errors and (worked.outcome == "discarded" or (worked.outcome == "failed" and not with_retries)):
                raise_error(worked)
    finally:
        bench.close()
    return Drained(attempts)


def raise_error(worked: Worked) -> None:
    """Raise what a worker raised, with a note that says which job it was.

    Raises:
        BaseException: that error.
        JobFailed: the worker returned what can't be stored.
    """
    job = worked.job
    error = worked.error or JobFailed(job.id, job.state.value, job.errors[-1].error if job.errors else "")
    error.add_note(f"raised by job {job.id} of kind {job.kind!r} in attempt {job.attempt} of {job.max_attempts}")
    raise error


class _Line:
    """Claims what is to be worked next."""

    def __init__(
        self,
        client: Client,
        *,
        store: Store,
        queues: Collection[str] | None,
        with_scheduled: bool,
        with_retries: bool,
    ) -> None:
        self._client_id = client.config.client_id
        self._store = store
        self._jobs = JobStore(store)
        self._filters = (
            None if queues is None else [str(queue) for queue in queues],
            client.workers.kinds if client.config.known_kinds_only else None,
        )
        self._later = (with_scheduled, with_retries)
        # What a leader does every few seconds; only what is due at this moment, and not what will be soon.
        self._scheduler = Scheduler(
            clock=client.clock,
            config=SchedulerConfig(interval=timedelta(microseconds=1)),
            store=store,
            on_due=lambda _queue, _due_in: None,
        )

    async def next_queue(self) -> str | None:
        """Return the queue of the job that is first in line, None at the end."""
        while True:
            await self._scheduler.run_once()
            queue: str | None = await self._store.fetchval("drain_next", *self._filters)
            if queue is not None or not any(self._later):
                return queue
            if not await self._store.fetch("drain_bring_forward", *self._filters, *self._later):
                return None

    async def claim(self, queue: str) -> Claim | None:
        """Claim that job; None when another client took it in between."""
        claims = await self._jobs.fetch(client_id=self._client_id, slots={queue: 1}, kinds=self._filters[1])
        return claims[0] if claims else None
