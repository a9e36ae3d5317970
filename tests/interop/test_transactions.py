"""What one engine does in a transaction is nothing to the other until its commit, and never when it is undone.

Scenarios: transaction_commit_visibility, transaction_rollback_visibility, transaction_abort_rollback_visibility,
transactional_batch_insertion, typed_batch_insertion, transactional_crud_commit_rollback, transactional_queue_operations.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.interop.acts import insert, start
from tests.interop.conftest import AnyPeer, Pair, Rows
from tests.interop.peer import OurProcess

LATER = "2031-01-01T00:00:00Z"
TYPED = {
    "kind": "tagged",
    "type": "tagged",
    "args": {"account": 2**60, "region": "<eu>", "note": "", "owner": {"id": None, "name": "ü"}},
}
"""A struct in Go."""


async def count(rows: Rows) -> int:
    """Return how many jobs there are for everybody."""
    return int(await rows.pool.fetchval("SELECT count(*) FROM river_job"))


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_batch_is_there_as_a_whole_or_not_at_all(pair: Pair, rows: Rows, end: str, fast: bool) -> None:
    jobs = [TYPED, {"kind": "other", "args": {"n": 1}, "opts": {"scheduled_at": LATER, "tags": ["one", "two"]}}] * 50
    await pair.one.call("begin", tx="batch")
    await pair.one.call("insert_many", jobs=jobs, fast=fast, tx="batch")
    assert await count(rows) == 0
    assert (await pair.other.call("list"))["jobs"] == []

    await pair.one.call(end, tx="batch")

    expected = len(jobs) if end == "commit" else 0
    assert len((await pair.other.call("list", first=1000))["jobs"]) == expected
    if expected:
        both = await rows.pool.fetch("SELECT DISTINCT kind, args::text, queue, tags FROM river_job ORDER BY kind")
        assert [row["kind"] for row in both] == ["other", "tagged"]


async def test_a_batch_reads_the_same_whoever_inserts_it(pair: Pair, rows: Rows) -> None:
    jobs = [{**TYPED, "opts": {"queue": "bulk", "max_attempts": 3, "tags": ["one", "two"], "priority": 2}}]
    texts = set()
    for peer in (pair.one, pair.other):
        for fast in (True, False):
            await rows.pool.execute("TRUNCATE river_job")
            await peer.call("insert_many", jobs=jobs * 3, fast=fast)
            found = await rows.pool.fetch(
                "SELECT state, attempt, max_attempts, attempted_at, finalized_at, priority, args::text, attempted_by, errors, "
                "kind, metadata::text, queue, tags, unique_key, unique_states FROM river_job"
            )
            texts.add(str([tuple(row) for row in found]))
    assert len(texts) == 1


async def test_a_transaction_that_fails_leaves_nothing(
    pair: Pair, rows: Rows, start_process: Callable[[], Awaitable[OurProcess]]
) -> None:
    """An error ends it: neither engine opens savepoints. A process that dies ends it as well."""
    doomed: AnyPeer = pair.one if pair.one is pair.go else await start_process()
    await doomed.call("begin", tx="fails")
    await insert(doomed, tx="fails")
    same = {"kind": "job", "args": {}, "opts": {"unique": {"by_args": True}}}
    with pytest.raises(Exception, match="river_job_unique_idx"):
        await doomed.call("insert_many", jobs=[same, same], fast=True, tx="fails")
    with pytest.raises(Exception, match="aborted"):
        await insert(doomed, tx="fails")

    await doomed.call("begin", tx="dies")
    await insert(doomed, tx="dies")
    await doomed.kill()

    assert await count(rows) == 0
    job_id = await insert(pair.other)
    await start(pair.other)
    await rows.when(job_id, "completed")


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_changes_of_single_jobs_count_from_the_commit(pair: Pair, rows: Rows, end: str) -> None:
    commands: dict[str, dict[str, Any]] = {"cancel": {}, "retry": {}, "delete": {}, "update": {"output": 1}}
    jobs = {command: await insert(pair.other, scheduled_at=LATER) for command in commands}
    before = {command: await rows.find(job_id) for command, job_id in jobs.items()}

    await pair.one.call("begin", tx="changes")
    for command, more in commands.items():
        await pair.one.call(command, job_id=jobs[command], tx="changes", **more)
    assert {command: await rows.find(job_id) for command, job_id in jobs.items()} == before
    await pair.one.call(end, tx="changes")

    after = {command: await rows.find(job_id) for command, job_id in jobs.items()}
    if end == "rollback":
        assert after == before
        return
    assert after["delete"] is None
    assert [after[name]["state"] for name in ("cancel", "retry", "update")] == ["cancelled", "available", "scheduled"]  # type: ignore[index]
    assert after["update"]["metadata"] == '{"output": 1}'  # type: ignore[index]


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_pause_in_a_transaction_counts_from_its_commit(pair: Pair, rows: Rows, end: str) -> None:
    await start(pair.other, fetch_poll_interval_ms=200)
    await pair.one.call("begin", tx="pause")
    await pair.one.call("queue_pause", name="default", tx="pause")
    await rows.when(await insert(pair.other), "completed")

    await pair.one.call(end, tx="pause")
    await rows.pool.execute("SELECT pg_sleep(1)")

    job_id = await insert(pair.other)
    if end == "commit":
        await rows.pool.execute("SELECT pg_sleep(1)")
        assert (await rows.job(job_id))["state"] == "available"
        await pair.one.call("queue_resume", name="default")
    await rows.when(job_id, "completed")
