"""Plugins are called in the order of River's hooks and middleware, and make of jobs what River's make of them."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import (
    AttemptEnded,
    Cancel,
    Client,
    ClientConfig,
    InsertOpts,
    InsertResult,
    Job,
    JobArgs,
    JobInsertParams,
    LinearRetry,
    Worker,
    Workers,
    WorkOutcome,
)
from tests.interop.conftest import LIMIT, Rows
from tests.interop.peer import GoPeer

NOTES: list[str] = []
"""The calls of one run: arguments' classes are made before any."""


def text_of(error: BaseException | None) -> str:
    return "well" if error is None else str(error)


class OfWork:
    """Notes the calls around an attempt."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        NOTES.append(f"{self.name}: work")
        try:
            result = await proceed()
        except Exception as error:
            NOTES.append(f"{self.name}: worked {text_of(error)}")
            raise
        NOTES.append(f"{self.name}: worked well")
        return result


class Noting(OfWork):
    """Notes each of its calls."""

    def __init__(self, name: str, *, refuses: bool = False, replaces: bool = False, swallows: bool = False) -> None:
        super().__init__(name)
        self._refuses, self._replaces, self._swallows = refuses, replaces, swallows

    async def around_insert(
        self, jobs: Sequence[JobInsertParams], proceed: Callable[[], Awaitable[Sequence[InsertResult]]]
    ) -> Sequence[InsertResult]:
        NOTES.append(f"{self.name}: insert {len(jobs)}")
        results = await proceed()
        NOTES.append(f"{self.name}: inserted {len(results)}")
        return results

    async def insert_begin(self, params: JobInsertParams) -> None:
        NOTES.append(f"{self.name}: insert begin {params.kind}")
        params.metadata[f"by_{self.name}"] = params.kind

    async def work_begin(self, job: Job[Any]) -> None:
        NOTES.append(f"{self.name}: work begin")
        if self._refuses:
            raise RuntimeError("refused")

    async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> WorkOutcome | None:
        NOTES.append(f"{self.name}: work end {text_of(outcome.error)}")
        if self._replaces:
            raise RuntimeError("replaced")
        return WorkOutcome() if self._swallows else None


class NotingErrors:
    def __init__(self, *, cancels: bool) -> None:
        self._cancels = cancels

    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        NOTES.append(f"error {error}")
        return Cancel("as the test wants") if self._cancels else None


class NotedArgs(JobArgs, kind="noted"):
    do: str
    insert_opts = InsertOpts(queue="noted")
    plugins = (Noting("kind"),)


class OtherArgs(JobArgs, kind="other"):
    insert_opts = InsertOpts(queue="elsewhere")
    plugins = (Noting("other"),)


class NotedWorker(Worker[NotedArgs]):
    plugins = (OfWork("worker"),)

    async def work(self, job: Job[NotedArgs]) -> None:
        NOTES.append("at work")
        if job.args.do == "fail":
            raise RuntimeError("failed")


async def run_ours(
    pool: "asyncpg.Pool[asyncpg.Record]", *, do: str = "nothing", cancels: bool = False, **how: bool
) -> dict[str, Any]:
    """Do what the Go peer's command ``extensions`` does."""
    NOTES.clear()
    workers = Workers([NotedWorker()])
    workers.declare(OtherArgs)
    client = Client(
        pool,
        config=ClientConfig(queues={"noted": 1}, retry_policy=LinearRetry()),
        workers=workers,
        plugins=[Noting("one", **how), Noting("two"), NotingErrors(cancels=cancels)],
    )
    inserted = await client.insert_many([OtherArgs(), NotedArgs(do=do), OtherArgs()])
    with client.subscribe_local() as events:
        await client.start()
        ended = await anext(events)
        await client.stop(soft=LIMIT)
    assert isinstance(ended, AttemptEnded)
    return {
        "notes": list(NOTES),
        "job_id": inserted[1].job.id,
        "event": ended.kind.value,
        "state": ended.job.state.value,
    }


async def same(go: GoPeer, pool: "asyncpg.Pool[asyncpg.Record]", rows: Rows, **how: Any) -> list[str]:
    """Run both; return the calls, which must be the same, as must be what became of the jobs."""
    theirs = await go.call("extensions", **how)
    ours = await run_ours(pool, **how)
    their_row, our_row = await rows.job(theirs.pop("job_id")), await rows.job(ours.pop("job_id"))
    assert ours == theirs
    for column in ("state", "attempt", "kind", "queue"):
        assert our_row[column] == their_row[column]
    assert json.loads(our_row["metadata"]) == json.loads(their_row["metadata"])
    assert len(our_row["error_texts"] or ()) == len(their_row["error_texts"] or ())
    notes: list[str] = ours["notes"]
    return notes


async def test_extension_hook_middleware_order(go: GoPeer, pool: "asyncpg.Pool[asyncpg.Record]", rows: Rows) -> None:
    notes = await same(go, pool, rows)
    assert notes[:4] == ["one: insert 3", "two: insert 3", "other: insert 3", "kind: insert 3"]
    assert notes[-4:] == ["kind: worked well", "two: worked well", "one: worked well", "worker: worked well"]
    assert len(notes) == 32


@pytest.mark.parametrize(
    "how", [{"refuses": True}, {"replaces": True}, {"do": "fail"}, {"do": "fail", "swallows": True}]
)
async def test_hooks_make_the_same_of_an_attempt(
    go: GoPeer, pool: "asyncpg.Pool[asyncpg.Record]", rows: Rows, how: dict[str, Any]
) -> None:
    notes = await same(go, pool, rows, **how)
    assert ("at work" in notes) is ("refuses" not in how)


@pytest.mark.parametrize("how", [{"do": "fail"}, {"refuses": True}])
async def test_error_handler_cancel_override(
    go: GoPeer, pool: "asyncpg.Pool[asyncpg.Record]", rows: Rows, how: dict[str, Any]
) -> None:
    notes = await same(go, pool, rows, cancels=True, **how)
    assert notes[-1].startswith("error ")
    states = await pool.fetch("SELECT state::text, cardinality(errors) AS errors FROM river_job WHERE kind = 'noted'")
    assert [(row["state"], row["errors"]) for row in states] == [("cancelled", 1)] * 2
