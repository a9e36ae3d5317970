"""A job's log in its row, as River UI reads it, wherever the worker runs."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs import Client, Job, JobArgs, JobLog, JobState, Worker
from tests.fakes.engine import ActArgs, Actor

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=30)
logger = logging.getLogger("mine")


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """A root logger that lets ``info`` pass, without what the test leaves there."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.INFO)
    yield
    root.setLevel(level)
    root.handlers = handlers


def lines(row: Any) -> list[tuple[int, list[str]]]:
    """Return the lines of each attempt, without their times and those of the engine."""
    return [
        (
            entry["attempt"],
            [line.partition(" ")[2] for line in entry["log"].splitlines() if " mine: " in line],
        )
        for entry in row.metadata.get("river:log", [])
    ]


async def test_each_attempts_log_is_kept(start_client: StartClient) -> None:
    async def behave(job: Job[Any]) -> str:
        logger.info("attempt %d", job.attempt)
        if job.attempt == 1:
            raise ValueError("no")
        return "done"

    node = await start_client(Actor(behave, plugins=[JobLog()]))
    row = await node.wait((await node.insert(ActArgs())).job.id, timeout=LIMIT)
    assert lines(row) == [(1, ["INFO mine: attempt 1"]), (2, ["INFO mine: attempt 2"])]
    assert (row.state, row.output) == (JobState.COMPLETED, "done")


class ThreadArgs(JobArgs, kind="logging_thread"):
    """Arguments of a job in a thread."""


class InThread(Worker[ThreadArgs]):
    """Logs in a thread."""

    plugins = (JobLog(),)

    def work(self, job: Job[ThreadArgs]) -> None:
        logger.info("in a thread")


class ProcessArgs(JobArgs, kind="logging_process"):
    """Arguments of a job in a process."""


class InProcess(Worker[ProcessArgs], runs_in="process"):
    """Logs in a process of its own."""

    plugins = (JobLog(),)

    @staticmethod
    def work(job: Job[ProcessArgs]) -> None:
        own = logging.getLogger("mine")
        own.debug("low")
        own.info("in a process, attempt %d", job.attempt)
        if job.attempt == 1:
            raise ValueError("no")


async def test_a_worker_may_have_it_alone_wherever_it_runs(start_client: StartClient) -> None:
    async def behave(_: Job[Any]) -> None:
        logger.info("nobody keeps this")

    node = await start_client([Actor(behave), InThread(), InProcess()])
    results = await node.insert_many([ActArgs(), ThreadArgs(), ProcessArgs()])
    rows = [await node.wait(result.job.id, timeout=LIMIT) for result in results]
    assert [lines(row) for row in rows] == [
        [],
        [(1, ["INFO mine: in a thread"])],
        [(1, ["INFO mine: in a process, attempt 1"]), (2, ["INFO mine: in a process, attempt 2"])],
    ]
