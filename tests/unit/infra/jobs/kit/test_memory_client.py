"""What the in-memory client does in a way of its own, and that its statements are those of the SQL."""

import asyncio
import inspect
import re
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs import Client, Job, JobNotFound, JobState, Snooze
from revenge.infra.jobs.sql import load
from revenge.infra.jobs.testing import MemoryClient, NotInMemory, StoppedClock, drain
from tests.fakes.engine import ActArgs, Actor, nothing

STATEMENTS = {**load("revenge.infra.jobs.sql"), **load("revenge.infra.jobs.testing.sql")}


def _has_twin(name: str) -> bool:
    try:
        MemoryClient().store.statement(name)
    except NotInMemory:
        return False
    return True


@pytest.mark.parametrize("name", [name for name in STATEMENTS if _has_twin(name)])
def test_a_statement_and_its_twin_take_the_same_parameters(name: str) -> None:
    numbers = [int(number) for number in re.findall(r"\$(\d+)", STATEMENTS[name])]
    taken = inspect.signature(MemoryClient().store.statement(name)).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in taken):
        return
    assert len(taken) == max(numbers, default=0)


async def test_it_is_taken_wherever_a_client_is_and_never_works_by_itself() -> None:
    client = MemoryClient([Actor(nothing)])
    assert isinstance(client, Client)
    with pytest.raises(NotInMemory, match="drain"):
        await client.start()
    assert not client.is_running


async def test_waiting_works_what_is_due() -> None:
    client = MemoryClient([Actor(nothing)])
    job = (await client.insert(ActArgs())).job
    assert (await client.wait(job.id)).state is JobState.COMPLETED
    with pytest.raises(JobNotFound):
        await client.wait(99)


async def test_waiting_for_what_will_not_end_says_so_at_once() -> None:
    async def snooze(_: Job[Any]) -> Snooze:
        return Snooze(timedelta(hours=1))

    client = MemoryClient([Actor(snooze)])
    job = (await client.insert(ActArgs())).job
    with pytest.raises(TimeoutError, match=r"job 1 is scheduled, and due at 2026-01-02 04:04:05\+00:00"):
        await client.wait(job.id)


async def test_a_moved_clock_makes_jobs_due(stopped_clock: StoppedClock) -> None:
    async def once(job: Job[Any]) -> Snooze | None:
        return None if job.metadata.get("snoozes") else Snooze(timedelta(hours=1))

    client = MemoryClient([Actor(once)], clock=stopped_clock)
    await client.insert(ActArgs())
    assert [item.outcome for item in await drain(client)] == ["snoozed"]
    await stopped_clock.advance(timedelta(minutes=59))
    assert len(await drain(client)) == 0
    await stopped_clock.advance(timedelta(minutes=1))
    assert [item.outcome for item in await drain(client)] == ["completed"]


async def test_what_needs_a_database_says_what_it_is(jobs_client: MemoryClient) -> None:
    with pytest.raises(NotInMemory, match="statement schedule_list: test this with a client on a database"):
        await jobs_client.periodic.list()


async def test_two_clients_share_nothing() -> None:
    one, other = MemoryClient(), MemoryClient()
    await one.insert(ActArgs())
    assert (await other.list()).jobs == []


async def test_a_lease_is_held_by_one(jobs_client: MemoryClient) -> None:
    async with jobs_client.once_per_cluster("sweep", ttl=timedelta(minutes=1)) as hold:
        assert hold
        async with jobs_client.once_per_cluster("sweep", ttl=timedelta(minutes=1)) as second:
            assert not second
    async with jobs_client.once_per_cluster("sweep", ttl=timedelta(minutes=1)) as third:
        assert third


def test_the_kit_needs_no_pytest_and_the_plugin_imports_no_engine() -> None:
    script = (
        "import sys, revenge.infra.jobs.testing\n"
        "assert not {'pytest', '_pytest'} & set(sys.modules), 'the kit imports pytest'\n"
    )
    lazy = (
        "import sys, revenge.infra.pytest_jobs\n"
        "assert not {'asyncpg', 'pydantic', 'revenge.infra.jobs'} & set(sys.modules), 'the plugin imports the engine'\n"
    )
    for source in (script, lazy):
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


async def test_a_service_that_waits_for_its_jobs_gets_their_outputs() -> None:
    async def double(job: Job[Any]) -> int:
        return int(job.args.number) * 2

    client = MemoryClient([Actor(double)])
    assert await client.insert_and_wait(ActArgs(number=4)) == 8


async def test_code_without_a_loop_sees_the_same_rows() -> None:
    client = MemoryClient([Actor(nothing)])
    connection: Any = object()
    job = client.sync.insert(ActArgs(number=1), conn=connection).job
    await drain(client)
    assert client.sync.get(job.id, conn=connection).state is JobState.COMPLETED


async def test_a_subscriber_hears_of_jobs_as_the_clock_moves(stopped_clock: StoppedClock) -> None:
    client = MemoryClient([Actor(nothing)], clock=stopped_clock)
    heard: list[tuple[int, JobState]] = []

    async def listen() -> None:
        heard.extend([(event.job.id, event.state) async for event in client.subscribe()])

    listening = asyncio.create_task(listen())
    await stopped_clock.advance(timedelta(seconds=1))
    await client.insert(ActArgs())
    await stopped_clock.advance(timedelta(seconds=1))
    await drain(client)
    await stopped_clock.advance(timedelta(seconds=1))
    await client.stop()
    await listening
    assert heard[0] == (1, JobState.AVAILABLE)
    assert heard[-1] == (1, JobState.COMPLETED)
