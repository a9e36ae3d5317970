"""Who did what, as the table holds it."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.cursors import decode_moment, encode_moment
from revenge.infra.database.values import clean_text, json_text
from revenge.service.activity.models import (
    ActionCount,
    ActivityStats,
    Entry,
    EntryFilter,
    EntryPage,
    Expired,
    NewEntry,
    is_security,
)
from revenge.service.activity.statements import statements

_LONGEST = {"username": 255, "action": 100, "resource_type": 100, "resource_id": 1000, "user_agent": 1000}
"""Characters that are kept: others choose some of these, and a log must not be filled with one request."""
_LONGEST_ERROR = 2000


class ActivityRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def insert(self, entries: Sequence[NewEntry], *, conn: Connection | None = None) -> set[UUID]:
        """Write entries in one statement, and return the ids of those that were new."""
        columns = zip(*map(_row, entries), strict=True)
        rows = await (conn or self._pool).fetch(self._sql["activity_insert"], *map(list, columns))
        return {row["id"] for row in rows}

    async def list(self, wanted: EntryFilter, *, limit: int, cursor: str | None) -> EntryPage:
        """Return entries, newest first.

        Raises:
            ValueError: the cursor is none of ours.
        """
        at, entry_id = decode_moment(cursor) if cursor else (None, None)
        rows = await self._pool.fetch(
            self._sql["activity_list"],
            at,
            entry_id,
            wanted.account_id,
            wanted.action,
            wanted.resource_type,
            wanted.resource_id,
            wanted.success,
            wanted.start,
            wanted.end,
            wanted.security,
            limit + 1,
        )
        more = encode_moment(rows[limit - 1]["occurred_at"], rows[limit - 1]["id"]) if len(rows) > limit else None
        return EntryPage([_entry(row) for row in rows[:limit]], more)

    async def stats(self) -> ActivityStats:
        """Return how many entries there are."""
        row = await self._pool.fetchrow(self._sql["activity_stats"])
        assert row is not None  # noqa: S101 - an aggregate always has a row
        return ActivityStats(**dict(row))

    async def actions(self, since: datetime, *, limit: int) -> Sequence[ActionCount]:
        """Return what was done most often since a time."""
        rows = await self._pool.fetch(self._sql["activity_actions"], since, limit)
        return [ActionCount(row["action"], row["count"]) for row in rows]

    async def expire(self, before: datetime, *, security_before: datetime, limit: int) -> Expired:
        """Remove a batch of entries of before a time; those about security have a time of their own."""
        return await self._expired("activity_expire", before, security_before, limit)

    async def count_expired(self, before: datetime, *, security_before: datetime) -> Expired:
        """Return what would be removed in all."""
        return await self._expired("activity_expired", before, security_before)

    async def _expired(self, statement: str, *args: object) -> Expired:
        row = await self._pool.fetchrow(self._sql[statement], *args)
        assert row is not None  # noqa: S101 - an aggregate always has a row
        return Expired(row["total"], row["security"])


def _row(entry: NewEntry) -> tuple[Any, ...]:
    address, metadata = _address(entry)
    return (
        entry.id,
        entry.occurred_at,
        entry.account_id,
        _cut("username", entry.username),
        _cut("action", entry.action),
        is_security(entry.action),
        _cut("resource_type", entry.resource_type),
        _cut("resource_id", entry.resource_id),
        _json(entry.changes),
        _json(metadata),
        address,
        _cut("user_agent", entry.user_agent),
        entry.success,
        clean_text(entry.error_message)[:_LONGEST_ERROR] if entry.error_message else None,
    )


def _address(entry: NewEntry) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return the address as PostgreSQL takes it; what is none is kept beside, not dropped."""
    if not entry.ip_address:
        return None, entry.metadata
    try:
        # A zone (fe80::1%eth0) is this machine's business and no part of an inet.
        return str(ipaddress.ip_address(entry.ip_address.partition("%")[0])), entry.metadata
    except ValueError:
        return None, {**(entry.metadata or {}), "ip_address": entry.ip_address[:100]}


def _cut(name: str, text: str | None) -> str | None:
    return None if text is None else clean_text(text)[: _LONGEST[name]]


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json_text(value)


def _entry(row: asyncpg.Record) -> Entry:
    fields = dict(row)
    for name in ("changes", "metadata"):
        fields[name] = None if fields[name] is None else orjson.loads(fields[name])
    return Entry(**fields)
