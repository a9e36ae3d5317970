"""The migrator, and the lines that belong to the engine: River's ``main`` and our own ``revenge_jobs``."""

from importlib.resources import files

from .errors import (
    InTransaction,
    LeanFailed,
    LineMissing,
    MainTooOld,
    MigratedElsewhere,
    MigrationError,
    MigrationFailed,
    NewerVersions,
    OtherLinesApplied,
    SchemaMissing,
    UnknownLine,
    UnknownVersion,
)
from .lean import UNREAD, Lean
from .lines import ExtraIndex, Line, Version
from .migrator import Migrator
from .results import (
    Direction,
    LeanResult,
    LineStatus,
    Migrated,
    MigrationResult,
    SkippedIndex,
    Validation,
    VersionStatus,
)

MAIN = Line.from_folder("main", files(__name__) / "main")
"""River's tables, exactly as River 0.51 has them on PostgreSQL."""

REVENGE_JOBS = Line.from_folder("revenge_jobs", files(__name__) / "revenge_jobs")
"""The engine's own tables, beside River's in the same schema, and its extra indexes on ``river_job``."""

__all__ = [
    "MAIN",
    "REVENGE_JOBS",
    "UNREAD",
    "Direction",
    "ExtraIndex",
    "InTransaction",
    "Lean",
    "LeanFailed",
    "LeanResult",
    "Line",
    "LineMissing",
    "LineStatus",
    "MainTooOld",
    "Migrated",
    "MigratedElsewhere",
    "MigrationError",
    "MigrationFailed",
    "MigrationResult",
    "Migrator",
    "NewerVersions",
    "OtherLinesApplied",
    "SchemaMissing",
    "SkippedIndex",
    "UnknownLine",
    "UnknownVersion",
    "Validation",
    "Version",
    "VersionStatus",
]
