"""The election on a real ``river_leader``: terms, expiry, resignation, and what the leader runs."""

import asyncio
from datetime import timedelta

import asyncpg
import orjson
import pytest

from revenge.infra.jobs import Client
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.elector import Elector, ElectorConfig
from revenge.infra.jobs.lease import Lease
from revenge.infra.jobs.maintenance.decision import Policies
from revenge.infra.jobs.maintenance.leader import Leader, LeaderConfig
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import RiverRetry
from revenge.infra.jobs.store import Store
from tests.fakes.engine import eventually

SECOND = timedelta(seconds=1)


@pytest.fixture
def store(pool: asyncpg.Pool) -> Store:
    return Store(pool)


async def lead_for_ever() -> None:
    await asyncio.Event().wait()


def elector(store: Store, client_id: str) -> Elector:
    return Elector(clock=SystemClock(), config=ElectorConfig(), store=store, client_id=client_id, lead=lead_for_ever)


async def expire(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE river_leader SET expires_at = now() - interval '1 ms'")


async def test_of_many_one_leads(pool: asyncpg.Pool, store: Store) -> None:
    electors = [elector(store, f"client_{number}") for number in range(8)]
    await asyncio.gather(*(one.step() for one in electors))
    [leader] = [one for one in electors if one.is_leader]
    row = await pool.fetchrow("SELECT *, expires_at - elected_at AS lease FROM river_leader")
    assert row is not None
    assert leader.term is not None
    assert (row["name"], row["leader_id"]) == ("default", leader.term.leader_id)
    assert row["elected_at"] == leader.term.elected_at
    assert row["lease"] == 15 * SECOND
    await leader.resign()


async def test_a_leader_that_hears_nothing_ends_the_very_term_that_was_asked_to(
    pool: asyncpg.Pool, store: Store
) -> None:
    one, client = elector(store, "one"), Client(pool)
    await client.request_resign()
    terms = []
    for _ in range(2):
        await one.step()
        terms.append(one.term)
        await one.step()
        assert one.term == terms[-1], "nobody has asked this one"
        await client.request_resign()
        await client.request_resign()
        await one.step()
        assert one.term == terms[-1], "it has only seen it"
        await one.step()
        assert one.term is None
    assert terms[0] != terms[1]


async def test_a_renewal_extends_the_lease_and_keeps_the_term(pool: asyncpg.Pool, store: Store) -> None:
    one = elector(store, "one")
    await one.step()
    before = await pool.fetchrow("SELECT * FROM river_leader")
    await one.step()
    after = await pool.fetchrow("SELECT * FROM river_leader")
    assert before is not None
    assert after is not None
    assert after["elected_at"] == before["elected_at"]
    assert after["expires_at"] > before["expires_at"]
    await one.resign()


async def test_an_expired_lease_is_taken_over_and_never_revived(pool: asyncpg.Pool, store: Store) -> None:
    one, two = elector(store, "one"), elector(store, "two")
    await one.step()
    await expire(pool)
    await one.step()
    assert not one.is_leader
    await two.step()
    assert two.is_leader
    await one.step()
    assert not one.is_leader
    await two.resign()


async def test_a_second_process_of_the_same_id_has_a_term_of_its_own(pool: asyncpg.Pool, store: Store) -> None:
    one, twin = elector(store, "same"), elector(store, "same")
    await one.step()
    await expire(pool)
    await twin.step()
    # Neither the renewal nor the resignation of the first touches the second's term.
    await one.step()
    assert not one.is_leader
    await one.resign()
    await twin.step()
    assert twin.is_leader
    await twin.resign()


async def test_a_resignation_frees_the_row_and_tells_the_others(pool: asyncpg.Pool, store: Store) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    channel = await store.channel("river_leadership")
    one, two = elector(store, "one"), elector(store, "two")
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear := lambda *args: heard.put_nowait(str(args[3])))
        await one.step()
        await one.resign()
        payload = await heard.get()
        await listening.remove_listener(channel, hear)
    # Byte for byte as River's SQL builds it.
    assert payload == '{"leader_id" : "one", "action" : "resigned"}'
    two.on_notification(orjson.loads(payload))
    await two.step()
    assert two.is_leader
    await two.resign()
    assert await pool.fetchval("SELECT count(*) FROM river_leader") == 0


