"""What the Python peers share: arguments, the start that every run gets, the clock, one JSON line at the end."""

import argparse
import asyncio
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import asyncpg
import orjson
import uvloop

DSN = os.environ["DATABASE_URL"]
BATCH = 1000
RATE_PER_S = 300
GAP_S = 0.01
SETTLE_S = 2.0

Bench = Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]


class Tally:
    """Counts handlers, and says when ``goal`` of them have run."""

    def __init__(self) -> None:
        self.count = 0
        self.goal = -1
        self.last_at = 0.0
        self.reached = asyncio.Event()

    def expect(self, goal: int) -> None:
        """Count from nought to ``goal``."""
        self.count, self.goal = 0, goal
        self.reached.clear()

    def hit(self) -> None:
        """A handler has begun."""
        self.count += 1
        self.last_at = time.perf_counter()
        if self.count >= self.goal:
            self.reached.set()


def run(system: str, bench: Bench) -> None:
    """Read the arguments, run ``bench``, print what it returns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("drain", "idle"))
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=3, help="of connections; for the SQL alone")
    options = parser.parse_args()
    figures = uvloop.run(bench(options))
    line = {"system": system, "mode": options.mode, "n": options.n, "workers": options.workers, **figures}
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


def cpu_s() -> float:
    """Return the CPU seconds that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def calm(conn: "asyncpg.Connection[Any]") -> None:
    """Give every run the same start: fresh statistics, no dirty buffers."""
    await conn.execute("VACUUM ANALYZE")
    await conn.execute("CHECKPOINT")


async def drained(
    conn: "asyncpg.Connection[Any]", tally: Tally, left: str, *, n: int, began: float, cpu: float
) -> dict[str, Any]:
    """Wait until all handlers ran and the query ``left`` finds none unfinished."""
    await tally.reached.wait()
    while await conn.fetchval(left):  # noqa: ASYNC110 - the table says when, and says it to nobody
        await asyncio.sleep(0.005)
    took = time.perf_counter() - began
    return {"settled_per_s": round(n / took), "client_cpus": round((cpu_s() - cpu) / took, 2)}


async def idle(tally: Tally, insert: Callable[[], Awaitable[object]], *, n: int) -> dict[str, Any]:
    """Insert one job at a time, wait for its start, pause; milliseconds from before the insert to the start."""
    await asyncio.sleep(SETTLE_S)
    waits: list[float] = []
    for _ in range(n):
        tally.expect(1)
        began = time.perf_counter()
        await insert()
        await asyncio.wait_for(tally.reached.wait(), 30)
        waits.append((tally.last_at - began) * 1000)
        await asyncio.sleep(GAP_S)
    waits.sort()
    return {f"lat_p{p}_ms": round(waits[-(-n * p // 100) - 1], 3) for p in (50, 95, 99)}
