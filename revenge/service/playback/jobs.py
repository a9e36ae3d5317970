"""The job that cleans up behind players."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from revenge.infra.jobs import UNFINISHED, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker
from revenge.service.playback.clean_up import PlaybackCleanup

HOLD = timedelta(seconds=30)
BUSY_AGAIN = timedelta(seconds=15)


class PlaybackCleanupArgs(JobArgs, kind="playback_cleanup"):
    """No arguments."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_args=True, by_state=UNFINISHED)
    )


class PlaybackCleanupWorker(Worker[PlaybackCleanupArgs]):
    """Ends sessions that are not heard of, and forgets old ones; not there where playback is switched off."""

    timeout = timedelta(minutes=5)
    phases: Mapping[str, float] = {"playback_ended": 1.0, "playback_deleted": 1.0}

    def __init__(self, cleanup: PlaybackCleanup) -> None:
        self._cleanup = cleanup

    async def work(self, job: Job[PlaybackCleanupArgs]) -> dict[str, int] | Snooze:
        """Clean up, and return the counts."""

        def report(target: str, rows: int) -> None:
            job.report_progress(phase=target, current=rows)

        async with job.client.once_per_cluster(job.kind, ttl=HOLD) as hold:
            if not hold:
                return Snooze(BUSY_AGAIN)
            return await self._cleanup.clean(report=report)
