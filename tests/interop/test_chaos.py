"""What ends badly in one engine is made good by the other.

Scenarios: candidate_process_kill_reference_rescue, reference_process_kill_candidate_rescue, process_kill_restart_and_rescue,
listener_backend_disconnect_reconnect, lost_notification_poll_recovery, ignored_cancellation_hard_abort,
completion_row_lock_wait.
"""

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.fakes.engine import eventually
from tests.interop.acts import NEVER, errors_of, insert, start, start_listening
from tests.interop.conftest import LIMIT, AnyPeer, Pair, Rows
from tests.interop.peer import GoPeer, OurProcess

StartProcess = Callable[[], Awaitable[OurProcess]]
OLD = "UPDATE river_job SET attempted_at = attempted_at - interval '2 hours' WHERE state = 'running'"
RESCUED = "Stuck job rescued by JobRescuer"


@pytest.fixture
async def doomed(pair: Pair, start_process: StartProcess) -> AnyPeer:
    """The first of the pair, in a process that can be killed."""
    return pair.one if pair.one is pair.go else await start_process()


async def test_a_killed_processs_job_is_rescued_by_the_others_leader(pair: Pair, doomed: AnyPeer, rows: Rows) -> None:
    """By River's rule, after an hour, since Go knows no other, and Go's processes no liveness."""
    await start(doomed, leader_election_disabled=True)
    job_id = await insert(pair.other, {"do": "hold"}, {"do": "ok"})
    await doomed.event("work_started")
    await doomed.kill()
    await rows.pool.execute(OLD)
    # As if nobody of ours had looked after it.
    await rows.pool.execute("DELETE FROM revenge_job_node")

    await start(pair.other, client="rescuer", quick=True, rescue_after_ms=3_600_000)

    row = await rows.when(job_id, "completed")
    assert (row["attempt"], row["attempted_by"]) == (2, [doomed.name, "rescuer"])
    assert [(error["attempt"], error["error"], error["trace"]) for error in errors_of(row)] == [(1, RESCUED, "")]
    assert json.loads(row["metadata"]) == {"river:rescue_count": 1}


async def test_a_killed_process_of_ours_is_missed_within_seconds_though_go_leads(
    go: GoPeer, start_process: StartProcess, rows: Rows
) -> None:
    await start(go, queues={"elsewhere": {"max_workers": 1}})

    await rows.led_by("go")
    doomed, survivor = await start_process(), await start_process()
    await start(doomed, client="doomed")
    job_id = await insert(go, {"do": "hold"})
    await doomed.event("work_started")
    await start(survivor, client="survivor")
    await rows.when(await insert(go), "completed")

    await doomed.kill()

    started = await survivor.event("work_started")
    while started["job"]["id"] != job_id:
        started = await survivor.event("work_started")
    # Not its fault: the attempt was given back.
    assert started["job"]["attempt"] == 1
    await survivor.call("release", job_id=job_id)
    row = await rows.when(job_id, "completed")
    assert (row["attempted_by"], row["error_texts"]) == (["doomed", "survivor"], None)
    assert await rows.leader() == "go"


async def test_what_was_inserted_while_the_listener_was_cut_off_is_found(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.one, rows)
    await rows.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND query ILIKE 'LISTEN%'"
    )
    job_id = await insert(pair.other)
    if pair.one is pair.go:  # Go catches up with nothing: the next notification, or a poll, wakes it
        await _notify_until(rows, job_id)

    await rows.when(job_id, "completed")


async def _notify_until(rows: Rows, job_id: int) -> None:
    async def is_done() -> bool:
        await rows.pool.execute("""SELECT pg_notify('public.river_insert', '{"queue": "default"}')""")
        return bool((await rows.job(job_id))["state"] == "completed")

    await eventually(is_done, within=LIMIT)


async def test_a_job_that_nobody_was_told_of_is_polled_for(pair: Pair, rows: Rows) -> None:
    await start(pair.one, fetch_poll_interval_ms=300)
    job_id = await rows.pool.fetchval(
        "INSERT INTO river_job (kind, args, max_attempts) VALUES ('job', '{}', 1) RETURNING id"
    )
    await rows.when(job_id, "completed")


@pytest.mark.parametrize("action", ["cancel", "pause"])
async def test_without_a_listener_the_others_wish_is_polled_for(pair: Pair, rows: Rows, action: str) -> None:
    await start(pair.one, poll_only=True)
    job_id = await insert(pair.other, {"do": "hold"})
    await pair.one.event("work_started")
    if action == "cancel":
        await pair.other.call("cancel", job_id=job_id)
        await rows.when(job_id, "cancelled")
        return
    await pair.other.call("queue_pause", name="default")

    await rows.pool.execute("SELECT pg_sleep(3)")  # both poll every 2 s at most
    later = await insert(pair.other)
    await rows.pool.execute("SELECT pg_sleep(1.5)")
    assert (await rows.job(later))["state"] == "available"
    await pair.other.call("queue_resume", name="default")
    await rows.when(later, "completed")


async def test_a_result_waits_for_a_row_that_the_other_has_locked(pair: Pair, rows: Rows) -> None:
    await start(pair.one)
    job_id = await insert(pair.other, {"do": "hold"})
    await pair.one.event("work_started")
    async with rows.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", job_id)
        await pair.one.call("release", job_id=job_id)
        await pair.one.event("work_ended", job_id=job_id)
        await conn.execute("SELECT pg_sleep(0.5)")
        assert await conn.fetchval("SELECT state::text FROM river_job WHERE id = $1", job_id) == "running"

    await rows.when(job_id, "completed")


async def test_a_job_that_ignores_its_cancel_ends_when_its_process_is_killed(
    pair: Pair, doomed: AnyPeer, rows: Rows
) -> None:
    await start(doomed, leader_election_disabled=True, fetch_poll_interval_ms=NEVER)
    job_id = await insert(pair.other, {"do": "block", "ms": 600_000})
    await doomed.event("work_started")
    await pair.other.call("cancel", job_id=job_id)
    assert (await rows.job(job_id))["state"] == "running"

    await doomed.kill()
    await rows.pool.execute(OLD)
    await rows.pool.execute("DELETE FROM revenge_job_node")
    await start(pair.other, client="rescuer", quick=True, rescue_after_ms=3_600_000)

    row = await rows.when(job_id, "cancelled")
    assert [error["error"] for error in errors_of(row)] == [RESCUED]
