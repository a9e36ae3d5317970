"""Whoever was away, slow or cut off is told what happened meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, InsertOpts, InvalidCursor, JobEvent, JobState, StoreError
from revenge.infra.jobs import events as events_module
from revenge.infra.jobs.watching import PAGE
from tests.fakes.engine import ActArgs, Gate, eventually

StartClient = Callable[..., Awaitable[Client]]
AddRow = Callable[..., Awaitable[int]]
LATER = InsertOpts(scheduled_at=datetime(2030, 1, 1, tzinfo=UTC))
Stream = AsyncGenerator[JobEvent, None]


async def take(stream: Stream, enough: Callable[[list[JobEvent]], object]) -> list[JobEvent]:
    """Return the events up to where ``enough`` is true of them."""
    found: list[JobEvent] = []
    async with asyncio.timeout(60):
        async for event in stream:
            found.append(event)
            if enough(found):
                return found
    raise AssertionError("the stream ended")


def finished(found: list[JobEvent]) -> set[int]:
    return {event.job.id for event in found if event.name == "finished"}


class Many:
    """Whether so many different jobs have had an event of a name: counted as they come, since there are thousands."""

    def __init__(self, name: str, count: int) -> None:
        self._name, self._count = name, count
        self._ids: set[int] = set()

    def __call__(self, found: list[JobEvent]) -> bool:
        if found[-1].name == self._name:
            self._ids.add(found[-1].job.id)
        return len(self._ids) == self._count


async def looking(client: Client) -> None:
    async def looks() -> bool:
        return client._hub.is_looking

    await eventually(looks)


async def test_a_quick_jobs_whole_life_is_told_in_its_order(start_client: StartClient, client: Client) -> None:
    await start_client()
    async with aclosing(client.subscribe()) as stream:
        waiting = asyncio.create_task(take(stream, finished))
        await looking(client)
        job_id = (await client.insert(ActArgs())).job.id
        found = await waiting
    assert [event.name for event in found if event.job.id == job_id] == ["inserted", "started", "finished"]
    assert {event.event for event in found} == {"state"}


async def test_a_retry_is_told_as_waiting_and_a_new_start(client: Client, add_row: AddRow) -> None:
    job_id = await add_row("discarded", attempt=1)
    async with aclosing(client.subscribe(job_ids=[job_id])) as stream:
        waiting = asyncio.create_task(take(stream, lambda found: found[-1].name == "waiting"))
        await looking(client)
        await client.retry(job_id)
        assert (await waiting)[-1].state is JobState.AVAILABLE


async def test_a_subscriber_that_comes_back_is_told_what_it_missed(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, database: str
) -> None:
    gate = Gate()
    node = await start_client(gate)
    async with aclosing(client.subscribe()) as stream:
        waiting = asyncio.create_task(take(stream, lambda found: found[-1].name == "started"))
        await looking(client)
        long = (await client.insert(ActArgs())).job.id
        last = (await waiting)[-1]
    assert last.job.id == long
    many = PAGE * 2 + 100
    await client.insert_many_fast([(ActArgs(), LATER) for _ in range(many)])
    await pool.execute("UPDATE river_job SET state = 'completed', finalized_at = now() WHERE state = 'scheduled'")
    later = (await client.insert(ActArgs(), LATER)).job.id
    gate.open.set()
    await client.wait(long)
    # Another client, as after a restart of the process.
    async with aclosing(node.subscribe(after=last.position)) as stream:
        found = await take(stream, Many("finished", many + 1))
        rest = (
            found
            if any(event.job.id == later for event in found)
            else await take(stream, lambda new: new[-1].job.id == later)
        )
    assert long in finished(found)
    assert {event.name for event in rest if event.job.id == later} == {"inserted"}


async def test_filters_hold_for_what_was_missed(client: Client, add_row: AddRow) -> None:
    began = (await client._hub._watch.start()).encode()
    wanted = await add_row("completed", queue="low")
    await add_row("completed", queue="bulk")
    async with aclosing(client.subscribe(queues=["low"], after=began)) as stream:
        found = await take(stream, finished)
    assert {event.job.id for event in found} == {wanted}
    for text in ("", "yesterday", "1-2-3"):
        with pytest.raises(InvalidCursor):
            await anext(client.subscribe(after=text))


async def test_an_outage_of_the_database_hides_nothing(
    client: Client, add_row: AddRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "OVERLAP", timedelta(0))  # that alone would bridge a short outage
    async with aclosing(client.subscribe()) as stream:
        waiting = asyncio.create_task(take(stream, lambda found: len(finished(found)) == 3))
        await looking(client)
        fetch, failed = client._store.fetch, asyncio.Event()

        async def fails(name: str, *args: Any, conn: Any = None) -> Any:
            failed.set()
            raise StoreError("away", retryable=True)

        monkeypatch.setattr(client._store, "fetch", fails)
        await asyncio.wait_for(failed.wait(), 30)
        missed = {await add_row("completed") for _ in range(3)}
        failed.clear()
        await asyncio.wait_for(failed.wait(), 30)
        monkeypatch.setattr(client._store, "fetch", fetch)
        assert finished(await waiting) == missed


async def test_a_slow_subscriber_loses_nothing(
    client: Client, add_row: AddRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "BUFFER", 5)
    async with aclosing(client.subscribe()) as stream:
        first = asyncio.create_task(anext(stream))
        await looking(client)
        ids = {await add_row("completed") for _ in range(30)}
        found = [await asyncio.wait_for(first, 30)]

        async def are_told() -> bool:
            return ids <= set(client._hub._seen)

        await eventually(are_told)
        found += await take(stream, lambda new: finished(found + new) == ids)
        assert finished(found) == ids


async def test_who_falls_behind_while_catching_up_loses_nothing(
    client: Client, add_row: AddRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "BUFFER", 5)
    monkeypatch.setattr("revenge.infra.jobs.watching.PAGE", 10)
    monkeypatch.setattr(events_module, "OVERLAP", timedelta(0))  # or what was missed is told from there
    began = (await client._hub._watch.start()).encode()
    missed = {await add_row("completed") for _ in range(30)}
    async with aclosing(client.subscribe(after=began)) as stream:
        found = [await asyncio.wait_for(anext(stream), 30)]
        await looking(client)
        new = {await add_row("completed") for _ in range(30)}
        subscriber = next(iter(client._hub._subscribers))

        async def is_behind() -> object:
            return subscriber.behind

        await eventually(is_behind)
        found += await take(stream, lambda more: finished(found + more) == missed | new)
        assert finished(found) == missed | new


async def test_who_is_behind_when_the_client_stops_is_sent_home(client: Client, add_row: AddRow) -> None:
    async with aclosing(client.subscribe()) as stream:
        first = asyncio.create_task(anext(stream))
        await looking(client)
        await asyncio.gather(add_row("completed"), first)
        subscriber = next(iter(client._hub._subscribers))
        subscriber.fall_behind(await client._hub._watch.start())
        await client.stop()
        async with asyncio.timeout(30):
            assert [event async for event in stream] == []


async def test_a_flood_is_read_by_each_subscriber_itself(
    client: Client, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "MOST_PAGES", 1)
    async with aclosing(client.subscribe(kinds=["act"])) as stream:
        many = PAGE + 200
        waiting = asyncio.create_task(take(stream, Many("inserted", many)))
        await looking(client)
        await client.insert_many_fast([(ActArgs(), LATER) for _ in range(many)])
        await waiting


async def test_what_commits_late_is_told_though_later_ids_were_seen(client: Client, pool: asyncpg.Pool) -> None:
    async with aclosing(client.subscribe()) as stream, pool.acquire() as conn:
        names: list[int] = []
        waiting = asyncio.create_task(take(stream, lambda found: names and found[-1].job.id == names[0]))
        await looking(client)
        async with conn.transaction():
            early = (await client.insert(ActArgs(), LATER, conn=conn)).job.id
            late = (await client.insert(ActArgs(), LATER)).job.id
            assert late > early
            names.append(late)
            await waiting
        names[0] = early
        assert (await take(stream, lambda found: found[-1].job.id == early))[-1].name == "inserted"


async def test_a_job_that_failed_meanwhile_and_waits_for_its_next_attempt_is_told(
    client: Client, pool: asyncpg.Pool, add_row: AddRow
) -> None:
    """Neither new nor running nor ended: only the time of its last attempt says that anything happened."""
    await add_row("retryable", attempt=1, due_in=timedelta(hours=1))
    await pool.execute("UPDATE river_job SET attempted_at = now() - interval '1 h'")
    ids = [await add_row("running", attempt=1) for _ in range(3)]
    began = await client.position()
    await pool.execute(
        """
        UPDATE river_job SET attempted_at = clock_timestamp(), scheduled_at = now() + interval '1 h',
            state = (ARRAY['available', 'retryable', 'scheduled'])[id - $2 + 1]::river_job_state
        WHERE id = ANY ($1::bigint[])
        """,
        ids,
        ids[0],
    )
    async with aclosing(client.subscribe(after=began)) as stream:
        found = await take(stream, lambda found: len({event.job.id for event in found if event.name == "waiting"}) == 3)
    assert {event.job.id for event in found} == set(ids)


async def test_however_many_failed_meanwhile_all_are_told(
    client: Client, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.infra.jobs.watching.PAGE", 10)
    began = await client.position()
    await pool.execute(
        """
        INSERT INTO river_job (id, kind, args, state, attempt, attempted_at, scheduled_at)
        SELECT -n, 'act', '{}', 'retryable', 1, clock_timestamp(), now() + interval '1 h' FROM generate_series(1, 35) AS n
        """
    )
    async with aclosing(client.subscribe(after=began)) as stream:
        await take(stream, Many("waiting", 35))


async def test_what_commits_after_its_watcher_left_is_told_when_that_comes_back(
    client: Client, pool: asyncpg.Pool
) -> None:
    """A later id was seen before: by ids alone the earlier one would count as told."""
    async with aclosing(client.subscribe()) as stream, pool.acquire() as conn:
        waiting = asyncio.create_task(take(stream, lambda found: found[-1].name == "inserted"))
        await looking(client)
        transaction = conn.transaction()
        await transaction.start()
        early = (await client.insert(ActArgs(), LATER, conn=conn)).job.id
        late = (await client.insert(ActArgs(), LATER)).job.id
        assert late > early
        await waiting
        # The gap is known with the first look after it.
        further = asyncio.create_task(take(stream, lambda found: found[-1].name == "inserted"))
        await client.insert(ActArgs(), LATER)
        last = (await further)[-1]
        await transaction.commit()
    async with aclosing(client.subscribe(after=last.position)) as stream:
        assert (await take(stream, lambda found: found[-1].job.id == early))[-1].name == "inserted"
