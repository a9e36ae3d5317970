"""A job that kills its process is innocent until proven guilty, then discarded; its neighbours never pay."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from revenge.infra.jobs import Client, JobRow, JobState
from tests.fakes.doomed import DoomedNode
from tests.fakes.engine import ActArgs, eventually

StartClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]
LIMIT = timedelta(seconds=100)
SUSPECT = '{"revenge:lost": 2}'
SEGFAULT = "worker lost: the process died with signal 11 (SIGSEGV)"
pytestmark = [pytest.mark.timeout(150), pytest.mark.faults]


@pytest.fixture
async def node(database: str) -> AsyncIterator[DoomedNode]:
    node = DoomedNode(database)
    yield node
    await node.stop()


@pytest.fixture
async def rescuer(start_client: StartClient) -> Client:
    """A node that takes none of these jobs, but looks after those that die."""
    return await start_client(client_id="rescuer", queues={"elsewhere": 1})


async def ends(client: Client, job_ids: list[int]) -> list[JobRow]:
    return await asyncio.gather(*(client.wait(job_id, timeout=LIMIT) for job_id in job_ids))


async def test_a_murderer_among_innocents_is_found_in_a_process_of_its_own(
    node: DoomedNode, rescuer: Client, client: Client
) -> None:
    items = [ActArgs(what="nap") for _ in range(50)]
    results = await client.insert_many([*items[:25], ActArgs(what="segfault"), *items[25:]])
    ids = [result.job.id for result in results]
    await node.start("apart")
    *innocents, culprit = await ends(client, [*ids[:25], *ids[26:], ids[25]])
    assert {(row.state, row.attempt, len(row.errors), row.output) for row in innocents} == {
        (JobState.COMPLETED, 1, 0, 7)
    }
    assert (culprit.state, culprit.attempt) == (JobState.DISCARDED, 3)
    assert [error.error for error in culprit.errors] == [SEGFAULT] * 3
    assert (culprit.metadata["revenge:lost"], culprit.metadata["revenge:killed"]) == (2, 3)
    # Only the first two cost a node.
    assert node.deaths == 2


@pytest.mark.parametrize(
    ("kind", "what", "says"),
    [
        ("act_in_thread", "segfault", SEGFAULT),
        ("act", "kill", "worker lost: the process died with signal 9 (SIGKILL, as when memory runs out)"),
        ("act", "exit", "worker lost: the process ended with exit code 3 and without a result"),
    ],
)
async def test_however_a_suspect_ends_its_process_it_is_told_and_counted(
    node: DoomedNode, add_row: AddRow, client: Client, kind: str, what: str, says: str
) -> None:
    job_id = await add_row(kind=kind, args=f'{{"what": "{what}"}}', metadata=SUSPECT)
    await node.start("apart")
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, [error.error for error in row.errors]) == (JobState.DISCARDED, [says] * 3)
    # Where it was is told, too, where Python could still say it.
    assert ("doomed_node.py" in row.errors[0].trace) is (what == "segfault")
    assert node.deaths == 0


async def test_without_a_way_to_run_it_apart_it_is_the_only_suspect_of_its_node(
    node: DoomedNode, rescuer: Client, client: Client
) -> None:
    items = [ActArgs(what="nap") for _ in range(10)]
    results = await client.insert_many([*items, ActArgs(what="segfault")])
    await node.start()
    *innocents, culprit = await ends(client, [result.job.id for result in results])
    assert {(row.state, row.attempt, len(row.errors)) for row in innocents} == {(JobState.COMPLETED, 1, 0)}
    assert (culprit.state, culprit.metadata["revenge:killed"]) == (JobState.DISCARDED, 3)
    assert all(
        error.error.startswith("worker lost: node doomed")
        and error.error.endswith("died of this job, the only suspect that it ran")
        for error in culprit.errors
    )
    assert node.deaths == 5


async def test_what_a_suspect_raises_or_returns_is_judged_as_ever(
    node: DoomedNode, add_row: AddRow, client: Client
) -> None:
    fails = await add_row(args='{"what": "fail"}', metadata=SUSPECT, max_attempts=1)
    naps = await add_row(args='{"what": "nap"}', metadata=SUSPECT)
    await node.start("apart")
    failed, napped = await ends(client, [fails, naps])
    assert (failed.state, failed.errors[0].error) == (JobState.DISCARDED, "ValueError: on its own")
    assert "doomed_node.py" in failed.errors[0].trace
    assert (napped.state, napped.output, napped.attempt) == (JobState.COMPLETED, 7, 1)


@pytest.mark.parametrize("what", ["hang", "hold the loop"])
async def test_a_cancel_reaches_a_suspect_and_kills_what_ignores_it(
    node: DoomedNode, add_row: AddRow, client: Client, what: str
) -> None:
    job_id = await add_row(args=f'{{"what": "{what}"}}', metadata=SUSPECT)
    await node.start("apart")
    pid = await pid_of(client, job_id)
    await client.cancel(job_id)
    row = await client.wait(job_id, timeout=LIMIT)
    assert (row.state, row.errors[0].error) == (JobState.CANCELLED, "JobCancelError: job cancelled remotely")
    assert "revenge:killed" not in row.metadata
    await eventually(lambda: is_gone(pid))


async def test_a_suspect_that_ignores_its_deadline_is_killed_and_has_failed_like_any_other(
    node: DoomedNode, add_row: AddRow, client: Client
) -> None:
    job_id = await add_row(kind="act_in_thread", args='{"what": "sleep"}', metadata=SUSPECT, max_attempts=1)
    await node.start("apart")
    row = await client.wait(job_id, timeout=LIMIT)
    assert row.state is JobState.DISCARDED
    assert [error.error for error in row.errors] == ["TimeoutError: the attempt took longer than its 6 s"]
    assert "revenge:killed" not in row.metadata


async def test_a_stop_takes_suspects_back_without_burning_their_attempts(
    node: DoomedNode, add_row: AddRow, client: Client
) -> None:
    job_id = await add_row(args='{"what": "hang"}', metadata=SUSPECT)
    await node.start("apart")
    pid = await pid_of(client, job_id)
    await node.stop()
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.AVAILABLE, 0, [])
    await eventually(lambda: is_gone(pid))


async def test_a_suspect_is_not_to_blame_for_the_end_of_a_node_that_runs_it_apart(
    node: DoomedNode, add_row: AddRow, rescuer: Client, client: Client
) -> None:
    job_id = await add_row(args='{"what": "hang"}', metadata=SUSPECT)
    await node.start("apart")
    pid = await pid_of(client, job_id)
    node.signal(signal.SIGKILL)

    async def came_back() -> bool:
        row = await client.get(job_id)
        return row.metadata.get("revenge:lost") == 3

    await eventually(came_back, within=LIMIT)
    row = await client.get(job_id)
    assert (row.errors, "revenge:killed" in row.metadata) == ([], False)
    # Nor does it outlive its node.
    await eventually(lambda: is_gone(pid))
    await client.cancel(job_id)
    await client.wait(job_id, timeout=LIMIT)


async def pid_of(client: Client, job_id: int) -> int:
    async def reported() -> int | None:
        progress = await client.progress([job_id])
        return progress[job_id].current if job_id in progress else None

    return int(await eventually(reported, within=LIMIT))


async def is_gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True
