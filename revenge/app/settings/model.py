"""Every setting with its default and the reason for it; ``config/revenge.yaml`` is made from this."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from revenge.app.settings.auth import Auth, Playback
from revenge.app.settings.cache import Cache
from revenge.app.settings.integrations import Integrations
from revenge.app.settings.matching import Matching, Refresh
from revenge.app.settings.metadata import Metadata
from revenge.app.settings.periodic import PeriodicId, Schedule, default_schedules
from revenge.app.settings.search import Search
from revenge.app.settings.section import Section
from revenge.app.settings.telling import Activity, Email, Notifications, Statistics
from revenge.app.settings.types import (
    Address,
    Folder,
    Names,
    Number,
    OptionalCount,
    OptionalFolder,
    OptionalPort,
    OptionalText,
    QueueName,
    Retention,
    SchemaName,
    Secret,
    ServerSettings,
    Span,
    Switch,
    Text,
    Whole,
    optional,
)
from revenge.infra.jobs.config import MAX_WORKERS
from revenge.infra.jobs.models import TIERS
from revenge.infra.telemetry.logging import LogFormat

_MS = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_Kept = Annotated[timedelta | None, BeforeValidator(Retention(Span(_MINUTE)))]


class Server(Section):
    """The HTTP API and the dashboard."""

    host: Annotated[str, BeforeValidator(Text(1, 255))] = "127.0.0.1"
    """address to listen on: loopback only, unless api_key is set"""
    port: Annotated[int, BeforeValidator(Whole(1, 65535))] = 8420
    """not 8096, where other media servers listen"""
    api_key: Secret = None
    """wanted by every call but the health ones once it is set, at least 16 characters; or REVENGE_SERVER__API_KEY_FILE"""
    allowed_hosts: Names = ()
    """further names that this server is called by: a foreign Host or Origin is refused, so that no web site can use it"""


class Pool(Section):
    """Connections to the database."""

    min: Annotated[int, BeforeValidator(Whole(0, 1000))] = 1
    """connections kept open, so that the first caller need not wait"""
    max: Annotated[int, BeforeValidator(Whole(1, 1000))] = 10
    """connections at most; the database must have room for every process's"""


class JobsPool(Pool):
    """The job engine's own connections: a burst of jobs must not keep the API waiting, nor the other way round."""

    min: Annotated[int, BeforeValidator(Whole(0, 1000))] = 2
    """one to fetch with, one to write results with"""
    max: Annotated[int, BeforeValidator(Whole(2, 1000))] = 10
    """connections at most; results are written in batches, so that few suffice for many workers"""


class Embedded(Section):
    """The PostgreSQL that is started here while database.url is not set."""

    bin_dir: OptionalFolder = None
    """where postgres and initdb are; null looks for the wheel's, then for the system's"""
    port: OptionalPort = None
    """loopback port; null takes the last one again, or any that is free"""
    start_timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, _DAY))] = timedelta(minutes=2)
    """after a crash the log is replayed first, which may take a while on a slow disk"""
    stop_timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, _DAY))] = timedelta(seconds=30)
    """for the last checkpoint; after that the server ends at once and recovers at its next start"""
    settings: ServerSettings = Field(default_factory=dict)
    """PostgreSQL's own settings, such as shared_buffers: 1GB, over those chosen for a home server"""


class Database(Section):
    """PostgreSQL, yours or the embedded one."""

    url: Address = None
    """postgresql://user:password@host:5432/name; null starts the embedded one. Also DATABASE_URL, or DB_HOST DB_PORT DB_USER DB_PASS DB_NAME"""
    listen_url: Address = None
    """a direct address for LISTEN where url goes through PgBouncer, which loses notifications; also DATABASE_LISTEN_URL"""
    schema_name: SchemaName = Field("public", alias="schema")
    """schema of River's tables and the engine's; the application's are in the schema revenge"""
    connect_timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, _HOUR))] = timedelta(seconds=30)
    """how long a database that is still starting is waited for"""
    statement_cache_size: OptionalCount = None
    """prepared statements kept per connection; null is 0 with listen_url or jobs.poll_only, since PgBouncer loses them, else the driver's choice"""
    pool: Pool = Pool()
    jobs_pool: JobsPool = JobsPool()
    embedded: Embedded = Embedded()


class QueueSettings(Section):
    """A queue that this process works."""

    workers: Annotated[int, BeforeValidator(Whole(0, MAX_WORKERS))]
    """jobs that run at once in each process; 0 leaves the queue to others"""


