"""The rows of ``revenge_job_node``, for people: which processes work jobs, and how they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from revenge.infra.jobs.liveness import LivenessConfig, NodeState, OtherNode, state_of
from revenge.infra.jobs.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """A process that works jobs, or has died within a day."""

    id: str
    """Its client's id, the last entry of ``attempted_by`` of the jobs that it runs."""
    state: NodeState
    host: str
    pid: int
    version: str
    queues: Mapping[str, int]
    """Slots by queue."""
    stats: Mapping[str, Any]
    """What it said of itself with its last beat: ``running`` and ``stuck`` jobs, ``stale_results``, ``loop_blocks``,
    and ``clock_offset_s``, how far the database's clock is ahead of its machine's."""
    started_at: datetime
    beaten_at: datetime
    silence: timedelta
    """Since that beat, by the database's clock."""
    is_direct: bool
    """Whether it has a direct connection, so that its death is noticed within seconds."""


class NodeStore:
    """What can be read of nodes; errors of the database are StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self) -> list[NodeInfo]:
        """Return all nodes, the oldest first."""
        return [_node_info(row) for row in await self._store.fetch("node_list")]

    async def leader(self) -> str | None:
        """Return the id of the client that leads; None while nobody does."""
        row = await self._store.fetchrow("leader_get")
        return None if row is None else str(row["leader_id"])


def _node_info(row: asyncpg.Record) -> NodeInfo:
    seen = OtherNode(
        id=row["id"],
        beaten_at=row["beaten_at"],
        silence=row["silence"],
        lock_key=row["lock_key"],
        is_locked=row["is_locked"],
    )
    return NodeInfo(
        id=row["id"],
        state=NodeState.DEAD if row["dead_at"] is not None else state_of(seen, LivenessConfig()),
        host=row["host"],
        pid=row["pid"],
        version=row["version"],
        queues=orjson.loads(row["queues"]),
        stats=orjson.loads(row["stats"]),
        started_at=row["started_at"],
        beaten_at=row["beaten_at"],
        silence=row["silence"],
        is_direct=row["lock_key"] is not None,
    )
