"""Draining means the same in memory and on a database: order, ends of attempts, what waits, what is paused."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import Field

from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    Client,
    InsertOpts,
    Job,
    JobArgs,
    JobState,
    Snooze,
    UniqueOpts,
    Worker,
)
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.testing import drain
from tests.fakes.engine import ActArgs, Actor, nothing
from tests.integration.infra.jobs.kit.conftest import Make

LATER = timedelta(hours=1)


class ThreadArgs(JobArgs, kind="in_thread"):
    number: int = 0


class ThreadWorker(Worker[ThreadArgs]):
    phases: Mapping[str, float] = MappingProxyType({"counting": 1})

    def work(self, job: Job[ThreadArgs]) -> object:
        for number in range(job.args.number):
            job.report_progress(phase="counting", current=number, total=job.args.number)
        return job.args.number


class ProcessArgs(JobArgs, kind="in_process"):
    number: int = 0


class ProcessWorker(Worker[ProcessArgs], runs_in="process"):
    @staticmethod
    def work(job: Job[ProcessArgs]) -> object:
        return job.args.number + 1


class SpanArgs(JobArgs, kind="span"):
    every: timedelta = timedelta(seconds=5, microseconds=1)
    blobs: list[bytes] = Field([b"abc", b"\xff\x00"])


class SpanWorker(Worker[SpanArgs]):
    async def work(self, job: Job[SpanArgs]) -> object:
        return job.args == SpanArgs()


class Noting:
    """A behaviour that notes whom it meets, and then does what it is told."""

    def __init__(self, then: Callable[[Job[Any]], object] = lambda _: None) -> None:
        self.met: list[str] = []
        self._then = then

    async def __call__(self, job: Job[Any]) -> object:
        self.met.append(job.args.what)
        return self._then(job)


def _fail(_: Job[Any]) -> object:
    message = "it went wrong"
    raise ValueError(message)


async def test_jobs_are_worked_by_priority_then_by_their_times_then_as_they_came(make: Make) -> None:
    noting = Noting()
    client = make(Actor(noting))
    past = datetime(2020, 1, 1, tzinfo=UTC)
    await client.insert(ActArgs(what="a"))
    await client.insert(ActArgs(what="b"), InsertOpts(queue="first"))
    await client.insert(ActArgs(what="low"), InsertOpts(priority=4))
    await client.insert(ActArgs(what="high"), InsertOpts(priority=1, scheduled_at=past))
    drained = await drain(client)
    assert noting.met == ["high", "a", "b", "low"]
    assert len(drained.completed) == len(drained) == 4


async def test_what_a_job_inserts_is_worked_too(make: Make) -> None:
    async def work(job: Job[Any]) -> None:
        if job.args.number:
            await client.insert(ActArgs(number=job.args.number - 1))

    client = make(Actor(work))
    await client.insert(ActArgs(number=3))
    assert [item.job.args["number"] for item in await drain(client)] == [3, 2, 1, 0]


async def test_a_completed_job_has_its_output_metadata_and_attempt(make: Make) -> None:
    async def work(job: Job[Any]) -> object:
        job.set_metadata("seen", [job.attempt, job.queue])
        return {"sum": job.args.number}

    client = make(Actor(work))
    job = (await client.insert(ActArgs(number=5), InsertOpts(metadata={"kept": True}))).job
    [worked] = await drain(client)
    done = await client.get(job.id)
    assert worked.job == done
    assert (worked.outcome, worked.error, worked.output) == ("completed", None, {"sum": 5})
    assert done.metadata == {"kept": True, "seen": [1, "default"], "output": {"sum": 5}}
    assert (done.state, done.attempt, done.attempted_by) == (JobState.COMPLETED, 1, ["me"])
    assert done.attempted_at is not None
    assert done.finalized_at is not None
    assert (await client.wait(job.id)).output == {"sum": 5}


async def test_a_failed_job_waits_for_its_retry(make: Make) -> None:
    client = make(Actor(_failing), retry_policy=LinearRetry(step=LATER, longest=LATER))
    job = (await client.insert(ActArgs())).job
    drained = await drain(client, raise_errors=False)
    [failed] = drained.failed
    assert failed == await client.get(job.id)
    assert (failed.state, failed.attempt) == (JobState.RETRYABLE, 1)
    assert [(error.attempt, error.error) for error in failed.errors] == [(1, "ValueError: it went wrong")]
    assert "it went wrong" in failed.errors[0].trace
    assert failed.scheduled_at - (failed.attempted_at or failed.created_at) > LATER - timedelta(minutes=1)
    assert len(await drain(client)) == 0
    assert isinstance(drained.attempts[0].error, ValueError)


async def test_a_failure_is_raised_once_it_has_been_written(make: Make) -> None:
    client = make(Actor(_failing))
    job = (await client.insert(ActArgs())).job
    with pytest.raises(ValueError, match="it went wrong") as caught:
        await drain(client)
    assert "kind 'act' in attempt 1 of 25" in caught.value.__notes__[0]
    assert (await client.get(job.id)).errors


async def test_retries_lead_to_the_end(make: Make) -> None:
    client = make(Actor(_failing))
    await client.insert(ActArgs(), InsertOpts(max_attempts=3))
    drained = await drain(client, with_retries=True, raise_errors=False)
    assert [item.outcome for item in drained] == ["failed", "failed", "discarded"]
    [job] = drained.discarded
    assert (job.state, job.attempt, [error.attempt for error in job.errors]) == (JobState.DISCARDED, 3, [1, 2, 3])


async def test_with_retries_only_the_last_failure_is_raised(make: Make) -> None:
    def once(job: Job[Any]) -> object:
        return _fail(job) if job.attempt == 1 else job.attempt

    client = make(Actor(Noting(once)))
    job = (await client.insert(ActArgs())).job
    drained = await drain(client, with_retries=True)
    assert [item.outcome for item in drained] == ["failed", "completed"]
    assert (await client.get(job.id)).output == 2
    await client.insert(ActArgs(what="never"), InsertOpts(max_attempts=1))
    always = make(Actor(_failing))
    with pytest.raises(ValueError, match="went wrong"):
        await drain(_same_rows(client, always), with_retries=True)


async def test_a_snoozed_job_comes_back_and_loses_no_attempt(make: Make) -> None:
    def work(job: Job[Any]) -> object:
        return Snooze(LATER) if job.metadata.get("snoozes", 0) < 2 else "done"

    client = make(Actor(Noting(work)))
    job = (await client.insert(ActArgs())).job
    assert [item.outcome for item in await drain(client)] == ["snoozed"]
    snoozed = await client.get(job.id)
    assert (snoozed.state, snoozed.attempt, snoozed.metadata) == (JobState.SCHEDULED, 0, {"snoozes": 1})
    assert len(await drain(client, with_retries=True)) == 0
    drained = await drain(client, with_scheduled=True)
    assert [item.outcome for item in drained] == ["snoozed", "completed"]
    done = await client.get(job.id)
    assert (done.output, done.attempt, done.metadata["snoozes"]) == ("done", 1, 2)


async def test_a_job_may_cancel_itself(make: Make) -> None:
    client = make(Actor(Noting(lambda _: Cancel("of no use"))))
    await client.insert(ActArgs())
    [job] = (await drain(client)).cancelled
    assert job.state is JobState.CANCELLED
    assert job.errors[0].error == "JobCancelError: of no use"


async def test_a_cancel_request_wins_over_remaining_attempts(make: Make) -> None:
    async def work(job: Job[Any]) -> None:
        await client.cancel(job.id)
        _fail(job)

    client = make(Actor(work))
    await client.insert(ActArgs())
    [job] = (await drain(client)).cancelled
    assert job.errors[0].error == "ValueError: it went wrong"


async def test_what_waits_for_its_time_is_worked_when_asked_for_the_next_to_come_first(make: Make) -> None:
    noting = Noting()
    client = make(Actor(noting))
    now = datetime.now(UTC)
    await client.insert(ActArgs(what="late"), InsertOpts(scheduled_at=now + 2 * LATER))
    await client.insert(ActArgs(what="soon"), InsertOpts(scheduled_at=now + LATER, priority=4))
    await client.insert(ActArgs(what="pending"), InsertOpts(pending=True))
    assert len(await drain(client)) == 0
    await drain(client, with_scheduled=True)
    assert noting.met == ["soon", "late"]


async def test_paused_queues_and_other_queues_are_left_alone(make: Make) -> None:
    noting = Noting()
    client = make(Actor(noting))
    await client.pause_queue("first")
    await client.insert(ActArgs(what="first"), InsertOpts(queue="first"))
    await client.insert(ActArgs(what="later"), InsertOpts(queue="first", scheduled_at=datetime.now(UTC) + LATER))
    await client.insert(ActArgs(what="second"), InsertOpts(queue="second"))
    await client.insert(ActArgs(what="default"))
    await drain(client, queues=["second", "first"], with_scheduled=True)
    assert noting.met == ["second"]
    await drain(client)
    assert noting.met == ["second", "default"]
    await client.resume_queue("first")
    await drain(client)
    assert noting.met == ["second", "default", "first"]


async def test_kinds_without_a_worker_fail_or_are_left_alone(make: Make) -> None:
    lender = make()
    job = (await lender.insert(ThreadArgs())).job
    picky = _same_rows(lender, make(Actor(nothing), known_kinds_only=True))
    assert len(await drain(picky, with_scheduled=True, with_retries=True)) == 0
    plain = _same_rows(lender, make(Actor(nothing)))
    [worked] = await drain(plain, raise_errors=False)
    assert worked.outcome == "failed"
    assert "job kind is not registered" in (await lender.get(job.id)).errors[0].error


async def test_workers_of_threads_and_processes_are_worked_here(make: Make) -> None:
    client = make(ThreadWorker(), ProcessWorker())
    await client.insert_many([ThreadArgs(number=3), ProcessArgs(number=3)])
    threaded, processed = await drain(client)
    assert (threaded.output, processed.output) == (3, 4)
    assert [report.current for report in threaded.reports] == [0, 1, 2]
    progress = await client.progress([threaded.job.id])
    assert progress[threaded.job.id].percent == 100


async def test_spans_of_time_and_bytes_come_back_as_they_were_inserted(make: Make) -> None:
    client = make(SpanWorker())
    inserted = await client.insert(SpanArgs())
    assert inserted.job.args == {"every": 5_000_001_000, "blobs": ["YWJj", "/wA="]}
    assert [done.output for done in await drain(client)] == [True]


async def test_of_two_that_want_one_key_when_they_are_due_one_is_discarded(make: Make) -> None:
    states = UNFINISHED - {JobState.RETRYABLE}
    opts = InsertOpts(unique=UniqueOpts(by_args=True, by_state=states))
    client = make(Actor(_failing), retry_policy=LinearRetry(step=LATER, longest=LATER))
    first = (await client.insert(ActArgs(), opts)).job
    await drain(client, raise_errors=False)
    second = await client.insert(ActArgs(), InsertOpts(unique=opts.unique, scheduled_at=datetime.now(UTC) + 3 * LATER))
    assert not second.duplicate
    await drain(client, with_retries=True, raise_errors=False, limit=1)
    lost = await client.get(first.id)
    assert lost.state is JobState.DISCARDED
    assert lost.metadata["unique_key_conflict"] == "scheduler_discarded"


async def test_a_drain_that_never_ends_says_so(make: Make) -> None:
    client = make(Actor(Noting(lambda _: Snooze(LATER))))
    job = (await client.insert(ActArgs())).job
    with pytest.raises(RuntimeError, match="20 attempts have been worked") as caught:
        await drain(client, with_scheduled=True, limit=20)
    assert "20 snoozed" in str(caught.value)
    assert (await client.get(job.id)).state is JobState.AVAILABLE


async def test_text_that_looks_like_an_escaped_nul_is_kept(make: Make) -> None:
    text = r"a\u0000b"
    client = make(Actor(Noting(lambda job: text if job.attempt == 2 else _fail_with(job, text))))
    job = (await client.insert(ActArgs(what=text))).job
    await drain(client, with_retries=True)
    done = await client.get(job.id)
    assert (done.output, done.metadata["said"], done.errors[0].error) == (text, text, f"ValueError: {text}")


def _fail_with(job: Job[Any], text: str) -> object:
    job.set_metadata("said", text)
    raise ValueError(text)


async def test_an_output_without_a_json_form_fails_the_attempt(make: Make) -> None:
    client = make(Actor(Noting(lambda _: object())))
    job = (await client.insert(ActArgs())).job
    with pytest.raises(Exception, match=r"JSON|object"):
        await drain(client)
    assert (await client.get(job.id)).errors


async def _failing(job: Job[Any]) -> object:
    return _fail(job)


def _same_rows(first: Any, second: Any) -> Any:
    """Return ``second`` on the rows of ``first``: clients of one database share them anyway."""
    return Client(first.store, config=second.config, workers=second.workers, clock=first.clock)
