"""Types at the edge: libraries, scans and files."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from revenge.app.http.schemas import JsonValue, PageQuery, ProgressOut, Strict
from revenge.content.library.models import FileState, LibraryType, ScanStatus, ScanType

LONGEST_FILE_CURSOR = 5484
"""16 bytes of a folder's id and the longest path, 4,096 bytes, in base64."""

FileCursor = Annotated[str, StringConstraints(max_length=LONGEST_FILE_CURSOR, pattern=r"^[^\x00]*$")]
LibraryName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
FolderPath = Annotated[
    str, StringConstraints(strict=True, max_length=4095, pattern=r"^/[^\x00]*$"), Field(description="An absolute path.")
]
Pattern = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
Language = Annotated[str, StringConstraints(strict=True, max_length=35, pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")]
Provider = Annotated[str, StringConstraints(strict=True, max_length=50, pattern=r"^[a-z0-9_]+$")]


class ScannerConfig(BaseModel):
    """How a library is walked. What is not known here is kept."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    follow_links: StrictBool = True
    hidden: StrictBool = False
    trust_inodes: StrictBool = Field(default=True, description="False where a mount numbers its files anew.")


class NewLibrary(Strict):
    """A library to make."""

    name: LibraryName
    type: LibraryType
    paths: Annotated[list[FolderPath], Field(min_length=1, max_length=100)]
    enabled: StrictBool = True
    scan_on_startup: StrictBool = False
    realtime_monitoring: StrictBool = True
    metadata_provider: Provider | None = None
    preferred_language: Language = "en"
    ignore_patterns: Annotated[list[Pattern], Field(max_length=200)] = Field(
        default=[], description="As in a `.gitignore`, relative to each folder."
    )
    scanner_config: ScannerConfig = ScannerConfig()


class LibraryChanges(Strict):
    """What to change of a library; what is left out stays. Its type can't be changed."""

    name: LibraryName = ""
    paths: Annotated[list[FolderPath], Field(min_length=1, max_length=100)] = Field(default=[])
    enabled: StrictBool = True
    scan_on_startup: StrictBool = False
    realtime_monitoring: StrictBool = True
    metadata_provider: Provider | None = None
    preferred_language: Language = ""
    ignore_patterns: Annotated[list[Pattern], Field(max_length=200)] = Field(default=[])
    scanner_config: ScannerConfig = ScannerConfig()


class RestoreWanted(Strict):
    """How a deleted library comes back."""

    name: LibraryName | None = Field(default=None, description="Its new name; without one it has its old name.")


class NewScan(Strict):
    """How much to read again of what did not change: nothing, all, or names and NFO files."""

    scan_type: ScanType = ScanType.INCREMENTAL


class FilesQuery(PageQuery):
    """Which files."""

    cursor: FileCursor | None = Field(default=None, description="`next_cursor` of the page before.")
    state: FileState | None = None


class ScanOut(BaseModel):
    """A scan, with its counts by file."""

    id: str
    job_id: int | None
    library_id: str
    scan_type: ScanType
    status: ScanStatus
    items_scanned: int
    items_added: int
    items_updated: int
    items_moved: int
    items_unchanged: int
    items_missing: int
    items_removed: int
    items_unmatched: int = Field(
        description="Files whose names do not say which film or episode they are; what no provider knows is listed elsewhere."
    )
    items_probed: int
    error_count: int
    error_message: str | None = Field(description="Null for who does not manage the library: it may name folders.")
    created_at: str
    started_at: str | None
    completed_at: str | None
    duration_s: float | None
    progress: ProgressOut | None


class ScanErrorOut(BaseModel):
    """A file or folder that a scan could not read."""

    path: str
    path_b64: str = Field(default="", description="Only there where the path is no UTF-8.")
    error: str


class ScanDetailOut(ScanOut):
    """A scan with the first of its errors."""

    errors: list[ScanErrorOut]
    errors_next_cursor: str | None


class ScanListOut(BaseModel):
    """A page of scans, newest first."""

    scans: list[ScanOut]
    next_cursor: str | None


class ScanErrorListOut(BaseModel):
    """A page of errors, in the order they were met."""

    errors: list[ScanErrorOut]
    next_cursor: str | None


class FileCountsOut(BaseModel):
    """Files by state."""

    present: int
    missing: int
    broken: int


class LibraryOut(BaseModel):
    """A library, with its latest scan."""

    id: str
    name: str
    type: LibraryType
    paths: list[str] = Field(description="Its folders; none for who does not manage the library.")
    paths_b64: list[str] = Field(default=[], description="Only there where one of the paths is no UTF-8.")
    enabled: bool
    scan_on_startup: bool
    realtime_monitoring: bool
    metadata_provider: str | None
    preferred_language: str
    ignore_patterns: list[str] = Field(description="None for who does not manage the library.")
    scanner_config: dict[str, Any] = Field(description="Empty for who does not manage the library.")
    file_counts: FileCountsOut | None
    latest_scan: ScanOut | None
    created_at: str
    updated_at: str


class LibraryListOut(BaseModel):
    """A page of libraries, by name."""

    libraries: list[LibraryOut]
    next_cursor: str | None


class FileOut(BaseModel):
    """A library file: what its name says and, once it was read, what is in it."""

    model_config = ConfigDict(extra="allow")

    id: str
    path: str
    size_bytes: int
    state: FileState
    media: str
    title: str | None
    year: int | None
    season: int | None
    episodes: list[int]


class FileListOut(BaseModel):
    """A page of files, by folder and path."""

    files: list[FileOut]
    next_cursor: str | None
