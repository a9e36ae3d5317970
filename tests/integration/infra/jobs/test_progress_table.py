"""Progress written by one node and read by another; late writers change nothing."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.progress_store import ProgressReporter, ProgressStore
from revenge.infra.jobs.store import Store


class ScanArgs(JobArgs, kind="scan"):
    pass


@pytest.fixture
def progress(pool: asyncpg.Pool) -> ProgressStore:
    return ProgressStore(Store(pool))


def reporter(pool: asyncpg.Pool, *jobs: Job[Any]) -> ProgressReporter:
    return ProgressReporter(
        clock=SystemClock(), store=Store(pool), running=lambda: jobs, phases=lambda _: {"walk": 1, "probe": 1}
    )


async def running_job(pool: asyncpg.Pool, *, attempt: int = 1, metadata: str = "{}") -> Job[ScanArgs]:
    row = await pool.fetchrow(
        """
        INSERT INTO river_job (kind, args, state, attempt, attempted_at, metadata)
        VALUES ('scan', '{}', 'running', $1, now(), $2::text::jsonb)
        RETURNING id, attempted_at
        """,
        attempt,
        metadata,
    )
    assert row is not None
    return claimed(row["id"], attempt, row["attempted_at"])


def claimed(job_id: int, attempt: int, attempted_at: datetime) -> Job[ScanArgs]:
    claim = Claim((job_id, "scan", "bulk", "{}", attempt, 25, attempted_at, attempted_at, 1, None, 0))
    return Job(claim, ScanArgs())


async def fetched_again(pool: asyncpg.Pool, job: Job[Any], *, attempt: int) -> Job[ScanArgs]:
    attempted_at = await pool.fetchval(
        "UPDATE river_job SET attempt = $2, attempted_at = attempted_at + interval '1 s' WHERE id = $1"
        " RETURNING attempted_at",
        job.id,
        attempt,
    )
    return claimed(job.id, attempt, attempted_at)


async def test_what_a_worker_reports_is_read_elsewhere(pool: asyncpg.Pool, progress: ProgressStore) -> None:
    job = await running_job(pool)
    job.report_progress(phase="walk", current=3, total=4, message="Amélie 🎬")
    assert await reporter(pool, job).run_once() == 1
    [(job_id, seen)] = (await progress.get([job.id, 999])).items()
    assert job_id == job.id
    assert (seen.phase, seen.current, seen.total, seen.percent, seen.message) == ("walk", 3, 4, 37.5, "Amélie 🎬")
    now = await pool.fetchval("SELECT now()")
    assert now - seen.updated_at < timedelta(seconds=10)


async def test_asking_for_nothing_gives_nothing(progress: ProgressStore) -> None:
    assert await progress.get([]) == {}


async def test_the_last_report_outlives_the_job(pool: asyncpg.Pool, progress: ProgressStore) -> None:
    job = await running_job(pool)
    job.report_progress(current=9, total=10)
    node = reporter(pool)
    node.finished(job)
    await pool.execute("UPDATE river_job SET state = 'completed', finalized_at = now()")
    assert await node.run_once() == 1
    assert (await progress.get([job.id]))[job.id].current == 9


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_late_attempt_never_overwrites_a_newer_one(
    pool: asyncpg.Pool, progress: ProgressStore, attempt: int
) -> None:
    # The number alone repeats, when the first attempt was handed back.
    late = await running_job(pool)
    newer = await fetched_again(pool, late, attempt=attempt)
    newer.report_progress(current=1)
    await reporter(pool, newer).run_once()
    late.report_progress(current=100)
    assert await reporter(pool, late).run_once() == 0
    assert (await progress.get([late.id]))[late.id].current == 1


async def test_a_newer_attempt_overwrites_an_older_one(pool: asyncpg.Pool, progress: ProgressStore) -> None:
    old = await running_job(pool)
    old.report_progress(current=100)
    await reporter(pool, old).run_once()
    newer = await fetched_again(pool, old, attempt=2)
    newer.report_progress(current=1)
    assert await reporter(pool, newer).run_once() == 1
    assert (await progress.get([old.id]))[old.id].current == 1


async def test_progress_of_a_job_that_is_gone_is_not_written(pool: asyncpg.Pool) -> None:
    job = await running_job(pool)
    await pool.execute("DELETE FROM river_job")
    job.report_progress(current=1)
    node = reporter(pool, job)
    assert await node.run_once() == 0
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_progress") == 0


async def test_progress_as_gos_server_writes_it_is_understood(pool: asyncpg.Pool, progress: ProgressStore) -> None:
    job = await running_job(
        pool, metadata='{"output": {"phase": "processing", "current": 3, "total": 10, "percent": 30, "message": "x"}}'
    )
    other = await running_job(pool, metadata='{"output": {"phase": 1}}')
    seen = await progress.get([job.id, other.id])
    assert list(seen) == [job.id]
    assert (seen[job.id].phase, seen[job.id].current, seen[job.id].percent) == ("processing", 3, 30)
