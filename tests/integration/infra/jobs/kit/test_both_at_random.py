"""Whatever is done in whatever order, the in-memory client and one on a database hold the same jobs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    Client,
    ClientConfig,
    InsertOpts,
    Job,
    JobFilter,
    JobRow,
    JobsError,
    JobState,
    Snooze,
    UniqueOpts,
    Workers,
)
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.inserting import InsertItem
from revenge.infra.jobs.queue_store import QueueStore
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.testing import MemoryClient, drain
from tests.fakes.engine import ActArgs, Actor

QUEUES = {"default": 1, "first": 1}
LATER = timedelta(hours=1)
UNIQUE = [
    None,
    UniqueOpts(by_args=["number"], by_state=UNFINISHED),
    UniqueOpts(by_args=["number"], by_state=UNFINISHED - {JobState.RETRYABLE}),
    UniqueOpts(by_queue=True),
]
DEEDS = ["complete", "output", "fail", "snooze", "cancel", "snooze at once"]

options = st.builds(
    InsertOpts,
    queue=st.sampled_from([None, *QUEUES]),
    priority=st.sampled_from([None, 1, 4]),
    max_attempts=st.sampled_from([None, 1, 2]),
    scheduled_at=st.sampled_from([None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)]),
    pending=st.booleans(),
    unique=st.sampled_from(UNIQUE),
)
arguments = st.builds(ActArgs, what=st.sampled_from(DEEDS), number=st.integers(0, 2))
places = st.integers(0, 20)


async def _act(job: Job[Any]) -> object:
    match job.args.what:
        case "output":
            return {"attempt": job.attempt}
        case "fail":
            message = "as told"
            raise ValueError(message)
        case "snooze" if not job.metadata.get("snoozes"):
            return Snooze(LATER)
        case "snooze at once" if not job.metadata.get("snoozes"):
            return Snooze(timedelta(0))
        case "cancel":
            return Cancel("as told")
    return None


def _told(job: JobRow) -> dict[str, Any]:
    """Return of a row what both clients have to agree on: all but the moments."""
    return {
        "id": job.id,
        "state": job.state,
        "attempt": (job.attempt, job.max_attempts),
        "queue": (job.queue, job.priority),
        "args": job.args,
        "metadata": {key: value for key, value in job.metadata.items() if key != "cancel_attempted_at"},
        "is_cancelled": "cancel_attempted_at" in job.metadata,
        "errors": [(error.attempt, error.error) for error in job.errors],
        "unique": (job.unique_key, job.unique_states),
        "has_ended": job.finalized_at is not None,
        "attempted_by": job.attempted_by,
    }


class Comparison(RuleBasedStateMachine):
    """Does everything to both, and compares answers, errors and rows."""

    loop: asyncio.Runner
    pool: asyncpg.Pool

    def __init__(self) -> None:
        super().__init__()
        config = ClientConfig(queues=QUEUES, client_id="me", retry_policy=LinearRetry(step=LATER, longest=LATER))
        workers = Workers([Actor(_act)])
        memory = MemoryClient(workers, config=config, clock=SystemClock())
        self.clients: tuple[Client, Client] = (memory, Client(self.pool, config=config, workers=workers))
        self.inserted = 0

    @initialize()
    def begin_with_nothing(self) -> None:
        self.loop.run(self.pool.execute("TRUNCATE river_job, river_queue RESTART IDENTITY"))
        self.loop.run(QueueStore(self.clients[1].store).touch(QUEUES))

    def both(self, call: Callable[[Client], Awaitable[Any]]) -> None:
        answers = [self.loop.run(_answer(call, client)) for client in self.clients]
        assert answers[0] == answers[1]
        rows = [self.loop.run(_rows(client)) for client in self.clients]
        assert rows[0] == rows[1]
        self.inserted = max([self.inserted, *(row["id"] for row in rows[0])])

    @rule(items=st.lists(st.tuples(arguments, options), min_size=1, max_size=3))
    def insert(self, items: list[InsertItem]) -> None:
        self.both(lambda client: client.insert_many(items))

    @precondition(lambda self: self.inserted)
    @rule(place=places, verb=st.sampled_from(["cancel", "retry", "delete", "get"]))
    def change_one(self, place: int, verb: str) -> None:
        self.both(lambda client: getattr(client, verb)(1 + place % self.inserted))

    @rule(verb=st.sampled_from(["cancel_many", "retry_many", "delete_many"]), queue=st.sampled_from(list(QUEUES)))
    def change_many(self, verb: str, queue: str) -> None:
        self.both(lambda client: getattr(client, verb)(JobFilter(queues=[queue]), limit=3))

    @rule(verb=st.sampled_from(["pause_queue", "resume_queue"]), queue=st.sampled_from([*QUEUES, "*"]))
    def pause(self, verb: str, queue: str) -> None:
        self.both(lambda client: getattr(client, verb)(queue))

    @rule(scheduled=st.booleans(), retries=st.booleans())
    def work(self, scheduled: bool, retries: bool) -> None:
        async def outcomes(client: Client) -> list[Any]:
            drained = await drain(client, with_scheduled=scheduled, with_retries=retries, raise_errors=False)
            return [item.job for item in drained]

        self.both(outcomes)


async def _answer(call: Callable[[Client], Awaitable[Any]], client: Client) -> object:
    try:
        answer = await call(client)
    except JobsError as error:
        return type(error)
    if answer is None:
        return None
    if isinstance(answer, JobRow):
        return _told(answer)
    return [_told(item if isinstance(item, JobRow) else item.job) for item in answer]


async def _rows(client: Client) -> list[dict[str, Any]]:
    return [_told(job) for job in (await client.list()).jobs]


@pytest.fixture
def on_database(database: str) -> Iterator[type[Comparison]]:
    """The comparison with a database of the test's own, on a loop of its own: its steps are plain functions."""
    with asyncio.Runner() as loop:
        pool = loop.run(_pool(database))
        yield type("OnDatabase", (Comparison,), {"loop": loop, "pool": pool})
        loop.run(pool.close())


async def _pool(dsn: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(dsn, min_size=1, max_size=2)


@pytest.mark.timeout(300)  # hundreds of drains on a machine that others share
def test_both_hold_the_same_jobs_whatever_is_done(on_database: type[Comparison]) -> None:
    run_state_machine_as_test(
        on_database,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            phases=[Phase.generate],  # twenty steps can be read as they are, and making them fewer takes minutes
        ),
    )
