"""The lean option: River's three indexes that no engine reads, left out or put back while everything runs."""

import logging
from importlib.resources import files

import asyncpg

from revenge.infra.jobs import sql as statements
from revenge.infra.jobs.clock import Clock, SystemClock

from .errors import LeanFailed
from .indexes import IndexBuilder
from .ledger import Connection
from .lines import parse_indexes
from .results import LeanResult, SkippedIndex
from .session import migrating

UNREAD = parse_indexes((files(__package__) / "unread" / "indexes.sql").read_text(encoding="utf-8"))
"""GIN on args and on metadata, and kind: River UI and lists by kind, by args or by metadata are all that they serve.

River's migrator looks at versions alone, and its reindexer passes over an index that is not there: Go clients notice
nothing.
"""

logger = logging.getLogger(__name__)


class Lean:
    """Leaves out what no engine reads; each claim and each end of a job would write to it.

    ``schema`` and the connections are as for ``Migrator``.
    """

    def __init__(self, *, schema: str | None = None, clock: Clock | None = None) -> None:
        self._schema = schema or None
        self._qualifier = statements.qualifier(self._schema)
        self._sql = statements.load(f"{__package__}.sql", schema=self._schema)
        self._clock = clock or SystemClock()

    async def missing(self, conn: Connection) -> tuple[str, ...]:
        """Return those of the indexes that are not there, or only half built: none by River's migrations, all when lean."""
        builder = self._builder(conn)
        return tuple([index.name for index in UNREAD if await builder.is_missing(index)])

    async def switch_on(self, conn: Connection) -> LeanResult:
        """Drop the indexes without blocking anybody.

        Raises:
            InTransaction: the connection has a transaction open.
            LeanFailed: PostgreSQL refused; those dropped before stay so.
        """
        dropped: list[str] = []
        async with migrating(conn, self._sql, schema=self._schema, clock=self._clock):
            missing = await self.missing(conn)
            for index in UNREAD:
                try:
                    await self._builder(conn).drop(index)
                except asyncpg.PostgresError as error:
                    raise LeanFailed(index.name, str(error)) from error
                if index.name not in missing:
                    dropped.append(index.name)
        logger.info("migration.lean", extra={"on": True, "indexes": dropped})
        return LeanResult(dropped=tuple(dropped))

    async def switch_off(self, conn: Connection) -> LeanResult:
        """Build the indexes as River's migrations have them, without blocking anybody; a large table takes its time.

        Raises:
            InTransaction: the connection has a transaction open.
        """
        built: list[str] = []
        skipped: list[SkippedIndex] = []
        async with migrating(conn, self._sql, schema=self._schema, clock=self._clock):
            builder = self._builder(conn)
            for index in UNREAD:
                if not await builder.is_missing(index):
                    continue
                reason = await builder.ensure(index)
                if reason is None:
                    built.append(index.name)
                else:
                    skipped.append(reason)
        logger.info("migration.lean", extra={"on": False, "indexes": built})
        return LeanResult(built=tuple(built), skipped=tuple(skipped))

    def _builder(self, conn: Connection) -> IndexBuilder:
        return IndexBuilder(conn, self._sql, qualifier=self._qualifier)
