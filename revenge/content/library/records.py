"""Turns rows of the tables into the package's values."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import asyncpg
import orjson

from revenge.content.library.models import (
    FileState,
    Library,
    LibraryFile,
    LibraryType,
    Scan,
    ScanCounts,
    ScanStatus,
    ScanType,
)

_COUNTS = tuple(field.name for field in fields(ScanCounts))
_FILE_PLAIN = tuple(
    field.name for field in fields(LibraryFile) if field.name not in {"state", "episodes", "absolute", "nfo", "probe"}
)


def library_from(row: asyncpg.Record) -> Library:
    """Return the library of a row of ``library_get`` or ``library_list``."""
    return Library(
        id=row["id"],
        name=row["name"],
        type=LibraryType(row["type"]),
        paths=tuple(row["paths"]),
        enabled=row["enabled"],
        preferred_language=row["preferred_language"],
        metadata_provider=row["metadata_provider"],
        scan_on_startup=row["scan_on_startup"],
        realtime_monitoring=row["realtime_monitoring"],
        ignore_patterns=tuple(row["ignore_patterns"]),
        scanner_config=orjson.loads(row["scanner_config"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def counts_from(row: asyncpg.Record) -> ScanCounts:
    """Return the counters of a scan's row."""
    return ScanCounts(**{name: row[name] for name in _COUNTS})


def scan_from(row: asyncpg.Record) -> Scan:
    """Return the scan of a row of ``scan_show``, ``scan_list`` or ``scan_end``."""
    return Scan(
        id=row["id"],
        library_id=row["library_id"],
        type=ScanType(row["scan_type"]),
        status=ScanStatus(row["status"]),
        job_id=row["job_id"],
        counts=counts_from(row),
        error_message=row["error_message"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
    )


def file_from(row: asyncpg.Record) -> LibraryFile:
    """Return the file of a row of ``file_list``."""
    return LibraryFile(
        **{name: row[name] for name in _FILE_PLAIN},
        state=FileState(row["state"]),
        episodes=tuple(row["episodes"]),
        absolute=tuple(row["absolute"]),
        nfo=_json(row["nfo"]),
        probe=_json(row["probe"]),
    )


def _json(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else orjson.loads(text)
