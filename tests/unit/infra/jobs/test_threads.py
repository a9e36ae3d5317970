"""What a worker in a thread has of its client, whose event loop is in another."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from revenge.infra.jobs import Job, JobArgs, Worker
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import MemoryClient, assert_enqueued, drain, refute_enqueued
from tests.fakes.engine import ActArgs, Actor, attempt


class ThreadArgs(JobArgs, kind="in_thread"):
    """No arguments."""


class InThread(Worker[ThreadArgs]):
    """Does in its thread what the test says."""

    def __init__(self, does: Callable[[Job[Any]], object]) -> None:
        self._does = does

    def work(self, job: Job[ThreadArgs]) -> object:
        return self._does(job)


async def error_of(client: MemoryClient, args: JobArgs) -> str:
    """Return what the first attempt of a new job fails with."""
    job_id = (await client.insert(args)).job.id
    await drain(client, raise_errors=False)
    return (await client.get(job_id)).errors[0].error


async def test_the_systems_clock_goes_in_threads_too() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    assert before <= await asyncio.to_thread(clock.monotonic) <= clock.monotonic()


async def test_a_thread_inserts_by_its_clients_loop_and_has_the_row() -> None:
    class NextArgs(JobArgs, kind="next"):
        number: int

    def insert(job: Job[Any]) -> object:
        return job.in_loop(job.client.insert(NextArgs(number=3))).job.kind

    client = MemoryClient([InThread(insert)])
    client.workers.declare(NextArgs)
    job_id = (await client.insert(ThreadArgs())).job.id
    await drain(client, raise_errors=False)
    assert (await client.get(job_id)).output == "next"
    await assert_enqueued(client, NextArgs, args={"number": 3})


async def test_what_the_loop_raises_is_raised_in_the_thread() -> None:
    client = MemoryClient([InThread(lambda job: job.in_loop(job.client.get(10**6)))])
    assert await error_of(client, ThreadArgs()) == "JobNotFound: there is no job 1000000"


async def test_a_coroutine_is_told_to_await() -> None:
    async def insert(job: Job[Any]) -> None:
        job.in_loop(job.client.insert(ThreadArgs()))

    client = MemoryClient([Actor(insert), InThread(lambda _: None)])
    assert "a coroutine awaits" in await error_of(client, ActArgs())
    await refute_enqueued(client, ThreadArgs)


async def test_what_a_thread_has_done_in_the_loop_does_not_wait_for_the_loop() -> None:
    async def nested(job: Job[Any]) -> None:
        job.in_loop(job.client.insert(ThreadArgs()))

    client = MemoryClient([InThread(lambda job: job.in_loop(nested(job)))])
    assert "a coroutine awaits" in await error_of(client, ThreadArgs())


def test_a_process_of_its_own_has_no_loop_to_wait_for() -> None:
    job = attempt().job
    assert job is not None
    with pytest.raises(RuntimeError, match="a process of its own has no client"):
        job.in_loop(MemoryClient().get(1))
