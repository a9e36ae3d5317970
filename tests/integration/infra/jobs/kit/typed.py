"""What a stranger's code may write, and what types it gets; read by type checkers, never run."""

from datetime import UTC, datetime
from typing import Any, assert_type

from revenge.infra.jobs import Client, InsertOpts, InsertResult, Job, JobArgs, JobRow, Snooze, Worker, Workers
from revenge.infra.jobs.testing import (
    Drained,
    MemoryClient,
    Outcome,
    StoppedClock,
    Worked,
    assert_enqueued,
    drain,
    enqueued,
    refute_enqueued,
    work_one,
)


class CountArgs(JobArgs, kind="count"):
    up_to: int
    names: list[str] | None = None
    insert_opts = InsertOpts(queue="low", max_attempts=3)


class CountWorker(Worker[CountArgs]):
    async def work(self, job: Job[CountArgs]) -> int | Snooze:
        assert_type(job.args, CountArgs)
        assert_type(job.args.up_to, int)
        assert_type(job.args.names, list[str] | None)
        await job.report_progress(current=1, total=job.args.up_to)
        job.report_progress(phase="counting")
        return job.args.up_to


class ThreadWorker(Worker[CountArgs]):
    def work(self, job: Job[CountArgs]) -> None:
        job.record_output(job.args.up_to)


class ProcessWorker(Worker[CountArgs], runs_in="process"):
    @staticmethod
    def work(job: Job[CountArgs]) -> int:
        return job.args.up_to


async def insert_one(client: Client) -> InsertResult:
    """A service takes the client, whichever it is."""
    return await client.insert(CountArgs(up_to=3))


async def use() -> None:
    clock = StoppedClock(datetime(2026, 1, 1, tzinfo=UTC))
    client = MemoryClient([CountWorker()], clock=clock)
    MemoryClient(Workers([ThreadWorker(), ProcessWorker()]))
    assert_type(await insert_one(client), InsertResult)

    assert_type(await assert_enqueued(client, CountArgs, args={"up_to": 3}, queue="low", count=1), JobRow)
    assert_type(await refute_enqueued(client, "count", tags=["x"], priority=1), None)
    for job in await enqueued(client, CountArgs(up_to=3), scheduled_at=clock.now()):
        assert_type(job.args, dict[str, Any])

    drained = await drain(client, queues=["low"], with_scheduled=True, with_retries=True, raise_errors=False)
    assert_type(drained, Drained)
    for worked in drained:
        assert_type(worked, Worked)
        assert_type(worked.outcome, Outcome)
    assert_type(await work_one(CountWorker(), CountArgs(up_to=1), attempt=2), Worked)


async def misuse(client: Client) -> None:
    """Each line is a mistake that a type checker finds: the ignores are checked to be needed."""
    await client.insert("count")  # type: ignore[arg-type]
    await assert_enqueued(client, CountArgs, que="low")  # type: ignore[call-arg]
