"""One leader for both engines' clients.

Scenarios: leader_election_disabled_both_directions, mixed_leader_failover_both_directions, mixed_request_resign_terms,
mixed_leader_death_failover_both_directions, leadership_renewal_under_slow_maintenance, periodic_unique_cross_engine.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from tests.fakes.engine import eventually
from tests.interop.acts import insert, start, start_listening
from tests.interop.conftest import LIMIT, AnyPeer, Pair, Rows
from tests.interop.peer import OurProcess


async def test_a_client_that_may_not_lead_leaves_it_to_the_other(pair: Pair, rows: Rows) -> None:
    await start(pair.one, leader_election_disabled=True)
    await rows.when(await insert(pair.other), "completed")
    assert await rows.leader() is None

    await start(pair.other, queues={"elsewhere": {"max_workers": 1}})
    await rows.led_by(pair.other.name)
    row = await rows.when(await insert(pair.other), "completed")

    assert row["attempted_by"] == [pair.one.name]
    assert await rows.leader() == pair.other.name


async def test_a_leader_that_stops_is_followed_by_the_other_at_once(pair: Pair, rows: Rows) -> None:
    await start(pair.one)
    before = await rows.led_by(pair.one.name)
    await start(pair.other)
    await rows.when(await insert(pair.other), "completed")
    before = await rows.led_by(pair.one.name)

    await pair.one.call("stop", client=pair.one.name)

    after = await rows.led_by(pair.other.name)
    # Not when the lease had run out, but when it was given back.
    assert before["elected_at"] < after["elected_at"] < before["expires_at"]


async def test_a_leader_that_is_asked_to_resign_ends_its_term(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.one, rows)
    before = await rows.led_by(pair.one.name)

    await pair.other.call("request_resign")

    after = await rows.led_by(pair.one.name, not_at=before["elected_at"])
    assert after["elected_at"] > before["elected_at"]


async def test_either_leads_after_a_resignation_that_both_hear_of(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.one, rows)
    term = (await rows.led_by(pair.one.name))["elected_at"]
    await start_listening(pair.other, rows, queues={"more": {"max_workers": 1}})
    for asked_by in (pair.one, pair.other, pair.one):
        await asked_by.call("request_resign")

        async def look(old: object = term) -> asyncpg.Record | None:
            return await rows.pool.fetchrow(
                "SELECT * FROM river_leader WHERE expires_at > now() AND elected_at <> $1", old
            )

        term = (await eventually(look, within=LIMIT))["elected_at"]
    assert await rows.leader() in {"go", "ours"}
    assert await rows.pool.fetchval("SELECT count(*) FROM river_leader") == 1


async def test_a_killed_leader_is_followed_by_the_other(
    pair: Pair, rows: Rows, start_process: Callable[[], Awaitable[OurProcess]]
) -> None:
    doomed: AnyPeer = await start_process() if pair.one is pair.ours else pair.one
    await start(doomed)
    await rows.led_by(doomed.name)
    await start(pair.other, client="follower")

    await doomed.kill()

    await rows.led_by("follower")
    later = await insert(pair.other, scheduled_at="2026-01-01T00:00:00Z")
    assert (await rows.when(later, "completed"))["attempted_by"] == ["follower"]


async def test_a_leader_stays_though_its_maintenance_waits(pair: Pair, rows: Rows) -> None:
    await start(pair.one, quick=True)
    term = await rows.led_by(pair.one.name)
    async with rows.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE river_job IN ACCESS EXCLUSIVE MODE")

        async def look() -> bool:
            row = await rows.led_by(pair.one.name)
            assert row["elected_at"] == term["elected_at"]
            # Renewed twice at least, both in the time that nobody could read a job.
            return bool(row["expires_at"] - term["expires_at"] > timedelta(seconds=9))

        await eventually(look, within=LIMIT)
    await rows.when(await insert(pair.other), "completed")


async def test_a_periodic_job_that_both_declare_is_there_once_when_it_is_unique(pair: Pair, rows: Rows) -> None:
    """Ours is inserted whoever leads, Go's by the leader: uniqueness is what keeps them one."""
    job = {
        "id": "daily",
        "kind": "job",
        "args": {},
        "every_ms": 86_400_000,
        "run_on_start": True,
        "opts": {"queue": "nobodys", "unique": {"by_period_ms": 86_400_000}},
    }
    for peer in (pair.one, pair.other):
        await start(peer, quick=True, periodic=[job])

        async def is_planned() -> bool:
            return bool(await rows.pool.fetchval("SELECT count(*) FROM river_job"))

        await eventually(is_planned, within=LIMIT)
    await pair.one.call("stop", client=pair.one.name)
    await rows.led_by(pair.other.name)
    await rows.pool.execute("SELECT pg_sleep(1)")

    assert await rows.pool.fetchval("SELECT array_agg(DISTINCT metadata::text) FROM river_job") == [
        '{"periodic": true, "river:periodic_job_id": "daily"}'
    ]
    days = "SELECT count(*) - count(DISTINCT date_trunc('day', scheduled_at AT TIME ZONE 'UTC')) FROM river_job"
    assert await rows.pool.fetchval(days) == 0
