"""One worker by itself: judged as the engine judges."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge.infra.jobs import (
    Cancel,
    ClientConfig,
    InsertOpts,
    InvalidJob,
    Job,
    JobArgs,
    JobCancelled,
    JobState,
    Snooze,
    Worker,
)
from revenge.infra.jobs.testing import work_one
from tests.fakes.engine import ActArgs, Actor


class TimeArgs(JobArgs, kind="time"):
    at: datetime


class TimeWorker(Worker[TimeArgs]):
    def work(self, job: Job[TimeArgs]) -> str:
        job.report_progress(phase="looking", current=1)
        job.set_metadata("queue", job.queue)
        return job.args.at.isoformat()


def _returning(value: object) -> Actor:
    async def work(_: Job[Any]) -> object:
        return value

    return Actor(work)


async def _fail(_: Job[Any]) -> None:
    message = "it broke"
    raise KeyError(message)


@pytest.mark.parametrize(
    ("value", "outcome", "state"),
    [
        (None, "completed", JobState.COMPLETED),
        ({"a": 1}, "completed", JobState.COMPLETED),
        (Snooze(timedelta(minutes=1)), "snoozed", JobState.SCHEDULED),
        (Snooze(timedelta(seconds=1)), "snoozed", JobState.AVAILABLE),
        (Cancel("enough"), "cancelled", JobState.CANCELLED),
    ],
)
async def test_what_a_worker_returns_decides_how_its_job_ends(value: object, outcome: str, state: JobState) -> None:
    worked = await work_one(_returning(value), ActArgs())
    assert (worked.outcome, worked.job.state, worked.error) == (outcome, state, None)
    assert worked.output == (value if isinstance(value, dict) else None)


async def test_arguments_make_the_way_through_json() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    worked = await work_one(TimeWorker(), TimeArgs(at=at), InsertOpts(queue="low", pending=True))
    assert worked.output == at.isoformat()
    assert worked.job.metadata["queue"] == "low"
    assert [report.phase for report in worked.reports] == ["looking"]


async def test_an_error_is_raised_with_its_job() -> None:
    with pytest.raises(KeyError, match="it broke") as caught:
        await work_one(Actor(_fail), ActArgs())
    assert caught.value.__notes__ == ["raised by job 1 of kind 'act' in attempt 1 of 25"]


@pytest.mark.parametrize(("attempt", "outcome"), [(1, "failed"), (24, "failed"), (25, "discarded")])
async def test_the_last_attempt_is_the_last(attempt: int, outcome: str) -> None:
    worked = await work_one(Actor(_fail), ActArgs(), attempt=attempt, raise_errors=False)
    assert (worked.outcome, worked.job.attempt) == (outcome, attempt)
    assert isinstance(worked.error, KeyError)
    assert worked.job.errors[0].error == "KeyError: 'it broke'"


async def test_a_deadline_is_kept() -> None:
    async def for_ever(_: Job[Any]) -> None:
        await asyncio.get_running_loop().create_future()

    worked = await work_one(
        Actor(for_ever), ActArgs(), raise_errors=False, config=ClientConfig(timeout=timedelta(milliseconds=20))
    )
    assert worked.outcome == "failed"
    assert "took longer than its 0.02 s" in worked.job.errors[0].error


async def test_bad_options_are_refused_as_an_insert_would() -> None:
    with pytest.raises(InvalidJob):
        await work_one(_returning(None), ActArgs(), InsertOpts(priority=9))


async def test_what_cannot_be_stored_fails_the_attempt() -> None:
    with pytest.raises(Exception, match="object"):
        await work_one(_returning({1: object()}), ActArgs())


async def test_a_caller_that_gives_up_ends_the_worker() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_: Job[Any]) -> None:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    working = asyncio.create_task(work_one(Actor(wait), ActArgs()))
    await begun.wait()
    working.cancel()
    with pytest.raises((asyncio.CancelledError, JobCancelled)):
        await working
    async with asyncio.timeout(30):
        await ended.wait()
