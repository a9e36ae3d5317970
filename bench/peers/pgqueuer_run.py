"""PgQueuer, as its documentation starts it: one connection that works, one that inserts."""

import argparse
import asyncio
import time
from typing import Any

import asyncpg
from common import BATCH, DSN, Tally, calm, cpu_s, drained, idle, run
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries


async def bench(options: argparse.Namespace) -> dict[str, Any]:
    """Drain, or wait for one job at a time."""
    look, producer, consumer = [await asyncpg.connect(DSN) for _ in range(3)]
    queries = Queries(AsyncpgDriver(producer))
    await queries.install()
    tally = Tally()
    worker = PgQueuer(AsyncpgDriver(consumer))

    @worker.entrypoint("noop")
    async def noop(_job: object) -> None:
        tally.hit()

    figures: dict[str, Any] = {}
    if options.mode == "drain":
        began = time.perf_counter()
        for first in range(0, options.n, BATCH):
            some = min(BATCH, options.n - first)
            await queries.enqueue(["noop"] * some, [b"{}"] * some, [0] * some)
        figures["insert_per_s"] = round(options.n / (time.perf_counter() - began))
    await calm(look)
    tally.expect(options.n)
    began, cpu = time.perf_counter(), cpu_s()
    working = asyncio.create_task(worker.run(batch_size=options.workers))
    if options.mode == "drain":
        figures |= await drained(look, tally, "SELECT count(*) FROM pgqueuer", n=options.n, began=began, cpu=cpu)
    else:
        figures |= await idle(tally, lambda: queries.enqueue("noop", b"{}"), n=options.n)
    worker.shutdown.set()
    await asyncio.wait_for(working, 30)
    return figures


run("pgqueuer 1.6.0", bench)
