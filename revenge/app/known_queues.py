"""Which queues a job may be put into: one that nobody serves keeps it for ever."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from revenge.infra.jobs.models import TIERS, QueueInfo


class Queues(Protocol):
    """The part of the engine's ``Client`` that is used here."""

    async def queues(self) -> Sequence[QueueInfo]:
        """Return all queues that anybody serves or that hold unfinished jobs."""
        ...


async def unknown_queue(client: Queues, name: str, *, settings: Iterable[str] = ()) -> Sequence[str] | None:
    """Return the queues that there are, by name, where ``name`` is none of them; None where it is one.

    A queue is known by the settings, or because some node, a Go service's or a worker's of the user's own, has served it
    within a day. The five tiers always are.
    """
    named = {*TIERS, *settings}
    if name in named:
        return None
    served = {queue.name for queue in await client.queues() if queue.is_served}
    return None if name in served else sorted(str(each) for each in named | served)
