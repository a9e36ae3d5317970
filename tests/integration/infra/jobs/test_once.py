"""One holder at a time in the cluster: who gets it, who does not, and who has lost it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import asyncpg
import pytest

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.lease import Lease
from revenge.infra.jobs.once import Hold, once_per_cluster
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing import StoppedClock

TTL = timedelta(seconds=30)

Once = Callable[..., AbstractAsyncContextManager[Hold]]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def once(pool: asyncpg.Pool, clock: StoppedClock) -> Once:
    store = Store(pool)

    def enter(name: str = "prune", *, client_id: str = "a", clock: Clock = clock) -> AbstractAsyncContextManager[Hold]:
        return once_per_cluster(name, ttl=TTL, store=store, clock=clock, client_id=client_id)

    return enter


async def expires_in(pool: asyncpg.Pool) -> timedelta:
    left: timedelta = await pool.fetchval("SELECT expires_at - now() FROM revenge_job_lease")
    return left


async def expire(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE revenge_job_lease SET expires_at = now() - interval '1 s'")


async def renewed(clock: StoppedClock, done: asyncio.Event) -> None:
    """Let the renewal come, and wait until it has spoken to the database."""
    done.clear()
    await clock.advance(TTL / 3)
    await done.wait()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set after each question for a lease."""
    event, acquire = asyncio.Event(), Lease.acquire

    async def and_tell(self: Lease) -> int | None:
        try:
            return await acquire(self)
        finally:
            event.set()

    monkeypatch.setattr(Lease, "acquire", and_tell)
    return event


@pytest.mark.parametrize("client_id", ["a", "b"])
async def test_a_second_one_does_not_get_it_in_the_same_process_neither(once: Once, client_id: str) -> None:
    async with once() as first:
        assert first
        assert first.term == 1
        async with once(client_id=client_id) as second:
            assert not second
            assert second.term is None
        # The loser released nothing.
        async with once(client_id=client_id) as third:
            assert not third


async def test_it_is_free_as_soon_as_the_block_ends_even_by_an_error(once: Once) -> None:
    async def fail() -> None:
        async with once() as first:
            assert first
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with once(client_id="b") as second:
        assert second
        assert second.term == 2


async def test_names_do_not_exclude_each_other(once: Once) -> None:
    async with once("prune") as first, once("index") as second:
        assert first
        assert second


async def test_one_whose_holder_died_is_free_after_its_time(pool: asyncpg.Pool, once: Once) -> None:
    dead = once()
    await dead.__aenter__()
    await expire(pool)
    async with once(client_id="b") as hold:
        assert hold
    await dead.__aexit__(None, None, None)


async def test_it_is_renewed_while_the_block_runs(
    pool: asyncpg.Pool, once: Once, clock: StoppedClock, asked: asyncio.Event
) -> None:
    async with once() as hold:
        await pool.execute("UPDATE revenge_job_lease SET expires_at = now() + interval '5 s'")
        await renewed(clock, asked)
        assert await expires_in(pool) > TTL - timedelta(seconds=5)
        await renewed(clock, asked)
        await renewed(clock, asked)
        await clock.advance()
        assert hold
        assert hold.term == 1


async def test_a_holder_that_lost_it_knows_though_it_got_it_back(
    pool: asyncpg.Pool, once: Once, clock: StoppedClock, asked: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "revenge.jobs"):
        async with once() as hold:
            await expire(pool)
            await renewed(clock, asked)
            await clock.advance()
            assert not hold
    assert "once.lost" in caplog.messages


async def test_one_that_cannot_renew_has_it_until_its_time_is_over(
    once: Once, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: Lease) -> int | None:
        message = "the database is away"
        raise StoreError(message, retryable=True)

    async with once() as hold:
        with monkeypatch.context() as patched:
            patched.setattr(Lease, "acquire", unreachable)
            await clock.advance(TTL - timedelta(seconds=1))
            assert hold
            await clock.advance(timedelta(seconds=1))
            assert not hold


async def test_a_lease_that_cannot_be_given_back_does_not_hide_how_the_block_ended(
    once: Once, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def unreachable(_: Lease) -> None:
        message = "the database is away"
        raise StoreError(message, retryable=True)

    monkeypatch.setattr(Lease, "release", unreachable)

    async def fail() -> None:
        async with once():
            raise ZeroDivisionError

    with caplog.at_level(logging.WARNING, "revenge.jobs"), pytest.raises(ZeroDivisionError):
        await fail()
    assert "once.unreleased" in caplog.messages


async def test_who_is_cancelled_while_it_is_given_leaves_it_to_others(
    once: Once, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, acquire = asyncio.Event(), Lease.acquire

    async def and_answer_never(self: Lease) -> int | None:
        await acquire(self)
        taken.set()
        await asyncio.Event().wait()
        return None

    async def enter() -> None:
        async with once():
            pass

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "acquire", and_answer_never)
        entering = asyncio.create_task(enter())
        await taken.wait()
        entering.cancel()
        await asyncio.wait([entering])
    assert entering.cancelled()
    async with once() as hold:
        assert hold
