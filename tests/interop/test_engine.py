"""A media server's scans, as Go's structs and as our models, worked by either engine.

Scenarios: reference_insert_candidate_work, candidate_insert_reference_work, mixed_skip_locked_competition.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import ClientConfig, InsertOpts, Job, JobArgs, JobState, Worker, Workers
from revenge.infra.jobs.client import Client
from tests.interop.conftest import StartPeer

ALL_FETCHES_BY_NOTIFICATION = timedelta(hours=1)
LIMIT = timedelta(seconds=30)


class ScanArgs(JobArgs, kind="movie_library_scan"):
    scan_id: str = ""
    library_id: str
    paths: list[str]
    force: bool = False


SCAN = ScanArgs(library_id="0192f5a0-7f00-7000-8000-000000000001", paths=["/media/films"])

BULK = InsertOpts(queue="bulk")


class Scans(Worker[ScanArgs]):
    """Keeps what it was given, and holds it while ``hold`` is clear."""

    def __init__(self) -> None:
        self.worked: list[ScanArgs] = []
        self.started = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def work(self, job: Job[ScanArgs]) -> dict[str, Any]:
        self.worked.append(job.args)
        self.started.set()
        await self.hold.wait()
        return {"files_seen": 3}


Start = Callable[..., Awaitable[Client]]


@pytest.fixture
def scans() -> Scans:
    return Scans()


@pytest.fixture
async def start_ours(database: str, scans: Scans) -> AsyncIterator[Start]:
    """Start a client of ours that works scans; it is stopped when the test ends."""
    async with AsyncExitStack() as stack:

        async def start(**config: Any) -> Client:
            pool = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=6))
            workers = Workers()
            workers.add(scans)
            settings: dict[str, Any] = {"queues": {"bulk": 5, "default": 5}, "client_id": "ours", **config}
            client = Client(
                pool, config=ClientConfig(**settings), workers=workers, listen=lambda: asyncpg.connect(database)
            )
            await client.start()
            stack.push_async_callback(client.stop, soft=timedelta(0))
            return client

        yield start


def go_works(**more: Any) -> dict[str, Any]:
    return {"queues": {"bulk": {"max_workers": 5}}, "workers": {"movie_library_scan": more}, "fetch_cooldown_ms": 1}


async def test_go_inserts_a_scan_and_it_is_worked_here(
    database: str, start_go: StartPeer, start_ours: Start, scans: Scans
) -> None:
    go = await start_go(dsn=database)
    client = await start_ours(poll_interval=ALL_FETCHES_BY_NOTIFICATION)

    inserted = await go.call(
        "insert", kind="movie_library_scan", type="movie_library_scan", args=SCAN.model_dump(mode="json")
    )

    job = await client.wait(inserted["job"]["id"], timeout=LIMIT)
    assert scans.worked == [SCAN]
    assert (job.state, job.attempt, job.attempted_by, job.output) == (
        JobState.COMPLETED,
        1,
        ["ours"],
        {"files_seen": 3},
    )
    as_go_sees_it = await go.call("get", job_id=job.id)
    assert (as_go_sees_it["state"], as_go_sees_it["errors"]) == ("completed", [])


async def test_we_insert_a_scan_and_it_is_worked_by_go(
    database: str, pool: "asyncpg.Pool[asyncpg.Record]", start_go: StartPeer
) -> None:
    go = await start_go(dsn=database)
    await go.call("start", client="theirs", config=go_works())
    client = Client(pool)

    job = (await client.insert(SCAN.model_copy(update={"force": True}), BULK)).job

    done = await client.wait(job.id, timeout=LIMIT)
    assert (done.state, done.attempt, done.attempted_by) == (JobState.COMPLETED, 1, ["theirs"])


async def test_jobs_that_both_compete_for_are_worked_once_each(
    database: str, start_go: StartPeer, start_ours: Start, scans: Scans
) -> None:
    go = await start_go(dsn=database)
    await go.call("start", client="theirs", config=go_works())
    client = await start_ours()

    results = await client.insert_many([(SCAN, BULK)] * 400)
    jobs = [await client.wait(result.job.id, timeout=LIMIT) for result in results]

    assert {(job.state, job.attempt, len(job.attempted_by)) for job in jobs} == {(JobState.COMPLETED, 1, 1)}
    by_whom = Counter(job.attempted_by[0] for job in jobs)
    assert by_whom["ours"] == len(scans.worked)
    assert by_whom["ours"] + by_whom["theirs"] == 400
