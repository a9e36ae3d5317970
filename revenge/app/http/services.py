"""What the HTTP side needs of the rest of the server, as ports: plugged in by the container, faked in tests."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from revenge.app.http.access import Access
from revenge.app.http.account_services import AccountServices
from revenge.app.http.film_services import FilmServices
from revenge.app.http.image_services import Images
from revenge.app.http.integration_services import Integrations
from revenge.app.http.playing_services import PlayingServices
from revenge.app.http.principal import Authenticator
from revenge.app.http.search_services import Reindexing, Searches
from revenge.app.http.show_services import ShowServices
from revenge.app.http.telling_services import TellingServices
from revenge.content.library.models import (
    FilePage,
    FileState,
    Library,
    LibraryFields,
    LibraryPage,
    Scan,
    ScanErrorPage,
    ScanPage,
    ScanType,
)
from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import Clock, SystemClock
from revenge.infra.jobs.cron import Cron
from revenge.infra.jobs.events import JobEvent
from revenge.infra.jobs.models import InsertOpts, InsertResult, JobListParams, JobPage, JobRow, QueueInfo
from revenge.infra.jobs.periodic import Every
from revenge.infra.jobs.periodic_store import PeriodicInfo
from revenge.infra.jobs.progress import Progress


class Kinds(Protocol):
    """The kinds of jobs that the engine knows."""

    @property
    def kinds(self) -> Sequence[str]: ...

    def args_type(self, kind: str) -> type[JobArgs]: ...


class Periodic(Protocol):
    """The part of the engine's ``PeriodicStore`` that is used here; errors as documented there."""

    async def list(self) -> Sequence[PeriodicInfo]: ...

    async def get(self, schedule_id: str) -> PeriodicInfo: ...

    async def pause(self, schedule_id: str) -> None: ...

    async def resume(self, schedule_id: str) -> None: ...

    async def request_run(self, schedule_id: str) -> None: ...

    async def reschedule(self, schedule_id: str, schedule: Every | Cron | None) -> None: ...

    async def delete(self, schedule_id: str) -> None: ...


class Jobs(Protocol):
    """The part of the engine's ``Client`` that is used here; errors as documented there."""

    @property
    def workers(self) -> Kinds: ...

    @property
    def periodic(self) -> Periodic: ...

    async def get(self, job_id: int) -> JobRow: ...

    async def list(self, params: JobListParams) -> JobPage: ...

    async def insert(self, args: JobArgs, opts: InsertOpts | None = None) -> InsertResult: ...

    async def cancel(self, job_id: int) -> JobRow: ...

    async def retry(self, job_id: int) -> JobRow: ...

    async def delete(self, job_id: int) -> JobRow: ...

    async def progress(self, job_ids: Sequence[int]) -> dict[int, Progress]: ...

    async def queues(self) -> Sequence[QueueInfo]: ...

    async def pause_queue(self, name: str) -> object: ...

    async def resume_queue(self, name: str) -> object: ...

    async def position(self) -> str: ...

    def subscribe(
        self,
        *,
        kinds: Collection[str] = (),
        queues: Collection[str] = (),
        job_ids: Collection[int] = (),
        after: str | None = None,
    ) -> AsyncIterator[JobEvent]: ...


class Libraries(Protocol):
    """The part of ``LibraryService`` that is used here; errors as documented there."""

    async def create(self, wanted: LibraryFields) -> Library: ...

    async def update(self, library_id: UUID, changes: Mapping[str, Any]) -> Library: ...

    async def get(self, library_id: UUID) -> Library: ...

    async def list(
        self, *, limit: int = 100, cursor: str | None = None, only: Collection[UUID] | None = None
    ) -> LibraryPage: ...

    async def delete(self, library_id: UUID) -> None: ...

    async def trigger_scan(self, library_id: UUID, scan_type: ScanType = ScanType.INCREMENTAL) -> Scan: ...

    async def scan(self, library_id: UUID, scan_id: UUID) -> Scan: ...

    async def scans(self, library_id: UUID, *, limit: int = 20, cursor: str | None = None) -> ScanPage: ...

    async def scan_errors(self, scan_id: UUID, *, limit: int = 100, cursor: str | None = None) -> ScanErrorPage: ...

    async def files(
        self, library_id: UUID, *, state: FileState | None = None, limit: int = 100, cursor: str | None = None
    ) -> FilePage: ...


class FileCounts(Protocol):
    """Counts a library's files."""

    async def file_counts(self, library_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[FileState, int]]:
        """Return how many files each library has in each state; what is not there is none."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well before the server can do its work."""

    ok: bool
    detail: str = ""
    """What is wrong and what to do, or a word about what is right."""


class Readiness(Protocol):
    """Looks whether the server can do its work."""

    async def check(self) -> Mapping[str, Check]:
        """Return the checks by name: database, schema, workers; never raise."""


class Exposition(Protocol):
    """Prometheus metrics."""

    async def render(self) -> bytes:
        """Return the text exposition format, version 0.0.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerView:
    """What the dashboard tells about the server itself; nothing secret."""

    version: str
    started_at: datetime
    client_id: str
    works: bool
    """Whether this process works jobs, or only serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Everything that the routes call; see ``create_app``."""

    client: Jobs
    libraries: Libraries
    readiness: Readiness
    metrics: Exposition
    view: ServerView
    queues: Collection[str] = ()
    """Those that the settings name; others are known once somebody serves them."""
    counts: FileCounts | None = None
    """None: libraries are shown without the numbers of their files."""
    images: Images | None = None
    """None: a server without pictures."""
    shows: ShowServices | None = None
    """None: a server without series."""
    telling: TellingServices | None = None
    """None: a server without notifications, activity log and statistics."""
    films: FilmServices | None = None
    """None: a server that knows files alone."""
    clock: Clock = field(default_factory=SystemClock)
    authenticator: Authenticator | None = None
    """None: nobody has an account, the server's key is all there is."""
    accounts: AccountServices | None = None
    """None: there are no routes of accounts."""
    search: Searches | None = None
    """None: there are no routes that search."""
    reindexing: Reindexing | None = None
    """Given with ``search``."""
    playing: PlayingServices | None = None
    """None: there are no routes of playing and watching."""
    access: Access = field(default_factory=Access)
    integrations: Integrations = field(default_factory=Integrations)
