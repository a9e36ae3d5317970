"""A migration as SQL text that a database administrator can read and run with psql."""

from collections.abc import Mapping, Sequence

from .ledger import added_by, removed_by
from .lines import SCHEMA_MARK, Line, Version
from .results import Direction


def dump(
    line: Line,
    versions: Sequence[Version],
    direction: Direction,
    *,
    statements: Mapping[str, str],
    schema: str | None,
    qualifier: str,
) -> str:
    """Return the SQL of ``versions`` in their order, version rows and transactions included.

    ``schema`` is created first when going up and given; ``qualifier`` stands before the names of the line's tables.
    """
    up = direction is Direction.UP
    parts = [f'CREATE SCHEMA IF NOT EXISTS "{schema}";', ""] if up and schema else []
    for version in versions:
        parts.append(f"-- {line.name} {version.number} {direction}: {version.name}")
        if not up:
            parts += [f'DROP INDEX CONCURRENTLY IF EXISTS {qualifier}"{index.name}";' for index in version.indexes]
        body = (version.up if up else version.down).replace(SCHEMA_MARK, qualifier).strip()
        parts += ["BEGIN;", body, *_row(line, version, statements, up=up), "COMMIT;"]
        if up:
            parts += [f"{index.sql.replace(SCHEMA_MARK, qualifier)};" for index in version.indexes]
        parts.append("")
    return "\n".join(parts)


def _row(line: Line, version: Version, statements: Mapping[str, str], *, up: bool) -> list[str]:
    """Return the statement that writes or deletes the version's row, with its arguments in their places."""
    found = added_by(line.name, version.number) if up else removed_by(line.name, version.number)
    if found is None:
        return []
    name, args = found
    text = statements[name]
    for place, value in enumerate(args, start=1):
        text = text.replace(f"${place}", str(value) if isinstance(value, int) else f"'{value}'")
    return [text.partition("\n")[2] if text.startswith("--") else text]
