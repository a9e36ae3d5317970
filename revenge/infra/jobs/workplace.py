"""What is around a worker while it runs: the client that runs it, and the way to its row."""

import asyncio
import contextvars
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, Self

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.store import AnyConnection, Store

if TYPE_CHECKING:
    from revenge.infra.jobs.client import Client


class AttemptStore(Protocol):
    """What a worker's own transaction writes of its job."""

    async def settle_many(
        self, settlements: Sequence[Settlement], *, now: datetime, conn: AnyConnection
    ) -> Sequence[tuple[int, JobState]]: ...

    async def merge_metadata(self, claim: Claim, metadata: str, *, conn: AnyConnection) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What all workers of a client share."""

    client: "Client"
    store: AttemptStore
    blocking_store: AttemptStore
    """For connections that block: what threads have. It suspends nowhere."""
    clock: Clock

    @classmethod
    def of(cls, client: "Client", store: Store, *, clock: Clock) -> Self:
        """Return that of the workers of ``client``."""
        blocking = Store(None, schema=store.schema, blocking=True)
        return cls(client=client, store=JobStore(store), blocking_store=JobStore(blocking), clock=clock)

    def store_for(self, *, blocking: bool) -> AttemptStore:
        """Return the one for connections that block, or for the others."""
        return self.blocking_store if blocking else self.store


current_workplace: Final[contextvars.ContextVar[Workplace]] = contextvars.ContextVar("revenge_current_workplace")
"""Set once for each client: every worker runs in a copy of that context, those in threads too."""


current_loop: Final[contextvars.ContextVar[asyncio.AbstractEventLoop]] = contextvars.ContextVar("revenge_current_loop")
"""The client's, where a worker runs in a thread."""


def loop_of_thread() -> asyncio.AbstractEventLoop:
    """Return the loop of the client whose worker calls from its thread.

    Raises:
        RuntimeError: none does, or it calls from that loop itself, which cannot wait for what is done in it.
    """
    found, running = current_loop.get(None), None
    with suppress(RuntimeError):
        running = asyncio.get_running_loop()
    if found is None or found is running:
        message = (
            "only a worker that runs in a thread waits so: a coroutine awaits, and a process of its own has no client"
        )
        raise RuntimeError(message)
    return found


def workplace() -> Workplace:
    """Return what is around the worker that calls.

    Raises:
        RuntimeError: no worker does, or one in a process of its own, where there is no client.
    """
    found = current_workplace.get(None)
    if found is None:
        message = "there is no client here: only workers have one that run in the event loop or in a thread"
        raise RuntimeError(message)
    return found
