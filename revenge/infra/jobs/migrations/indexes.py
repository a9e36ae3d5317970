"""Extra indexes: built concurrently, built anew where a build was interrupted, left out where we may not."""

import logging
from collections.abc import Mapping

import asyncpg

from .ledger import Connection
from .lines import SCHEMA_MARK, ExtraIndex
from .results import SkippedIndex

logger = logging.getLogger(__name__)

_BUILD_TIMEOUT_S = 24 * 3600.0
"""Above any build; a pool's command timeout is meant for queries."""


class IndexBuilder:
    """Brings the extra indexes of a line to what its files say."""

    def __init__(self, conn: Connection, statements: Mapping[str, str], *, qualifier: str) -> None:
        self._conn = conn
        self._sql = statements
        self._qualifier = qualifier

    async def is_missing(self, index: ExtraIndex) -> bool:
        """Return whether the index is not there, or only half built."""
        row = await self._state(index)
        return row is None or not row["valid"]

    async def ensure(self, index: ExtraIndex) -> SkippedIndex | None:
        """Build the index unless it is there; return why not when it could not be built."""
        row = await self._state(index)
        if row is not None and row["valid"]:
            return None
        if row is None:
            return self._skip(index, f"there is no table {index.table}")
        if not row["owned"]:
            return self._skip(
                index, f"table {index.table} belongs to somebody else; let its owner run: {self.sql(index)}"
            )
        try:
            if row["valid"] is not None:
                await self.drop(index)  # left invalid by a build that was interrupted
            await self._conn.execute(self.sql(index), timeout=_BUILD_TIMEOUT_S)
        except asyncpg.PostgresError as error:
            return self._skip(index, str(error))
        return None

    async def drop(self, index: ExtraIndex) -> None:
        """Drop the index, if it is there, without blocking anybody."""
        await self._conn.execute(
            self._sql["index_drop"].replace("/* TEMPLATE: name */", f'{self._qualifier}"{index.name}"'),
            timeout=_BUILD_TIMEOUT_S,
        )

    def sql(self, index: ExtraIndex) -> str:
        """Return the statement that builds the index."""
        return index.sql.replace(SCHEMA_MARK, self._qualifier)

    async def _state(self, index: ExtraIndex) -> asyncpg.Record | None:
        table = f'{self._qualifier}"{index.table}"'
        return await self._conn.fetchrow(self._sql["index_get"], table, index.name)

    @staticmethod
    def _skip(index: ExtraIndex, reason: str) -> SkippedIndex:
        logger.warning("migration.index_skipped", extra={"index": index.name, "reason": reason})
        return SkippedIndex(name=index.name, reason=reason)
