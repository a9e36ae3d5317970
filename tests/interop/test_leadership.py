"""One leader for both engines' clients.

Scenarios: leader_election_disabled_both_directions, mixed_leader_failover_both_directions, mixed_request_resign_terms,
mixed_leader_death_failover_both_directions.
"""

from collections.abc import Awaitable, Callable

import asyncpg

from tests.fakes.engine import eventually
from tests.interop.acts import insert, start, start_listening
from tests.interop.conftest import LIMIT, AnyPeer, Pair, Rows
from tests.interop.peer import OurProcess


async def led_by(rows: Rows, name: str, *, not_at: object = None) -> asyncpg.Record:
    """Return the leader's row as soon as it is of ``name``, and of another term than ``not_at``."""

    async def look() -> asyncpg.Record | None:
        row = await rows.pool.fetchrow("SELECT * FROM river_leader WHERE expires_at > now()")
        return row if row and row["leader_id"] == name and row["elected_at"] != not_at else None

    found: asyncpg.Record = await eventually(look, within=LIMIT)
    return found


async def test_a_client_that_may_not_lead_leaves_it_to_the_other(pair: Pair, rows: Rows) -> None:
    await start(pair.one, leader_election_disabled=True)
    await rows.when(await insert(pair.other), "completed")
    assert await rows.leader() is None

    await start(pair.other, queues={"elsewhere": {"max_workers": 1}})
    await led_by(rows, pair.other.name)
    row = await rows.when(await insert(pair.other), "completed")

    assert row["attempted_by"] == [pair.one.name]
    assert await rows.leader() == pair.other.name


async def test_a_leader_that_stops_is_followed_by_the_other_at_once(pair: Pair, rows: Rows) -> None:
    await start(pair.one)
    before = await led_by(rows, pair.one.name)
    await start(pair.other)
    await rows.when(await insert(pair.other), "completed")
    before = await led_by(rows, pair.one.name)

    await pair.one.call("stop", client=pair.one.name)

    after = await led_by(rows, pair.other.name)
    # Not when the lease had run out, but when it was given back.
    assert before["elected_at"] < after["elected_at"] < before["expires_at"]


async def test_a_leader_that_is_asked_to_resign_ends_its_term(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.one, rows)
    before = await led_by(rows, pair.one.name)

    await pair.other.call("request_resign")

    after = await led_by(rows, pair.one.name, not_at=before["elected_at"])
    assert after["elected_at"] > before["elected_at"]


async def test_either_leads_after_a_resignation_that_both_hear_of(pair: Pair, rows: Rows) -> None:
    await start_listening(pair.one, rows)
    term = (await led_by(rows, pair.one.name))["elected_at"]
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
    await led_by(rows, doomed.name)
    await start(pair.other, client="follower")

    await doomed.kill()

    await led_by(rows, "follower")
    later = await insert(pair.other, scheduled_at="2026-01-01T00:00:00Z")
    assert (await rows.when(later, "completed"))["attempted_by"] == ["follower"]
