"""Who waits for a job is told of its end, or why not; nobody waits for a database that stays away."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from revenge.infra.jobs.errors import JobNotFound, JobsError, StoreError
from revenge.infra.jobs.models import JobRow, JobState
from revenge.infra.jobs.testing import StoppedClock, settle
from revenge.infra.jobs.waiting import OUTAGE, Waiters

AWAY = StoreError("away", retryable=True)
SECOND = timedelta(seconds=1)


def row(id: int, state: JobState) -> JobRow:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return JobRow(
        id=id,
        kind="act",
        queue="default",
        state=state,
        priority=1,
        attempt=1,
        max_attempts=3,
        args={},
        metadata={},
        tags=[],
        unique_key=None,
        created_at=moment,
        scheduled_at=moment,
        attempted_at=moment,
        finalized_at=moment,
        attempted_by=[],
        errors=[],
    )


class Table:
    """The states of jobs, as a test sets them; ``found`` is what reading the rows then says."""

    def __init__(self) -> None:
        self.states: dict[int, JobState] = {1: JobState.RUNNING}
        self.found: dict[int, JobState] | None = None
        self.error: Exception | None = None
        self.looks = 0

    async def get_states(self, job_ids: Sequence[int]) -> dict[int, JobState]:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return {job_id: self.states[job_id] for job_id in job_ids if job_id in self.states}

    async def get_many(self, job_ids: Sequence[int]) -> list[JobRow]:
        states = self.states if self.found is None else self.found
        return [row(job_id, states[job_id]) for job_id in job_ids if job_id in states]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def machine() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def waiters(machine: StoppedClock, table: Table) -> Waiters:
    return Waiters(clock=machine, store=table)


async def test_the_end_is_told_to_all_who_wait(waiters: Waiters, machine: StoppedClock, table: Table) -> None:
    waiting = [asyncio.ensure_future(waiters.wait(1)) for _ in range(3)]
    await machine.advance(SECOND)
    waiting.pop().cancel()  # and one who gave up keeps nobody waiting
    table.states[1] = JobState.COMPLETED
    await machine.advance(SECOND)
    assert [(await one).state for one in waiting] == [JobState.COMPLETED] * 2
    looks = table.looks
    await machine.advance(10 * SECOND)
    assert table.looks == looks


async def test_a_job_that_is_retried_between_two_looks_is_waited_for_again(
    waiters: Waiters, machine: StoppedClock, table: Table
) -> None:
    table.states[1], table.found = JobState.DISCARDED, {1: JobState.AVAILABLE}
    waiting = asyncio.ensure_future(waiters.wait(1))
    await machine.advance(SECOND)
    assert not waiting.done()
    table.states[1], table.found = JobState.COMPLETED, None
    await machine.advance(SECOND)
    assert (await waiting).state is JobState.COMPLETED


async def test_a_short_outage_is_sat_out(waiters: Waiters, machine: StoppedClock, table: Table) -> None:
    waiting = asyncio.ensure_future(waiters.wait(1))
    for _ in range(2):
        table.error = AWAY
        await machine.advance(OUTAGE - SECOND)
        assert not waiting.done()
        # Each outage is counted from its own beginning.
        table.error = None
        await machine.advance(SECOND)
    table.states[1] = JobState.CANCELLED
    await machine.advance(SECOND)
    assert (await waiting).state is JobState.CANCELLED


async def test_a_long_outage_ends_the_wait(
    waiters: Waiters, machine: StoppedClock, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    table.error = AWAY
    waiting = asyncio.ensure_future(waiters.wait(1))
    await machine.advance(OUTAGE + SECOND)
    with pytest.raises(StoreError, match="away"):
        await waiting
    assert caplog.messages == ["wait.failed"]


@pytest.mark.parametrize("error", [StoreError("no such table", retryable=False), ValueError("a bug")])
async def test_what_waiting_does_not_mend_ends_the_wait_at_once(
    waiters: Waiters, machine: StoppedClock, table: Table, error: Exception
) -> None:
    table.error = error
    waiting = asyncio.ensure_future(waiters.wait(1))
    await machine.advance()
    with pytest.raises(type(error)):
        await waiting


async def test_a_job_that_is_not_there_ends_the_wait(waiters: Waiters) -> None:
    with pytest.raises(JobNotFound):
        await waiters.wait(7)


async def test_an_end_that_this_client_wrote_is_looked_for_at_once(
    waiters: Waiters, machine: StoppedClock, table: Table
) -> None:
    waiting = asyncio.ensure_future(waiters.wait(1))
    await machine.advance(10 * SECOND)
    waiters.ended([(1, JobState.RETRYABLE), (2, JobState.COMPLETED)])
    looks = table.looks
    await machine.advance()
    assert table.looks == looks
    table.states[1] = JobState.COMPLETED
    waiters.ended([(1, JobState.COMPLETED)])
    await machine.advance()
    assert waiting.done()
    assert (await waiting).id == 1


async def test_a_client_that_stops_says_so_to_whoever_waits(waiters: Waiters, machine: StoppedClock) -> None:
    waiting = asyncio.ensure_future(waiters.wait(1))
    await machine.advance(SECOND)
    await waiters.close()
    await settle()
    with pytest.raises(JobsError, match="the client was stopped"):
        await waiting
