"""How many jobs a second: drained in one queue, drained through the five tiers, inserted."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from revenge.app.bench.ground import Cpu, Ground, report, rss_mb, server_pid
from revenge.infra.jobs import TIERS, ClientConfig, InsertOpts, Job, JobArgs, Queue, Worker, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.migrations import Lean

BATCH = 5000
LOOK = timedelta(milliseconds=10)


class NoopArgs(JobArgs, kind="revenge_bench_noop"):
    """As River's own benchmark: a number, so that the arguments differ and are decoded."""

    num: int


@dataclass
class Tally:
    """Counts handlers and notes when the last of ``goal`` ran."""

    goal: int
    count: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    last_at: float = 0.0


class NoopWorker(Worker[NoopArgs]):
    """Does nothing, and counts."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    async def work(self, job: Job[NoopArgs]) -> None:
        """Count this job."""
        tally = self._tally
        tally.count += 1
        if tally.count >= tally.goal:
            tally.last_at = time.perf_counter()
            tally.done.set()


async def drain(
    ground: Ground, *, n: int, workers: int, lean: bool = False, on_begin: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Insert ``n`` jobs, then work them with ``workers`` slots of one queue; the clock runs until all are written.

    ``on_begin`` is called when it starts.
    """
    if lean:
        await Lean(schema=ground.schema).switch_on(ground.conn)
    return await _drain(ground, "drain lean" if lean else "drain", {Queue.DEFAULT: workers}, n=n, on_begin=on_begin)


async def default5(ground: Ground, *, n: int) -> dict[str, Any]:
    """Spread ``n`` jobs evenly over the five tiers at their default sizes, and work them."""
    return await _drain(ground, "default5", TIERS, n=n)


async def _drain(
    ground: Ground, mode: str, queues: Mapping[str, int], *, n: int, on_begin: Callable[[], None] | None = None
) -> dict[str, Any]:
    tally = Tally(n)
    client = ground.client(ClientConfig(queues=queues), Workers([NoopWorker(tally)]))
    tiers = [InsertOpts(queue=name) for name in queues]
    began = time.perf_counter()
    for first in range(0, n, BATCH):
        await client.insert_many_fast(
            [(NoopArgs(num=i), tiers[i % len(tiers)]) for i in range(first, min(first + BATCH, n))]
        )
    inserted_s = time.perf_counter() - began
    await ground.calm()
    cpu = Cpu(await server_pid(ground.conn))
    cpu.begin()
    if on_begin is not None:
        on_begin()
    began = time.perf_counter()
    await client.start()
    await tally.done.wait()
    clock = SystemClock()
    while await ground.unfinished():
        await clock.sleep(LOOK)
    settled_s = time.perf_counter() - began
    busy = cpu.busy()
    await client.stop()
    return report(
        mode,
        n,
        sum(queues.values()),
        insert_per_s=round(n / inserted_s),
        exec_per_s=round(n / (tally.last_at - began)),
        settled_per_s=round(n / settled_s),
        **busy,
        rss_mb=rss_mb(),
    )


async def insert(ground: Ground, *, n: int) -> dict[str, Any]:
    """Insert ``n`` jobs in batches of 1,000: returned, returned and looked at, by COPY, and the same rows by COPY alone."""
    client = ground.client(ClientConfig(), Workers())
    batches: Sequence[Sequence[NoopArgs]] = [
        [NoopArgs(num=i) for i in range(first, min(first + 1000, n))] for first in range(0, n, 1000)
    ]

    async def read(batch: Sequence[NoopArgs]) -> None:
        for result in await client.insert_many(batch):
            assert result.job.id  # noqa: S101 - looked at

    async def raw(batch: Sequence[NoopArgs]) -> None:
        rows = [(f'{{"num": {args.num}}}', args.kind, 25, 1, "default") for args in batch]
        columns = ["args", "kind", "max_attempts", "priority", "queue"]
        await ground.conn.copy_records_to_table("river_job", schema_name=ground.schema, records=rows, columns=columns)

    ways: Mapping[str, Callable[[Sequence[NoopArgs]], Awaitable[object]]] = {
        "insert_many_per_s": client.insert_many,
        "insert_many_read_per_s": read,
        "insert_fast_per_s": client.insert_many_fast,
        "raw_copy_per_s": raw,
    }
    rates = {}
    for name, way in ways.items():
        await ground.conn.execute(ground.sql["empty"])
        await ground.calm()
        began = time.perf_counter()
        for batch in batches:
            await way(batch)
        rates[name] = round(n / (time.perf_counter() - began))
    return report("insert", n, 0, **rates)
