"""``revenge migrate``: the tables, of River, of the engine and of the application."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from revenge.app.cli.shell import EVERYWHERE, HELP, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.lifecycle import Signals
    from revenge.infra.jobs.migrations import LineStatus, MigrationResult, Migrator

T = TypeVar("T")

JOBS_SINCE = 2
"""The version of line main that makes the jobs' table."""

app = typer.Typer(
    help="Make, check and take away the tables: lines main (River's), revenge_jobs (the engine's), revenge (ours).",
    context_settings=HELP,
)


class Switch(StrEnum):
    """Which way."""

    ON = "on"
    OFF = "off"


OneLine = Annotated[str | None, typer.Option("--line", metavar="L", help="Only this line.")]
Target = Annotated[int | None, typer.Option("--target", metavar="N", min=0, help="Up or down to this version.")]


def _check_schema(name: str | None) -> str | None:
    from revenge.app.settings.types import SCHEMA_RULE, is_schema_name

    if name is not None and not is_schema_name(name):
        message = f"found {name!r}, allowed: {SCHEMA_RULE}"
        raise typer.BadParameter(message)
    return name


Schema = Annotated[
    str | None, typer.Option("--schema", metavar="S", callback=_check_schema, help="Where River's tables are.")
]


@app.command("up", epilog=EVERYWHERE)
def up(context: typer.Context, line: OneLine = None, target: Target = None, schema: Schema = None) -> None:
    """Apply what is missing, of every line or of one."""
    _report(shell_of(context), schema, lambda migrator, conn: migrator.up(conn, line=line, target=target))


@app.command("down", epilog=EVERYWHERE)
def down(context: typer.Context, line: OneLine = None, target: Target = None, schema: Schema = None) -> None:
    """Take one version of a line away, or all above --target; --target 0 without --line takes everything away."""
    _report(shell_of(context), schema, lambda migrator, conn: migrator.down(conn, line=line, target=target))


@app.command("status", epilog=EVERYWHERE)
def status(context: typer.Context, line: OneLine = None, target: Target = None, schema: Schema = None) -> None:
    """Show the lines' versions, up to --target, and whether the database has them."""
    from dataclasses import asdict

    shell = shell_of(context)
    lines, left_out = _status(shell, line=line, target=target, schema=schema)
    if shell.json:
        extra = [{"current": each.current, "unapplied": each.unapplied} for each in lines]
        documents = [asdict(each) | more for each, more in zip(lines, extra, strict=True)]
        shell.document({"lines": documents, "left_out_indexes": left_out})
        return
    shell.table(
        ["line", "version", "name", "applied"],
        [
            [each.line, version.number, version.name, version.applied_at or "no"]
            for each in lines
            for version in each.versions
        ],
        empty="There are no versions.",
    )
    for each in lines:
        if each.unknown:
            shell.say(f"Line {each.line}: a newer program applied versions {list(each.unknown)}.")
        if each.missing_indexes:
            shell.say(f"Line {each.line}: 'revenge migrate up' builds the indexes {', '.join(each.missing_indexes)}.")
    if left_out:
        shell.say(_lean_text(left_out))


@app.command("validate", epilog=EVERYWHERE)
def validate(context: typer.Context, line: OneLine = None, target: Target = None, schema: Schema = None) -> None:
    """Say whether all versions, or those up to --target, are applied; exit code 1 if they are not."""
    shell = shell_of(context)
    lines, left_out = _status(shell, line=line, target=target, schema=schema)
    there = f" --schema {schema}" if schema else ""
    messages = [
        f"line {each.line!r} has unapplied migrations: {list(each.unapplied)}; run: revenge migrate up{there}"
        for each in lines
        if each.unapplied
    ]
    if shell.json:
        shell.document({"ok": not messages, "messages": messages})
    elif not messages:
        shell.say("Every migration is applied.")
    if left_out and not shell.json:
        shell.say(_lean_text(left_out))
    if messages:
        for message in messages:
            shell.fail(message)
        raise typer.Exit(1)


def _status(
    shell: Shell, *, line: str | None, target: int | None, schema: str | None
) -> "tuple[list[LineStatus], tuple[str, ...]]":
    """Return how the lines are, or the one, without versions above ``target``; and which of River's indexes are left out."""
    from dataclasses import replace

    from revenge.app.schema import LINES
    from revenge.infra.jobs.migrations import MAIN, Lean, UnknownLine

    names = [each.name for each in LINES]
    if line is not None and line not in names:
        raise UnknownLine(line, names)
    of = Lean(schema=schema or shell.settings.database.schema_name)

    async def look(migrator: "Migrator", conn: Any) -> "tuple[tuple[LineStatus, ...], tuple[str, ...]]":
        found = await migrator.status(conn)
        has_tables = any(each.line == MAIN.name and each.current >= JOBS_SINCE for each in found)
        return found, await of.missing(conn) if has_tables else ()

    found, left_out = _connected(shell, schema, look)
    lines = [
        replace(each, versions=tuple(v for v in each.versions if target is None or v.number <= target))
        for each in found
        if line in (None, each.line)
    ]
    return lines, left_out


