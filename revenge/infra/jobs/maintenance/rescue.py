"""Writes what was decided about jobs whose workers are gone."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job_store import error_json
from revenge.infra.jobs.maintenance.decision import GoneJob, Move
from revenge.infra.jobs.store import Connection, Store, is_in_the_way

LOCK_TIMEOUT = timedelta(milliseconds=200)
"""How long a job waits for a transaction that is about to take its unique key: the next pass meets it again."""

logger = logging.getLogger("revenge.jobs")


def gone_job_from(row: asyncpg.Record) -> GoneJob:
    """Make one of a row of ``job_get_stuck`` or ``job_get_lost``."""
    return GoneJob(
        id=row["id"],
        kind=row["kind"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        attempted_at=row["attempted_at"],
        running_for=row["running_for"],
        failures=row["failures"],
        is_cancel_requested=row["is_cancel_requested"],
        losses=row["losses"],
        kills=row["kills"],
        is_accused=row["is_accused"],
        is_outage=row["is_outage"],
        is_rivalled=row["is_rivalled"],
    )


async def rescue_many(
    store: Store,
    moves: Sequence[tuple[GoneJob, Move]],
    *,
    error: str,
    counter: str,
    now: datetime,
    conn: Connection | None = None,
) -> list[asyncpg.Record]:
    """Write ``moves``; return id, kind, queue and state of the rows that were still as they were read.

    Args:
        store: where the jobs are.
        moves: what becomes of each.
        error: text of the attempt's error, where the move is a failure.
        counter: metadata key that counts such rescues.
        now: time of the errors.
        conn: the caller's connection with its transaction.
    """
    if not moves:
        return []
    return await store.fetch(
        "job_rescue_many",
        [job.id for job, _ in moves],
        [job.attempt for job, _ in moves],
        [job.attempted_at for job, _ in moves],
        [move.state.value for _, move in moves],
        [move.new_attempt for _, move in moves],
        [move.delay for _, move in moves],
        [error_json(at=now, attempt=job.attempt, error=error) if move.is_failure else None for job, move in moves],
        counter,
        conn=conn,
    )


async def rescue_rivalled(
    store: Store, moves: Sequence[tuple[GoneJob, Move]], *, error: str, counter: str, now: datetime
) -> list[asyncpg.Record]:
    """Write the moves of jobs whose unique key another may be about to take, each by itself; return what moved.

    One that waits for another's transaction is passed over, and holds up nobody.
    """
    moved: list[asyncpg.Record] = []
    for job, move in moves:
        try:
            async with store.transaction() as conn:
                await store.execute("set_lock_timeout", LOCK_TIMEOUT, conn=conn)
                moved += await rescue_many(store, [(job, move)], error=error, counter=counter, now=now, conn=conn)
        except StoreError as failure:
            if not is_in_the_way(failure):
                raise
            logger.info("job.rescue_put_off", extra={"job_id": job.id, "kind": job.kind, "error": str(failure)})
    return moved
