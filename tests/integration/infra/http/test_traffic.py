"""Turns and breakers, wherever they are kept: nodes that share them share the rate."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import asyncpg
import pytest
from redis.asyncio import Redis

from revenge.infra.cache.redis_traffic import RedisTraffic
from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.traffic import Full, Go, LocalTraffic, Open, Traffic
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.redis_server import RedisServer, redis_server


class NoTraffic(LocalTraffic):
    """Must not be asked."""

    def __init__(self) -> None: ...


SLOW = Rate(per_second=0.01, burst=3, longest_wait=timedelta(0))
"""Three turns, and then none within this test."""
BREAKER = Breaker(failures=3, open_for=timedelta(minutes=5))
PATIENT = timedelta(seconds=250)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(params=["local", "database", "redis"])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where turns are kept: an address, or nowhere but here."""
    if request.param == "redis":
        return str(request.getfixturevalue("redis").url)
    return None if request.param == "local" else str(request.getfixturevalue("database"))


@pytest.fixture
async def nodes(place: str | None) -> AsyncIterator[list[Traffic]]:
    """Two nodes; in memory there is one only."""
    if place is None:
        yield [LocalTraffic(SystemClock())] * 2
        return
    if place.startswith("redis"):
        clock = SystemClock()
        async with Redis.from_url(place) as one, Redis.from_url(place) as two:
            await one.flushall()
            yield [RedisTraffic(redis, instead=NoTraffic(), clock=clock) for redis in (one, two)]
        return
    async with asyncpg.create_pool(place, min_size=1) as one, asyncpg.create_pool(place, min_size=1) as two:
        yield [StoredTraffic(one), StoredTraffic(two)]


async def admit(node: Traffic, rate: Rate | None = SLOW, breaker: Breaker = BREAKER) -> Go | Full | Open:
    return await node.admit("tmdb", rate=rate, breaker=breaker)


async def test_nodes_together_get_no_more_turns_than_the_rate_has(nodes: list[Traffic]) -> None:
    """W06, W49: the rate that is configured is the rate that is kept, by all nodes together."""
    found = await asyncio.gather(*(admit(nodes[n % 2]) for n in range(12)))
    assert sum(isinstance(one, Go) for one in found) == 3
    refused = [one for one in found if isinstance(one, Full)]
    assert len(refused) == 9
    assert all(timedelta(seconds=90) < one.retry_after <= timedelta(seconds=100) for one in refused)


async def test_who_may_wait_gets_a_place_in_the_queue(nodes: list[Traffic]) -> None:
    rate = Rate(per_second=0.01, burst=1, longest_wait=PATIENT)
    waits = [await admit(nodes[n % 2], rate) for n in range(4)]
    assert isinstance(waits[3], Full)
    seconds = [one.wait.total_seconds() for one in waits[:3] if isinstance(one, Go)]
    assert seconds == pytest.approx([0, 100, 200], abs=20)


async def test_turns_come_back_with_time(nodes: list[Traffic]) -> None:
    fast = Rate(per_second=1_000_000, burst=1, longest_wait=timedelta(seconds=1))
    for n in range(5):
        assert isinstance(await admit(nodes[n % 2], fast), Go)


async def test_services_have_rates_of_their_own(nodes: list[Traffic]) -> None:
    for _ in range(4):
        last = await admit(nodes[0])
    assert isinstance(last, Full)
    assert isinstance(await nodes[1].admit("omdb", rate=SLOW, breaker=BREAKER), Go)


@pytest.mark.parametrize("rate", [None, SLOW])
async def test_a_block_holds_for_every_node_and_a_shorter_one_does_not_end_it(
    nodes: list[Traffic], rate: Rate | None
) -> None:
    await nodes[0].block("tmdb", for_=timedelta(seconds=100))
    await nodes[1].block("tmdb", for_=timedelta(seconds=1))
    found = await admit(nodes[1], rate)
    assert isinstance(found, Full)
    assert timedelta(seconds=50) < found.retry_after <= timedelta(seconds=100)


@pytest.mark.parametrize("rate", [None, SLOW])
async def test_a_breaker_opens_for_every_node_after_failures_in_a_row(nodes: list[Traffic], rate: Rate | None) -> None:
    for n in range(3):
        assert isinstance(await admit(nodes[n % 2], None), Go)
        await nodes[n % 2].failed("tmdb", breaker=BREAKER)
    for node in nodes:
        found = await admit(node, rate)
        assert isinstance(found, Open)
        assert timedelta(minutes=4) < found.retry_after <= timedelta(minutes=5)
    await nodes[0].mended("tmdb")
    assert await admit(nodes[1], rate) == Go()


async def test_one_success_starts_the_count_anew(nodes: list[Traffic]) -> None:
    await nodes[0].failed("tmdb", breaker=BREAKER)
    await nodes[1].failed("tmdb", breaker=BREAKER)
    assert await admit(nodes[0]) == Go(is_mended=False)
    await nodes[0].mended("tmdb")
    await nodes[1].failed("tmdb", breaker=BREAKER)
    assert await admit(nodes[0]) == Go(is_mended=False)


async def test_one_call_alone_tries_a_service_whose_breaker_s_time_is_over(nodes: list[Traffic]) -> None:
    at_once = Breaker(failures=1, open_for=timedelta(microseconds=1))
    await nodes[0].failed("tmdb", breaker=at_once)
    found = await asyncio.gather(*(admit(nodes[n % 2], None) for n in range(8)))
    assert sum(isinstance(one, Go) for one in found) == 1
    assert sum(isinstance(one, Open) and one.retry_after <= timedelta(minutes=5) for one in found) == 7


async def test_a_block_does_not_use_up_the_one_try(nodes: list[Traffic]) -> None:
    at_once = Breaker(failures=1, open_for=timedelta(microseconds=1))
    await nodes[0].failed("tmdb", breaker=at_once)
    await nodes[0].block("tmdb", for_=timedelta(milliseconds=1))
    found = await admit(nodes[1], None)
    while isinstance(found, Full):
        found = await admit(nodes[1], None)
    assert isinstance(found, Go)


@pytest.mark.parametrize(("field", "value"), [("per_second", 0.0), ("per_second", -1.0), ("burst", 0)])
def test_a_rate_is_checked(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        Rate(**{"per_second": 1.0, "burst": 1, field: value})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(("failures", "open_for"), [(0, timedelta(1)), (1, timedelta(0))])
def test_a_breaker_is_checked(failures: int, open_for: timedelta) -> None:
    with pytest.raises(ValueError, match="must be"):
        Breaker(failures=failures, open_for=open_for)
