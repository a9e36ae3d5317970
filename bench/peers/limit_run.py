"""The limit: what River's two statements do in batches on pairs of connections, with no engine around them.

The tables are there already, as River's migrations make them. ``--workers`` is how many rows a statement claims on each of
``--pairs``; they are completed by the thousand. ``idle`` inserts one row and claims it, nothing else.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from common import BATCH, DSN, Tally, calm, cpu_s, drained, idle, run

COLUMNS = ["args", "kind", "max_attempts", "priority", "queue"]
CLAIM = """
WITH due AS (
    SELECT id FROM river_job
    WHERE state = 'available' AND queue = $1 AND scheduled_at <= now()
    ORDER BY priority, scheduled_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE river_job AS job
SET state = 'running', attempt = job.attempt + 1, attempted_at = now(), attempted_by = array_append(job.attempted_by, $3)
FROM due WHERE job.id = due.id
RETURNING job.id, job.args, job.attempt, job.attempted_at, job.attempted_by, job.created_at, job.errors, job.kind,
    job.max_attempts, job.metadata, job.priority, job.queue, job.scheduled_at, job.tags, job.unique_key
"""
COMPLETE = """
UPDATE river_job AS job SET state = 'completed', finalized_at = done.at
FROM unnest($1::bigint[], $2::timestamptz[]) AS done (id, at)
WHERE job.id = done.id AND job.state = 'running'
"""
LEFT = """
SELECT EXISTS (SELECT FROM river_job WHERE state = 'available') OR EXISTS (SELECT FROM river_job WHERE state = 'running')
"""


async def bench(options: argparse.Namespace) -> dict[str, Any]:
    """Drain, or one job at a time."""
    look = await asyncpg.connect(DSN)
    return await (_drain(look, options) if options.mode == "drain" else _idle(look, options))


async def _drain(look: "asyncpg.Connection[Any]", options: argparse.Namespace) -> dict[str, Any]:
    """Insert by COPY, then claim and complete until nothing is left."""
    began = time.perf_counter()
    for first in range(0, options.n, BATCH):
        rows = [(f'{{"num": {n}}}', "noop", 25, 1, "default") for n in range(first, min(first + BATCH, options.n))]
        await look.copy_records_to_table("river_job", records=rows, columns=COLUMNS)
    inserted = round(options.n / (time.perf_counter() - began))
    await calm(look)
    tally = Tally()
    tally.expect(options.n)
    began, cpu = time.perf_counter(), cpu_s()
    await asyncio.gather(*(_pair(tally, options.workers) for _ in range(options.pairs)))
    return {"insert_per_s": inserted, **await drained(look, tally, LEFT, n=options.n, began=began, cpu=cpu)}


async def _pair(tally: Tally, batch: int) -> None:
    """Claim on one connection while what was claimed before is completed on the other."""
    claiming, completing = await asyncpg.connect(DSN), await asyncpg.connect(DSN)
    writing: asyncio.Future[Any] | None = None
    worked: list[int] = []
    while rows := await claiming.fetch(CLAIM, "default", batch, "limit"):
        for row in rows:
            orjson.loads(row["args"])
            tally.hit()
            worked.append(row["id"])
        if len(worked) >= BATCH:
            if writing is not None:
                await writing
            writing, worked = asyncio.ensure_future(_complete(completing, worked)), []
    if writing is not None:
        await writing
    await _complete(completing, worked)


async def _complete(conn: "asyncpg.Connection[Any]", ids: list[int]) -> None:
    await conn.execute(COMPLETE, ids, [datetime.now(UTC)] * len(ids))


async def _idle(look: "asyncpg.Connection[Any]", options: argparse.Namespace) -> dict[str, Any]:
    claiming, tally = await asyncpg.connect(DSN), Tally()
    values = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    insert = f"INSERT INTO river_job ({', '.join(COLUMNS)}) VALUES ({values}) RETURNING *"

    async def both() -> None:
        await look.fetchrow(insert, '{"num": 1}', "noop", 25, 1, "default")
        for row in await claiming.fetch(CLAIM, "default", options.workers, "limit"):
            orjson.loads(row["args"])
            tally.hit()

    await calm(look)
    return await idle(tally, both, n=options.n)


run("SQL without an engine", bench)
