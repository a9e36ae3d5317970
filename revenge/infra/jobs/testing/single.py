"""Works one job by itself, without any queue."""

from dataclasses import replace

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.insertion import MAX_ATTEMPTS
from revenge.infra.jobs.job import A
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import InsertOpts, JobState
from revenge.infra.jobs.testing.drain import raise_error
from revenge.infra.jobs.testing.memory_client import MemoryClient
from revenge.infra.jobs.testing.workbench import Workbench, Worked
from revenge.infra.jobs.worker import Worker


async def work_one(
    worker: Worker[A],
    args: A,
    opts: InsertOpts | None = None,
    *,
    attempt: int = 1,
    raise_errors: bool = True,
    config: ClientConfig | None = None,
    clock: Clock | None = None,
) -> Worked:
    """Let ``worker`` work a job with ``args`` as the engine would; return how that ended.

    The arguments go through their JSON form on the way; deadline, context and judgement of the result are the engine's.

    Args:
        worker: what is tried.
        args: what its job is about.
        opts: how the job would be inserted, for workers that look at its queue, tags or metadata.
        attempt: which attempt this is to be.
        raise_errors: what the worker raises is raised here; otherwise it is in ``error`` of what is returned.
        config: of the client, for its defaults: deadline, retry policy, number of attempts.
        clock: the engine's time; it stands still without one.

    Raises:
        InvalidJob: an option breaks one of River's rules, or the attempt is not 1 to 32,767.
        StoreError: PostgreSQL would refuse what the worker returned.
    """
    _check_attempt(attempt)
    client = MemoryClient([worker], config=config, clock=clock)
    job = (await client.insert(args, opts)).job
    # Whatever the options say of its beginning, it is due.
    due_at = min(job.scheduled_at, client.clock.now())
    client.store.rows.write(
        replace(row, attempt=attempt - 1, state=JobState.AVAILABLE, scheduled_at=due_at) for row in client.store.rows
    )
    bench = Workbench(client, store=client.store)
    try:
        [claim] = await JobStore(client.store).fetch(
            client_id=client.config.client_id, slots={job.queue: 1}, kinds=None
        )
        worked = await bench.work(claim)
    finally:
        bench.close()
    if raise_errors and worked.outcome in ("failed", "discarded"):
        raise_error(worked)
    return worked


def _check_attempt(attempt: object) -> None:
    if not isinstance(attempt, int) or not 1 <= attempt <= MAX_ATTEMPTS:
        message = f"attempt must be 1 to {MAX_ATTEMPTS}, got {attempt!r}"
        raise InvalidJob(message)
