"""Webhooks: each is kept with the job that works it; many of one title are worked at once."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.values import json_text
from revenge.infra.failures import Final
from revenge.infra.jobs.clock import Clock
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import Received, SyncDone, WebhookEvent, WebhookPage
from revenge.integration.arr.paths import PathMapper, folder_of
from revenge.integration.arr.payloads import Heard, Means, dedupe_key, hear
from revenge.integration.arr.ports import ArrEvents, ProgramSaid, WebhookJobs
from revenge.integration.arr.statements import statements

DUPLICATE_WINDOW = timedelta(minutes=10)
"""The same said again within it is the same; two connections to us may be set up, or a proxy sends again."""
_AT_ONCE = 200
_ROUNDS = 20

Complete = Callable[[Connection, Mapping[str, Any]], Awaitable[None]]
"""Completes the job in the transaction of a connection, with its output."""


def secret_given(headers: Mapping[str, str]) -> str | None:
    """Return the secret that a webhook carries: a header of its own, or the password of basic authentication."""
    if (secret := headers.get("x-webhook-secret")) is not None:
        return secret
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        _, found, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if found else None


def secret_matches(given: str | None, secret: str) -> bool:
    """Compare in constant time; without a secret nothing matches."""
    return bool(secret) and given is not None and hmac.compare_digest(given.encode(), secret.encode())


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a webhook that came in."""

    event_id: UUID
    job_id: int | None
    duplicate: bool


class WebhookInbox:
    """Takes webhooks in and shows them."""

    def __init__(self, pool: Pool, *, source: Source, jobs: WebhookJobs, clock: Clock) -> None:
        self._pool = pool
        self._source = source
        self._jobs = jobs
        self._clock = clock
        self._sql = statements()

    async def take(self, raw: Mapping[str, Any]) -> Taken:
        """Keep an event and its job, both or neither; one that waits already is counted, not kept again.

        Raises:
            InvalidPayload: it is no event.
        """
        # Without what PostgreSQL cannot hold, here and in the job's arguments.
        raw = orjson.loads(json_text(raw))
        heard = hear(self._source, raw)
        key = dedupe_key(raw)
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            await self._lock(conn, key.hex())
            same = await conn.fetchrow(self._sql["event_same"], self._source.value, key, now - DUPLICATE_WINDOW)
            # One that was worked is no reason not to look again: what it tells of may have changed since.
            if same is not None and (same["handled_at"] is None or heard.arr_id is None):
                await conn.execute(self._sql["event_seen"], same["id"])
                return Taken(same["id"], same["job_id"], duplicate=True)
            event_id = uuid7()
            subject = heard.subject or f"event:{event_id}"
            await self._lock(conn, subject)
            received = Received(
                id=event_id,
                source=self._source,
                event_type=heard.payload.event_type,
                subject=subject,
                payload=raw,
                dedupe_key=key,
                received_at=now,
            )
            await self._insert(conn, received)
            job_id = await self._jobs.enqueue(conn, received)
            await conn.execute(self._sql["event_set_job"], event_id, job_id)
        return Taken(event_id, job_id, duplicate=False)

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> WebhookPage:
        """Return events, newest first; ``ValueError`` for a cursor that is none of ours."""
        before = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["event_list"], self._source.value, before, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return WebhookPage([WebhookEvent(**dict(row)) for row in rows[:limit]], more)

    async def _insert(self, conn: Connection, received: Received) -> None:
        await conn.execute(
            self._sql["event_insert"],
            received.id,
            self._source.value,
            received.event_type,
            received.subject,
            received.dedupe_key,
            json_text(received.payload),
            received.received_at,
        )

    async def _lock(self, conn: Connection, subject: str) -> None:
        await conn.execute(self._sql["subject_lock"], self._source.value, subject)


class OneTitle(Protocol):
    """The part of ``SyncService`` that webhooks need."""

    async def sync_one(self, arr_id: int, *, look_at: Sequence[bytes] = ()) -> SyncDone: ...

    async def forget(self, arr_id: int, *, look_at: Sequence[bytes] = ()) -> SyncDone: ...


class WebhookService:
    """Does what webhooks ask for."""

    def __init__(self, pool: Pool, *, source: Source, titles: OneTitle, paths: PathMapper, events: ArrEvents) -> None:
        self._pool = pool
        self._source = source
        self._titles = titles
        self._paths = paths
        self._events = events
        self._sql = statements()

    async def work(self, subject: str, complete: Complete) -> bool:
        """Work all that waits of a subject, until nothing does; then ``complete`` the job in one transaction with that finding.

        Return False when events come faster than they are worked: then the job had better come back.

        Raises:
            CallFailed: the program could not be asked; what waits still waits.
            Final: it never can be done; the events are settled with that.
        """
        output: dict[str, Any] = {"events": 0}
        for _ in range(_ROUNDS):
            waiting = await self._open(self._pool, subject)
            if not waiting:
                async with self._pool.acquire() as conn, conn.transaction():
                    # With this lock nobody adds an event that finds the job still there although it looks no more.
                    await conn.execute(self._sql["subject_lock"], self._source.value, subject)
                    if not await self._open(conn, subject):
                        await complete(conn, output)
                        return True
                continue
            ids = [event_id for event_id, _ in waiting]
            try:
                outcome = await self.handle([raw for _, raw in waiting])
            except Final as reason:
                await self._pool.execute(self._sql["event_handled"], ids, str(reason)[:500])
                raise
            await self._pool.execute(self._sql["event_handled"], ids, outcome["outcome"])
            output = {**outcome, "events": output["events"] + len(ids)}
        return False

    async def handle(self, payloads: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Do what events of one subject ask for, once for all of them.

        Raises:
            InvalidPayload: one is no event, or lacks its title.
            CallFailed: the program could not be asked.
            NotATitle: it has no such title, and it was not known here.
        """
        heard = [hear(self._source, raw) for raw in payloads]
        told = [each for each in heard if each.means is Means.TELL]
        if told:
            async with self._pool.acquire() as conn, conn.transaction():
                for each in told:
                    said = ProgramSaid(
                        source=self._source, event=each.payload.event_type, data=each.payload.told(self._source)
                    )
                    await self._events.program_said(conn, said)
        about = [each for each in heard if each.arr_id is not None]
        if not about:
            return {"outcome": "told" if told else "noted"}
        return await self._sync(about)

    async def _sync(self, about: Sequence[Heard]) -> dict[str, Any]:
        look_at = self._folders(about)
        arr_id = about[-1].arr_id
        assert arr_id is not None  # noqa: S101 - the caller's choice of events
        # An id of theirs is never given again: what was deleted stays so, whatever else was said.
        if any(each.means is Means.FORGET for each in about):
            done = await self._titles.forget(arr_id, look_at=look_at)
            return {"outcome": "let go", **done.to_dict()}
        done = await self._titles.sync_one(arr_id, look_at=look_at)
        return {"outcome": "synced", **done.to_dict()}

    def _folders(self, about: Sequence[Heard]) -> list[bytes]:
        ours = (self._paths.ours(path) for each in about for path in each.payload.paths(self._source))
        return sorted({folder_of(path) for path in ours if path is not None})

    async def _open(self, conn: Connection | Pool, subject: str) -> list[tuple[UUID, dict[str, Any]]]:
        rows = await conn.fetch(self._sql["event_open"], self._source.value, subject, _AT_ONCE)
        return [(row["id"], orjson.loads(row["payload"])) for row in rows]
