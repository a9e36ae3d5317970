"""The job engine: River's protocol on River's tables, for asyncio.

Insert with ``Client.insert``, work with a ``Worker`` for each kind, wait with ``Client.wait``.
"""

from revenge.infra.jobs.client import Client
from revenge.infra.jobs.config import ClientConfig, RetentionConfig, StopConfig
from revenge.infra.jobs.cron import Cron, InvalidSchedule
from revenge.infra.jobs.errors import (
    AttemptLost,
    InvalidCursor,
    InvalidJob,
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
from revenge.infra.jobs.models import (
    FINAL,
    TIERS,
    UNFINISHED,
    AttemptError,
    InsertOpts,
    InsertResult,
    JobListParams,
    JobPage,
    JobRow,
    JobState,
    Queue,
    QueueInfo,
    UniqueOpts,
)
from revenge.infra.jobs.once import Hold
from revenge.infra.jobs.outcome import Cancel, Snooze
from revenge.infra.jobs.periodic import Every, MissedPolicy, PeriodicJob
from revenge.infra.jobs.periodic_store import PeriodicInfo, PeriodicNotFound
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.resumable import Cursor
from revenge.infra.jobs.retry import ExponentialRetry, LinearRetry, RetryPolicy, RiverRetry
from revenge.infra.jobs.sync_client import SyncClient
from revenge.infra.jobs.worker import NO_TIMEOUT, Job, JobArgs, Worker

__all__ = [
    "FINAL",
    "NO_TIMEOUT",
    "TIERS",
    "UNFINISHED",
    "AttemptError",
    "AttemptLost",
    "Cancel",
    "Client",
    "ClientConfig",
    "Cron",
    "Cursor",
    "Every",
    "ExponentialRetry",
    "Hold",
    "InsertOpts",
    "InsertResult",
    "InvalidCursor",
    "InvalidJob",
    "InvalidSchedule",
    "Job",
    "JobArgs",
    "JobCancelled",
    "JobEvent",
    "JobFailed",
    "JobIsRunning",
    "JobListParams",
    "JobNotFound",
    "JobPage",
    "JobRow",
    "JobState",
    "JobsError",
    "KindAlreadyRegistered",
    "LinearRetry",
    "MissedPolicy",
    "PeriodicInfo",
    "PeriodicJob",
    "PeriodicNotFound",
    "Progress",
    "Queue",
    "QueueAlreadyAdded",
    "QueueInfo",
    "QueueNotFound",
    "RetentionConfig",
    "RetryPolicy",
    "RiverRetry",
    "Snooze",
    "StepError",
    "StopConfig",
    "StoreError",
    "SyncClient",
    "UniqueConflict",
    "UniqueKeyTaken",
    "UniqueOpts",
    "UnknownKind",
    "Worker",
    "Workers",
]
