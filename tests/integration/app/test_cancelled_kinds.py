"""A job of any kind that is cancelled while it hangs ends within two seconds, whatever it waits for."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from revenge.infra.jobs import Client, JobRow, JobState
from revenge.infra.jobs.subscriptions import AttemptEnded
from tests.fakes.in_the_way import IN_THE_WAY, in_the_way_of
from tests.fakes.peers import Trouble
from tests.fakes.troubled import Troubled, troubled
from tests.integration.app.failure_cases import OUTSIDE, anew, args_of, plant_more

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # of apprise's 170 services some have old words
]

PROMISED_S = 2.0
"""From the cancel's return to the row's end: what is promised, and so no matter of how slow a machine is."""
NODE = "patient"
HERE_SEARCHED = {"movie_search_index": "search_build", "tvshow_search_index": "search_build"}
"""A table that they need though Typesense keeps the documents."""
SCANS = {"movie_library_scan": "films", "tvshow_library_scan": "shows"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    module_database: str, typesense_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Troubled]:
    root = tmp_path_factory.mktemp("cancelled")
    async with troubled(module_database, typesense_url, root, nodes=(NODE,), more=plant_more) as world:
        yield world


@pytest.mark.parametrize("kind", IN_THE_WAY)
async def test_cancel_ends_what_waits_for_the_database(world: Troubled, kind: str) -> None:
    await anew(world)
    async with in_the_way_of(kind, world.pool, table=HERE_SEARCHED.get(kind)) as way:
        job = await cancelled(world, kind, args_of(world, kind), hangs=way.reached_by)
    assert job.state is JobState.CANCELLED


@pytest.mark.parametrize("kind", OUTSIDE)
async def test_cancel_ends_what_waits_for_an_answer(world: Troubled, kind: str) -> None:
    await anew(world)
    world.around.be(Trouble.SLOW)

    async def asked(_job_id: int) -> None:
        waits = [asyncio.ensure_future(each.hangs.wait()) for each in world.around.peers]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    job = await cancelled(world, kind, args_of(world, kind), hangs=asked)
    assert job.state is JobState.CANCELLED


@pytest.mark.parametrize("kind", SCANS)
async def test_cancel_ends_a_scan_whose_disk_does_not_answer(
    world: Troubled, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await anew(world)
    args = args_of(world, kind)
    with dead_disk(os.fspath(getattr(world, SCANS[kind])), monkeypatch) as reached:
        job = await cancelled(world, kind, args, hangs=lambda _job_id: asyncio.to_thread(reached.wait, 15))
    assert job.state is JobState.CANCELLED
    assert await world.pool.fetchval("SELECT status FROM revenge.library_scan WHERE job_id = $1", job.id) == "cancelled"


async def cancelled(world: Troubled, kind: str, args: object, *, hangs: Callable[[int], Any]) -> JobRow:
    """Cancel a job from elsewhere once it hangs, and return it as it ended."""
    with world.client(NODE).subscribe_local(kinds=[kind]) as events:
        job_id = await world.insert(kind, args, node=NODE)
        async with asyncio.timeout(20):
            await hangs(job_id)
        await Client(world.pool, schema="public").cancel(job_id)
        async with asyncio.timeout(PROMISED_S):
            async for event in events:
                if isinstance(event, AttemptEnded) and event.job.id == job_id:
                    return event.job
    raise AssertionError(f"{kind} has not ended")


@contextmanager
def dead_disk(root: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let whoever lists a folder below ``root`` wait, as on a network share that is gone; yield what says that somebody does."""
    reached, back = threading.Event(), threading.Event()
    plain = os.scandir

    def scandir(path: Any = ".") -> Any:
        if os.fsdecode(path).startswith(root):
            reached.set()
            back.wait()
        return plain(path)

    monkeypatch.setattr(os, "scandir", scandir)
    try:
        yield reached
    finally:
        back.set()
