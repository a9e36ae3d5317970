"""Bring a database's tables to the versions that this program is written for, and back."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import asyncpg

from revenge.infra.jobs import sql as statements
from revenge.infra.jobs.clock import Clock, SystemClock

from .dump import dump
from .errors import LineMissing, MigratedElsewhere, MigrationFailed, OtherLinesApplied, UnknownLine
from .indexes import IndexBuilder
from .ledger import LINES_SINCE, MAIN_NAME, Connection, Ledger, LostRace
from .lines import SCHEMA_MARK, Line, Version
from .plan import plan_down, plan_up, unknown
from .results import (
    Direction,
    LineStatus,
    Migrated,
    MigrationResult,
    SkippedIndex,
    Validation,
    VersionStatus,
)
from .session import ensure_schema, migrating

logger = logging.getLogger(__name__)

SCHEMA_MAX_LENGTH = 46
"""River's limit: an identifier's 63 bytes less the dot and the longest notification topic, river_leadership."""

_VERSION_TIMEOUT_S = 24 * 3600.0
_TRIES = 5
"""Where steps meet a deadlock with a migrator that takes no lock: Go's."""

_CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class Migrator:
    """Applies lines in the order given (River's ``main`` first) and takes them away in the opposite one.

    ``schema`` is where River's tables are; None leaves it to the connection's search path. Every call works on the
    caller's connection, which must be a session of its own (not PgBouncer's transaction mode) and outside a
    transaction for ``up`` and ``down``: those commit each version by itself, under a session lock that lets one
    migrator of this kind work in a schema at a time. The caller sets the deadline.

    Raises:
        ValueError: the schema's name is not one that River allows.
    """

    def __init__(self, lines: Sequence[Line], *, schema: str | None = None, clock: Clock | None = None) -> None:
        for name in filter(None, (schema, *(line.schema for line in lines))):
            if len(name) > SCHEMA_MAX_LENGTH:
                raise ValueError(f"schema must have at most {SCHEMA_MAX_LENGTH} characters, got {name!r}")
        self._schema = schema or None
        self._lines = {line.name: line for line in lines}
        self._qualifiers = {line.name: statements.qualifier(line.schema or self._schema) for line in lines}
        self._sql = statements.load(f"{__package__}.sql", schema=self._schema)
        self._clock = clock or SystemClock()

    async def up(self, conn: Connection, *, line: str | None = None, target: int | None = None) -> MigrationResult:
        """Apply what is missing: of ``line`` or of all, up to ``target`` or the latest; build missing extra indexes.

        Versions that only the database knows are left alone. A target that is applied already changes no version.

        Raises:
            UnknownLine, UnknownVersion, LineMissing: there is no such line or version, or a target without a line.
            MainTooOld: another line was asked for before ``main``.
            SchemaMissing: the schema is not there and may not be created.
            MigratedElsewhere: a line that has a schema of its own was migrated beside River's tables in another one.
            InTransaction: the connection has a transaction open.
            MigrationFailed: PostgreSQL refused; versions before it stay applied.
        """
        chosen = self._choose(line)
        if target is not None:
            if line is None:
                raise LineMissing(tuple(self._lines))
            plan_up(chosen[0], (), target)
        done: list[Migrated] = []
        built: list[str] = []
        skipped: list[SkippedIndex] = []
        async with migrating(conn, self._sql, schema=self._schema, clock=self._clock):
            for each in chosen:
                await self._check_own_schema(conn, each)
            for each in chosen:
                done += await self._up(conn, each, target)
                builder = self._builder(conn, each)
                for version in await self._applied(conn, each):
                    for index in version.indexes:
                        if not await builder.is_missing(index):
                            continue
                        reason = await builder.ensure(index)
                        if reason is None:
                            built.append(index.name)
                        else:
                            skipped.append(reason)
        return MigrationResult(
            direction=Direction.UP, versions=tuple(done), indexes_built=tuple(built), indexes_skipped=tuple(skipped)
        )

    async def down(self, conn: Connection, *, line: str | None = None, target: int | None = None) -> MigrationResult:
        """Take versions of ``line`` away: one step, or all above ``target``. Without a line, ``target`` 0: all lines.

        The data of the dropped tables is lost. Schemas are left in place.

        Raises:
            UnknownLine, UnknownVersion, LineMissing: there is no such line or version, or it was not said which.
            OtherLinesApplied: main would go below version 5 while other lines are applied.
            NewerVersions: a newer program applied versions that this one does not know.
            InTransaction: the connection has a transaction open.
            MigrationFailed: PostgreSQL refused; versions taken away before stay so.
        """
        chosen = self._choose(line)
        if line is None and target != 0:
            raise LineMissing(tuple(self._lines))
        done: list[Migrated] = []
        async with migrating(conn, self._sql, schema=self._schema, clock=self._clock):
            applied = await Ledger(conn, self._sql).applied()
            going = {each.name for each in chosen}
            for each in chosen:
                plan = plan_down(each, applied.get(each.name, {}), target)
                others = sorted(applied.keys() - going - {MAIN_NAME})
                if each.name == MAIN_NAME and others and any(version.number <= LINES_SINCE for version in plan):
                    raise OtherLinesApplied(others)
            for each in reversed(chosen):
                done += await self._down(conn, each, target)
        return MigrationResult(direction=Direction.DOWN, versions=tuple(done))

    async def status(self, conn: Connection) -> tuple[LineStatus, ...]:
        """Return every line with its versions, those of newer programs, and the extra indexes that are missing."""
        applied = await Ledger(conn, self._sql).applied()
        found = []
        for line in self._lines.values():
            rows = applied.get(line.name, {})
            builder = self._builder(conn, line)
            missing = [
                index.name
                for version in line.versions
                if version.number in rows
                for index in version.indexes
                if await builder.is_missing(index)
            ]
            found.append(
                LineStatus(
                    line=line.name,
                    versions=tuple(
                        VersionStatus(number=version.number, name=version.name, applied_at=rows.get(version.number))
                        for version in line.versions
                    ),
                    unknown=unknown(line, rows),
                    missing_indexes=tuple(missing),
                )
            )
        return tuple(found)

    async def validate(self, conn: Connection) -> Validation:
        """Return whether every version of every line is applied, with a message for each line that lacks some."""
        return Validation(
            messages=tuple(
                f"line {status.line!r} has unapplied migrations: {list(status.unapplied)}; run: revenge migrate up"
                for status in await self.status(conn)
                if status.unapplied
            )
        )

    def sql(
        self,
        line: str,
        *,
        direction: Direction = Direction.UP,
        target: int | None = None,
        applied: int | None = None,
    ) -> str:
        """Return the SQL that ``up`` or ``down`` would run, for psql, version rows and transactions included.

        ``applied`` is the version that the database is at: by default none going up, the latest going down, where
        the default target is 0.

        Raises:
            UnknownLine, UnknownVersion: there is no such line or version.
        """
        (chosen,) = self._choose(line)
        match direction:
            case Direction.UP:
                versions = plan_up(chosen, range(1, (applied or 0) + 1), target)
            case Direction.DOWN:
                present = chosen.latest if applied is None else applied
                versions = plan_down(chosen, range(1, present + 1), target or 0)
        return dump(
            chosen,
            versions,
            direction,
            statements=self._sql,
            schema=chosen.schema or self._schema,
            qualifier=self._qualifiers[line],
        )

    def _choose(self, line: str | None) -> tuple[Line, ...]:
        if line is None:
            return tuple(self._lines.values())
        if line not in self._lines:
            raise UnknownLine(line, tuple(self._lines))
        return (self._lines[line],)

    def _builder(self, conn: Connection, line: Line) -> IndexBuilder:
        return IndexBuilder(conn, self._sql, qualifier=self._qualifiers[line.name])

    async def _applied(self, conn: Connection, line: Line) -> tuple[Version, ...]:
        rows = await Ledger(conn, self._sql).applied_of(line.name)
        return tuple(version for version in line.versions if version.number in rows)

    async def _check_own_schema(self, conn: Connection, line: Line) -> None:
        if line.schema is None or await Ledger(conn, self._sql).applied_of(line.name):
            return
        found = await conn.fetch(self._sql["migration_elsewhere"], line.schema, line.first_tables, self._schema)
        if found:
            raise MigratedElsewhere(line.name, line.schema, [row[0] for row in found])

    async def _up(self, conn: Connection, line: Line, target: int | None) -> list[Migrated]:
        ledger = Ledger(conn, self._sql)
        schema = line.schema or self._schema
        if schema is not None:
            await ensure_schema(conn, self._sql, schema)
        await ledger.require_lines(line.name)
        return await self._run(conn, line, Direction.UP, lambda applied: plan_up(line, applied, target))

    async def _down(self, conn: Connection, line: Line, target: int | None) -> list[Migrated]:
        ledger = Ledger(conn, self._sql)
        # One step is one step, whoever else steps at the same time: the plan is made once.
        last = plan_down(line, await ledger.applied_of(line.name), target)
        lowest = last[-1].number if last else line.latest + 1
        return await self._run(conn, line, Direction.DOWN, lambda applied: plan_down(line, applied, lowest - 1))

    async def _run(
        self, conn: Connection, line: Line, direction: Direction, plan: Callable[[Collection[int]], Sequence[Version]]
    ) -> list[Migrated]:
        """Take one step after the other, planning anew each time: Go's migrator takes no lock and may be at it too."""
        ledger = Ledger(conn, self._sql)
        done: list[Migrated] = []
        conflicts = 0
        while versions := plan(await ledger.applied_of(line.name)):
            version, started = versions[0], self._clock.monotonic()
            try:
                await self._step(conn, line, version, direction)
            except LostRace:
                continue
            except _CONFLICTS as error:
                conflicts += 1
                if conflicts == _TRIES:
                    raise _failed(line, version, direction, error) from error
                continue
            duration = timedelta(seconds=self._clock.monotonic() - started)
            done.append(Migrated(line=line.name, version=version.number, name=version.name, duration=duration))
            logger.info(
                "migration.done",
                extra={
                    "line": line.name,
                    "version": version.number,
                    "direction": direction.value,
                    "duration_ms": round(duration.total_seconds() * 1000),
                },
            )
        return done

    async def _step(self, conn: Connection, line: Line, version: Version, direction: Direction) -> None:
        """Apply one version, or take it away, with its row, in a transaction.

        Raises:
            LostRace: another migrator has done it meanwhile.
            MigrationFailed: PostgreSQL refused it, or the connection was lost.
        """
        ledger = Ledger(conn, self._sql)
        text = version.up if direction is Direction.UP else version.down
        try:
            if direction is Direction.DOWN:
                for index in version.indexes:
                    await self._builder(conn, line).drop(index)
            async with conn.transaction():
                await conn.execute(text.replace(SCHEMA_MARK, self._qualifiers[line.name]), timeout=_VERSION_TIMEOUT_S)
                if direction is Direction.UP:
                    await ledger.add(line.name, version.number)
                else:
                    await ledger.remove(line.name, version.number)
        except _CONFLICTS:
            raise
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not conn.is_closed():
                applied = version.number in await ledger.applied_of(line.name)
                if applied == (direction is Direction.UP):
                    raise LostRace from error
            raise _failed(line, version, direction, error) from error


def _failed(line: Line, version: Version, direction: Direction, error: Exception) -> MigrationFailed:
    return MigrationFailed(line.name, version.number, version.name, direction, str(error) or type(error).__name__)
