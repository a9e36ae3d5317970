"""This client's node row: the lock and the beats by which other nodes know that it lives."""

import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import asyncpg
import orjson

from revenge.infra.jobs.liveness import OtherNode
from revenge.infra.jobs.store import DirectConnection, Store

logger = logging.getLogger("revenge.jobs")

_LOCK_KEY_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a beat saw."""

    others: Sequence[OtherNode]
    server_uptime: timedelta


class Presence:
    """Says that this client lives: by a row, by beats, and by a session lock on its LISTEN connection.

    Order of calls: ``register`` before the first fetch, ``attach`` with every new LISTEN connection, ``beat`` every
    few seconds, ``leave`` after the last job was settled.

    A node that was cut off for long may find that others have declared it dead and handed its running jobs back. It
    keeps its id: the next beat clears the mark and calls ``on_revived``, where the client ends those attempts that are
    no longer its own (``still_held`` tells). Nothing else is needed: writes that settle an attempt name its number and
    its time, so late ones change nothing.
    """

    def __init__(
        self,
        *,
        store: Store,
        client_id: str,
        queues: Callable[[], Mapping[str, int]],
        stats: Callable[[], Mapping[str, Any]] = dict,
        on_lock_lost: Callable[[], None] | None = None,
        on_revived: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Make it; nothing is written yet.

        Args:
            store: where the row is.
            client_id: the last entry of ``attempted_by`` of the jobs that this client runs; no two clients share one.
            queues: the queues that are worked with their slots, as they are at a beat.
            stats: what else people should see of this node; JSON.
            on_lock_lost: called when the connection with the lock ends: beat at once, or others suspect this node.
            on_revived: awaited after this node had been declared dead.
        """
        self.client_id = client_id
        self._store = store
        self._queues = queues
        self._stats = stats
        self._on_lock_lost = on_lock_lost
        self._on_revived = on_revived
        self._started_at: datetime | None = None
        self._lock_key: int | None = None
        self._lock_conn: DirectConnection | None = None

    @property
    def is_locked(self) -> bool:
        """Whether this client holds its lock, as far as it can know."""
        return self._lock_conn is not None and not self._lock_conn.is_closed()

    async def register(self) -> None:
        """Write the row, before the first job is fetched.

        A row of the same id is taken over as it is: see ``predecessor``.

        Raises:
            StoreError: the database could not be written.
        """
        self._started_at = await self._store.fetchval(
            "node_register",
            self.client_id,
            socket.gethostname(),
            os.getpid(),
            _version(),
            _json(self._queues()),
            _json(self._stats()),
            self._started_at,
        )

    async def predecessor(self) -> OtherNode | None:
        """Return the row that has this client's id before it registers, None without one.

        There is one only where the id was set by hand and an earlier process did not stop in order, or still runs.

        Raises:
            StoreError: the database could not be read.
        """
        row = await self._store.fetchrow("node_get", self.client_id)
        return None if row is None else _other_node(row)

    async def attach(self, conn: DirectConnection) -> None:
        """Take the lock on ``conn``, the direct connection that lives as long as this process.

        Each connection gets a key of its own: a lost one may hold its lock for a while yet, and must not stand for
        this one. Whoever owns ``conn`` closes it; that frees the lock.

        Raises:
            StoreError: the connection was lost.
        """
        key = secrets.randbits(_LOCK_KEY_BITS)
        await self._store.execute("node_lock", key, conn=conn)
        conn.add_termination_listener(self._lost)
        self._lock_conn, self._lock_key = conn, key
        await self._store.execute("node_set_lock_key", self.client_id, key)

    async def beat(self) -> Sighting:
        """Write that this node lives; return what the other nodes look like.

        Raises:
            StoreError: the database could not be read or written.
        """
        if not self.is_locked:
            self._lock_conn = self._lock_key = None
        rows = await self._beat()
        if not rows:
            # Deleted, by a cleaner after a day's silence or by hand.
            await self.register()
            rows = await self._beat()
        if rows and rows[0]["dead_at"] is not None:
            await self._revive(rows[0]["dead_at"])
        others = [_other_node(row) for row in rows if row["id"] is not None]
        return Sighting(others=others, server_uptime=rows[0]["server_uptime"] if rows else timedelta(0))

    async def still_held(self, attempts: Sequence[tuple[int, int, datetime]]) -> set[int]:
        """Return the ids of those ``(job id, attempt, attempted_at)`` that still run by that very attempt.

        Raises:
            StoreError: the database could not be read.
        """
        rows = await self._store.fetch(
            "job_get_held",
            [item[0] for item in attempts],
            [item[1] for item in attempts],
            [item[2] for item in attempts],
        )
        return {row[0] for row in rows}

    async def leave(self) -> None:
        """Delete the row, since no job of this node runs any more.

        Where one still does (abandoned, or not yet written) the row stays, and other nodes hand that job back soon
        after the lock is free or the beats have ended.

        Raises:
            StoreError: the database could not be written.
        """
        await self._store.execute("node_leave", self.client_id)

    def _lost(self, conn: object) -> None:
        if conn is self._lock_conn:
            self._lock_conn = self._lock_key = None
            if self._on_lock_lost is not None:
                self._on_lock_lost()

    async def _beat(self) -> list[asyncpg.Record]:
        return await self._store.fetch(
            "node_beat", self.client_id, self._lock_key, _json(self._queues()), _json(self._stats())
        )

    async def _revive(self, dead_at: datetime) -> None:
        logger.warning("node.revived", extra={"client_id": self.client_id, "dead_at": dead_at.isoformat()})
        # First what may fail, then the mark: until it is cleared, each beat tries again.
        if self._on_revived is not None:
            await self._on_revived()
        await self._store.execute("node_revive", self.client_id)


def _other_node(row: asyncpg.Record) -> OtherNode:
    return OtherNode(
        id=row["id"],
        beaten_at=row["beaten_at"],
        silence=row["silence"],
        lock_key=row["lock_key"],
        is_locked=row["is_locked"],
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(value)).decode()


def _version() -> str:
    try:
        return version("revenge")
    except PackageNotFoundError:
        return "unknown"
