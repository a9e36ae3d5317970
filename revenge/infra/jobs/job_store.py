"""Statements on rows of ``river_job`` that are there: fetch, settle, and what people do to single jobs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg

from revenge.infra.jobs.encoding import decode, encode, encode_time
from revenge.infra.jobs.epoch import from_microseconds
from revenge.infra.jobs.errors import JobIsRunning, JobNotFound, UniqueConflict, UniqueKeyTaken, shortened
from revenge.infra.jobs.models import (
    AttemptError,
    Claim,
    JobListParams,
    JobRow,
    JobState,
)
from revenge.infra.jobs.outcome import Settlement, storable_json
from revenge.infra.jobs.store import AnyConnection, Store
from revenge.infra.jobs.unique import states_of


class JobStore:
    """One method per statement of ``sql/river_job.sql``; errors as in ``Store``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def fetch(self, *, client_id: str, slots: Mapping[str, int], kinds: Sequence[str] | None) -> list[Claim]:
        """Claim at most ``slots[queue]`` due jobs of each queue; ``kinds`` None means every kind."""
        records = await self._store.fetch("job_fetch", client_id, list(slots), list(slots.values()), kinds)
        return [Claim(record) for record in records]

    async def complete_many(
        self, claims: Sequence[Claim], *, finalized_at: datetime, conn: AnyConnection | None = None
    ) -> list[tuple[int, JobState]]:
        """Write plain successes; return those that were still this attempt's."""
        records = await self._store.fetch(
            "job_complete_many",
            [claim.id for claim in claims],
            [claim.attempt for claim in claims],
            [claim.attempted_at for claim in claims],
            finalized_at,
            conn=conn,
        )
        return [(record[0], JobState.COMPLETED) for record in records]

    async def accuse(self, claim: Claim) -> bool:
        """Note that this attempt is the only suspect its node runs; return whether the attempt is still its own."""
        return await self._store.execute("job_accuse", claim.id, claim.attempt, claim.attempted_at) == 1

    async def settle_many(
        self, settlements: Sequence[Settlement], *, now: datetime, conn: AnyConnection | None = None
    ) -> list[tuple[int, JobState]]:
        """Write the ends of attempts; return the persisted state of those that were still theirs."""
        records = await self._store.fetch(
            "job_settle_many",
            [item.id for item in settlements],
            [item.attempt for item in settlements],
            [item.attempted_at for item in settlements],
            [item.state.value for item in settlements],
            [item.finalized_at for item in settlements],
            [item.scheduled_at for item in settlements],
            [item.new_attempt for item in settlements],
            [item.error for item in settlements],
            [item.metadata for item in settlements],
            now,
            conn=conn,
        )
        return [(record[0], JobState(record[1])) for record in records]

    async def free_key(self, settlement: Settlement) -> None:
        """Let a running attempt's unique key be another's in every state."""
        await self._store.execute("job_free_key", settlement.id, settlement.attempt, settlement.attempted_at)

    async def merge_metadata(self, claim: Claim, metadata: str, *, conn: AnyConnection) -> bool:
        """Merge JSON text into the metadata of a running attempt; return whether it was still this one."""
        row = await self._store.fetchrow(
            "job_merge_metadata", claim.id, claim.attempt, claim.attempted_at, metadata, conn=conn
        )
        return row is not None

    async def get(self, job_id: int, *, conn: AnyConnection | None = None) -> JobRow:
        """Return the job.

        Raises:
            JobNotFound: there is none.
        """
        record = await self._store.fetchrow("job_get", job_id, conn=conn)
        if record is None:
            raise JobNotFound(job_id)
        return job_from(record)

    async def get_many(self, job_ids: Sequence[int], *, conn: AnyConnection | None = None) -> list[JobRow]:
        """Return those of the jobs that exist, by id."""
        return [job_from(record) for record in await self._store.fetch("job_get_many", list(job_ids), conn=conn)]

    async def get_states(self, job_ids: Sequence[int]) -> dict[int, JobState]:
        """Return the states of those of the jobs that exist."""
        records = await self._store.fetch("job_get_states", list(job_ids))
        return {record["id"]: JobState(record["state"]) for record in records}

    async def list_page(
        self, params: JobListParams, *, before_id: int | None, conn: AnyConnection | None = None
    ) -> list[JobRow]:
        """Return at most ``params.limit`` jobs, newest first."""
        filters = (list(params.kinds) or None, list(params.queues) or None, list(params.tags) or None)
        if params.states:
            states = [state.value for state in params.states]
            records = await self._store.fetch("job_list_by_state", states, *filters, before_id, params.limit, conn=conn)
        else:
            records = await self._store.fetch("job_list", *filters, before_id, params.limit, conn=conn)
        return [job_from(record) for record in records]

    async def cancel(self, job_id: int, *, conn: AnyConnection | None = None) -> JobRow:
        """Cancel what waits, ask what runs to end, leave what has ended; return the row.

        Raises:
            JobNotFound: there is no such job.
        """
        record = await self._store.fetchrow(
            "job_cancel",
            job_id,
            await self._store.channel("river_control", conn=conn),
            f'"{encode_time(datetime.now(UTC))}"',
            conn=conn,
        )
        return job_from(record) if record else await self._get_committed(job_id, conn)

    async def retry(self, job_id: int, *, conn: AnyConnection | None = None) -> JobRow:
        """Make the job available now, with another attempt if it had used them up.

        Raises:
            JobNotFound: there is no such job.
            UniqueConflict: an unfinished job with the same unique key exists.
        """
        try:
            record = await self._store.fetchrow("job_retry", job_id, conn=conn)
        except UniqueKeyTaken as error:
            raise UniqueConflict(job_id) from error
        return job_from(record) if record else await self._get_committed(job_id, conn)

    async def delete(self, job_id: int, *, conn: AnyConnection | None = None) -> JobRow:
        """Delete the job; return it as it was.

        Raises:
            JobNotFound: there is no such job.
            JobIsRunning: it is being worked.
        """
        record = await self._store.fetchrow("job_delete", job_id, conn=conn)
        if record is None:
            await self._get_committed(job_id, conn)
            raise JobIsRunning(job_id)
        return job_from(record)

    async def update(self, job_id: int, metadata: str, *, conn: AnyConnection | None = None) -> JobRow:
        """Merge JSON text into the metadata; return the row.

        Raises:
            JobNotFound: there is no such job.
        """
        record = await self._store.fetchrow("job_update", job_id, metadata, conn=conn)
        if record is None:
            raise JobNotFound(job_id)
        return job_from(record)

    async def cancel_requested(self, job_ids: Sequence[int]) -> list[tuple[int, int, datetime]]:
        """Return id, attempt and attempted_at of those running jobs that somebody asked to cancel."""
        records = await self._store.fetch("job_get_cancel_requested", list(job_ids))
        return [(record[0], record[1], record[2]) for record in records]

    async def hand_back_unseen(self, *, client_id: str, known_ids: Sequence[int]) -> int:
        """Make available again, or cancel where that was asked, what ``client_id`` claimed and ``known_ids`` lacks; count it."""
        return await self._store.execute("job_hand_back_unseen", client_id, list(known_ids))

    async def _get_committed(self, job_id: int, conn: AnyConnection | None) -> JobRow:
        # After a statement that touched nothing: wait for a concurrent change, so that its loser sees the winner's row.
        record = await self._store.fetchrow("job_get_locked", job_id, conn=conn)
        if record is None:
            raise JobNotFound(job_id)
        return job_from(record)


