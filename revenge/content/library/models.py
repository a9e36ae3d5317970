"""Libraries, their files and their scans as the rest of the program sees them."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

MAX_NAME = 200
"""Characters that a library's name may have."""


class LibraryType(StrEnum):
    """What a library holds."""

    MOVIE = "movie"
    TVSHOW = "tvshow"
    MUSIC = "music"
    PHOTO = "photo"
    BOOK = "book"
    AUDIOBOOK = "audiobook"
    COMIC = "comic"
    PODCAST = "podcast"
    ADULT = "adult"


class ScanType(StrEnum):
    """How much a scan reads again of what did not change."""

    INCREMENTAL = "incremental"
    """Nothing."""
    FULL = "full"
    """Everything: names, NFO files, and what is in the files."""
    METADATA = "metadata"
    """Names and NFO files."""


class ScanStatus(StrEnum):
    """Where a scan is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({ScanStatus.PENDING, ScanStatus.RUNNING})


class FileState(StrEnum):
    """What is known of a file's being there."""

    PRESENT = "present"
    MISSING = "missing"
    BROKEN = "broken"
    """There, and unreadable."""


def show_path(path: bytes) -> str:
    """Return the text that shows ``path`` to people; bytes that are not UTF-8 become U+FFFD."""
    return path.decode(errors="replace")


def path_fields(path: bytes) -> dict[str, str]:
    """Return ``path`` for JSON, and ``path_b64`` where the text alone would not lead back to the bytes."""
    try:
        return {"path": path.decode()}
    except UnicodeDecodeError:
        return {"path": show_path(path), "path_b64": base64.b64encode(path).decode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A library and its folders."""

    id: UUID
    name: str
    type: LibraryType
    paths: tuple[bytes, ...]
    enabled: bool
    preferred_language: str
    metadata_provider: str | None
    scan_on_startup: bool
    realtime_monitoring: bool
    ignore_patterns: tuple[str, ...]
    scanner_config: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFields:
    """What a library is made of; ``LibraryService`` checks it."""

    name: str
    type: LibraryType
    paths: Sequence[str | bytes]
    enabled: bool = True
    preferred_language: str = "en"
    metadata_provider: str | None = None
    scan_on_startup: bool = False
    realtime_monitoring: bool = True
    ignore_patterns: Sequence[str] = ()
    """As in a ``.gitignore``, relative to each folder of the library."""
    scanner_config: Mapping[str, Any] = field(default_factory=dict)
    """``follow_links`` (true), ``hidden`` (false), ``trust_inodes`` (true; false where a mount numbers its files anew),
    ``reads_per_second`` (none: as many as the disk gives; fewer are gentle on one that plays films, too),
    ``scan_interval_s`` (none: as the server's settings say; 0: never by itself)."""


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """Libraries by name, and the cursor of the next page, None at the end."""

    libraries: list[Library]
    next_cursor: str | None


@dataclass(slots=True)
class ScanCounts:
    """What a scan did, counted by file."""

    files_seen: int = 0
    """Library files that are there: ``added``, ``updated``, ``moved`` and ``unchanged`` together."""
    added: int = 0
    updated: int = 0
    """Changed, come back after having been missing, or read again."""
    moved: int = 0
    unchanged: int = 0
    missing: int = 0
    """Found missing by this scan."""
    removed: int = 0
    """Forgotten, since missing for longer than the grace period."""
    unmatched: int = 0
    """Files whose names do not say which film or episode they are; whether providers know it is found out later."""
    """Files that are there at the end and whose name does not say what they are."""
    failed: int = 0
    """Paths in the scan's errors."""
    probed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scan's row."""

    id: UUID
    library_id: UUID
    type: ScanType
    status: ScanStatus
    job_id: int | None
    counts: ScanCounts
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def duration(self) -> timedelta | None:
        """From start to end, waiting between attempts included; None before the end."""
        return self.completed_at - self.started_at if self.started_at and self.completed_at else None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values, the counters beside the rest."""
        return {
            "id": str(self.id),
            "library_id": str(self.library_id),
            "scan_id": str(self.id),
            "scan_type": self.type.value,
            "status": self.status.value,
            "job_id": self.job_id,
            **asdict(self.counts),
            "error_message": self.error_message,
            "created_at": _utc(self.created_at),
            "started_at": _utc(self.started_at) if self.started_at else None,
            "completed_at": _utc(self.completed_at) if self.completed_at else None,
            "duration_s": round(self.duration.total_seconds(), 3) if self.duration else None,
        }


@dataclass(frozen=True, slots=True)
class ScanPage:
    """Scans, newest first, and the cursor of the next page, None at the end."""

    scans: list[Scan]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ScanErrorPage:
    """Errors of single files in the order they were met, and the cursor of the next page, None at the end."""

    errors: list["ScanFileError"]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ScanFileError:
    """What a scan could not read, and why."""

    path: bytes
    error: str

    def to_dict(self) -> dict[str, str]:
        """Return JSON-able values."""
        return {**path_fields(self.path), "error": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFile:
    """A file's row."""

    id: UUID
    library_id: UUID
    item_id: UUID | None
    path: bytes
    disc: str | None
    size_bytes: int
    mtime_ns: int
    state: FileState
    missing_since: datetime | None
    media: str
    title: str | None
    year: int | None
    season: int | None
    episodes: tuple[int, ...]
    absolute: tuple[int, ...]
    air_date: date | None
    edition: str | None
    part: int | None
    tmdb_id: int | None
    imdb_id: str | None
    tvdb_id: int | None
    resolution: str | None
    source: str | None
    name_codec: str | None
    release_group: str | None
    episode_title: str | None
    nfo: Mapping[str, Any] | None
    probed_at: datetime | None
    probe_error: str | None
    duration_s: float | None
    container: str | None
    video_codec: str | None
    width: int | None
    height: int | None
    hdr: str | None
    probe: Mapping[str, Any] | None
    added_at: datetime
    updated_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values; what was read of the file is there once it was probed."""
        plain = ("media", "title", "year", "season", "edition", "part", "tmdb_id", "imdb_id", "tvdb_id")
        release = ("resolution", "source", "release_group", "episode_title")
        values: dict[str, Any] = {
            "id": str(self.id),
            **path_fields(self.path),
            "size_bytes": self.size_bytes,
            "state": self.state.value,
            **{name: getattr(self, name) for name in plain + release},
            "episodes": list(self.episodes),
            "absolute": list(self.absolute),
            "air_date": self.air_date.isoformat() if self.air_date else None,
            "item_id": str(self.item_id) if self.item_id else None,
            "disc": self.disc,
            "missing_since": _utc(self.missing_since) if self.missing_since else None,
            "added_at": _utc(self.added_at),
        }
        if self.probe_error is not None:
            values["error"] = self.probe_error
        if self.probe is not None:
            read = ("duration_s", "container", "video_codec", "width", "height", "hdr")
            values |= {name: getattr(self, name) for name in read}
            values["audio"] = _tracks(self.probe, "audio", ("codec", "channels", "language"))
            values["subtitles"] = _tracks(self.probe, "subtitles", ("codec", "language", "forced"))
        return values


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _tracks(probe: Mapping[str, Any], kind: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: track.get(name) for name in fields} for track in probe.get(kind, ())]


@dataclass(frozen=True, slots=True)
class FilePage:
    """Files by path, and the cursor of the next page, None at the end."""

    files: list[LibraryFile]
    next_cursor: str | None
