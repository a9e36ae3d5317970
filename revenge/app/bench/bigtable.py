"""Whether millions of finished and waiting rows slow down those that are due."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from revenge.app.bench.ground import Ground, report
from revenge.app.bench.throughput import BATCH, LOOK, NoopArgs, NoopWorker, Tally
from revenge.infra.jobs import ClientConfig, InsertOpts, JobListParams, JobState, Queue, Workers
from revenge.infra.jobs.clock import SystemClock

WAITING_SHARE = 10
"""One row that waits for its time to so many finished ones."""
SCHEDULED_SHARE = 10
"""One job in so many is to be promoted by the scheduler before it can run."""


async def bigtable(empty: Ground, big: Ground, *, n: int, jobs: int, workers: int, rounds: int) -> dict[str, Any]:
    """Work ``jobs`` on an empty table and on one of ``n`` finished rows in turn, one in ten promoted by the scheduler."""
    began = time.perf_counter()
    await big.conn.execute(big.sql["fill_finished"], n, timeout=None)
    await big.conn.execute(big.sql["fill_waiting"], n // WAITING_SHARE, timeout=None)
    filled_s = time.perf_counter() - began
    rates: dict[str, list[float]] = {"empty": [], "big": []}
    for _ in range(rounds):
        for name, ground in (("empty", empty), ("big", big)):
            rates[name].append(await _drain(ground, jobs=jobs, workers=workers))
            await ground.conn.execute(ground.sql["forget_noops"], timeout=None)
    ratios = [one / other for one, other in zip(rates["big"], rates["empty"], strict=True)]
    return report(
        "bigtable",
        n,
        workers,
        waiting=n // WAITING_SHARE,
        jobs=jobs,
        filled_s=round(filled_s, 1),
        empty_settled_per_s=round(median(rates["empty"])),
        big_settled_per_s=round(median(rates["big"])),
        ratio=round(median(ratios), 2),
        ratios=[round(ratio, 2) for ratio in ratios],
        **await _looks(big),
    )


async def _drain(ground: Ground, *, jobs: int, workers: int) -> float:
    tally = Tally(jobs)
    config = ClientConfig(queues={Queue.DEFAULT: workers})
    client = ground.client(config, Workers([NoopWorker(tally)]))
    due = InsertOpts(scheduled_at=datetime.now(UTC))
    for first in range(0, jobs, BATCH):
        await client.insert_many_fast(
            [
                (NoopArgs(num=number), due) if number % SCHEDULED_SHARE == 0 else NoopArgs(num=number)
                for number in range(first, min(first + BATCH, jobs))
            ]
        )
    await ground.calm()
    began = time.perf_counter()
    await client.start()
    await tally.done.wait()
    clock = SystemClock()
    while await ground.unfinished():
        await clock.sleep(LOOK)
    rate = jobs / (time.perf_counter() - began)
    await client.stop()
    return rate


async def _looks(ground: Ground) -> dict[str, float]:
    """Return how many milliseconds those questions take that people ask of a large table."""
    client = ground.client(ClientConfig(), Workers())
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "list_ms": lambda: client.list(JobListParams(limit=50)),
        "list_discarded_ms": lambda: client.list(JobListParams(states=[JobState.DISCARDED], limit=50)),
        "queues_ms": client.queues,
    }
    took: dict[str, float] = {}
    for name, ask in questions.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            await ask()
            times.append(time.perf_counter() - began)
        took[name] = round(median(times) * 1000, 1)
    return took