class Retry(Section):
    """When a failed job runs again, where its worker does not say."""

    max_attempts: Annotated[int, BeforeValidator(Whole(1, 32_767))] = 25
    """attempts of a job that does not say, the first one included; JOBS_MAX_RETRIES comes on top of the first"""
    initial_interval: Annotated[timedelta | None, BeforeValidator(optional(Span(_MS, _DAY)))] = None
    """wait after the first failure; null waits attempt^4 seconds, as the Go services do"""
    backoff_multiplier: Annotated[float, BeforeValidator(Number(1, 100))] = 2.0
    """with initial_interval: how much longer each wait is than the one before"""
    max_interval: Annotated[timedelta, BeforeValidator(Span(_MS))] = timedelta(hours=1)
    """with initial_interval: longest wait"""


class Cleanup(Section):
    """How long ended jobs are kept for people to look at; never keeps them for ever."""

    completed_jobs_retention: _Kept = timedelta(days=7)
    """longer than River's 24h: a week of scans is what a person asks about"""
    cancelled_jobs_retention: _Kept = timedelta(hours=24)
    """somebody wanted them gone"""
    discarded_jobs_retention: _Kept = timedelta(days=30)
    """longer than River's 7d: what failed for good should outlive a holiday"""


class Stop(Section):
    """How long a stop waits at each step; work that is interrupted goes back without losing an attempt."""

    soft: Annotated[timedelta, BeforeValidator(Span(timedelta(0), _DAY))] = timedelta(seconds=20)
    """for running jobs to finish by themselves"""
    cancel: Annotated[timedelta, BeforeValidator(Span(timedelta(0), _DAY))] = timedelta(seconds=5)
    """for cancelled jobs to end; what is left then is abandoned and handed back"""


class JobLogs(Section):
    """What workers log, kept in their jobs' rows: shown by the API, by the dashboard and by River UI."""

    enabled: Switch = True
    """false: what a worker logs goes to stderr alone"""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """lines below are not kept; those below log.level never are"""
    max_attempt_bytes: Annotated[int, BeforeValidator(Whole(1024, 2 * 1024 * 1024))] = 16 * 1024
    """of one attempt; what goes beyond is left out, and the last line says how much"""
    max_total_bytes: Annotated[int, BeforeValidator(Whole(1024, 64 * 1024 * 1024))] = 64 * 1024
    """of all attempts of a job together: the oldest go first; not less than max_attempt_bytes"""


class Jobs(Section):
    """The job engine."""

    enabled: Switch = True
    """false: this process inserts jobs and works none; also JOBS_ENABLED"""
    queues: dict[QueueName, QueueSettings] = Field(
        default_factory=lambda: {str(name): QueueSettings(workers=size) for name, size in TIERS.items()}
    )
    """any name may be added; JOBS_WORKER_COUNT is a sum, shared out 20:15:10:5:3 over these five"""
    fetch_cooldown: Annotated[timedelta, BeforeValidator(Span(timedelta(0), _MINUTE))] = timedelta(0)
    """least time between two fetches; 0s refills a free slot at once"""
    fetch_poll_interval: Annotated[timedelta, BeforeValidator(Span(_MS, _HOUR))] = timedelta(seconds=5)
    """notifications are hints, polling is the truth: how late a lost hint is noticed"""
    poll_only: Switch = False
    """true: never LISTEN, for a database.url through PgBouncer without database.listen_url"""
    timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND))] = timedelta(minutes=1)
    """deadline of a job whose worker does not say, River's default; also JOBS_TIMEOUT"""
    rescue_after: Annotated[timedelta, BeforeValidator(Span(_MINUTE))] = timedelta(hours=1)
    """when running jobs of Go services, which do not say that they live, count as stuck: River's default"""
    max_worker_losses: Annotated[int, BeforeValidator(Whole(1, 100))] = 3
    """a job that has killed so many processes of its own is discarded, whatever attempts it has left"""
    stuck_after: Annotated[timedelta, BeforeValidator(Span(_MS, _DAY))] = timedelta(seconds=10)
    """how long a job may take to end once it is told to, before the log and /metrics call it stuck: River's default"""
    loop_blocked_after: Annotated[timedelta | None, BeforeValidator(optional(Span(10 * _MS, _HOUR)))] = _SECOND
    """a worker that keeps the event loop for so long is named in the log with its line; null looks at nothing"""
    hand_over_blocked_after: Annotated[timedelta | None, BeforeValidator(optional(Span(10 * _SECOND, _DAY)))] = None
    """take over the jobs of a process that stands still for so long but lives; null never does, since it may work on them"""
    lead: Switch = True
    """false: this process never becomes the leader that does the queue's housekeeping"""
    client_id: OptionalText = None
    """this process's name in attempted_by, unique among all; null makes one of host, time and process id"""
    retry: Retry = Retry()
    cleanup: Cleanup = Cleanup()
    stop: Stop = Stop()
    log: JobLogs = JobLogs()


