"""Progress and changes of state are seen by other clients soon, at the price of little."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import TIERS, Client, InsertOpts, Job, JobEvent, JobState
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, Actor, Gate, at_last, eventually
from tests.fakes.figures import tell

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=20)


class Watcher:
    """Collects what a client is told until something is."""

    def __init__(self, client: Client, **filters: Any) -> None:
        self.events: list[JobEvent] = []
        self._client = client
        self._filters = filters
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with aclosing(self._client.subscribe(**self._filters)) as events:
            async for event in events:
                async with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()

    async def until(self, check: Callable[[JobEvent], object], *, within_s: float = 20) -> JobEvent:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: any(map(check, self.events)))
        return next(filter(check, self.events))

    async def ended(self) -> None:
        await asyncio.wait_for(self._task, 5)

    def close(self) -> None:
        self._task.cancel()


async def watch(client: Client, **filters: Any) -> Watcher:
    """Return a watcher that is being told by now."""
    watcher = Watcher(client, **filters)

    async def looks() -> bool:
        return client._hub.is_looking

    await eventually(looks)
    return watcher


async def test_another_client_sees_progress_within_two_seconds(start_client: StartClient, client: Client) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> None:
        job.report_progress(phase="probe", current=3, total=4, message="It (1990).mkv")
        await gate(job)

    await start_client(Actor(behave, phases={"walk": 1, "probe": 1}))
    watcher = await watch(client)
    job_id = (await client.insert(ActArgs())).job.id
    await gate.entered.wait()
    began = time.monotonic()
    event = await watcher.until(lambda event: event.progress)
    assert time.monotonic() - began < 2
    assert event.job.id == job_id
    progress = (await client.progress([job_id]))[job_id]
    assert (progress.phase, progress.current, progress.total, progress.percent, progress.message) == (
        "probe",
        3,
        4,
        87.5,
        "It (1990).mkv",
    )
    gate.open.set()
    watcher.close()


async def test_the_last_report_survives_the_job(start_client: StartClient, client: Client) -> None:
    async def behave(job: Job[Any]) -> None:
        for number in range(1001):
            await job.report_progress(phase="scan", current=number, total=1000)

    node = await start_client(behave)
    job_id = (await client.insert(ActArgs())).job.id
    await client.wait(job_id, timeout=LIMIT)
    await node.stop()
    progress = (await client.progress([job_id, 99_999]))[job_id]
    assert (progress.current, progress.percent) == (1000, 100)


async def test_rate_and_time_left_are_told(start_client: StartClient, client: Client) -> None:
    ended = asyncio.Event()

    async def behave(job: Job[Any]) -> None:
        clock = SystemClock()
        for number in range(10_000):
            job.report_progress(phase="scan", current=number, total=10_000)
            await clock.sleep(timedelta(milliseconds=5))
            if ended.is_set():
                return

    await start_client(behave)
    job_id = (await client.insert(ActArgs())).job.id

    async def is_rated() -> object:
        found = (await client.progress([job_id])).get(job_id)
        return found and found.rate_per_s and found

    progress = await eventually(is_rated)
    assert 20 < progress.rate_per_s < 250
    assert progress.eta_s > 20
    ended.set()


async def test_a_node_writes_progress_once_a_second_for_all_its_jobs(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        """
        CREATE TABLE writes (at timestamptz DEFAULT clock_timestamp());
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO writes DEFAULT VALUES; RETURN NULL; END $$;
        CREATE TRIGGER note AFTER INSERT ON revenge_job_progress FOR EACH STATEMENT EXECUTE FUNCTION note();
        """
    )
    ended = asyncio.Event()

    async def behave(job: Job[Any]) -> None:
        clock, number = SystemClock(), 0
        while not ended.is_set():
            number += 1
            job.report_progress(current=number)
            await clock.sleep(timedelta(milliseconds=2))

    await start_client(behave, queues={"default": 20})
    await client.insert_many([ActArgs() for _ in range(20)])

    async def are_three() -> bool:
        return bool(await pool.fetchval("SELECT count(*) >= 4 FROM writes"))

    await eventually(are_three)
    took, count = await pool.fetchrow(  # type: ignore[misc]  # an aggregate always returns a row
        "SELECT extract(epoch FROM max(at) - min(at))::float8, count(*) FROM writes"
    )
    ended.set()  # ends are written with what their jobs reported last, whenever they come
    assert count - 1 <= took / 0.9
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_progress") == 20


async def test_odd_reports_of_one_job_hide_nobody_elses(start_client: StartClient, client: Client) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> None:
        if job.args.what == "odd":
            job.report_progress(
                phase="a\0b", current=2**80, total=None, message=b"caf\xe9\0".decode(errors="surrogateescape")
            )
        else:
            job.report_progress(current=1, total=2)
        await gate(job)

    await start_client(behave)
    results = await client.insert_many([ActArgs(what="odd"), ActArgs()])
    ids = [result.job.id for result in results]

    async def both() -> object:
        found = await client.progress(ids)
        return len(found) == 2 and found

    found = await eventually(both)
    assert (found[ids[0]].phase, found[ids[0]].message) == ("a\ufffdb", "caf\ufffd\ufffd")
    gate.open.set()
    for job_id in ids:
        assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED


async def test_a_subscriber_sees_a_jobs_whole_life_on_another_node(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    await start_client(gate)
    watcher = await watch(client)
    job_id = (await client.insert(ActArgs())).job.id
    await watcher.until(lambda event: event.state is JobState.RUNNING)
    gate.open.set()
    event = await watcher.until(lambda event: event.state is JobState.COMPLETED)
    assert event.job.id == job_id
    assert [e.state for e in watcher.events if e.event == "state"][-2:] == [JobState.RUNNING, JobState.COMPLETED]
    watcher.close()


async def test_filters_let_pass_what_was_asked_for(start_client: StartClient, client: Client) -> None:
    await start_client(queues={"default": 2, "low": 2})
    by_queue, by_kind, by_id = (
        await watch(client, queues=["low"]),
        await watch(client, kinds=["nothing"]),
        await watch(client, job_ids=[10**9]),
    )
    await client.insert(ActArgs())
    low = (await client.insert(ActArgs(), InsertOpts(queue="low"))).job.id
    await by_queue.until(lambda event: event.state is JobState.COMPLETED)
    assert {event.job.id for event in by_queue.events} == {low}
    assert by_kind.events == by_id.events == []
    for watcher in (by_queue, by_kind, by_id):
        watcher.close()


async def test_a_subscription_ends_when_its_client_stops(start_client: StartClient) -> None:
    node = await start_client()
    watcher = await watch(node)
    await node.stop()
    await watcher.ended()


async def test_a_subscription_outlives_lost_connections(
    start_client: StartClient, client: Client, pool: asyncpg.Pool
) -> None:
    await start_client()
    watcher = await watch(client)
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = $1",
        client.config.client_id,
    )
    job_id = (await at_last(lambda: client.insert(ActArgs()))).job.id
    event = await watcher.until(lambda event: event.state is JobState.COMPLETED)
    assert event.job.id == job_id
    watcher.close()


async def test_waiting_ends_with_a_job_on_another_node(start_client: StartClient, client: Client) -> None:
    gate = Gate()
    await start_client(gate)
    job_id = (await client.insert(ActArgs())).job.id
    waiting = asyncio.create_task(client.wait(job_id, timeout=LIMIT))
    await gate.entered.wait()
    assert not waiting.done()
    gate.open.set()
    assert (await waiting).state is JobState.COMPLETED


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_an_idle_node_asks_at_most_one_statement_a_second(
    database: str, start_client: StartClient, postgres_url: str
) -> None:
    """Counted by the server over a minute, the election and all beats included, when all statements are prepared."""
    node = await start_client(queues=TIERS, reset=False)

    async def leads() -> bool:
        return node.is_leader

    await eventually(leads)
    statements = Statements(await asyncpg.connect(postgres_url), database.rpartition("/")[2])
    await SystemClock().sleep(timedelta(seconds=32))
    before = await statements.count()
    await SystemClock().sleep(timedelta(seconds=60))
    rate = (await statements.count() - before) / 60
    await statements.conn.close()
    tell(transactions_per_s=round(rate, 2))
    assert rate <= 1


class Statements:
    """What the server has been asked in one database; each of our statements is a transaction at least."""

    def __init__(self, conn: Any, database: str) -> None:
        self.conn, self._database = conn, database

    async def count(self) -> int:
        return int(
            await self.conn.fetchval(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", self._database
            )
        )


async def test_more_running_jobs_than_are_remembered_keep_nobody_from_being_told(
    client: Client, add_row: Callable[..., Awaitable[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await add_row("running", attempt=1)
    monkeypatch.setattr("revenge.infra.jobs.events.MOST_REMEMBERED", 3)
    watcher = await watch(client)
    job_id = (await client.insert(ActArgs())).job.id
    event = await watcher.until(lambda event: event.job.id == job_id)
    assert event.name == "inserted"
    watcher.close()


async def test_a_row_beyond_what_python_holds_ends_no_subscription(
    client: Client, conn: asyncpg.Connection, add_row: Callable[..., Awaitable[int]]
) -> None:
    watcher = await watch(client)
    far_id = await conn.fetchval(
        """
        INSERT INTO river_job (kind, args, max_attempts, scheduled_at, state)
        VALUES ('far', '{}', 25, '20000-01-01', 'scheduled')
        RETURNING id
        """
    )
    assert (await watcher.until(lambda event: event.job.id == far_id)).name == "inserted"
    watcher.close()


async def test_a_look_that_fails_in_a_way_nobody_foresaw_is_logged_and_followed_by_others(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = await watch(client)

    def fail(*_: object, **__: object) -> None:
        monkeypatch.undo()
        message = "unforeseen"
        raise RuntimeError(message)

    monkeypatch.setattr("revenge.infra.jobs.events.Position", fail)

    async def is_logged() -> bool:
        return "events.failed" in caplog.messages

    async def looks() -> bool:
        return client._hub.is_looking

    await eventually(is_logged)
    await eventually(looks)
    job_id = (await client.insert(ActArgs())).job.id
    assert (await watcher.until(lambda event: event.job.id == job_id)).name == "inserted"
    watcher.close()


async def test_progress_that_another_node_brings_is_told_once_and_never_goes_back(
    start_client: StartClient, client: Client
) -> None:
    gate = Gate()

    async def behave(job: Job[Any]) -> None:
        job.report_progress(phase="walk", current=3, total=9)
        await gate(job)

    await start_client(Actor(behave, phases={"walk": 1}))
    watcher = await watch(client)
    await client.insert(ActArgs())
    seen = await watcher.until(lambda event: event.progress is not None and event.job.state is JobState.RUNNING)
    assert seen.progress is not None

    def bring(current: int, *, later: timedelta, attempt: int = 1) -> None:
        assert seen.progress is not None
        at = seen.progress.updated_at + later
        client.tell_progress(seen.job.id, attempt, replace(seen.progress, current=current, updated_at=at))

    bring(5, later=timedelta(hours=1))
    bring(5, later=timedelta(hours=2))
    bring(4, later=timedelta(seconds=1))
    bring(8, later=timedelta(hours=3), attempt=2)
    bring(6, later=timedelta(hours=3))
    await watcher.until(lambda event: event.progress is not None and event.progress.current == 6)
    told = [event.progress.current for event in watcher.events if event.event == "progress" and event.progress]
    assert told[-2:] == [5, 6]
    assert not {4, 8} & set(told)
    gate.open.set()
    watcher.close()
