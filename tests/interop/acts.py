"""What most scenarios begin with, for either engine."""

import json
from typing import Any

import asyncpg

from tests.interop.conftest import AnyPeer, Rows

QUEUES = {"default": {"max_workers": 5}}
NEVER = 3_600_000


async def start(peer: AnyPeer, *, client: str = "", **config: Any) -> None:
    """Start a client that works the kind ``job``; ``config`` is as in ``clients.go``."""
    settings = {"queues": QUEUES, "workers": {"job": {}}, "fetch_cooldown_ms": 1, "retry_ms": 100, **config}
    await peer.call("start", client=client or peer.name, config=settings)


async def start_listening(peer: AnyPeer, rows: Rows, **config: Any) -> None:
    """Start a client that learns of jobs by notification alone, and return when it hears."""
    await start(peer, fetch_poll_interval_ms=NEVER, **config)
    queue = next(iter(config.get("queues", QUEUES)))
    # The first is found by the fetch at the start, the second may be by the one when the connection listens.
    for _ in range(3):
        job_id = await rows.pool.fetchval(
            """
            WITH told AS (SELECT pg_notify('public.river_insert', json_build_object('queue', $1::text)::text))
            INSERT INTO river_job (kind, args, max_attempts, queue) SELECT 'job', '{}', 1, $1 FROM told RETURNING id""",
            queue,
        )
        await rows.when(job_id, "completed")


async def insert(peer: AnyPeer, *attempts: dict[str, Any], kind: str = "job", tx: str = "", **opts: Any) -> int:
    """Insert a job that does ``attempts``, one after the other; return its id."""
    args = {"attempts": list(attempts)} if attempts else {}
    result = await peer.call("insert", kind=kind, args=args, opts=opts, tx=tx)
    return int(result["job"]["id"])


def errors_of(row: asyncpg.Record) -> list[dict[str, Any]]:
    """Return a row's attempt errors."""
    return [json.loads(text) for text in row["error_texts"] or ()]
