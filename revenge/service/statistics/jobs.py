"""The job that counts what the server holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from revenge.infra.jobs import UNFINISHED, InsertOpts, Job, JobArgs, Queue, UniqueOpts, Worker
from revenge.service.statistics.service import StatisticsService


class StatsAggregationArgs(JobArgs, kind="stats_aggregation"):
    """The Go server's arguments: none."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class StatsAggregationWorker(Worker[StatsAggregationArgs]):
    """Counts all of it in one transaction: another attempt counts again and leaves nothing twice."""

    timeout = timedelta(minutes=2)
    phases: Mapping[str, float] = {"counting": 1}

    def __init__(self, service: StatisticsService) -> None:
        self._service = service

    async def work(self, job: Job[StatsAggregationArgs]) -> dict[str, Any]:
        """Count, and return what was found."""
        job.report_progress(phase="counting", current=0, total=1)
        values, thinned = await self._service.aggregate()
        job.report_progress(phase="counting", current=1, total=1)
        return {"values": values, "thinned_out": thinned}
