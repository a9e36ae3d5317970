"""How long from insert to start: under a steady load, one job alone, and what an idle node asks of the database."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from revenge.app.bench.ground import Ground, percentiles, report, rss_mb
from revenge.infra.jobs import ClientConfig, Job, JobArgs, Queue, Worker, Workers
from revenge.infra.jobs.clock import SystemClock

RATE_PER_S = 300
GAP = timedelta(milliseconds=10)
SETTLE = timedelta(seconds=2)


class StampArgs(JobArgs, kind="revenge_bench_stamp"):
    """Which sample a job is."""

    num: int


class StampWorker(Worker[StampArgs]):
    """Notes when each job starts."""

    def __init__(self) -> None:
        self.started: dict[int, float] = {}
        self.changed = asyncio.Event()

    async def work(self, job: Job[StampArgs]) -> None:
        """Note the time."""
        self.started[job.args.num] = time.perf_counter()
        self.changed.set()


async def latency(ground: Ground, *, n: int, workers: int) -> dict[str, Any]:
    """Insert ``n`` single jobs at 300 a second; the time is from the insert's return, when it is committed, to the start."""
    worker = StampWorker()
    client = ground.client(ClientConfig(queues={Queue.DEFAULT: workers}), Workers([worker]))
    await ground.calm()
    await client.start()
    await SystemClock().sleep(SETTLE)
    asked: dict[int, float] = {}
    committed: dict[int, float] = {}
    pending: set[asyncio.Task[None]] = set()

    async def insert(number: int) -> None:
        asked[number] = time.perf_counter()
        await client.insert(StampArgs(num=number))
        committed[number] = time.perf_counter()

    began = time.perf_counter()
    for number in range(n):
        wait_s = began + number / RATE_PER_S - time.perf_counter()
        if wait_s > 0:
            await SystemClock().sleep(timedelta(seconds=wait_s))
        task = asyncio.create_task(insert(number))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending)
    while len(worker.started) < n:
        worker.changed.clear()
        await worker.changed.wait()
    await client.stop()
    # A job may start before its insert has returned: that is no wait.
    waits = [max(worker.started[number] - committed[number], 0.0) for number in range(n)]
    whole = [worker.started[number] - asked[number] for number in range(n)]
    return report(
        "latency", n, workers, **percentiles("commit", waits), **percentiles("insert", whole), rss_mb=rss_mb()
    )


async def idle(ground: Ground, *, n: int, workers: int) -> dict[str, Any]:
    """Insert one job, wait for its start, pause 10 ms, and again: the time is from before the insert to the start."""
    worker = StampWorker()
    client = ground.client(ClientConfig(queues={Queue.DEFAULT: workers}), Workers([worker]))
    await ground.calm()
    await client.start()
    clock = SystemClock()
    await clock.sleep(SETTLE)
    waits = []
    for number in range(n):
        worker.changed.clear()
        before = time.perf_counter()
        await client.insert(StampArgs(num=number))
        await worker.changed.wait()
        waits.append(worker.started[number] - before)
        await clock.sleep(GAP)
    await client.stop()
    return report("idle", n, workers, **percentiles("lat", waits), rss_mb=rss_mb())


async def quiet(ground: Ground, *, seconds: int) -> dict[str, Any]:
    """Let a started client with the five tiers do nothing, and count what it asks of the database."""
    client = ground.client(ClientConfig(), Workers([StampWorker()]))
    await client.start()
    clock = SystemClock()
    await clock.sleep(timedelta(seconds=12))
    counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    before = await ground.conn.fetchval(counted)
    await clock.sleep(timedelta(seconds=seconds))
    after = await ground.conn.fetchval(counted)
    await client.stop()
    # Our own look at the counter is one of them.
    return report("quiet", 0, 53, transactions_per_s=round((after - before - 1) / seconds, 2), rss_mb=rss_mb())