@app.command("lean", epilog=EVERYWHERE)
def lean(
    context: typer.Context,
    switch: Annotated[Switch | None, typer.Argument(help="on or off; without it, say which it is.")] = None,
    schema: Schema = None,
) -> None:
    """Leave out River's three indexes that no engine reads, for speed, or put them back; jobs go on meanwhile.

    Without them River UI's search and lists by kind read the whole table.
    """
    from revenge.infra.jobs.migrations import Lean, LeanResult

    shell = shell_of(context)
    of = Lean(schema=schema or shell.settings.database.schema_name)

    async def act(_: "Migrator", conn: Any) -> tuple[LeanResult, tuple[str, ...]]:
        match switch:
            case Switch.ON:
                result = await of.switch_on(conn)
            case Switch.OFF:
                result = await of.switch_off(conn)
            case None:
                result = LeanResult()
        return result, await of.missing(conn)

    result, missing = _connected(shell, schema, act)
    if shell.json:
        skipped = [{"name": each.name, "reason": each.reason} for each in result.skipped]
        shell.document(
            {
                "missing": missing,
                "indexes_dropped": result.dropped,
                "indexes_built": result.built,
                "indexes_skipped": skipped,
            }
        )
        return
    for names, what in ((result.dropped, "dropped"), (result.built, "built")):
        for name in names:
            shell.say(f"{what} index {name}")
    for each in result.skipped:
        shell.say(f"left out index {each.name}: {each.reason}")
    shell.say(_lean_text(missing))


def _lean_text(missing: "Sequence[str]") -> str:
    from revenge.infra.jobs.migrations import UNREAD

    if not missing:
        return "Lean is off: River's tables have all their indexes."
    if len(missing) == len(UNREAD):
        return "Lean is on: the indexes that no engine reads are left out."
    return f"Lean is half on: left out are {', '.join(missing)}."


@app.command("sql", epilog=EVERYWHERE)
def sql(
    context: typer.Context,
    line: OneLine = None,
    target: Target = None,
    schema: Schema = None,
    down: Annotated[bool, typer.Option("--down", help="What 'down' would run.")] = False,
) -> None:
    """Write the SQL that 'up' would run on an empty database, for psql; needs no database."""
    from revenge.app.schema import LINES, make_migrator
    from revenge.infra.jobs.migrations import Direction

    shell = shell_of(context)
    migrator = make_migrator(schema or shell.settings.database.schema_name)
    direction = Direction.DOWN if down else Direction.UP
    names = [line] if line else [each.name for each in (reversed(LINES) if down else LINES)]
    texts = {name: migrator.sql(name, direction=direction, target=target) for name in names}
    if shell.json:
        shell.document({"direction": direction.value, "lines": [{"line": k, "sql": v} for k, v in texts.items()]})
    else:
        typer.echo("\n".join(texts.values()), nl=False)


def _report(shell: Shell, schema: str | None, call: "Callable[[Migrator, Any], Awaitable[MigrationResult]]") -> None:
    result = _connected(shell, schema, call)
    if shell.json:
        shell.document(
            {
                "direction": result.direction.value,
                "versions": [
                    {
                        "line": each.line,
                        "version": each.version,
                        "name": each.name,
                        "duration_ms": round(each.duration.total_seconds() * 1000, 1),
                    }
                    for each in result.versions
                ],
                "indexes_built": result.indexes_built,
                "indexes_skipped": [{"name": each.name, "reason": each.reason} for each in result.indexes_skipped],
            }
        )
        return
    for each in result.versions:
        shell.say(f"{each.line} {each.version} {result.direction.value}: {each.name}")
    for index in result.indexes_built:
        shell.say(f"built index {index}")
    for skipped in result.indexes_skipped:
        shell.say(f"left out index {skipped.name}: {skipped.reason}")
    if not result.versions and not result.indexes_built:
        shell.say("There was nothing to do.")


def _connected(shell: Shell, schema: str | None, call: "Callable[[Migrator, Any], Awaitable[T]]") -> T:
    """Run ``call`` on a connection of its own, with nothing else started than the database."""
    from revenge.app.container import build_container
    from revenge.app.lifecycle import Lifecycle
    from revenge.app.process import database_steps
    from revenge.app.schema import make_migrator

    migrator = make_migrator(schema or shell.settings.database.schema_name)

    async def main(signals: "Signals") -> T:
        container = build_container(shell.settings)
        container.database().watch_waiting(shell.note)
        async with (
            Lifecycle(database_steps(container), hurry=signals.hurry),
            container.database().connection() as conn,
        ):
            return await call(migrator, conn)

    return shell.run(main)
