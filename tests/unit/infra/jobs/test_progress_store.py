"""What of the workers' reports is written, and when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.progress_store import MAX_ROWS, ProgressReporter, ProgressRow
from revenge.infra.jobs.testing import StoppedClock


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


SECOND = timedelta(seconds=1)
ATTEMPTED = datetime(2026, 1, 2, tzinfo=UTC)


class ScanArgs(JobArgs, kind="scan"):
    pass


def job(id: int = 1, *, attempt: int = 1) -> Job[ScanArgs]:
    claim = Claim((id, "scan", "bulk", "{}", attempt, 25, ATTEMPTED, ATTEMPTED, 1, None, 0))
    return Job(claim, ScanArgs())


class ProgressTable:
    """A store that keeps each write; writes fail while ``is_away``."""

    def __init__(self) -> None:
        self.writes: list[list[tuple[int, int, dict[str, Any]]]] = []
        self.is_away = False

    async def execute(self, name: str, *args: Any) -> int:
        assert name == "progress_write_many"
        if self.is_away:
            raise StoreError("gone", retryable=True)
        ids, attempts, _, data = args
        self.writes.append(list(zip(ids, attempts, map(orjson.loads, data), strict=True)))
        return len(ids)


class Node:
    """A reporter with the jobs that run beside it."""

    def __init__(self, clock: StoppedClock) -> None:
        self.clock = clock
        self.jobs: list[Job[Any]] = []
        self.table = ProgressTable()
        self.told: list[ProgressRow] = []
        self.reporter = ProgressReporter(
            clock=clock,
            store=self.table,
            running=lambda: self.jobs,
            phases=lambda kind: {"walk": 1, "probe": 3} if kind == "scan" else {},
            fan_out=self._tell,
        )

    def _tell(self, rows: Sequence[ProgressRow]) -> None:
        self.told.extend(rows)


@pytest.fixture
def node(stopped_clock: StoppedClock) -> Node:
    return Node(stopped_clock)


async def test_all_jobs_of_a_node_share_one_write(node: Node) -> None:
    node.jobs = [job(job_id) for job_id in (1, 2, 3)]
    for running in node.jobs[:2]:
        running.report_progress(phase="probe", current=5, total=10, message="Alien (1979).mkv")
    assert await node.reporter.run_once() == 2
    [[first, second]] = node.table.writes
    assert (first[0], second[0]) == (1, 2)
    # By the weights of the phases: the walk's quarter, and half of the probe's three.
    assert first[2]["percent"] == 62.5
    assert first[2]["message"] == "Alien (1979).mkv"


async def test_nothing_is_written_when_nothing_has_changed(node: Node) -> None:
    node.jobs = [job()]
    assert await node.reporter.run_once() == 0
    node.jobs[0].report_progress(current=1)
    assert await node.reporter.run_once() == 1
    await node.clock.advance(SECOND)
    assert await node.reporter.run_once() == 0
    assert len(node.table.writes) == 1


async def test_the_same_report_made_again_is_news_since_its_rate_falls(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(phase="walk", current=0)
    await node.reporter.run_once()
    for _ in range(2):
        await node.clock.advance(SECOND)
        running.report_progress(phase="walk", current=100)
        await node.reporter.run_once()
    rates = [write[0][2]["rate_per_s"] for write in node.table.writes]
    assert rates[1] > rates[2] > 0


async def test_the_last_report_of_a_job_that_has_ended_is_written(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(current=1)
    await node.reporter.run_once()
    running.report_progress(current=2)
    node.jobs = []
    node.reporter.finished(running)
    assert await node.reporter.run_once() == 1
    assert node.table.writes[-1][0][2]["current"] == 2


async def test_the_last_report_is_written_before_the_end_of_its_job_is(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(current=2)
    await node.reporter.write_last()
    assert node.table.writes == []
    node.jobs = []
    node.reporter.finished(running)
    await node.reporter.write_last()
    assert node.table.writes[-1][0][2]["current"] == 2
    assert await node.reporter.run_once() == 0


async def test_a_last_report_that_cannot_be_written_holds_up_nothing_and_is_kept(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(current=2)
    node.jobs = []
    node.reporter.finished(running)
    node.table.is_away = True
    await node.reporter.write_last()
    node.table.is_away = False
    assert await node.reporter.run_once() == 1


async def test_a_job_that_never_reported_leaves_nothing(node: Node) -> None:
    node.reporter.finished(job())
    assert await node.reporter.run_once() == 0


async def test_a_completed_job_is_complete_to_the_last_percent(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(phase="walk", current=3, total=8)
    await node.reporter.run_once()
    node.jobs = []
    node.reporter.finished(running, is_completed=True)
    assert await node.reporter.run_once() == 1
    last = node.table.writes[-1][0][2]
    assert (last["percent"], last["current"], last["total"], last["eta_s"]) == (100.0, 8, 8, 0.0)


async def test_while_the_database_is_away_the_newest_report_of_each_job_is_kept(node: Node) -> None:
    first, second = node.jobs = [job(1), job(2)]
    node.table.is_away = True
    first.report_progress(current=1)
    second.report_progress(current=1)
    with pytest.raises(StoreError):
        await node.reporter.run_once()
    first.report_progress(current=2)
    node.jobs = [first]
    node.reporter.finished(second)
    with pytest.raises(StoreError):
        await node.reporter.run_once()
    node.table.is_away = False
    assert await node.reporter.run_once() == 2
    [written] = node.table.writes
    assert [(row[0], row[2]["current"]) for row in written] == [(1, 2), (2, 1)]
    assert await node.reporter.run_once() == 0


async def test_subscribers_are_told_though_the_database_is_away(node: Node) -> None:
    [running] = node.jobs = [job()]
    node.table.is_away = True
    running.report_progress(phase="walk", current=3, message="Heat")
    with pytest.raises(StoreError):
        await node.reporter.run_once()
    [row] = node.told
    assert (row.job_id, row.kind, row.queue, row.progress.message) == (1, "scan", "bulk", "Heat")


async def test_a_report_that_comes_during_a_write_is_not_lost(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(current=1)
    write = node.table.execute

    async def reports_meanwhile(name: str, *args: Any) -> int:
        running.report_progress(current=2)
        node.reporter.finished(running)
        node.table.execute = write  # type: ignore[method-assign] # the second write is an ordinary one
        return await write(name, *args)

    node.table.execute = reports_meanwhile  # type: ignore[method-assign] # a moment that only a test can hit
    assert await node.reporter.run_once() == 2
    assert [write[0][2]["current"] for write in node.table.writes] == [1, 2]


async def test_a_job_that_comes_back_begins_anew(node: Node) -> None:
    [running] = node.jobs = [job()]
    running.report_progress(phase="probe", current=10, total=10)
    await node.reporter.run_once()
    [again] = node.jobs = [job(attempt=2)]
    again.report_progress(phase="walk", current=1, total=10)
    await node.reporter.run_once()
    _, attempt, data = node.table.writes[-1][0]
    assert (attempt, data["percent"]) == (2, 2.5)


async def test_many_reports_are_written_in_several_statements(node: Node) -> None:
    node.jobs = [job(job_id) for job_id in range(MAX_ROWS + 1)]
    for running in node.jobs:
        running.report_progress(current=1)
    assert await node.reporter.run_once() == MAX_ROWS + 1
    assert [len(write) for write in node.table.writes] == [MAX_ROWS, 1]


async def test_jobs_that_a_stop_abandoned_are_forgotten(node: Node) -> None:
    node.jobs = [job(job_id) for job_id in (1, 2)]
    for running in node.jobs:
        running.report_progress(current=1)
    await node.reporter.run_once()
    node.jobs = []
    await node.reporter.run_once()
    assert not node.reporter._metered