async def test_two_electors_hand_leadership_over_when_one_stops(pool: asyncpg.Pool, store: Store) -> None:
    one, two = elector(store, "one"), elector(store, "two")
    channel = await store.channel("river_leadership")
    took_over = asyncio.Event()

    async def lead() -> None:
        took_over.set()
        await lead_for_ever()

    two = Elector(clock=SystemClock(), config=ElectorConfig(), store=store, client_id="two", lead=lead)
    await one.step()
    async with pool.acquire() as listening, asyncio.TaskGroup() as group:
        await listening.add_listener(channel, hear := lambda *args: two.on_notification(orjson.loads(str(args[3]))))
        first, second = group.create_task(one.run()), group.create_task(two.run())
        while not await pool.fetchval("SELECT count(*) FROM river_leader WHERE leader_id = 'one'"):
            pass
        first.cancel()
        async with asyncio.timeout(3):
            await took_over.wait()
        second.cancel()
        await asyncio.wait((first, second))
        await listening.remove_listener(channel, hear)


async def test_the_leaders_services_run_and_stop_many_times(pool: asyncpg.Pool, store: Store) -> None:
    policies = Policies(workers=Workers(), timeout=60 * SECOND, retry_policy=RiverRetry())
    leader = Leader(clock=SystemClock(), config=LeaderConfig(stagger=timedelta(0)), store=store, policies=policies)
    before = len(asyncio.all_tasks())
    for _ in range(20):
        await pool.execute(
            "INSERT INTO river_job (kind, args, state, scheduled_at) VALUES ('late', '{}', 'scheduled', now())"
        )
        running = asyncio.create_task(leader.run())
        while await pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'scheduled'"):
            assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def are_gone() -> bool:
        # asyncpg gives connections back in tasks of its own.
        return len(asyncio.all_tasks()) == before

    await eventually(are_gone)


async def test_a_job_that_was_promoted_ahead_is_notified_of_at_its_time(pool: asyncpg.Pool, store: Store) -> None:
    policies = Policies(workers=Workers(), timeout=60 * SECOND, retry_policy=RiverRetry())
    leader = Leader(clock=SystemClock(), config=LeaderConfig(stagger=timedelta(0)), store=store, policies=policies)
    await pool.execute(
        "INSERT INTO river_job (kind, args, state, scheduled_at) VALUES ('soon', '{}', 'scheduled', now() + interval '1 s')"
    )
    heard = asyncio.Event()
    channel = await store.channel("river_insert")
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear := lambda *_: heard.set())
        running = asyncio.create_task(leader.run())
        await heard.wait()
        late = await pool.fetchval("SELECT clock_timestamp() - scheduled_at FROM river_job")
        running.cancel()
        await asyncio.wait((running,))
        await listening.remove_listener(channel, hear)
    assert timedelta(0) <= late < timedelta(milliseconds=500)


async def test_a_lease_has_one_holder_and_its_terms_grow_with_take_overs(pool: asyncpg.Pool, store: Store) -> None:
    one = Lease(store=store, name="demo", holder="one", ttl=60 * SECOND)
    two = Lease(store=store, name="demo", holder="two", ttl=60 * SECOND)
    assert [await one.acquire(), await one.acquire(), await two.acquire()] == [1, 1, None]
    await pool.execute("UPDATE revenge_job_lease SET expires_at = now() - interval '1 ms'")
    assert [await two.acquire(), await one.acquire()] == [2, None]
    await one.release()
    assert await one.acquire() is None
    await two.release()
    assert await one.acquire() == 3


async def test_of_many_who_want_a_lease_at_once_one_gets_it(store: Store) -> None:
    leases = [Lease(store=store, name="demo", holder=f"h{number}", ttl=60 * SECOND) for number in range(8)]
    terms = await asyncio.gather(*(lease.acquire() for lease in leases))
    assert sorted(terms, key=str) == [1] + [None] * 7


def test_a_lease_lasts_for_a_while(store: Store) -> None:
    with pytest.raises(ValueError, match="ttl must be positive, got 0:00:00"):
        Lease(store=store, name="demo", holder="one", ttl=timedelta(0))
