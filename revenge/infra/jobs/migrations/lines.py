"""A migration line: numbered versions read from a folder of SQL files."""

import re
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import count

SCHEMA_MARK = "/* TEMPLATE: schema */"

_FILE = re.compile(r"(?P<number>\d{3})_(?P<name>\w+)\.(?P<part>up|down|concurrent)\.sql")
_INDEX = re.compile(
    r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?P<name>\w+)\s+ON "
    + re.escape(SCHEMA_MARK)
    + r"(?P<table>\w+)\s"
)
_TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?" + re.escape(SCHEMA_MARK) + r"(\w+)")
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraIndex:
    """An index that is built outside the version's transaction, so that nobody waits for it."""

    name: str
    table: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One step of a line, up and down."""

    number: int
    name: str
    up: str
    down: str
    indexes: tuple[ExtraIndex, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Versions 1 to n of one owner's tables, under a name of its own in ``river_migration``."""

    name: str
    versions: tuple[Version, ...]
    schema: str | None = None
    """Where its tables live; None: where River's are, chosen when migrating."""

    @property
    def latest(self) -> int:
        """Return the highest version's number."""
        return len(self.versions)

    @property
    def first_tables(self) -> tuple[str, ...]:
        """Return the tables that the first version makes."""
        return tuple(_TABLE.findall(self.versions[0].up))

    @classmethod
    def from_folder(cls, name: str, folder: Traversable, *, schema: str | None = None) -> "Line":
        """Read ``001_some_name.up.sql``, ``.down.sql`` and, where there is one, ``.concurrent.sql`` of each version.

        The schema is written as ``/* TEMPLATE: schema */`` before every table's name. A ``.concurrent.sql`` holds
        nothing but ``CREATE INDEX CONCURRENTLY IF NOT EXISTS`` statements.

        Raises:
            ValueError: a number or a direction is missing, or a file is not named or written like that.
        """
        parts: dict[int, dict[str, str]] = {}
        names: dict[int, str] = {}
        for file in folder.iterdir():
            if not file.name.endswith(".sql"):
                continue
            found = _FILE.fullmatch(file.name)
            if found is None:
                raise ValueError(f"line {name!r}: {file.name} is not named like 001_some_name.up.sql")
            number = int(found["number"])
            if names.setdefault(number, found["name"]) != found["name"]:
                raise ValueError(f"line {name!r}: version {number} has two names, {names[number]} and {found['name']}")
            parts.setdefault(number, {})[found["part"]] = file.read_text(encoding="utf-8")
        versions = []
        for number, expected in zip(sorted(parts), count(1), strict=False):
            if number != expected or not {"up", "down"} <= parts[number].keys():
                raise ValueError(f"line {name!r}: version {expected} lacks its up or down file")
            part = parts[number]
            versions.append(
                Version(
                    number=number,
                    name=names[number].replace("_", " "),
                    up=part["up"],
                    down=part["down"],
                    indexes=parse_indexes(part.get("concurrent", "")),
                )
            )
        if not versions:
            raise ValueError(f"line {name!r}: its folder holds no versions")
        return cls(name=name, versions=tuple(versions), schema=schema)


def parse_indexes(text: str) -> tuple[ExtraIndex, ...]:
    """Split the statements of a ``.concurrent.sql`` file.

    Raises:
        ValueError: one of them is anything but ``CREATE INDEX CONCURRENTLY IF NOT EXISTS``.
    """
    indexes = []
    for statement in filter(None, (part.strip() for part in _COMMENT.sub("", text).split(";"))):
        found = _INDEX.match(statement)
        if found is None:
            raise ValueError(f"not a CREATE INDEX CONCURRENTLY IF NOT EXISTS statement: {statement}")
        indexes.append(ExtraIndex(name=found["name"], table=found["table"], sql=statement))
    return tuple(indexes)
