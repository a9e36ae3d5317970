"""Who is a suspect, and how suspects are run: apart, or one at a time and written down before."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from threading import Lock
from typing import Any

import orjson
import pytest

from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.errors import InvalidJob, IsolationFailed, StoreError, WorkerLost
from revenge.infra.jobs.isolation import Isolation
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.outcome import SOON
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.suspects import Suspects, is_suspect
from revenge.infra.jobs.testing import StoppedClock
from revenge.infra.jobs.verdict import Verdicts
from tests.fakes.engine import attempt, claim


@pytest.mark.parametrize(
    ("metadata", "suspect"),
    [
        (None, False),
        ("{}", False),
        ('{"revenge:lost": 1}', False),
        ('{"revenge:lost": 2}', True),
        ('{"revenge:lost": 7, "mine": 1}', True),
        ('{"note": "revenge:lost", "snoozes": 9}', False),
        ('{"revenge:lost": "many"}', False),
        ('["revenge:lost"]', False),
        ('{"revenge:outages": 99}', False),
    ],
)
def test_a_job_is_a_suspect_after_its_second_loss(metadata: str | None, suspect: bool) -> None:
    assert is_suspect(claim(metadata_json=metadata)) is suspect


class Court:
    """An accuser that a test can hold up, and a record of what happened."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.answers: list[bool | StoreError] = []

    async def accuse(self, claim: Claim) -> bool:
        self.happened.append(f"accused {claim.id}")
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, StoreError):
            raise answer
        return answer

    def work(self, accused: Attempt, until: asyncio.Event | None = None) -> Coroutine[Any, Any, object]:
        async def run() -> object:
            self.happened.append(f"runs {accused.claim.id}")
            if until is not None:
                await until.wait()
            self.happened.append(f"ends {accused.claim.id}")
            return accused.claim.id

        return run()

    def begins(self, accused: Attempt) -> Callable[[], None]:
        return lambda: self.happened.append(f"begins {accused.claim.id}")


class Apart:
    """An isolation that answers as the test says."""

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer

    async def run(self, attempt: Attempt, *, begin: Callable[[], None]) -> object:
        begin()
        return self._answer()

    async def close(self) -> None: ...


async def test_without_isolation_suspects_run_one_at_a_time_each_accused_before_it_begins() -> None:
    court, let_go = Court(), asyncio.Event()
    suspects = Suspects(clock=StoppedClock(), accuser=court, isolation=None)
    one, two = attempt(id=1), attempt(id=2)
    first = asyncio.create_task(suspects.run(one, court.work(one, let_go), begin=court.begins(one)))
    second = asyncio.create_task(suspects.run(two, court.work(two), begin=court.begins(two)))
    while "runs 1" not in court.happened:
        await asyncio.to_thread(lambda: None)
    assert court.happened == ["accused 1", "begins 1", "runs 1"]
    let_go.set()
    assert (await first, await second) == (1, 2)
    assert court.happened[3:] == ["ends 1", "accused 2", "begins 2", "runs 2", "ends 2"]


async def test_a_suspect_that_runs_apart_is_not_run_here() -> None:
    court, one = Court(), attempt(id=1)
    suspects = Suspects(clock=StoppedClock(), accuser=court, isolation=Apart(lambda: "over there"))
    assert await suspects.run(one, court.work(one), begin=court.begins(one)) == "over there"
    assert court.happened == ["begins 1"]


async def test_a_process_that_cannot_be_made_is_no_fault_of_the_job(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> object:
        raise IsolationFailed("no memory")

    court, one = Court(), attempt(id=1)
    suspects = Suspects(clock=StoppedClock(), accuser=court, isolation=Apart(fail))
    assert await suspects.run(one, court.work(one), begin=court.begins(one)) == 1
    assert "accused 1" in court.happened
    assert "suspect.not_isolated" in caplog.messages


async def test_nobody_is_run_before_the_accusation_is_written() -> None:
    court, clock, one = Court(), StoppedClock(), attempt(id=1)
    court.answers = [StoreError("gone", retryable=True), StoreError("gone", retryable=True)]
    suspects = Suspects(clock=clock, accuser=court, isolation=None)
    running = asyncio.create_task(suspects.run(one, court.work(one), begin=court.begins(one)))
    while not running.done():
        await clock.advance(SOON)
    assert court.happened == ["accused 1", "accused 1", "accused 1", "begins 1", "runs 1", "ends 1"]


async def test_a_suspect_that_was_handed_on_meanwhile_is_not_run() -> None:
    court, one = Court(), attempt(id=1)
    court.answers = [False]
    suspects = Suspects(clock=StoppedClock(), accuser=court, isolation=None)
    with pytest.raises(asyncio.CancelledError):
        await suspects.run(one, court.work(one), begin=court.begins(one))
    assert (court.happened, one.cause) == (["accused 1"], StopCause.CANCELLED)


@pytest.mark.parametrize(
    ("kills", "attempted", "state"),
    [
        (0, 1, JobState.AVAILABLE),
        (1, 2, JobState.AVAILABLE),
        (2, 3, JobState.DISCARDED),
        (0, 25, JobState.DISCARDED),
        ("x", 1, JobState.AVAILABLE),
    ],
)
def test_the_third_process_that_a_job_kills_is_its_last(kills: object, attempted: int, state: JobState) -> None:
    verdicts = Verdicts(clock=StoppedClock(), retry_policy=LinearRetry(step=SOON / 50), max_worker_losses=3)
    metadata = orjson.dumps({"revenge:killed": kills}).decode() if kills else None
    killer = attempt(attempt=attempted, max_attempts=25, metadata_json=metadata)
    settlement = verdicts.failure(killer, WorkerLost("worker lost: the process died", "Fatal Python error"))
    assert settlement.state is state
    assert settlement.metadata is not None
    assert orjson.loads(settlement.metadata) == {"revenge:killed": kills + 1 if isinstance(kills, int) else 1}
    error = orjson.loads(settlement.error or "")
    assert (error["error"], error["trace"]) == ("worker lost: the process died", "Fatal Python error")


@asynccontextmanager
async def somewhere(_: object = None) -> Any:
    yield None


def test_what_another_process_could_not_find_is_refused_at_once() -> None:
    Isolation(somewhere, kill_after=SOON)
    Isolation(partial(somewhere, {"port": 1}), kill_after=SOON)
    with pytest.raises(InvalidJob, match="isolate must be a function of a module"):
        Isolation(lambda: somewhere(), kill_after=SOON)
    with pytest.raises(InvalidJob, match="the arguments of isolate cannot be pickled"):
        Isolation(partial(somewhere, Lock()), kill_after=SOON)
