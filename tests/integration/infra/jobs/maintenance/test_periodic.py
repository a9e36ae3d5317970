"""Periodic jobs on a real database: each planned run once, whatever happens to nodes, leases, clocks and definitions."""

import asyncio
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import orjson
import pytest
import time_machine

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.cron import Cron
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.insert_store import Inserted
from revenge.infra.jobs.maintenance.periodic import PeriodicConfig, PeriodicEnqueuer, PeriodicFailed
from revenge.infra.jobs.models import UNFINISHED, InsertOpts, UniqueOpts
from revenge.infra.jobs.periodic import Every, Made, MissedPolicy, PeriodicJob, PeriodicJobs
from revenge.infra.jobs.periodic_store import PeriodicNotFound, PeriodicStore
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import Store

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class CleanArgs(JobArgs, kind="clean"):
    text: str = ""


def clean(schedule: Any = None, make: Any = None, **given: Any) -> PeriodicJob:
    return PeriodicJob(given.pop("id", "clean"), schedule or Every(HOUR), make or CleanArgs(), **given)


def next_hour(after: datetime) -> datetime:
    return after + HOUR


MakeNode = Callable[..., PeriodicEnqueuer]


@pytest.fixture
def node(store: Store) -> MakeNode:
    """Return a function that makes a process's enqueuer of the periodic jobs it is given."""

    def make(
        *jobs: PeriodicJob, name: str = "a", on_inserted: Callable[[Inserted], None] | None = None
    ) -> PeriodicEnqueuer:
        client = ClientConfig(client_id=name)
        periodic = PeriodicJobs(jobs)
        return PeriodicEnqueuer(
            client=client, config=PeriodicConfig(), store=store, periodic=periodic, on_inserted=on_inserted
        )

    return make


@pytest.fixture
def schedules(store: Store) -> PeriodicStore:
    return PeriodicStore(store)


async def plan(pool: asyncpg.Pool, due_in: timedelta, id: str = "clean") -> datetime:
    """Plan the next run ``due_in`` from the database's now."""
    planned: datetime = await pool.fetchval(
        "UPDATE revenge_job_schedule SET next_run_at = now() + $2::interval, updated_at = now() WHERE id = $1"
        " RETURNING next_run_at",
        id,
        due_in,
    )
    return planned


