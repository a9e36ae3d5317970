"""What most scenarios begin with, for either engine."""

import json
from typing import Any

import asyncpg

from tests.interop.conftest import AnyPeer

QUEUES = {"default": {"max_workers": 5}}


async def start(peer: AnyPeer, *, client: str = "", **config: Any) -> None:
    """Start a client that works the kind ``job``; ``config`` is as in ``clients.go``."""
    settings = {"queues": QUEUES, "workers": {"job": {}}, "fetch_cooldown_ms": 1, "retry_ms": 100, **config}
    await peer.call("start", client=client or peer.name, config=settings)


async def insert(peer: AnyPeer, *attempts: dict[str, Any], kind: str = "job", tx: str = "", **opts: Any) -> int:
    """Insert a job that does ``attempts``, one after the other; return its id."""
    args = {"attempts": list(attempts)} if attempts else {}
    result = await peer.call("insert", kind=kind, args=args, opts=opts, tx=tx)
    return int(result["job"]["id"])


def errors_of(row: asyncpg.Record) -> list[dict[str, Any]]:
    """Return a row's attempt errors."""
    return [json.loads(text) for text in row["error_texts"]]
