"""Nodes with a Redis between them, and what is left when it goes away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from revenge.app.settings import Settings, load_settings
from revenge.app.sharing import ProgressRelay, make_channels, make_redis, make_traffic
from revenge.infra.cache.channels import LocalChannels
from revenge.infra.cache.redis_channels import RedisChannels
from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.traffic import Full, Go, LocalTraffic
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, JobEvent, Worker, Workers
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.redis_server import RedisServer, redis_server

CLOCK = SystemClock()


class WalkArgs(JobArgs, kind="walk"):
    """A job that goes on until the test says so."""


class Walker(Worker[WalkArgs]):
    def __init__(self) -> None:
        self.report, self.go_on = asyncio.Event(), asyncio.Event()

    async def work(self, job: Job[WalkArgs]) -> None:
        await self.report.wait()
        job.report_progress(phase="walking", current=7, total=9, message="over there")
        await self.go_on.wait()


class Slow:
    """A clock in whose world a look at the tables comes only once: what is seen later was brought."""

    def __init__(self) -> None:
        self.looked = asyncio.Event()

    def now(self) -> Any:
        return CLOCK.now()

    def monotonic(self) -> float:
        return CLOCK.monotonic()

    async def sleep(self, duration: timedelta) -> None:
        self.looked.set()
        await asyncio.Event().wait()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def settings_for(url: str | None) -> Settings:
    return load_settings(None, {} if url is None else {"REVENGE_CACHE__URL": url})


def channels_on(server: RedisServer) -> RedisChannels:
    redis = make_redis(settings_for(server.url))
    found = make_channels(redis, clock=CLOCK)
    assert isinstance(found, RedisChannels)
    return found


def into(heard: "asyncio.Queue[bytes]") -> Callable[[bytes], None]:
    return heard.put_nowait


@pytest.fixture
async def two(redis: RedisServer) -> AsyncIterator[tuple[RedisChannels, RedisChannels, "asyncio.Queue[bytes]"]]:
    one, other = channels_on(redis), channels_on(redis)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    other.listen("news", into(heard))
    await one.start()
    await other.start()
    await other.hearing.wait()
    yield one, other, heard
    await one.stop()
    await other.stop()


async def test_what_one_node_says_the_other_hears(two: Any) -> None:
    one, _, heard = two
    for number in range(3):
        one.say("news", b"%d" % number)
    assert [await heard.get() for _ in range(3)] == [b"0", b"1", b"2"]


async def test_nodes_hear_one_another_again_after_redis_was_away(two: Any, redis: RedisServer) -> None:
    one, other, heard = two
    await asyncio.to_thread(redis.stop)
    while other.hearing.is_set():
        one.say("news", b"lost")
        await asyncio.to_thread(lambda: None)
    await asyncio.to_thread(redis.start)
    await other.hearing.wait()
    while heard.empty():  # the one who says comes back at a pace of its own
        one.say("news", b"again")
        await CLOCK.sleep(timedelta(milliseconds=20))
    assert await heard.get() == b"again"


async def test_saying_never_waits_and_never_grows_without_redis() -> None:
    away = RedisChannels(Redis.from_url("redis://127.0.0.1:1/0"), clock=CLOCK)
    await away.start()
    for _ in range(5000):
        away.say("news", b"x")
    assert len(away._waiting) == 1000
    await away.stop()


async def test_progress_of_another_node_s_job_is_seen_at_once(database: str, redis: RedisServer) -> None:
    async with asyncpg.create_pool(database, min_size=1, max_size=5) as pool:
        walker, slow = Walker(), Slow()
        here, there = channels_on(redis), channels_on(redis)
        working, watching = ProgressRelay(here), ProgressRelay(there)
        one = Client(
            pool, config=ClientConfig(queues={"default": 1}), workers=Workers([walker]), schema="public",
            on_progress=working.say,
        )  # fmt: skip
        other = Client(pool, schema="public", clock=slow)
        watching.attach(other)
        await there.start()
        await there.hearing.wait()
        job = (await one.insert(WalkArgs())).job
        await one.start()
        while (await one.get(job.id)).state != "running":
            await CLOCK.sleep(timedelta(milliseconds=10))
        events: AsyncIterator[JobEvent] = other.subscribe(job_ids=[job.id])
        following = asyncio.ensure_future(anext(events))
        await slow.looked.wait()  # the tables are never looked at again
        await here.start()
        walker.report.set()
        found = await following
        assert found.event == "progress"
        assert found.progress is not None
        assert (found.progress.phase, found.progress.current, found.progress.total) == ("walking", 7, 9)
        walker.go_on.set()
        await one.stop()
        await events.aclose()  # type: ignore[attr-defined]  # a generator
        await other.stop()
        await here.stop()
        await there.stop()


def test_a_message_that_is_none_of_ours_harms_nobody() -> None:
    channels = LocalChannels()
    relay = ProgressRelay(channels)
    told: list[Any] = []

    class Watched:
        def tell_progress(self, *args: Any) -> None:
            told.append(args)

    relay.attach(Watched())
    for message in (b"", b"{}", b"[1]", b"[[1, 2]]", b'[[1, 1, "x", "y"]]', b'[[1, 1, "[]", "2026-01-01T00:00:00Z"]]'):
        channels.say("progress", message)
    assert told == []
    channels.say("progress", b'[[1, 1, "{}", "2026-01-01T00:00:00Z"]]')
    assert len(told) == 1


async def test_without_redis_rates_are_kept_in_the_database(pool: Any) -> None:
    redis = make_redis(settings_for("redis://127.0.0.1:1/0"))
    traffic = make_traffic(redis, stored=StoredTraffic(pool), clock=CLOCK)
    rate = Rate(per_second=0.01, burst=2, longest_wait=timedelta(0))
    found = [await traffic.admit("tmdb", rate=rate, breaker=Breaker()) for _ in range(3)]
    assert [type(one) for one in found] == [Go, Go, Full]
    await traffic.block("omdb", for_=timedelta(seconds=60))
    await traffic.failed("tmdb", breaker=Breaker())
    assert await pool.fetchval("SELECT failures FROM revenge.call_circuit WHERE name = 'tmdb'") == 1
    await traffic.mended("tmdb")
    assert isinstance(await traffic.admit("omdb", rate=None, breaker=Breaker()), Full)
    assert redis is not None
    await redis.aclose()


def test_without_a_setting_there_is_no_redis() -> None:
    assert make_redis(settings_for(None)) is None
    assert isinstance(make_channels(None, clock=CLOCK), LocalChannels)
    stored = LocalTraffic(CLOCK)
    assert make_traffic(None, stored=stored, clock=CLOCK) is stored


def test_the_address_of_redis_is_a_secret() -> None:
    settings = settings_for("redis://user:sesame@127.0.0.1:6379/0")
    assert "sesame" not in repr(settings)
