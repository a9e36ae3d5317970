"""Who did what, as the table holds it."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from revenge.infra.database.connection import Connection
from revenge.infra.database.values import clean_text, json_text
from revenge.service.activity.models import NewEntry, is_security
from revenge.service.activity.statements import statements

_LONGEST = {"username": 255, "action": 100, "resource_type": 100, "resource_id": 1000, "user_agent": 1000}
"""Characters that are kept: others choose some of these, and a log must not be filled with one request."""
_LONGEST_ERROR = 2000


class ActivityRepository:
    """One method per question; those that write take the caller's connection and its transaction."""

    def __init__(self) -> None:
        self._sql = statements()

    async def insert(self, conn: Connection, entries: Sequence[NewEntry]) -> int:
        """Write entries in one statement, and return how many were new."""
        if not entries:
            return 0
        columns = zip(*map(_row, entries), strict=True)
        return len(await conn.fetch(self._sql["activity_insert"], *map(list, columns)))


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
