"""Writes results as ever, and while somebody in this process subscribes also reads the rows as their attempts left them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import Claim, JobRow, JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.store import Connection, Store
from revenge.infra.jobs.subscriptions import EventKind, LocalEvents, kind_of, wish_of

Persisted = list[tuple[int, JobState]]


class _Wish(NamedTuple):
    kind: EventKind
    attempt: int
    attempted_at: datetime


class WatchedResults:
    """What the completer writes to: while somebody watches, each batch's rows are read in its own transaction.

    So they are told of as this attempt left them, though another node may take them on at once.
    """

    def __init__(self, *, jobs: JobStore, store: Store, events: LocalEvents) -> None:
        self._jobs = jobs
        self._store = store
        self._events = events

    async def complete_many(self, claims: Sequence[Claim], *, finalized_at: datetime) -> Persisted:
        """Write plain successes; return those that were still this attempt's."""
        if not self._events.is_watched:
            return await self._jobs.complete_many(claims, finalized_at=finalized_at)
        return await self._watched(
            {claim.id: _Wish(EventKind.JOB_COMPLETED, claim.attempt, claim.attempted_at) for claim in claims},
            lambda conn: self._jobs.complete_many(claims, finalized_at=finalized_at, conn=conn),
        )

    async def settle_many(self, settlements: Sequence[Settlement], *, now: datetime) -> Persisted:
        """Write the ends of attempts; return the persisted state of those that were still theirs."""
        if not self._events.is_watched:
            return await self._jobs.settle_many(settlements, now=now)
        return await self._watched(
            {item.id: _Wish(wish_of(item), item.attempt, item.attempted_at) for item in settlements},
            lambda conn: self._jobs.settle_many(settlements, now=now, conn=conn),
        )

    async def free_key(self, settlement: Settlement) -> None:
        """Let a running attempt's unique key be another's in every state."""
        await self._jobs.free_key(settlement)

    async def _watched(
        self, wishes: Mapping[int, _Wish], write: Callable[[Connection], Awaitable[Persisted]]
    ) -> Persisted:
        async with self._store.transaction() as conn:
            persisted = await write(conn)
            kinds = {job_id: kind_of(state, wishes[job_id].kind) for job_id, state in persisted}
            # Those that were not written may have been completed by their worker's own transaction.
            asked = [job_id for job_id in wishes if self._is_wanted(kinds.get(job_id), is_written=job_id in kinds)]
            rows = await self._jobs.get_many(asked, conn=conn) if asked else []
        self._events.persisted(
            [
                (kind_of(row.state, wish.kind), row)
                for row in rows
                if (wish := wishes[row.id]) and (row.id in kinds or _is_same(row, wish))
            ],
            wishes,
        )
        return persisted

    def _is_wanted(self, kind: EventKind | None, *, is_written: bool) -> bool:
        return not is_written or (kind is not None and self._events.wants(kind))


def _is_same(row: JobRow, wish: _Wish) -> bool:
    """Whether the row is still at this attempt, and not handed on, snoozed or rescued since."""
    return (row.attempt, row.attempted_at) == (wish.attempt, wish.attempted_at)
