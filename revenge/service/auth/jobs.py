"""The jobs that clean up behind accounts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker
from revenge.service.auth.clean_up import BATCH, Cleanup, CleanupService, Target
from revenge.service.auth.errors import InvalidCleanup

HOLD = timedelta(seconds=30)
"""How long the cluster waits for a node that died while it cleaned up."""
BUSY_AGAIN = timedelta(seconds=15)
"""Another job is at it: this one comes back, since it may ask for something else."""
_NS = 1000
"""Nanoseconds in a microsecond."""


def _is_empty(value: object) -> bool:
    return not value


class CleanupArgs(JobArgs, kind="cleanup"):
    """The Go server's arguments."""

    target_type: str
    older_than: int
    """Nanoseconds."""
    batch_size: int = Field(0, exclude_if=_is_empty)
    """0: what the server thinks fit."""
    dry_run: bool = Field(False, exclude_if=_is_empty)

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW,
        max_attempts=5,
        unique=UniqueOpts(by_args=["target_type", "older_than", "dry_run"], by_state=UNFINISHED),
    )

    @property
    def wanted(self) -> Cleanup:
        """What is to be cleaned up.

        Raises:
            InvalidCleanup: it can never be done.
        """
        return Cleanup(
            target=self.target_type,
            older_than=_span(self.older_than),
            batch=self.batch_size or BATCH,
            dry_run=self.dry_run,
        )

    def why_never(self) -> str | None:
        """Refuse what is no target, and ages and batches that are none."""
        try:
            _ = self.wanted
        except InvalidCleanup as reason:
            return str(reason)
        return None


class CleanupWorker(Worker[CleanupArgs]):
    """Deletes tokens and failed logins that are over."""

    timeout = timedelta(minutes=10)
    phases: Mapping[str, float] = {target.value: 1.0 for target in Target}

    def __init__(self, cleanup: CleanupService) -> None:
        self._cleanup = cleanup

    async def work(self, job: Job[CleanupArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Clean up, and return the rows by target: deleted, or those that a real run would delete."""
        args = job.args
        try:
            wanted = args.wanted
        except InvalidCleanup as reason:
            return Cancel(str(reason))

        def report(target: str, rows: int) -> None:
            job.report_progress(phase=target, current=rows)

        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            return {"rows": await self._cleanup.clean(wanted, report=report), "dry_run": args.dry_run}


class SessionMaintenanceArgs(JobArgs, kind="session_maintenance"):
    """No arguments."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_args=True, by_state=UNFINISHED)
    )


class SessionMaintenanceWorker(Worker[SessionMaintenanceArgs]):
    """Ends sessions that nobody uses, and forgets old ones."""

    timeout = timedelta(minutes=10)
    phases: Mapping[str, float] = {"sessions_idle": 1.0, "sessions_expired": 1.0, "sessions_revoked": 1.0}

    def __init__(self, cleanup: CleanupService) -> None:
        self._cleanup = cleanup

    async def work(self, job: Job[SessionMaintenanceArgs]) -> dict[str, int] | Snooze:
        """Maintain, and return the counts."""

        def report(target: str, rows: int) -> None:
            job.report_progress(phase=target, current=rows)

        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            return await self._cleanup.maintain_sessions(report=report)


def _span(nanoseconds: int) -> timedelta:
    """Return the duration, as long as one can be."""
    try:
        return timedelta(microseconds=nanoseconds / _NS)
    except OverflowError:
        return timedelta.max if nanoseconds > 0 else timedelta.min
