"""A client without a database, for tests of whatever inserts jobs, and of the jobs themselves."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.given import check_span
from revenge.infra.jobs.inserting import OnInsert
from revenge.infra.jobs.models import JobRow
from revenge.infra.jobs.plugins import Plugin
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.sync_client import SyncClient
from revenge.infra.jobs.testing.drain import drain
from revenge.infra.jobs.testing.memory_store import MemoryStore, NotInMemory
from revenge.infra.jobs.testing.stopped_clock import StoppedClock
from revenge.infra.jobs.worker import Worker


class MemoryClient(Client):
    """The engine's client with its tables in this process: the same checks, unique keys, states and errors.

    It never works jobs by itself: ``drain`` does. There are no transactions: what is given as ``conn`` is not looked
    at, and a job inserted with it is there although that transaction is rolled back. To other clients it is invisible.

    Raises:
        NotInMemory: from what needs a database.
    """

    def __init__(
        self,
        workers: Workers | Iterable[Worker[Any]] = (),
        *,
        config: ClientConfig | None = None,
        clock: Clock | None = None,
        on_insert: OnInsert | None = None,
        plugins: Iterable[Plugin] = (),
    ) -> None:
        """Make one whose queues look as if a node served them; time stands still unless a clock is given."""
        clock, plugins = clock or StoppedClock(), list(plugins)
        store = MemoryStore(clock=clock)
        super().__init__(
            store,
            config=config,
            workers=workers if isinstance(workers, Workers) else Workers(workers),
            clock=clock,
            on_insert=on_insert,
            plugins=plugins,
        )
        self._memory = store
        self.sync = SyncClient(
            config=self.config, workers=self.workers, on_insert=on_insert, plugins=plugins, store=store
        )
        """The same rows for code without an event loop, whose ``conn`` is not looked at either."""
        store.statement("queue_create_or_touch")(self.config.queues)

    @property
    def store(self) -> MemoryStore:
        """Where this client's rows are."""
        return self._memory

    async def start(self) -> None:
        """Not in memory.

        Raises:
            NotInMemory: always.
        """
        what = "nodes that work jobs by themselves: await drain(client), or"
        raise NotInMemory(what)

    async def wait(self, job_id: int, *, timeout: timedelta | None = None) -> JobRow:  # noqa: ASYNC109 - as the client's
        """Work what is due, since nobody else will, and return the job's row.

        Raises:
            JobNotFound: there is none.
            TimeoutError: it has not ended; time stands still, so it will not.
            TypeError: ``timeout`` is no timedelta.
        """
        check_span("timeout", timeout, optional=True)
        await drain(self, raise_errors=False)
        row = await self.get(job_id)
        if not row.is_final:
            message = f"job {job_id} is {row.state.value}, and due at {row.scheduled_at}: move the clock on, and drain"
            raise TimeoutError(message)
        return row
