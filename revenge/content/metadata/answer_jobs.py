"""The job that forgets what providers answered too long ago."""

from datetime import timedelta
from typing import Any, ClassVar

from revenge.content.metadata.answers import KeptAnswers
from revenge.infra.jobs import UNFINISHED, InsertOpts, Job, JobArgs, Queue, UniqueOpts, Worker

BATCH = 1000


class MetadataAnswerCleanupArgs(JobArgs, kind="metadata_answer_cleanup"):
    """No arguments: an answer knows how long it serves."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class MetadataAnswerCleanupWorker(Worker[MetadataAnswerCleanupArgs]):
    """Removes answers in bounded steps; what a killed one has removed is removed."""

    timeout = timedelta(minutes=10)

    def __init__(self, answers: KeptAnswers) -> None:
        self._answers = answers

    async def work(self, job: Job[MetadataAnswerCleanupArgs]) -> dict[str, Any]:
        """Remove, and return how many as the job's output."""
        removed = 0
        while found := await self._answers.forget_old(limit=BATCH):
            removed += found
            job.report_progress(phase="forgetting", current=removed)
        return {"removed": removed}
