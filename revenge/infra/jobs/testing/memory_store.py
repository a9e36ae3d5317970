"""The engine's statements without a database: each runs on rows in this process."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import asyncpg

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import JobsError
from revenge.infra.jobs.store import Connection, Store
from revenge.infra.jobs.testing.memory_jobs import MemoryJobs
from revenge.infra.jobs.testing.memory_many import MemoryMany
from revenge.infra.jobs.testing.memory_rows import MemoryRecord, MemoryRows
from revenge.infra.jobs.testing.memory_tables import MemoryDrain, MemoryLeases, MemoryProgress, MemoryQueues
from revenge.infra.jobs.testing.memory_watch import MemoryWatch


class NotInMemory(JobsError, NotImplementedError):
    """The in-memory client cannot do it; a client on a database can."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the in-memory client has no {what}: test this with a client on a database")


class MemoryStore(Store):
    """A ``Store`` whose statements are methods.

    What a caller gives as ``conn`` is not looked at: every statement takes effect at once.
    """

    def __init__(self, *, clock: Clock) -> None:
        self.schema = None
        self.rows = MemoryRows()
        self._jobs = MemoryJobs(clock=clock, rows=self.rows)
        queues = MemoryQueues(clock=clock, rows=self.rows)
        self._many = MemoryMany(clock=clock, rows=self.rows, jobs=self._jobs)
        self._filled: dict[str, Callable[..., list[MemoryRecord]]] = {}
        self._parts: Sequence[object] = (
            self._jobs,
            self._many,
            queues,
            MemoryLeases(clock=clock),
            MemoryProgress(clock=clock, rows=self.rows),
            MemoryWatch(clock=clock, rows=self.rows),
            MemoryDrain(clock=clock, rows=self.rows, is_paused=queues.is_paused),
        )

    def statement(self, name: str) -> Callable[..., list[MemoryRecord]]:
        """Return what does the statement ``name``.

        Raises:
            NotInMemory: nothing does.
        """
        if name in self._filled:
            return self._filled[name]
        for part in self._parts:
            found = getattr(part, name, None)
            if found is not None:
                return cast("Callable[..., list[MemoryRecord]]", found)
        raise NotInMemory(f"statement {name}")

    def filled(self, name: str, fills: Mapping[str, str]) -> str:
        """Return a name for the statement ``name`` with its marks filled."""
        if name != "job_search":
            raise NotInMemory(f"statement {name}")
        full_name = f"{name} ({', '.join(fills.values())})"
        self._filled[full_name] = partial(self._many.search, fills)
        return full_name

    async def fetch(self, name: str, *args: Any, conn: Any = None) -> list[asyncpg.Record]:
        """Return all rows of the statement ``name``."""
        return cast("list[asyncpg.Record]", self.statement(name)(*args))

    async def execute(self, name: str, *args: Any, conn: Any = None) -> int:
        """Run the statement ``name``; return how many rows it touched."""
        return len(self.statement(name)(*args))

    async def copy(self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]], *, conn: Any) -> None:
        """Put ``records`` into ``table``, all or none."""
        if table != "river_job":
            raise NotInMemory(f"table {table}")
        self._jobs.copy(columns, records)

    async def copy_on(self, conn: Any, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
        """Put ``records`` into ``table``, all or none."""
        await self.copy(table, columns, records, conn=conn)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Let the jobs go back to what they were when the block raises."""
        before = self.rows.snapshot()
        try:
            yield cast("Connection", None)
        except BaseException:
            self.rows.restore(before)
            raise

    async def channel(self, topic: str, *, conn: Any = None) -> str:
        """Return a name that nobody listens to."""
        return f"memory.{topic}"

    async def notify(self, topic: str, payloads: Sequence[str], *, conn: Any = None) -> None:
        """Tell nobody."""