class Probe(Section):
    """Reading what is inside media files."""

    enabled: Switch = True
    """false: scans know files by name and size only, and are much faster"""
    processes: Annotated[int, BeforeValidator(Whole(1, 64))] = 2
    """files read at once, each in a process that can be killed"""
    deadline: Annotated[timedelta, BeforeValidator(Span(_SECOND, _HOUR))] = timedelta(seconds=20)
    """a file that takes longer is recorded as broken and its process is killed"""


class Library(Section):
    """Libraries and their scans."""

    missing_grace: Annotated[timedelta, BeforeValidator(Span(timedelta(0)))] = timedelta(days=30)
    """how long a vanished file is remembered as missing: a disk may come back"""
    ignore: Names = ("lost+found", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "#recycle")
    """names ignored in every library, beside its own patterns"""
    follow_symlinks: Switch = True
    """collections are often put together from links; loops are noticed"""
    chunk_size: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 500
    """files per transaction: after a crash at most so many are looked at again"""
    scan_interval: Annotated[timedelta | None, BeforeValidator(Retention(Span(_MINUTE)))] = timedelta(hours=24)
    """how often a library is scanned by itself where its scanner_config has no scan_interval_s; never leaves it to people"""
    watch: Switch = True
    """watch the folders of libraries that have realtime_monitoring, one node each, so that what changes is scanned at once"""
    watch_quiet: Annotated[timedelta, BeforeValidator(Span(_MS, _HOUR))] = timedelta(seconds=10)
    """so long nothing changes before what has changed is scanned: a burst of changes is one scan"""
    scan_retention: Annotated[timedelta, BeforeValidator(Span(_HOUR))] = timedelta(days=30)
    """how long scans that have ended are shown"""
    scans_kept: Annotated[int, BeforeValidator(Whole(0, 10_000))] = 10
    """so many scans of each library are shown however old they are"""
    demo_dir: OptionalFolder = None
    """where the demo's video files are made; null is demo below data_dir"""
    probe: Probe = Probe()


class Log(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """debug shows each step, info changes of state"""
    format: Literal["auto", "json", "console"] = "auto"
    """auto: for people on a terminal, JSON lines elsewhere"""


class Settings(BaseSettings):
    """All settings. Made by ``load_settings``; ``Settings()`` is the defaults, whatever the environment says."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    data_dir: Folder = Path("data")
    """where the embedded PostgreSQL and everything made here live; also REVENGE_DATA_DIR"""
    server: Server = Server()
    database: Database = Database()
    jobs: Jobs = Jobs()
    library: Library = Library()
    notifications: Notifications = Notifications()
    matching: Matching = Matching()
    refresh: Refresh = Refresh()
    email: Email = Email()
    activity: Activity = Activity()
    statistics: Statistics = Statistics()

    cache: Cache = Cache()
    demo: Switch = True
    """revenge demo plays TMDb and the others itself while TMDb's key is not set, for the titles of its own library"""
    metadata: Metadata = Metadata()
    auth: Auth = Auth()
    playback: Playback = Playback()
    search: Search = Search()
    integrations: Integrations = Integrations()
    log: Log = Log()
    periodic: dict[PeriodicId, Schedule] = Field(default_factory=default_schedules)
    """what runs on schedule: so long from one run to the next, or a cron expression; never twice at once in the cluster"""

    @property
    def postgres_dir(self) -> Path:
        """Return where the embedded PostgreSQL keeps its files."""
        return self.data_dir / "postgres"

    @property
    def prepared_statements(self) -> int | None:
        """Return what ``create_pool`` takes as ``statement_cache_size``: 0 behind PgBouncer, unless it was set."""
        database = self.database
        is_behind = database.url is not None and (database.listen_url is not None or self.jobs.poll_only)
        return 0 if is_behind and database.statement_cache_size is None else database.statement_cache_size

    @property
    def demo_dir(self) -> Path:
        """Return where the demo's video files are made."""
        return self.library.demo_dir or self.data_dir / "demo"

    @property
    def segment_dir(self) -> Path:
        """Return where segments are made."""
        return self.playback.segment_dir or self.data_dir / "segments"

    @property
    def log_format(self) -> LogFormat:
        """Return the format that ``configure_logging`` takes."""
        return LogFormat(self.log.format)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing behind the caller's back: ``load_settings`` hands over what it read, and from where."""
        return (init_settings,)
