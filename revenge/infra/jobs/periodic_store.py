"""Schedules of periodic jobs in the database: seen, paused, changed, asked to run, by any node or tool."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from revenge.infra.jobs.cron import Cron
from revenge.infra.jobs.errors import JobsError
from revenge.infra.jobs.periodic import Every, MissedPolicy, PeriodicJob, describe, first_run, read_schedule
from revenge.infra.jobs.store import Connection, Store

START_WINDOW = timedelta(minutes=1)
"""Nodes that start within this of each other share one run on start."""


class PeriodicNotFound(JobsError):
    """No node has ever declared a periodic job of this id."""

    def __init__(self, schedule_id: str) -> None:
        self.schedule_id = schedule_id
        super().__init__(f"there is no periodic job {schedule_id!r}: it appears when a node first declares it")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicInfo:
    """A periodic job as the database knows it."""

    id: str
    kind: str | None
    """None when a function decides it."""
    schedule: dict[str, Any]
    """What is in force: ``every_s``, or ``cron`` and perhaps ``zone``, or ``function``."""
    is_overridden: bool
    """Whether that was set at run time, and code says something else."""
    missed: MissedPolicy
    paused_at: datetime | None
    last_run_at: datetime | None
    """When its last job was inserted."""
    next_run_at: datetime | None
    """None when it never runs again, or when no node has planned it yet. A paused one is planned but does not run."""
    last_job_id: int | None
    is_run_requested: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSchedule:
    """A schedule that is locked because something is due."""

    definition: dict[str, Any]
    missed: MissedPolicy
    is_paused: bool
    is_requested: bool
    is_planned: bool
    """Not so when it is new, or was changed by one who could not plan it."""
    last_run_at: datetime | None
    next_run_at: datetime | None
    """Of one that is planned, None means never again."""
    now: datetime
    """The database's time, of the whole transaction."""


class PeriodicStore:
    """What people and tools do with periodic jobs, and what the enqueuer needs; errors as in ``Store``.

    Changes take effect on the enqueuing node within its interval of ten seconds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self) -> Sequence[PeriodicInfo]:
        """Return all periodic jobs that were ever declared, by id."""
        return [_info_from(record) for record in await self._store.fetch("schedule_list", None)]

    async def get(self, schedule_id: str) -> PeriodicInfo:
        """Return one.

        Raises:
            PeriodicNotFound: there is none.
        """
        record = await self._store.fetchrow("schedule_list", [schedule_id])
        if record is None:
            raise PeriodicNotFound(schedule_id)
        return _info_from(record)

    async def pause(self, schedule_id: str) -> None:
        """Let no more runs happen but those that are asked for; runs planned meanwhile are not made up for.

        Raises:
            PeriodicNotFound: there is none.
        """
        await self._change("schedule_set_paused", schedule_id, True)

    async def resume(self, schedule_id: str) -> None:
        """Undo ``pause``; the next run is the next planned one.

        Raises:
            PeriodicNotFound: there is none.
        """
        await self._change("schedule_set_paused", schedule_id, False)

    async def request_run(self, schedule_id: str) -> None:
        """Ask for a run now, besides those planned, even while paused; asked twice before it happens, it happens once.

        Raises:
            PeriodicNotFound: there is none.
        """
        await self._change("schedule_request_run", schedule_id)

    async def reschedule(self, schedule_id: str, schedule: Every | Cron | None) -> None:
        """Put ``schedule`` in force instead of the one that code declares, until it is changed again; None undoes it.

        Raises:
            PeriodicNotFound: there is none.
            TypeError: the schedule is something else: a function is none that the database could hold.
        """
        _check_schedule(schedule_id, schedule)
        async with self._store.transaction() as conn:
            row = await self._store.fetchrow("schedule_lock", schedule_id, conn=conn)
            if row is None:
                raise PeriodicNotFound(schedule_id)
            planned = schedule or read_schedule(orjson.loads(row["definition"])["declared"])
            first = planned and first_run(planned, last_run_at=row["last_run_at"], now=row["now"])
            text = None if schedule is None else orjson.dumps(describe(schedule)).decode()
            await self._store.execute("schedule_override", schedule_id, text, first, planned is not None, conn=conn)

    async def delete(self, schedule_id: str) -> None:
        """Forget a periodic job that code no longer declares; one that it does comes back when a node starts.

        Raises:
            PeriodicNotFound: there is none.
        """
        await self._change("schedule_delete", schedule_id)

    async def declare(self, jobs: Iterable[PeriodicJob]) -> None:
        """Write what code says of ``jobs``; when and whether they run stays, unless their schedule changed."""
        async with self._store.transaction() as conn:
            # By id, so that nodes that start together do not lock each other out.
            for job in sorted(jobs, key=lambda job: job.id):
                described = orjson.dumps(describe(job.schedule)).decode()
                await self._store.execute(
                    *("schedule_declare", job.id, job.kind, described, job.missed.value),
                    *(job.run_on_start, START_WINDOW),
                    conn=conn,
                )

    async def due_in(self, ids: Sequence[str], *, limit: int) -> Sequence[tuple[str, timedelta]]:
        """Return when there is something to do for each of ``ids``, soonest first, the soonest ``limit``."""
        records = await self._store.fetch("schedule_get_due_in", ids, limit)
        return [(record["id"], record["due_in"]) for record in records]

    async def lock_due(self, schedule_id: str, *, conn: Connection) -> DueSchedule | None:
        """Lock a schedule until the transaction ends; None when nothing is due, or another node is at it."""
        record = await self._store.fetchrow("schedule_lock_due", schedule_id, conn=conn)
        if record is None:
            return None
        return DueSchedule(
            definition=orjson.loads(record["definition"]),
            missed=MissedPolicy(record["missed_policy"]),
            is_paused=record["is_paused"],
            is_requested=record["is_requested"],
            is_planned=record["is_planned"],
            last_run_at=record["last_run_at"],
            next_run_at=record["next_run_at"],
            now=record["now"],
        )

    async def settle(
        self, schedule_id: str, *, next_run_at: datetime | None, has_run: bool, job_id: int | None, conn: Connection
    ) -> None:
        """Write that what was due is done; ``next_run_at`` None means never again."""
        await self._store.execute("schedule_settle", schedule_id, next_run_at, has_run, job_id, conn=conn)

    async def _change(self, statement: str, schedule_id: str, *args: object) -> None:
        if not await self._store.execute(statement, schedule_id, *args):
            raise PeriodicNotFound(schedule_id)


def _check_schedule(schedule_id: str, schedule: object) -> None:
    if schedule is not None and not isinstance(schedule, (Every, Cron)):
        message = f"the schedule of {schedule_id!r} must be Every(...), Cron(...) or None, got {schedule!r}"
        raise TypeError(message)


def _info_from(record: asyncpg.Record) -> PeriodicInfo:
    definition = orjson.loads(record["definition"])
    return PeriodicInfo(
        id=record["id"],
        kind=record["kind"],
        schedule=definition.get("override") or definition.get("declared") or {},
        is_overridden="override" in definition,
        missed=MissedPolicy(record["missed_policy"]),
        paused_at=record["paused_at"],
        last_run_at=record["last_run_at"],
        next_run_at=record["next_run_at"],
        last_job_id=record["last_job_id"],
        is_run_requested="requested_at" in definition,
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )
