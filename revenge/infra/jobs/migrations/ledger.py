"""The version rows in River's table ``river_migration``, in both of its shapes."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import asyncpg
import asyncpg.pool

from .errors import MainTooOld

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

MAIN_NAME = "main"
LINES_SINCE = 5
"""The version of main that gave the table its column ``line``."""


class LostRace(Exception):
    """Another migrator, Go's perhaps, took the version away first."""


class Ledger:
    """Reads and writes version rows on one connection."""

    def __init__(self, conn: Connection, statements: Mapping[str, str]) -> None:
        self._conn = conn
        self._sql = statements

    async def applied(self) -> dict[str, dict[int, datetime]]:
        """Return when each version of each line was applied; empty when there is no table yet."""
        match await self._conn.fetchval(self._sql["migration_has_lines"]):
            case None:
                return {}
            case True:
                rows = await self._conn.fetch(self._sql["migration_list"])
            case _:
                rows = await self._conn.fetch(self._sql["migration_list_before_lines"])
        lines: dict[str, dict[int, datetime]] = {}
        for row in rows:
            lines.setdefault(row["line"], {})[row["version"]] = row["created_at"]
        return lines

    async def applied_of(self, line: str) -> dict[int, datetime]:
        """Return when each version of ``line`` was applied."""
        return (await self.applied()).get(line, {})

    async def require_lines(self, line: str) -> None:
        """Check that the table can hold rows of ``line``.

        Raises:
            MainTooOld: main is below version 5.
        """
        if line != MAIN_NAME and not await self._conn.fetchval(self._sql["migration_has_lines"]):
            raise MainTooOld(line)

    async def add(self, line: str, version: int) -> None:
        """Write the version's row, in the shape that the table has once the version is applied."""
        name, args = added_by(line, version)
        await self._conn.execute(self._sql[name], *args)

    async def remove(self, line: str, version: int) -> None:
        """Delete the version's row, in the shape that the table has once the version is taken away.

        Raises:
            LostRace: there was none.
        """
        found = removed_by(line, version)
        if found is None:
            return
        name, args = found
        if await self._conn.fetchval(self._sql[name], *args) is None:
            raise LostRace


def added_by(line: str, version: int) -> tuple[str, tuple[str | int, ...]]:
    """Return the statement, and its arguments, that writes the row of a version just applied."""
    if line == MAIN_NAME and version < LINES_SINCE:
        return "migration_insert_before_lines", (version,)
    return "migration_insert", (line, version)


def removed_by(line: str, version: int) -> tuple[str, tuple[str | int, ...]] | None:
    """Return the statement that deletes the row of a version just taken away; None where the table went with it."""
    if line == MAIN_NAME and version == 1:
        return None
    if line == MAIN_NAME and version <= LINES_SINCE:
        return "migration_delete_before_lines", (version,)
    return "migration_delete", (line, version)