def job_from(record: asyncpg.Record) -> JobRow:
    """Make a row of a record with River's columns; what other programs wrote never makes it unreadable."""
    metadata = decode(record["metadata"])
    return JobRow(
        id=record["id"],
        kind=record["kind"],
        queue=record["queue"],
        state=JobState(record["state"]),
        priority=record["priority"],
        attempt=record["attempt"],
        max_attempts=record["max_attempts"],
        args=decode(record["args"]),
        metadata=metadata if isinstance(metadata, dict) else {},
        tags=record["tags"],
        created_at=from_microseconds(record["created_at"]),
        scheduled_at=from_microseconds(record["scheduled_at"]),
        attempted_at=None if record["attempted_at"] is None else from_microseconds(record["attempted_at"]),
        finalized_at=None if record["finalized_at"] is None else from_microseconds(record["finalized_at"]),
        attempted_by=record["attempted_by"] or [],
        errors=[_error_from(text) for text in record["errors"] or ()],
        unique_key=record["unique_key"],
        unique_states=states_of(record["unique_states"] or 0),
    )


def error_json(*, at: datetime, attempt: int, error: str, trace: str = "") -> str:
    """Return an element of ``errors`` as River writes it; NUL, which PostgreSQL's JSON cannot hold, becomes U+FFFD.

    Of texts beyond ``MAX_TEXT`` the middle is left out.
    """
    texts = {"error": shortened(error), "trace": shortened(trace)}
    return storable_json({"at": at, "attempt": attempt, **texts})


def _error_from(text: str | None) -> AttemptError:
    value: Any = decode(text) if text is not None else {}
    if not isinstance(value, dict):
        return AttemptError(at=None, attempt=0, error=_text(value), trace="")
    return AttemptError(
        at=_time(value.get("at")),
        attempt=_integer(value.get("attempt")),
        error=_text(value.get("error")),
        trace=_text(value.get("trace")),
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return "" if value is None else encode(value)
    except (ValueError, RecursionError):
        return "(not readable)"


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
