"""What can go wrong with migrations; each message says what to do next."""

from collections.abc import Sequence
from difflib import get_close_matches

from revenge.infra.jobs.errors import JobsError


class MigrationError(JobsError):
    """Root of what the migrator raises; nothing half done is left behind, versions already applied stay applied."""


class UnknownLine(MigrationError):
    """No migration line has this name."""

    def __init__(self, line: str, known: Sequence[str]) -> None:
        self.line = line
        self.known = tuple(known)
        near = get_close_matches(line, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        super().__init__(f"there is no migration line {line!r}; {hint}")


class UnknownVersion(MigrationError):
    """The line has no version of this number."""

    def __init__(self, line: str, version: int, latest: int) -> None:
        self.line = line
        self.version = version
        super().__init__(f"line {line!r} has no version {version}: its versions are 1 to {latest}")


class LineMissing(MigrationError):
    """A target was given, or one step down was asked for, without saying of which line."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__(
            f"say which line this is about ({', '.join(known)}); without one, up goes to the latest version of all "
            "lines and down needs target 0, which takes all of them away"
        )


class MainTooOld(MigrationError):
    """A line other than main needs main's table of versions with its lines (main 5)."""

    def __init__(self, line: str) -> None:
        self.line = line
        super().__init__(f"line {line!r} needs line 'main' at version 5 or later: migrate 'main' up first")


class OtherLinesApplied(MigrationError):
    """Main cannot go below version 5 while other lines are applied: their version rows have no place there."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(
            f"line 'main' cannot go below version 5 while these lines are applied: {', '.join(lines)}; "
            "take them down to 0 first, with the program that they belong to"
        )


class NewerVersions(MigrationError):
    """The database has versions of a line that this program does not know, so it cannot go below them."""

    def __init__(self, line: str, versions: Sequence[int]) -> None:
        self.line = line
        self.versions = tuple(versions)
        super().__init__(
            f"line {line!r} has versions that this program does not know ({', '.join(map(str, versions))}): "
            "take them down with the newer program that applied them"
        )


class SchemaMissing(MigrationError):
    """The schema does not exist and this user may not create it."""

    def __init__(self, schema: str, reason: str) -> None:
        self.schema = schema
        super().__init__(
            f'schema "{schema}" does not exist and could not be created ({reason}): let its owner run '
            f'CREATE SCHEMA "{schema}" and grant CREATE and USAGE on it, or choose another schema'
        )


class MigratedElsewhere(MigrationError):
    """A line's tables, in a schema of their own, belong to River's tables in another schema; nothing was written."""

    def __init__(self, line: str, schema: str, others: Sequence[str]) -> None:
        self.line = line
        self.others = tuple(others)
        super().__init__(
            f"the tables of line {line!r} are in schema {schema!r} already, and their versions are in another schema than "
            f"was asked for ({', '.join(others)}): migrate that one, or leave line {line!r} out and migrate the others one "
            "by one, or use another database"
        )


class InTransaction(MigrationError):
    """The connection is inside a transaction; each version needs one of its own."""

    def __init__(self) -> None:
        super().__init__(
            "the connection is inside a transaction, and versions must be committed one by one "
            "(PostgreSQL lets no transaction use an enum value that it added): give a connection without one"
        )


class MigrationFailed(MigrationError):
    """PostgreSQL refused a version; it was rolled back, the versions before it stay applied."""

    def __init__(self, line: str, version: int, name: str, direction: str, reason: str) -> None:
        self.line = line
        self.version = version
        super().__init__(
            f"version {version} ({name}) of line {line!r} could not go {direction}: {reason}; it was rolled back, "
            "so mend the cause and migrate again"
        )


class LeanFailed(MigrationError):
    """PostgreSQL would not drop one of the indexes that the lean option leaves out."""

    def __init__(self, index: str, reason: str) -> None:
        self.index = index
        super().__init__(f"index {index} could not be dropped: {reason}; let the owner of river_job do it")
