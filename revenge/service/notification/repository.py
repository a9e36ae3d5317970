"""Events and deliveries, as the tables hold them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.cursors import decode_moment, encode_moment
from revenge.infra.database.values import clean_text, json_text
from revenge.infra.telemetry.secrets import mask
from revenge.service.notification.catalogue import event_type
from revenge.service.notification.models import (
    AgentState,
    Delivery,
    DeliveryStatus,
    EndedJob,
    Event,
    EventFilter,
    EventPage,
    EventRecord,
    Held,
)
from revenge.service.notification.statements import statements

GATHERED = 500
"""Events that one message tells of at most."""


class NotificationRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def insert(self, conn: Connection, events: Sequence[Event], deliveries: Sequence[tuple[UUID, str]]) -> None:
        """Write events and their deliveries, as event and agent, in one statement; what is there already stays."""
        await conn.execute(
            self._sql["event_insert"],
            [event.id for event in events],
            [clean_text(event.type) for event in events],
            [event_type(event.type).category.value for event in events],
            [event.occurred_at for event in events],
            [event.account_id for event in events],
            [event.target_id for event in events],
            [json_text(mask(event.data)) for event in events],
            [json_text(mask(event.metadata)) for event in events],
            [event_id for event_id, _ in deliveries],
            [agent for _, agent in deliveries],
        )

    async def get(self, event_id: UUID) -> EventRecord | None:
        """Return an event with what became of it; None where there is none."""
        row = await self._pool.fetchrow(self._sql["event_get"], event_id)
        return None if row is None else (await self._with_deliveries([row]))[0]

    async def list(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> EventPage:
        """Return events, newest first.

        Raises:
            ValueError: the cursor is none of ours.
        """
        at, event_id = decode_moment(cursor) if cursor else (None, None)
        rows = await self._pool.fetch(
            self._sql["event_list"],
            at,
            event_id,
            wanted.type,
            wanted.category,
            wanted.agent,
            wanted.status,
            limit + 1,
        )
        more = encode_moment(rows[limit - 1]["occurred_at"], rows[limit - 1]["id"]) if len(rows) > limit else None
        return EventPage(await self._with_deliveries(rows[:limit]), more)

    async def agent_states(self) -> Mapping[str, AgentState]:
        """Return what agents said last; one that was never told of anything is left out."""
        return {row["name"]: AgentState(*row) for row in await self._pool.fetch(self._sql["agent_list"])}

    async def hold(self, conn: Connection, event_id: UUID, agent: str) -> Held | None:
        """Return a delivery, nobody else's until the transaction ends; None where there is none."""
        row = await conn.fetchrow(self._sql["delivery_lock"], event_id, agent)
        if row is None:
            return None
        return Held(DeliveryStatus(row["status"]), row["job_id"], row["type"], row["blocked_until"])

    async def claim(
        self, conn: Connection, event_id: UUID, agent: str, *, job_id: int, now: datetime, gathers: str | None
    ) -> Sequence[Event]:
        """Take a delivery for sending, with others of the type ``gathers``; return their events, in their order."""
        rows = await conn.fetch(self._sql["delivery_claim"], event_id, agent, job_id, now, gathers, GATHERED)
        return sorted((_event(row) for row in rows), key=lambda event: (event.occurred_at, event.id))

    async def settle(
        self,
        agent: str,
        status: DeliveryStatus,
        *,
        job_id: int,
        taken_at: datetime,
        now: datetime,
        error: str | None = None,
        blocked_until: datetime | None = None,
    ) -> int:
        """Write what became of the deliveries that a job took; return how many were still its own."""
        reason = None if error is None else clean_text(error)[:1000]
        return int(
            await self._pool.fetchval(
                self._sql["delivery_settle"], agent, job_id, taken_at, status, reason, now, blocked_until
            )
        )

    async def put_back(self, agent: str, *, job_id: int, taken_at: datetime) -> None:
        """Let the deliveries that a job took wait again, as they were: nobody has been called."""
        await self._pool.execute(self._sql["delivery_put_back"], agent, job_id, taken_at)

    async def filter(self, conn: Connection, event_id: UUID, agent: str, *, reason: str, job_id: int) -> None:
        """Note that an agent is not told after all."""
        await conn.execute(self._sql["delivery_filter"], event_id, agent, reason, job_id)

    async def reopen(self, conn: Connection, event_id: UUID, agent: str, *, job_id: int) -> bool:
        """Let a failed delivery wait for a job of its own again; return whether it had failed."""
        return await conn.fetchval(self._sql["delivery_reopen"], event_id, agent, job_id) is not None

    async def fail_ended(self, conn: Connection, jobs: Sequence[EndedJob]) -> Sequence[str]:
        """Settle deliveries whose jobs ended without; return their agents, one for each."""
        rows = await conn.fetch(
            self._sql["delivery_fail_ended"],
            [job.event_id for job in jobs],
            [job.agent for job in jobs],
            [job.job_id for job in jobs],
            [clean_text(job.reason)[:1000] for job in jobs],
        )
        return [row["agent"] for row in rows]

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove events that happened before a time, with their deliveries; return how many."""
        return len(await self._pool.fetch(self._sql["event_forget"], before, limit))

    async def _with_deliveries(self, rows: Sequence[asyncpg.Record]) -> Sequence[EventRecord]:
        deliveries: dict[UUID, list[Delivery]] = {row["id"]: [] for row in rows}
        if rows:
            for row in await self._pool.fetch(self._sql["delivery_list"], list(deliveries)):
                deliveries[row["event_id"]].append(_delivery(row))
        return [
            EventRecord(event=_event(row), category=row["category"], deliveries=deliveries[row["id"]]) for row in rows
        ]


def _event(row: asyncpg.Record) -> Event:
    return Event(
        id=row["id"],
        type=row["type"],
        occurred_at=row["occurred_at"],
        account_id=row["account_id"],
        target_id=row["target_id"],
        data=_object(row["data"]),
        metadata=_object(row["metadata"]),
    )


def _object(text: str) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(text)
    return value


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        agent=row["agent"],
        status=DeliveryStatus(row["status"]),
        attempts=row["attempts"],
        error=row["error"],
        created_at=row["created_at"],
        last_attempt_at=row["last_attempt_at"],
        sent_at=row["sent_at"],
    )
