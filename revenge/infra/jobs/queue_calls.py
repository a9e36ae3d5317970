"""What people do to queues and nodes as the whole cluster sees them: look, pause, resume, describe."""

from collections.abc import Mapping, Sequence
from typing import Any

from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.models import QueueInfo
from revenge.infra.jobs.node_store import NodeInfo, NodeStore
from revenge.infra.jobs.queue_store import QueueStore
from revenge.infra.jobs.store import Store


class QueueCalls:
    """The part of ``Client`` that needs ``river_queue`` and the nodes. ``conn`` is the caller's connection, as for all its methods."""

    def __init__(self, store: Store) -> None:
        self._queues = QueueStore(store)
        self._nodes = NodeStore(store)

    async def nodes(self) -> Sequence[NodeInfo]:
        """Return all processes that work jobs, and those that have died within a day, the oldest first."""
        return await self._nodes.list()

    async def leader(self) -> str | None:
        """Return the id of the client that leads, Go's or ours; None while nobody does."""
        return await self._nodes.leader()

    async def queues(self, *, conn: AsyncConnection | None = None) -> Sequence[QueueInfo]:
        """Return all queues that anybody serves or that hold unfinished jobs, by name."""
        return await self._queues.list_all(conn=conn)

    async def get_queue(self, name: str, *, conn: AsyncConnection | None = None) -> QueueInfo:
        """Return one of them.

        Raises:
            QueueNotFound: nobody has ever served it, and no unfinished job is in it.
        """
        return await self._queues.get(name, conn=conn)

    async def pause_queue(self, name: str, *, conn: AsyncConnection | None = None) -> None:
        """Let no node fetch from a queue, ``*`` for all existing ones; what runs goes on.

        Raises:
            QueueNotFound: nobody has ever served it.
        """
        await self._queues.pause(name, conn=conn)

    async def resume_queue(self, name: str, *, conn: AsyncConnection | None = None) -> None:
        """Undo ``pause_queue``.

        Raises:
            QueueNotFound: nobody has ever served it.
        """
        await self._queues.resume(name, conn=conn)

    async def update_queue(
        self, name: str, *, metadata: Mapping[str, Any] | None = None, conn: AsyncConnection | None = None
    ) -> None:
        """Replace a queue's metadata and tell all that serve it; without any, only keep its row for another day.

        Raises:
            QueueNotFound: nobody has ever served it.
            InvalidJob: they have no JSON form.
            StoreError: they are more than a notification may hold, 8,000 bytes with what goes around them.
        """
        await self._queues.update(name, metadata, conn=conn)