async def jobs(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch("SELECT *, state::text AS name, created_at - now() AS age FROM river_job ORDER BY id")


async def planned_times(pool: asyncpg.Pool) -> list[datetime]:
    return [row["scheduled_at"] for row in await jobs(pool)]


async def test_a_new_schedule_is_planned_and_does_not_run_yet(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    assert await node(clean(missed=MissedPolicy.ONCE)).run_once() == 0
    info = await schedules.get("clean")
    assert info.kind == "clean"
    assert info.schedule == {"every_s": 3600.0}
    assert info.missed is MissedPolicy.ONCE
    assert info.last_run_at is None
    assert info.next_run_at == info.updated_at + HOUR
    assert await jobs(pool) == []


async def test_a_due_run_is_inserted_as_rivers_would_be(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean(opts=InsertOpts(queue="low", metadata={"mine": 1})))
    await enqueuer.run_once()
    planned = await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 1
    (row,) = await jobs(pool)
    assert (row["kind"], row["queue"], row["name"]) == ("clean", "low", "available")
    assert row["scheduled_at"] == planned
    assert orjson.loads(row["metadata"]) == {"mine": 1, "periodic": True, "river:periodic_job_id": "clean"}
    info = await schedules.get("clean")
    assert info.next_run_at == planned + HOUR
    assert info.last_job_id == row["id"]
    assert info.last_run_at == row["created_at"]
    assert await enqueuer.run_once() == 0


async def test_the_queue_is_told_of_a_run(pool: asyncpg.Pool, store: Store, node: MakeNode) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    enqueuer = node(clean())
    await enqueuer.run_once()
    await plan(pool, -SECOND)
    async with pool.acquire() as listening:
        channel = await store.channel("river_insert")
        await listening.add_listener(channel, hear := lambda *args: heard.put_nowait(args[3]))
        await enqueuer.run_once()
        assert await heard.get() == '{"queue": "default"}'
        await listening.remove_listener(channel, hear)


async def test_each_run_is_inserted_once_by_nodes_that_race_for_it(pool: asyncpg.Pool, node: MakeNode) -> None:
    many = [clean(id=f"clean_{number}") for number in range(10)]
    nodes = [node(*many, name=name) for name in "abc"]
    await asyncio.gather(*(each.run_once() for each in nodes))
    for job in many:
        await plan(pool, -30 * SECOND, job.id)
    # Late enough for those without the lease to help, so that all of them really try.
    counts = await asyncio.gather(*(each.run_once() for each in nodes))
    assert sum(counts) == 10
    found = [orjson.loads(row["metadata"])["river:periodic_job_id"] for row in await jobs(pool)]
    assert sorted(found) == sorted(job.id for job in many)


async def test_a_node_without_the_lease_leaves_a_run_to_the_holder_until_it_is_late(
    pool: asyncpg.Pool, node: MakeNode
) -> None:
    holder, other = node(clean(), name="a"), node(clean(), name="b")
    await holder.run_once()
    await plan(pool, -SECOND)
    assert await other.run_once() == 0
    assert 3 * SECOND < other.interval() < 4.1 * SECOND
    await plan(pool, -6 * SECOND)
    assert await other.run_once() == 1


async def test_a_holder_that_stops_hands_over_at_once(pool: asyncpg.Pool, node: MakeNode) -> None:
    holder, other = node(clean(), name="a"), node(clean(), name="b")
    await holder.run_once()
    await holder.release()
    await plan(pool, -SECOND)
    assert await other.run_once() == 1


async def test_a_schedule_that_the_holder_does_not_know_runs_on_the_node_that_does(
    pool: asyncpg.Pool, node: MakeNode
) -> None:
    holder, other = node(clean(id="films"), name="a"), node(clean(id="mails"), name="b")
    await holder.run_once()
    await other.run_once()
    await plan(pool, timedelta(0), "mails")
    assert await holder.run_once() == 0
    await plan(pool, -6 * SECOND, "mails")
    assert await other.run_once() == 1


async def test_a_schedule_that_the_holder_left_once_is_not_late_again(pool: asyncpg.Pool, node: MakeNode) -> None:
    await node(clean(id="another"), name="holder").run_once()
    enqueuer = node(clean(), name="b")
    await enqueuer.run_once()
    await plan(pool, -timedelta(seconds=6))
    assert await enqueuer.run_once() == 1
    await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 1


@pytest.mark.parametrize("policy", MissedPolicy)
async def test_a_restart_between_due_and_run_loses_and_doubles_nothing(
    pool: asyncpg.Pool, node: MakeNode, policy: MissedPolicy
) -> None:
    await node(clean(missed=policy)).run_once()
    planned = await plan(pool, -20 * SECOND)
    assert await node(clean(missed=policy)).run_once() == 1
    assert await node(clean(missed=policy), name="b").run_once() == 0
    assert await planned_times(pool) == [planned]


async def test_a_restart_does_not_begin_the_interval_anew(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    await node(clean(Every(24 * HOUR))).run_once()
    planned = await plan(pool, 2 * HOUR)
    await node(clean(Every(24 * HOUR))).run_once()
    assert (await schedules.get("clean")).next_run_at == planned


async def test_job_and_plan_are_written_together_or_not_at_all(
    pool: asyncpg.Pool, node: MakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    planned = await plan(pool, -SECOND)

    async def cut(*_: object, **__: object) -> None:
        message = "the connection was lost"
        raise StoreError(message, retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(PeriodicStore, "settle", cut)
        with pytest.raises(StoreError):
            await enqueuer.run_once()
    assert await jobs(pool) == []
    assert await enqueuer.run_once() == 1
    assert await planned_times(pool) == [planned]


@pytest.mark.parametrize(
    ("policy", "late_h"), [(MissedPolicy.SKIP, []), (MissedPolicy.ONCE, [0]), (MissedPolicy.ALL, [3, 2, 1, 0])]
)
async def test_missed_runs_are_made_up_for_by_policy(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore, policy: MissedPolicy, late_h: list[int]
) -> None:
    await node(clean(missed=policy)).run_once()
    first = await plan(pool, -3 * HOUR - 10 * MINUTE)
    latest = first + 3 * HOUR
    await node(clean(missed=policy)).run_once()
    assert await planned_times(pool) == [latest - late * HOUR for late in late_h]
    assert (await schedules.get("clean")).next_run_at == latest + HOUR


async def test_a_paused_schedule_does_not_run_and_its_runs_are_not_missed(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean(missed=MissedPolicy.ALL))
    await enqueuer.run_once()
    await schedules.pause("clean")
    planned = await plan(pool, -SECOND)
    await enqueuer.run_once()
    info = await schedules.get("clean")
    assert info.paused_at is not None
    assert info.next_run_at == planned + HOUR
    # A restart does not resume it.
    assert await node(clean(missed=MissedPolicy.ALL, run_on_start=True)).run_once() == 0
    await schedules.resume("clean")
    assert (await schedules.get("clean")).paused_at is None
    assert await enqueuer.run_once() == 0
    await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 1
    assert len(await jobs(pool)) == 1


async def test_pausing_twice_keeps_the_first_time(node: MakeNode, schedules: PeriodicStore) -> None:
    await node(clean()).run_once()
    await schedules.pause("clean")
    before = await schedules.get("clean")
    await schedules.pause("clean")
    assert (await schedules.get("clean")).paused_at == before.paused_at


async def test_an_interval_changed_in_code_holds_from_the_last_run(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    await plan(pool, -SECOND)
    await enqueuer.run_once()
    last = (await schedules.get("clean")).last_run_at
    assert last is not None
    await node(clean(Every(10 * MINUTE))).run_once()
    info = await schedules.get("clean")
    assert info.schedule == {"every_s": 600.0}
    assert info.next_run_at == last + 10 * MINUTE


async def test_a_schedule_changed_at_run_time_outlives_restarts_and_can_be_undone(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    await schedules.reschedule("clean", Cron("0 3 * * *", zone="Europe/Berlin"))
    info = await schedules.get("clean")
    assert info.is_overridden
    assert info.schedule == {"cron": "0 3 * * *", "zone": "Europe/Berlin"}
    assert info.next_run_at == Cron("0 3 * * *", zone="Europe/Berlin")(datetime.now(UTC))
    await node(clean(Every(2 * HOUR))).run_once()
    assert (await schedules.get("clean")).next_run_at == info.next_run_at
    planned = await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 1
    following = (await schedules.get("clean")).next_run_at
    assert following == Cron("0 3 * * *", zone="Europe/Berlin")(planned)
    await schedules.reschedule("clean", None)
    info = await schedules.get("clean")
    assert not info.is_overridden
    assert info.schedule == {"every_s": 7200.0}
    assert info.last_run_at is not None
    assert info.next_run_at == info.last_run_at + 2 * HOUR


async def test_a_function_that_was_overridden_is_planned_again_by_a_node_that_has_it(
    node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean(next_hour))
    await enqueuer.run_once()
    assert (await schedules.get("clean")).schedule == {"function": f"{__name__}:next_hour"}
    await schedules.reschedule("clean", Every(MINUTE))
    assert (await schedules.get("clean")).schedule == {"every_s": 60.0}
    await schedules.reschedule("clean", None)
    assert (await schedules.get("clean")).next_run_at is None
    await enqueuer.run_once()
    info = await schedules.get("clean")
    assert info.next_run_at == info.updated_at + HOUR


async def test_a_schedule_that_ends_is_shown_without_a_next_run_and_stays_quiet(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean(lambda _: None))
    await enqueuer.run_once()
    assert await enqueuer.run_once() == 0
    assert (await schedules.get("clean")).next_run_at is None
    assert enqueuer.interval() == PeriodicConfig().interval
    # A run that is asked for comes all the same, and does not wake it.
    assert len(await enqueuer.run_now("clean")) == 1
    assert await enqueuer.run_once() == 0
    assert len(await jobs(pool)) == 1


async def test_a_unique_job_that_is_there_already_counts_as_the_run(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    unique = UniqueOpts(by_args=True, by_state=UNFINISHED)
    enqueuer = node(clean(opts=InsertOpts(unique=unique)))
    await enqueuer.run_once()
    for _ in range(2):
        await plan(pool, -SECOND)
        assert await enqueuer.run_once() == 1
    (row,) = await jobs(pool)
    assert (await schedules.get("clean")).last_job_id == row["id"]


async def test_runs_made_up_for_are_unique_within_the_window_of_their_planned_time(
    pool: asyncpg.Pool, node: MakeNode
) -> None:
    job = clean(missed=MissedPolicy.ALL, opts=InsertOpts(unique=UniqueOpts(by_period=HOUR)))
    enqueuer = node(job)
    await enqueuer.run_once()
    await plan(pool, -2 * HOUR - MINUTE)
    assert await enqueuer.run_once() == 3
    assert len(await jobs(pool)) == 3


@pytest.mark.parametrize("skew", [-3 * HOUR, 3 * HOUR])
async def test_the_databases_clock_decides_whatever_the_nodes_say(
    pool: asyncpg.Pool, node: MakeNode, skew: timedelta
) -> None:
    with time_machine.travel(datetime.now(UTC) + skew, tick=True):
        enqueuer = node(clean(missed=MissedPolicy.ALL))
        await enqueuer.run_once()
        await plan(pool, MINUTE)
        assert await enqueuer.run_once() == 0
        planned = await plan(pool, -SECOND)
        assert await enqueuer.run_once() == 1
    (row,) = await jobs(pool)
    assert row["scheduled_at"] == planned
    assert abs(row["age"]) < MINUTE


async def test_a_run_on_start_waits_for_no_holder_that_does_not_know_it(pool: asyncpg.Pool, node: MakeNode) -> None:
    holder = node(PeriodicJob("others", Every(HOUR), lambda: None), name="holder")
    await holder.run_once()
    starting = node(clean(run_on_start=True), name="starting")
    assert await starting.run_once() == 1
    assert await holder.run_once() == await starting.run_once() == 0
    assert len(await jobs(pool)) == 1


async def test_a_run_on_start_is_shared_by_nodes_that_start_together(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    first, second = (node(clean(run_on_start=True), name=name) for name in "ab")
    assert await first.run_once() == 1
    assert await second.run_once() == 0
    assert len(await jobs(pool)) == 1
    info = await schedules.get("clean")
    assert info.last_run_at is not None
    assert info.next_run_at == info.last_run_at + HOUR
    # The lease moves: no start.
    await first.release()
    assert await second.run_once() == 0


async def test_a_later_start_runs_again_and_keeps_the_plan(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    await node(clean(run_on_start=True)).run_once()
    planned = await plan(pool, HOUR)
    await pool.execute("UPDATE revenge_job_schedule SET last_run_at = now() - interval '61 s'")
    assert await node(clean(run_on_start=True)).run_once() == 1
    assert (await schedules.get("clean")).next_run_at == planned


async def test_a_run_can_be_asked_for_at_any_time_and_changes_no_plan(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    before = await schedules.get("clean")
    (result,) = await enqueuer.run_now("clean")
    assert result.job.metadata["river:periodic_job_id"] == "clean"
    await schedules.pause("clean")
    await schedules.request_run("clean")
    await schedules.request_run("clean")
    assert (await schedules.get("clean")).is_run_requested
    assert await enqueuer.run_once() == 1
    assert await enqueuer.run_once() == 0
    after = await schedules.get("clean")
    assert not after.is_run_requested
    assert after.next_run_at == before.next_run_at
    assert len(await jobs(pool)) == 2


async def test_a_run_asked_for_where_its_code_is_missing_happens_elsewhere(pool: asyncpg.Pool, node: MakeNode) -> None:
    owner, other = node(clean(), name="a"), node(name="b")
    await owner.run_once()
    assert await other.run_now("clean") == ()
    assert await owner.run_once() == 1


async def test_a_due_run_serves_a_request_too(pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    planned = await plan(pool, -SECOND)
    await schedules.request_run("clean")
    assert await enqueuer.run_once() == 1
    assert await planned_times(pool) == [planned]


def broken() -> Made:
    # An error that the store would take for a lost connection.
    message = "no such share"
    raise OSError(message)


@pytest.mark.parametrize("make", [broken, lambda: CleanArgs(text="\0")], ids=["raises", "refused"])
async def test_a_schedule_that_fails_harms_no_other_and_is_tried_again_later(
    pool: asyncpg.Pool, node: MakeNode, caplog: pytest.LogCaptureFixture, make: Callable[[], Made]
) -> None:
    answers = {"bad": make}
    enqueuer = node(clean(id="bad", make=lambda: answers["bad"]()), clean(id="good"))
    await enqueuer.run_once()
    await plan(pool, -2 * SECOND, "bad")
    await plan(pool, -SECOND, "good")
    with caplog.at_level(logging.ERROR, "revenge.jobs"):
        assert await enqueuer.run_once() == 1
    assert [(record.message, record.__dict__["schedule_id"]) for record in caplog.records] == [
        ("periodic.failed", "bad")
    ]
    answers["bad"] = CleanArgs
    assert await enqueuer.run_once() == 0
    assert enqueuer.interval() < 2 * SECOND
    planned = await plan(pool, -30 * SECOND, "bad")
    assert await enqueuer.run_once() == 1
    assert planned in await planned_times(pool)


async def test_a_schedule_that_goes_on_failing_is_tried_less_and_less_and_shows_its_trace_once(
    pool: asyncpg.Pool, node: MakeNode, caplog: pytest.LogCaptureFixture
) -> None:
    tries = 0

    def count() -> Made:
        nonlocal tries
        tries += 1
        return broken()

    enqueuer = node(clean(make=count))
    await enqueuer.run_once()
    with caplog.at_level(logging.ERROR, "revenge.jobs"):
        for late_s in (0, 3600, 3601, 7200, 7201, 7202):
            await plan(pool, -late_s * SECOND)
            await enqueuer.run_once()
    # The first, an hour later, and an hour after that: the others came too soon.
    assert tries == 3
    assert [(record.__dict__["failures"], record.exc_info is None) for record in caplog.records] == [
        (1, False),
        (2, True),
        (3, True),
    ]


async def test_a_failing_schedule_that_was_changed_is_tried_at_once(pool: asyncpg.Pool, node: MakeNode) -> None:
    answers: dict[str, Callable[[], Made]] = {"make": broken}
    enqueuer = node(clean(make=lambda: answers["make"]()))
    await enqueuer.run_once()
    await plan(pool, -HOUR)
    assert await enqueuer.run_once() == 0
    answers["make"] = CleanArgs
    await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 1


async def test_a_run_asked_for_that_fails_says_why(node: MakeNode) -> None:
    enqueuer = node(clean(make=broken))
    with pytest.raises(PeriodicFailed, match="periodic job 'clean' could not be made: OSError\\('no such share'\\)"):
        await enqueuer.run_now("clean")


async def test_a_make_that_ends_the_process_fails_alone(node: MakeNode) -> None:
    enqueuer = node(clean(id="leaves", make=lambda: sys.exit("no config")), clean(id="stays"))
    with pytest.raises(PeriodicFailed, match=r"'leaves' could not be made: SystemExit\('no config'\)"):
        await enqueuer.run_now("leaves")
    assert await enqueuer.run_now("stays")


async def test_a_unique_key_in_anothers_hand_holds_up_no_other_schedule(pool: asyncpg.Pool, store: Store) -> None:
    unique = InsertOpts(unique=UniqueOpts(by_args=True))
    enqueuer = PeriodicEnqueuer(
        client=ClientConfig(client_id="a"),
        config=PeriodicConfig(lock_timeout=timedelta(milliseconds=50)),
        store=store,
        periodic=PeriodicJobs([clean(id="held", opts=unique), clean(id="free")]),
    )
    await enqueuer.run_now("held")
    await plan(pool, -2 * SECOND, "held")
    await plan(pool, timedelta(0), "free")
    async with pool.acquire() as conn:
        async with conn.transaction():
            await conn.execute("UPDATE river_job SET priority = 2")
            assert await enqueuer.run_once() == 1
            assert enqueuer.interval() == timedelta(0)
            assert await enqueuer.run_once() == 0
            assert enqueuer.interval() == SECOND
        assert await enqueuer.run_once() == 1


async def test_a_run_that_make_leaves_out_is_not_shown_as_one(
    pool: asyncpg.Pool, node: MakeNode, schedules: PeriodicStore
) -> None:
    enqueuer = node(clean(make=lambda: None))
    await enqueuer.run_once()
    planned = await plan(pool, -SECOND)
    assert await enqueuer.run_once() == 0
    info = await schedules.get("clean")
    assert info.last_run_at is None
    assert info.kind is None
    assert info.next_run_at == planned + HOUR


async def test_the_next_look_is_when_the_next_run_is_due(pool: asyncpg.Pool, node: MakeNode) -> None:
    enqueuer = node(clean())
    await enqueuer.run_once()
    await plan(pool, 2 * SECOND)
    await enqueuer.run_once()
    assert 1.5 * SECOND < enqueuer.interval() < 2.1 * SECOND
    await plan(pool, HOUR)
    await enqueuer.run_once()
    assert enqueuer.interval() == PeriodicConfig().interval


async def test_a_service_runs_it_without_drift(pool: asyncpg.Pool, node: MakeNode) -> None:
    enough = asyncio.Event()
    seen: list[datetime] = []

    def note(results: Inserted) -> None:
        seen.extend(result.job.scheduled_at for result in results)
        if len(seen) >= 4:
            enough.set()

    enqueuer = node(clean(Every(timedelta(milliseconds=100)), missed=MissedPolicy.ALL), on_inserted=note)
    service = Service("periodic", enqueuer.run_once, clock=SystemClock(), interval=enqueuer.interval)
    service.start()
    await enough.wait()
    await service.stop()
    assert {after - before for before, after in pairwise(seen)} == {timedelta(milliseconds=100)}
    late = await pool.fetch("SELECT created_at - scheduled_at AS late FROM river_job")
    assert all(row["late"] >= timedelta(0) for row in late)


async def test_schedules_are_listed_and_forgotten_by_id(node: MakeNode, schedules: PeriodicStore) -> None:
    await node(clean(id="b_clean"), clean(id="a_clean", schedule=Cron("@daily"))).run_once()
    listed = await schedules.list()
    assert [(info.id, info.schedule) for info in listed] == [
        ("a_clean", {"cron": "@daily"}),
        ("b_clean", {"every_s": 3600.0}),
    ]
    await schedules.delete("a_clean")
    assert [info.id for info in await schedules.list()] == ["b_clean"]


async def test_an_unknown_schedule_is_named(node: MakeNode, schedules: PeriodicStore) -> None:
    actions = [
        *(schedules.get("moon"), schedules.pause("moon"), schedules.resume("moon"), schedules.delete("moon")),
        *(schedules.request_run("moon"), schedules.reschedule("moon", None), node().run_now("moon")),
    ]
    for action in actions:
        with pytest.raises(PeriodicNotFound, match="there is no periodic job 'moon'"):
            await action


async def test_a_node_without_periodic_jobs_takes_no_lease(pool: asyncpg.Pool, node: MakeNode) -> None:
    assert await node().run_once() == 0
    assert await pool.fetchval("SELECT count(*) FROM revenge_job_lease") == 0
