"""Procrastinate, with its psycopg connector."""

import argparse
import asyncio
import contextlib
import logging
import time
from typing import Any

import asyncpg
import procrastinate
from common import BATCH, DSN, Tally, calm, cpu_s, drained, idle, run


async def bench(options: argparse.Namespace) -> dict[str, Any]:
    """Drain, or wait for one job at a time."""
    logging.disable(logging.CRITICAL)
    look = await asyncpg.connect(DSN)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=DSN, min_size=2, max_size=20))
    tally = Tally()

    @app.task(queue="default", name="noop")
    async def noop() -> None:
        tally.hit()

    figures: dict[str, Any] = {}
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        if options.mode == "drain":
            began = time.perf_counter()
            for first in range(0, options.n, BATCH):
                await noop.batch_defer_async(*({} for _ in range(min(BATCH, options.n - first))))
            figures["insert_per_s"] = round(options.n / (time.perf_counter() - began))
        await calm(look)
        tally.expect(options.n)
        began, cpu = time.perf_counter(), cpu_s()
        working = asyncio.create_task(
            app.run_worker_async(queues=["default"], concurrency=options.workers, install_signal_handlers=False)
        )
        if options.mode == "drain":
            left = "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'"
            figures |= await drained(look, tally, left, n=options.n, began=began, cpu=cpu)
        else:
            figures |= await idle(tally, noop.defer_async, n=options.n)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    return figures


run("procrastinate 3.10.0", bench)
