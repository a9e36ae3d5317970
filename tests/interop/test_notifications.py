"""Notifications of one engine are heard by the other, byte for byte what River sends.

Scenarios: notification_only_wakeups, notification_payload_bytes, pause_resume_notification, remote_cancel_notification,
remote_queue_subscription_events,
transactional_cross_language_cancel, transactional_insert_notification_commit_only.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from tests.fakes.engine import eventually
from tests.interop.acts import QUEUES, errors_of, insert, start, start_listening
from tests.interop.conftest import LIMIT, AnyPeer, Pair, Rows
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import GoPeer

TOPICS = ("river_insert", "river_control", "river_leadership")

Heard = Callable[[], Awaitable[list[tuple[str, str]]]]


@pytest.fixture
async def heard(database: str) -> AsyncIterator[Heard]:
    """Return what was notified until now, in order, since it was asked last."""
    conn = await asyncpg.connect(database)
    got: list[tuple[str, str]] = []
    for topic in TOPICS:
        await conn.add_listener(f"public.{topic}", lambda _, __, channel, payload: got.append((channel, str(payload))))
    until_now = asyncio.Event()
    await conn.add_listener("until_now", lambda *_: until_now.set())

    async def take() -> list[tuple[str, str]]:
        until_now.clear()
        await conn.execute("NOTIFY until_now")
        await until_now.wait()
        taken, got[:] = list(got), []
        return taken

    yield take
    await conn.close()


async def test_an_insert_is_heard_without_any_poll(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.other, rows)
    for _ in range(3):
        await rows.when(await insert(pair.one), "completed")
        # Go tells of a queue once in its cooldown, which is 100 ms for a client that only inserts.
        await rows.pool.execute("SELECT pg_sleep(0.2)")


async def test_an_insert_is_heard_when_it_is_committed_and_not_before(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.other, rows)
    await pair.one.call("begin", tx="insert")
    job_id = await insert(pair.one, {"do": "hold"}, tx="insert")
    # A job of the worker's own proves that it fetched meanwhile.
    await rows.when(await insert(pair.other), "completed")
    assert not pair.other.told("work_started", job_id=job_id)

    await pair.one.call("commit", tx="insert")

    while (started := await pair.other.event("work_started"))["job"]["id"] != job_id:
        pass
    assert started["job"]["attempt"] == 1


async def test_a_pause_stops_the_fetching_and_a_resume_begins_it(pair: Pair, rows: Rows) -> None:
    await start(pair.other, queues={**QUEUES, "more": {"max_workers": 1}}, fetch_poll_interval_ms=200)
    for paused, resumed in (("default", "default"), ("*", "*"), ("*", "default")):
        await pair.one.call("queue_pause", name=paused)
        await rested(rows)
        job_id = await insert(pair.one)
        await rested(rows)
        assert (await rows.job(job_id))["state"] == "available"

        await pair.one.call("queue_resume", name=resumed)
        await rows.when(job_id, "completed")
    assert await rows.pool.fetchval("SELECT array_agg(name) FROM river_queue WHERE paused_at IS NOT NULL") == ["more"]


async def rested(rows: Rows) -> None:
    """Give the other time for a few polls."""
    await rows.pool.execute("SELECT pg_sleep(1)")


async def test_a_queue_that_was_paused_before_the_start_rests(pair: Pair, rows: Rows) -> None:
    await start(pair.other)
    await pair.other.call("stop", client=pair.other.name)
    await pair.one.call("queue_pause", name="default")
    job_id = await insert(pair.one)
    await start(pair.other, fetch_poll_interval_ms=200)
    await rested(rows)
    assert (await rows.job(job_id))["state"] == "available"

    await pair.one.call("queue_resume", name="default")

    await rows.when(job_id, "completed")


async def test_who_watches_a_queue_is_told_of_the_others_pause(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.other, rows)

    await pair.one.call("queue_pause", name="default")
    assert (await pair.other.event("queue_paused"))["queue"] == "default"
    await pair.one.call("queue_resume", name="*")
    assert (await pair.other.event("queue_resumed"))["queue"] == "default"
    job_id = await insert(pair.one)
    while (done := await pair.other.event("job_completed"))["job"]["id"] != job_id:
        pass
    assert done["job"]["state"] == "completed"


async def test_a_cancel_reaches_what_the_other_runs(pair: Pair, rows: Rows) -> None:
    await start(pair.other)
    job_id = await insert(pair.one, {"do": "hold"})
    await pair.other.event("work_started")

    as_it_was = await pair.one.call("cancel", job_id=job_id)

    assert as_it_was["state"] == "running"
    row = await rows.when(job_id, "cancelled")
    assert [error["error"] for error in errors_of(row)] == ["JobCancelError: job cancelled remotely"]
    assert list(json.loads(row["metadata"])) == ["cancel_attempted_at"]


async def test_a_cancel_in_a_transaction_counts_from_its_commit(pair: Pair, rows: Rows) -> None:
    await start(pair.other)
    job_ids = [await insert(pair.one, {"do": "hold"}) for _ in range(2)]
    for _ in job_ids:
        await pair.other.event("work_started")

    for tx, job_id in zip(("taken back", "kept"), job_ids, strict=True):
        await pair.one.call("begin", tx=tx)
        await pair.one.call("cancel", job_id=job_id, tx=tx)
    assert [(await rows.job(job_id))["metadata"] for job_id in job_ids] == ["{}", "{}"]
    await pair.one.call("rollback", tx="taken back")
    await pair.one.call("commit", tx="kept")

    await rows.when(job_ids[1], "cancelled")
    assert (await rows.job(job_ids[0]))["state"] == "running"
    await pair.other.call("release", job_id=job_ids[0])
    await rows.when(job_ids[0], "completed")


async def everything_that_notifies(peer: AnyPeer, rows: Rows) -> None:
    """Do each thing that sends a notification."""
    await insert(peer, queue="some_queue-1")
    await insert(peer, scheduled_at="2031-01-01T00:00:00Z")  # sends none
    waiting = await insert(peer, queue="paused")
    await peer.call("cancel", job_id=waiting)
    await peer.call("cancel", job_id=waiting)  # has ended: sends none
    await peer.call("queue_pause", name="paused")
    await peer.call("queue_resume", name="*")
    await start(peer, client="a client", queues={"paused": {"max_workers": 1}})

    async def is_led() -> bool:
        return await rows.leader() is not None

    await eventually(is_led, within=LIMIT)
    await peer.call("request_resign")
    await peer.call("stop", client="a client")


async def test_the_bytes_are_the_same(go: GoPeer, ours: OurPeer, rows: Rows, heard: Heard) -> None:
    sent: dict[str, list[tuple[str, str]]] = {}
    for peer in (go, ours):
        await rows.pool.execute("TRUNCATE river_job, river_queue, river_leader RESTART IDENTITY")
        await rows.pool.execute("INSERT INTO river_queue (name, updated_at) VALUES ('paused', now())")
        await heard()
        await everything_that_notifies(peer, rows)
        told = await heard()
        sent[peer.name] = sorted(set(told))

    assert sent["go"] == sent["ours"]
    assert ("public.river_insert", '{"queue": "some_queue-1"}') in sent["ours"]
    assert ("public.river_control", '{"action" : "cancel", "job_id" : 3, "queue" : "paused"}') in sent["ours"]
    assert ("public.river_control", '{"action":"resume","queue":"*"}') in sent["ours"]
    assert ("public.river_leadership", '{"leader_id" : "a client", "action" : "resigned"}') in sent["ours"]
    assert ("public.river_leadership", '{"action":"request_resign","leader_id":""}') in sent["ours"]
