"""The tables that this program needs: three migration lines, checked and made at the start."""

from revenge.app.database import Database
from revenge.infra.database.migrations import REVENGE
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator, Validation

LINES = (MAIN, REVENGE_JOBS, REVENGE)
"""In the order in which they are made: the engine's tables stand beside River's, the application's on both."""


def make_migrator(schema: str) -> Migrator:
    """Return the migrator of all three lines, with River's tables in ``schema``."""
    return Migrator(LINES, schema=schema)


class Schema:
    """Whether the database is ready for this program, and making it so."""

    def __init__(self, *, database: Database, migrator: Migrator) -> None:
        self._database = database
        self._migrator = migrator

    async def prepare(self) -> None:
        """Apply the migrations that are missing; several processes may do so at once.

        Raises:
            MigrationError: PostgreSQL refused one.
            DatabaseUnreachable: no connection could be made.
        """
        async with self._database.connection() as conn:
            if (await self._migrator.validate(conn)).ok:
                return
            await self._migrator.up(conn)

    async def validate(self) -> Validation:
        """Return whether every migration is applied.

        Raises:
            DatabaseUnreachable: no connection could be made.
        """
        async with self._database.connection() as conn:
            return await self._migrator.validate(conn)
