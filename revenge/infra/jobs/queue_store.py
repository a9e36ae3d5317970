"""The rows of ``river_queue``: which queues there are, which are paused, and how full they are."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import orjson

from revenge.infra.jobs.errors import QueueNotFound
from revenge.infra.jobs.insertion import metadata_text
from revenge.infra.jobs.models import QueueInfo
from revenge.infra.jobs.store import AnyConnection, Store

TOUCH_INTERVAL = timedelta(minutes=10)
"""River: `queueReportInterval`. Rows that nobody touches for a day are cleaned away."""
ALL = "*"
MAX_QUEUES = 10_000
"""River: `QueueList`."""
_BEATEN_WITHIN = timedelta(seconds=30)


class QueueStore:
    """Every statement on queues; errors of the database are StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def touch(self, names: Collection[str]) -> set[str]:
        """Create the rows of ``names`` or note that they are still worked; return those that are paused.

        Call it at the start, and every ``TOUCH_INTERVAL``.
        """
        rows = await self._store.fetch("queue_create_or_touch", list(names))
        return {row["name"] for row in rows if row["is_paused"]}

    async def paused(self, names: Collection[str]) -> set[str]:
        """Return those of ``names`` that are paused: the truth behind the notifications."""
        return {row["name"] for row in await self._store.fetch("queue_get_paused", list(names))}

    async def pause(self, name: str, *, conn: AnyConnection | None = None) -> None:
        """Stop the fetching from ``name``, or from all queues with ``*``; pausing twice is fine.

        Raises:
            QueueNotFound: no client has ever worked it.
        """
        await self._change("queue_pause", "pause", name, conn)

    async def resume(self, name: str, *, conn: AnyConnection | None = None) -> None:
        """Undo ``pause``; resuming what is not paused is fine.

        Raises:
            QueueNotFound: no client has ever worked it.
        """
        await self._change("queue_resume", "resume", name, conn)

    async def update(self, name: str, metadata: Mapping[str, Any] | None, *, conn: AnyConnection | None = None) -> None:
        """Replace a queue's metadata and tell its clients; with None only note that the queue is wanted still.

        Raises:
            QueueNotFound: no client has ever worked it.
            InvalidJob: they have no JSON form.
        """
        text = None if metadata is None else metadata_text(metadata)
        payload = f'{{"action":"metadata_changed","metadata":{text},"queue":"{name}"}}' if text else None
        channel = await self._store.channel("river_control", conn=conn)
        if not await self._store.fetchval("queue_update", name, text, channel, payload, conn=conn):
            raise QueueNotFound(name)

    async def get(self, name: str, *, conn: AnyConnection | None = None) -> QueueInfo:
        """Return a queue.

        Raises:
            QueueNotFound: no client has ever worked it, and no unfinished job is in it.
        """
        found = await self.list_all(name=name, conn=conn)
        if not found:
            raise QueueNotFound(name)
        return found[0]

    async def list_all(
        self, *, limit: int = MAX_QUEUES, name: str | None = None, conn: AnyConnection | None = None
    ) -> list[QueueInfo]:
        """Return by name all queues that have a row or hold unfinished jobs, or one of them.

        One without a row, which no client has ever worked, counts as created when its oldest job was due.
        """
        rows = await self._store.fetch("queue_list", limit, _BEATEN_WITHIN, name, conn=conn)
        return [
            QueueInfo(
                name=row["name"],
                paused_at=row["paused_at"],
                counts=orjson.loads(row["counts"]),
                oldest_wait_s=row["oldest_wait_s"],
                workers=row["workers"],
                created_at=row["created_at"],
                updated_at=row["updated_at"],
                metadata=orjson.loads(row["metadata"]),
                is_served=row["is_served"],
            )
            for row in rows
        ]

    async def _change(self, statement: str, action: str, name: str, conn: AnyConnection | None) -> None:
        # Compact and in this order, byte for byte as Go's client writes it.
        payload = orjson.dumps({"action": action, "queue": name}).decode()
        channel = await self._store.channel("river_control", conn=conn)
        queues = await self._store.fetchval(statement, name, channel, payload, conn=conn)
        if not queues and name != ALL:
            raise QueueNotFound(name)
