"""How long from insert to start: under a steady load, one job alone, and what an idle node asks of the database."""

import asyncio
import time
from datetime import timedelta
from itertools import count
from statistics import median
from typing import Any

from revenge.app.bench.ground import Ground, percentiles, report, rss_mb
from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, Queue, Worker, Workers
from revenge.infra.jobs.clock import SystemClock

RATE_PER_S = 300
INSERTERS = 16
"""Inserts under way at once where as many as possible are made."""
GAP = timedelta(milliseconds=10)
SETTLE = timedelta(seconds=2)
_LOOK_S = 5


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

    async def until(self, n: int) -> None:
        """Wait until ``n`` jobs have started."""
        while len(self.started) < n:
            self.changed.clear()
            await self.changed.wait()


async def latency(ground: Ground, *, n: int, workers: int) -> dict[str, Any]:
    """Insert ``n`` single jobs at 300 a second; the time is from the insert's return, when it is committed, to the start."""
    worker = StampWorker()
    client = ground.client(ClientConfig(queues={Queue.DEFAULT: workers}), Workers([worker]))
    await ground.calm()
    await client.start()
    await SystemClock().sleep(SETTLE)
    waits = await _paced(client, worker, n=n, rate=RATE_PER_S)
    await client.stop()
    return report("latency", n, workers, **percentiles("commit", waits), rss_mb=rss_mb())


async def steady(ground: Ground, *, seconds: int, workers: int) -> dict[str, Any]:
    """Insert single jobs as fast as they are worked, then at 80 % of that rate; the time is from commit to start."""
    worker = StampWorker()
    client = ground.client(ClientConfig(queues={Queue.DEFAULT: workers}), Workers([worker]))
    await ground.calm()
    await client.start()
    await SystemClock().sleep(SETTLE)
    numbers = count()
    began = time.perf_counter()

    async def press() -> None:
        while time.perf_counter() < began + seconds:
            await client.insert(StampArgs(num=next(numbers)))

    await asyncio.gather(*(press() for _ in range(INSERTERS)))
    most = next(numbers)
    await worker.until(most)
    rate = most / (time.perf_counter() - began)
    worker.started.clear()
    waits = await _paced(client, worker, n=int(rate * 0.8) * seconds, rate=rate * 0.8)
    await client.stop()
    return report(
        "steady",
        most,
        workers,
        most_per_s=round(rate),
        paced_per_s=round(rate * 0.8),
        **percentiles("commit", waits),
        rss_mb=rss_mb(),
    )


async def _paced(client: Client, worker: StampWorker, *, n: int, rate: float) -> list[float]:
    """Insert at ``rate``, each job when its time has come whether or not the one before is back."""
    committed: dict[int, float] = {}
    pending: set[asyncio.Task[None]] = set()

    async def insert(number: int) -> None:
        await client.insert(StampArgs(num=number))
        committed[number] = time.perf_counter()

    began = time.perf_counter()
    for number in range(n):
        wait_s = began + number / rate - time.perf_counter()
        if wait_s > 0:
            await SystemClock().sleep(timedelta(seconds=wait_s))
        task = asyncio.create_task(insert(number))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending)
    await worker.until(n)
    # A job may start before its insert has returned: that is no wait.
    return [max(worker.started[number] - committed[number], 0.0) for number in range(n)]


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
    clock = SystemClock()
    # What made the schema leaves autovacuum work. It comes by every minute all the same, with hundreds of transactions that
    # are none of the node's: of several looks the middle one has none of them.
    await ground.conn.execute("VACUUM (ANALYZE)")
    client = ground.client(ClientConfig(), Workers([StampWorker()]))
    await client.start()
    await clock.sleep(timedelta(seconds=12))
    looks = [await _transactions(ground) for _ in range(max(seconds // _LOOK_S, 1))]
    await client.stop()
    return report("quiet", 0, 53, transactions_per_s=round(median(looks) / _LOOK_S, 2), rss_mb=rss_mb())


async def _transactions(ground: Ground) -> int:
    """Return how many the database has in ``_LOOK_S``, our look at the counter left out."""
    counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    before: int = await ground.conn.fetchval(counted)
    await SystemClock().sleep(timedelta(seconds=_LOOK_S))
    after: int = await ground.conn.fetchval(counted)
    return after - before - 1
