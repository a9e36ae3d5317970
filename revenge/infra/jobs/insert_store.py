"""New rows of ``river_job``: many in one statement, or by COPY."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any, overload

import asyncpg

from revenge.infra.jobs.announcer import Announcer, Say
from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.epoch import from_microseconds
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.insertion import NewJob, Shape
from revenge.infra.jobs.job_store import job_from
from revenge.infra.jobs.models import InsertResult, JobRow, JobState
from revenge.infra.jobs.store import AnyConnection, Store
from revenge.infra.jobs.unique import states_of

Turn = Callable[[], AbstractAsyncContextManager[object]]


class Inserted(Sequence[InsertResult]):
    """What an insert did, in the order of its jobs; a row that was just sent is put together when it is looked at."""

    __slots__ = ("_at", "_duplicates", "_ids", "_jobs", "_made", "_now")

    def __init__(
        self,
        jobs: Sequence[NewJob],
        ids: Sequence[int],
        *,
        now: datetime,
        at: datetime,
        duplicates: Mapping[int, JobRow] | None = None,
    ) -> None:
        """Take the jobs with their ids; ``duplicates`` are the rows of those places where one was there already."""
        self._jobs = jobs
        self._ids = ids
        self._now = now
        self._at = at
        self._duplicates = duplicates or {}
        self._made: dict[int, InsertResult] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    @overload
    def __getitem__(self, index: int) -> InsertResult: ...

    @overload
    def __getitem__(self, index: slice) -> list[InsertResult]: ...

    def __getitem__(self, index: int | slice) -> InsertResult | list[InsertResult]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        made = self._made.get(place)
        if made is None:
            there = self._duplicates.get(place)
            row = _new_row(self._jobs[place], self._ids[place], now=self._now, at=self._at) if there is None else there
            made = self._made[place] = InsertResult(row, duplicate=there is not None)
        return made

    def new_jobs(self) -> Iterator[NewJob]:
        """Yield the jobs that were not there already."""
        if not self._duplicates:
            return iter(self._jobs)
        return (job for place, job in enumerate(self._jobs) if place not in self._duplicates)


class InsertStore:
    """Inserts what a ``Builder`` made; errors as in ``Store``.

    On the caller's connection an insert notifies the jobs' queues when that transaction commits. On one of the pool
    it does not: ``announce`` what was inserted.
    """

    def __init__(self, store: Store, *, say: Say | None = None, turn: Turn = nullcontext) -> None:
        """Make it; ``say`` is the announcer's, ``turn`` what an insert on one of the pool's connections waits for first."""
        self._store = store
        self._turn = turn
        self._announcer = Announcer(store, say=say)

    async def announce(self, jobs: Iterable[NewJob], *, wait: bool) -> None:
        """Notify the queues of ``jobs``, which are committed; with ``wait`` only return when that is done."""
        queues = _due_queues(jobs)
        if wait:
            await self._announcer.announce(queues)
        elif queues:
            self._announcer.announce_soon(queues)

    async def insert_many(
        self, jobs: Sequence[NewJob], *, now: datetime, conn: AnyConnection | None = None
    ) -> Inserted:
        """Insert ``jobs``; results are in the same order.

        ``now`` is what their builder took for it: jobs that are due then are due when the database, by whose clock they
        are fetched, inserts them. Two jobs of one unique key in one call become one row: the second is a duplicate of the first.
        """
        async with self._turn() if conn is None else nullcontext():
            if any(job.unique is not None for job in jobs):
                return await self._insert_unique(jobs, now=now, conn=conn)
            return await self._insert_plain(jobs, now=now, conn=conn)

    async def _insert_plain(self, jobs: Sequence[NewJob], *, now: datetime, conn: AnyConnection | None) -> Inserted:
        record = await self._store.fetchrow(
            "job_insert_many",
            *await self._columns(jobs, now, conn),
            _due_queues(jobs) if conn is not None else [],
            conn=conn,
        )
        assert record is not None  # noqa: S101 - for the type checker: it selects one row whatever happens
        ids = record[0] or []
        _check_all_are_there("job_insert_many", len(ids), jobs)
        return Inserted(jobs, ids, now=now, at=from_microseconds(record[1]))

    async def copy_many(self, jobs: Sequence[NewJob], *, now: datetime, conn: AnyConnection | None = None) -> int:
        """Insert ``jobs`` by COPY; return how many. ``now`` is as for ``insert_many``.

        Raises:
            UniqueKeyTaken: one is a unique job that is there already; none was inserted.
        """
        if conn is None:
            async with self._turn(), self._store.transaction() as own:
                await self._copy_many(jobs, now, partial(self._store.copy, conn=own))
        else:
            await self._copy_many(jobs, now, partial(self._store.copy_on, conn))
            await self._store.notify("river_insert", _due_queues(jobs), conn=conn)
        return len(jobs)

    async def _copy_many(self, jobs: Sequence[NewJob], now: datetime, copy: Callable[..., Awaitable[None]]) -> None:
        due = {shape for shape in {job.shape for job in jobs} if shape.scheduled_at == now}
        # Apart: one COPY gives a column to all rows or leaves it to the database's clock in all.
        for some in ([job for job in jobs if job.shape in due], [job for job in jobs if job.shape not in due]):
            if some:
                await copy("river_job", *_copied(some, now))

    async def _insert_unique(self, jobs: Sequence[NewJob], *, now: datetime, conn: AnyConnection | None) -> Inserted:
        places: list[int] = []
        first_of: dict[bytes, int] = {}
        rows: list[NewJob] = []
        for job in jobs:
            place = len(rows) if job.unique is None else first_of.setdefault(job.unique.key, len(rows))
            if place == len(rows):
                rows.append(job)
            places.append(place)
        keys = [job.unique.key if job.unique else b"" for job in rows]
        found = await self._store.fetch(
            "job_insert_unique",
            *await self._columns(rows, now, conn),
            keys,
            [job.unique.states if job.unique else 0 for job in rows],
            conn=conn,
        )
        _check_all_are_there("job_insert_unique", len(found), rows)
        # They come in the order of the keys.
        records = dict(zip(sorted(range(len(rows)), key=lambda place: (keys[place], place)), found, strict=True))
        ids = [records[place]["id"] for place in range(len(rows))]
        at = from_microseconds(found[0]["inserted_at"])
        there = {place: job_from(record) for place, record in records.items() if record["duplicate"]}
        inserted = Inserted(rows, ids, now=now, at=at, duplicates=there)
        duplicates: dict[int, JobRow] = {}
        seen: set[int] = set()
        for index, place in enumerate(places):
            if place in there or place in seen:
                duplicates[index] = inserted[place].job
            seen.add(place)
        return Inserted(jobs, [ids[place] for place in places], now=now, at=at, duplicates=duplicates)

    async def _columns(self, jobs: Sequence[NewJob], now: datetime, conn: AnyConnection | None) -> tuple[Any, ...]:
        """Return the parameters that both statements begin with: a column of each shape, then those of each job."""
        numbers: dict[Shape, int] = {}
        shape_of = [numbers.setdefault(job.shape, len(numbers) + 1) for job in jobs]
        shapes = list(numbers)
        return (
            None if conn is None else await self._store.channel("river_insert", conn=conn),
            [shape.kind for shape in shapes],
            [shape.queue for shape in shapes],
            [shape.state.value for shape in shapes],
            [shape.priority for shape in shapes],
            [shape.max_attempts for shape in shapes],
            [None if shape.scheduled_at == now else shape.scheduled_at.isoformat() for shape in shapes],
            [shape.metadata for shape in shapes],
            [",".join(shape.tags) for shape in shapes],
            [job.args for job in jobs],
            shape_of,
        )


def _check_all_are_there(statement: str, count: int, jobs: Sequence[NewJob]) -> None:
    if count != len(jobs):
        message = f"{statement} inserted {count} of {len(jobs)} jobs: a trigger on the table left some out"
        raise StoreError(message, retryable=False, is_refusal=True)


def _due_queues(jobs: Iterable[NewJob]) -> list[str]:
    """Return what tells the queues in which something is due now (River's bytes: one space after the colon)."""
    queues = {shape.queue for shape in {job.shape for job in jobs} if shape.state is JobState.AVAILABLE}
    # A queue's name holds nothing that needs escaping.
    return [f'{{"queue": "{queue}"}}' for queue in sorted(queues)]


def _new_row(job: NewJob, job_id: int, *, now: datetime, at: datetime) -> JobRow:
    """Return the row that was just inserted, without asking for what was just sent."""
    shape = job.shape
    return JobRow(
        id=job_id,
        kind=shape.kind,
        queue=shape.queue,
        state=shape.state,
        priority=shape.priority,
        attempt=0,
        max_attempts=shape.max_attempts,
        args=decode(job.args),
        metadata=decode(shape.metadata),
        tags=list(shape.tags),
        created_at=at,
        scheduled_at=at if shape.scheduled_at == now else shape.scheduled_at,
        attempted_at=None,
        finalized_at=None,
        attempted_by=[],
        errors=[],
        unique_key=job.unique.key if job.unique else None,
        unique_states=states_of(job.unique.states) if job.unique else frozenset(),
    )


def _copied(jobs: Sequence[NewJob], now: datetime) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return columns and records for COPY, without the columns in which every row has the table's default.

    Encoding a column costs the driver about as much as the server's share of it.
    """
    shapes = {job.shape for job in jobs}
    columns: dict[str, Any] = {
        "kind": lambda shape: shape.kind,
        "queue": lambda shape: shape.queue,
        "priority": lambda shape: shape.priority,
        "max_attempts": lambda shape: shape.max_attempts,
    }
    if any(shape.state is not JobState.AVAILABLE for shape in shapes):
        columns["state"] = lambda shape: shape.state.value
    if any(shape.scheduled_at != now for shape in shapes):
        columns["scheduled_at"] = lambda shape: shape.scheduled_at
    if any(shape.metadata != "{}" for shape in shapes):
        columns["metadata"] = lambda shape: shape.metadata
    if any(shape.tags for shape in shapes):
        columns["tags"] = lambda shape: list(shape.tags)
    shared = {shape: tuple(of(shape) for of in columns.values()) for shape in shapes}
    if any(job.unique is not None for job in jobs):
        return [*columns, "args", "unique_key", "unique_states"], [
            (*shared[job.shape], job.args, *_unique_columns(job)) for job in jobs
        ]
    return [*columns, "args"], [(*shared[job.shape], job.args) for job in jobs]


def _unique_columns(job: NewJob) -> tuple[bytes | None, asyncpg.BitString | None]:
    if job.unique is None:
        return None, None
    return job.unique.key, asyncpg.BitString.from_int(job.unique.states, length=8)
