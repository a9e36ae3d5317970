"""The job engine: River's protocol on River's tables, for asyncio.

Insert with ``Client.insert``, work with a ``Worker`` for each kind, wait with ``Client.wait``.
"""

from revenge.infra.jobs.args import JobArgs, OptionalUuid, omitempty
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.config import ClientConfig, QueueConfig, RetentionConfig, StopConfig
from revenge.infra.jobs.cron import Cron, InvalidSchedule
from revenge.infra.jobs.errors import (
    AttemptLost,
    InvalidCursor,
    InvalidJob,
    InvalidPlugin,
    JobCancelled,
    JobFailed,
    JobIsRunning,
    JobNotFound,
    JobsError,
    KindAlreadyRegistered,
    QueueAlreadyAdded,
    QueueNotFound,
    StepError,
    StoreError,
    UniqueConflict,
    UniqueKeyTaken,
    UnknownKind,
)
from revenge.infra.jobs.events import JobEvent
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.job_log import JobLog
from revenge.infra.jobs.liveness import NodeState
from revenge.infra.jobs.models import (
    FINAL,
    TIERS,
    UNFINISHED,
    AttemptError,
    InsertOpts,
    InsertResult,
    JobFilter,
    JobListParams,
    JobOrder,
    JobPage,
    JobRow,
    JobState,
    Queue,
    QueueInfo,
    UniqueOpts,
)
from revenge.infra.jobs.node_store import NodeInfo
from revenge.infra.jobs.once import Hold
from revenge.infra.jobs.outcome import Cancel, Snooze
from revenge.infra.jobs.periodic import Every, MissedPolicy, PeriodicJob
from revenge.infra.jobs.periodic_store import PeriodicInfo, PeriodicNotFound
from revenge.infra.jobs.plugins import (
    AroundInsert,
    AroundWork,
    HandleError,
    InsertBegin,
    JobGetAvailableCount,
    JobGetAvailableDuration,
    JobInsertParams,
    Metric,
    MetricEmit,
    PeriodicJobsStart,
    Plugin,
    WorkBegin,
    WorkEnd,
    WorkOutcome,
)
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.resumable import Cursor
from revenge.infra.jobs.retry import ExponentialRetry, LinearRetry, RetryPolicy, RiverRetry
from revenge.infra.jobs.stuck import OnStuck, StuckJob
from revenge.infra.jobs.subscriptions import (
    AttemptEnded,
    EventKind,
    JobStatistics,
    LocalEvent,
    QueueChanged,
    Subscription,
)
from revenge.infra.jobs.sync_client import SyncClient
from revenge.infra.jobs.tuning import TunedConnection, tune_connection
from revenge.infra.jobs.worker import NO_TIMEOUT, Worker

__all__ = [
    "FINAL",
    "NO_TIMEOUT",
    "TIERS",
    "UNFINISHED",
    "AroundInsert",
    "AroundWork",
    "AttemptEnded",
    "AttemptError",
    "AttemptLost",
    "Cancel",
    "Client",
    "ClientConfig",
    "Cron",
    "Cursor",
    "EventKind",
    "Every",
    "ExponentialRetry",
    "HandleError",
    "Hold",
    "InsertBegin",
    "InsertOpts",
    "InsertResult",
    "InvalidCursor",
    "InvalidJob",
    "InvalidPlugin",
    "InvalidSchedule",
    "Job",
    "JobArgs",
    "JobCancelled",
    "JobEvent",
    "JobFailed",
    "JobFilter",
    "JobGetAvailableCount",
    "JobGetAvailableDuration",
    "JobInsertParams",
    "JobIsRunning",
    "JobListParams",
    "JobLog",
    "JobNotFound",
    "JobOrder",
    "JobPage",
    "JobRow",
    "JobState",
    "JobStatistics",
    "JobsError",
    "KindAlreadyRegistered",
    "LinearRetry",
    "LocalEvent",
    "Metric",
    "MetricEmit",
    "MissedPolicy",
    "NodeInfo",
    "NodeState",
    "OnStuck",
    "OptionalUuid",
    "PeriodicInfo",
    "PeriodicJob",
    "PeriodicJobsStart",
    "PeriodicNotFound",
    "Plugin",
    "Progress",
    "Queue",
    "QueueAlreadyAdded",
    "QueueChanged",
    "QueueConfig",
    "QueueInfo",
    "QueueNotFound",
    "RetentionConfig",
    "RetryPolicy",
    "RiverRetry",
    "Snooze",
    "StepError",
    "StopConfig",
    "StoreError",
    "StuckJob",
    "Subscription",
    "SyncClient",
    "TunedConnection",
    "UniqueConflict",
    "UniqueKeyTaken",
    "UniqueOpts",
    "UnknownKind",
    "WorkBegin",
    "WorkEnd",
    "WorkOutcome",
    "Worker",
    "Workers",
    "omitempty",
    "tune_connection",
]
