"""Dead nodes: who is one, what becomes of its jobs, and what a node does that only seemed dead."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.liveness import LivenessConfig, NodeState
from revenge.infra.jobs.maintenance.decision import Policies
from revenge.infra.jobs.maintenance.node_rescuer import NodeRescuer
from revenge.infra.jobs.node_store import NodeStore
from revenge.infra.jobs.nodes import Presence
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing import StoppedClock
from tests.fakes.engine import claim

AddJob = Callable[..., Awaitable[int]]
SECOND = timedelta(seconds=1)
POLICIES = Policies(workers=Workers(), timeout=60 * SECOND, retry_policy=LinearRetry(step=60 * SECOND))


class Node:
    """A node on one connection of its own, with the jobs of a test."""

    def __init__(self, store: Store, client_id: str, clock: StoppedClock, config: LivenessConfig | None = None) -> None:
        self.revived = 0
        self.lock_lost = asyncio.Event()
        self.presence = Presence(
            store=store,
            client_id=client_id,
            queues=lambda: {"default": 10},
            on_lock_lost=self.lock_lost.set,
            on_revived=self._revive,
        )
        self.rescuer = NodeRescuer(
            clock=clock,
            config=config or LivenessConfig(),
            store=store,
            presence=self.presence,
            policies=POLICIES,
        )

    async def _revive(self) -> None:
        self.revived += 1


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
async def direct(database: str) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """Return a coroutine function that opens a connection outside of the pool."""
    connections: list[Any] = []

    async def connect() -> Any:
        connections.append(await asyncpg.connect(database))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.terminate()


async def silence(pool: asyncpg.Pool, node_id: str, seconds: float) -> None:
    """Make the node's last beat one of long ago, and the server one that has been up for long."""
    await pool.execute(
        "UPDATE revenge_job_node SET beaten_at = now() - $2::interval WHERE id = $1", node_id, seconds * SECOND
    )


async def end_session(pool: asyncpg.Pool, node_id: str) -> None:
    """End the session that holds the node's lock, as its process's end would."""
    pid = await pool.fetchval(
        """
        SELECT pg_locks.pid FROM pg_locks JOIN revenge_job_node AS node ON (classid::bigint << 32) | objid::bigint = lock_key
        WHERE locktype = 'advisory' AND node.id = $1
        """,
        node_id,
    )
    assert await pool.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)


async def watch(rescuer: NodeRescuer, clock: StoppedClock, *, looks: int = 5) -> int:
    """Look as often as a young server needs: it counts as restarted just now."""
    moved = 0
    for _ in range(looks):
        moved += await rescuer.run_once()
        await clock.advance(2 * SECOND)
    return moved


async def row(pool: asyncpg.Pool, job_id: int) -> Any:
    return await pool.fetchrow(
        "SELECT *, state::text AS name, scheduled_at - now() AS due_in FROM river_job WHERE id = $1", job_id
    )


async def test_a_dead_nodes_jobs_are_handed_back_without_costing_an_attempt(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    lost = await add_job(
        "running", attempt=3, attempted_by="{go,dead}", due_in=-9 * SECOND, queue="low", metadata='{"mine": 1}'
    )
    other = await add_job("running", attempt=1, attempted_by="{dead,go}")
    heard: asyncio.Queue[object] = asyncio.Queue()
    channel = await store.channel("river_insert")
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear := lambda *args: heard.put_nowait(args[3]))
        assert await watch(me.rescuer, clock) == 1
        assert await heard.get() == '{"queue": "low"}'
        await listening.remove_listener(channel, hear)
    after = await row(pool, lost)
    assert (after["name"], after["attempt"]) == ("available", 2)
    assert -SECOND < after["due_in"] <= timedelta(0)
    assert orjson.loads(after["metadata"]) == {"mine": 1, "revenge:lost": 1}
    assert after["errors"] is None
    assert (await row(pool, other))["name"] == "running"
    assert await pool.fetchval("SELECT dead_at IS NOT NULL FROM revenge_job_node WHERE id = 'dead'")
    assert await watch(me.rescuer, clock) == 0


async def test_a_loss_after_many_is_a_failed_attempt_that_names_the_node(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    again = await add_job("running", attempt=3, attempted_by="{dead}", metadata='{"revenge:lost": 20}')
    last = await add_job("running", attempt=25, attempted_by="{dead}", metadata='{"revenge:lost": 27}')
    cancelled = await add_job("running", attempted_by="{dead}", metadata='{"cancel_attempted_at": "x"}')
    assert await watch(me.rescuer, clock) == 3
    after = await row(pool, again)
    assert (after["name"], after["attempt"]) == ("retryable", 3)
    assert 59 * SECOND < after["due_in"] < 60 * SECOND
    assert orjson.loads(after["errors"][0])["error"] == "worker lost: node dead died while it worked on this job"
    assert (await row(pool, last))["name"] == "discarded"
    assert (await row(pool, cancelled))["name"] == "cancelled"


async def test_only_the_suspect_that_ran_last_is_to_blame_for_its_nodes_end(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    """The first has ended, and its end was not written yet; the third was accused in an earlier attempt."""
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    ended, guilty, earlier, waits = [
        await add_job("running", attempt=1, attempted_by="{dead}", metadata='{"revenge:lost": 2}') for _ in range(4)
    ]
    for job_id in (ended, guilty, earlier):
        attempted_at = (await row(pool, job_id))["attempted_at"]
        assert await JobStore(store).accuse(claim(id=job_id, attempt=1, attempted_at=attempted_at))
    await pool.execute("UPDATE river_job SET attempted_at = attempted_at + interval '1 ms' WHERE id = $1", earlier)
    assert await watch(me.rescuer, clock) == 4
    after = await row(pool, guilty)
    assert orjson.loads(after["errors"][0])["error"] == (
        "worker lost: node dead died of this job, the only suspect that it ran"
    )
    assert orjson.loads(after["metadata"])["revenge:killed"] == 1
    for job_id in (ended, earlier, waits):
        innocent = await row(pool, job_id)
        assert (innocent["name"], innocent["attempt"], innocent["errors"]) == ("available", 0, None)
        assert orjson.loads(innocent["metadata"])["revenge:lost"] == 3


async def test_an_accusation_of_an_attempt_that_is_another_nodes_by_now_is_not_written(
    pool: asyncpg.Pool, store: Store, add_job: AddJob
) -> None:
    job_id = await add_job("running", attempt=2, attempted_by="{other}", metadata='{"revenge:lost": 2}')
    attempted_at = (await row(pool, job_id))["attempted_at"]
    assert not await JobStore(store).accuse(claim(id=job_id, attempt=1, attempted_at=attempted_at))
    assert "revenge:accused" not in orjson.loads((await row(pool, job_id))["metadata"])


async def test_a_lock_keeps_a_silent_node_alive_and_its_end_is_seen(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, direct: Callable[[], Awaitable[Any]]
) -> None:
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await other.presence.attach(await direct())
    job_id = await add_job("running", attempt=1, attempted_by="{other}")
    # Its loop has been blocked for an hour: that is no death.
    await silence(pool, "other", 3600)
    assert await watch(me.rescuer, clock, looks=10) == 0
    await end_session(pool, "other")
    assert await watch(me.rescuer, clock) == 1
    assert (await row(pool, job_id))["name"] == "available"


async def test_a_blocked_node_is_reported_once_until_it_turns_again(
    pool: asyncpg.Pool,
    store: Store,
    clock: StoppedClock,
    direct: Callable[[], Awaitable[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def told(event: str) -> int:
        return sum(record.getMessage() == event for record in caplog.records)

    caplog.set_level("INFO", "revenge.jobs")
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await other.presence.attach(await direct())
    await silence(pool, "other", 16)
    await watch(me.rescuer, clock)
    assert (told("node.blocked"), told("node.unblocked")) == (1, 0)
    assert {node.id: node.state for node in await NodeStore(store).list()} == {
        "me": NodeState.ALIVE,
        "other": NodeState.BLOCKED,
    }
    await other.presence.beat()
    await watch(me.rescuer, clock)
    assert (told("node.blocked"), told("node.unblocked")) == (1, 1)


async def test_a_blocked_nodes_jobs_are_handed_over_where_that_is_set_and_it_cannot_settle_them_any_more(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, direct: Callable[[], Awaitable[Any]]
) -> None:
    config = LivenessConfig(hand_over_blocked_after=60 * SECOND)
    me, other = Node(store, "me", clock, config), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await other.presence.attach(await direct())
    job_id = await add_job("running", attempt=1, attempted_by="{other}")
    attempted_at = (await row(pool, job_id))["attempted_at"]
    await silence(pool, "other", 59)
    assert await watch(me.rescuer, clock, looks=1) == 0
    await silence(pool, "other", 70)
    assert await watch(me.rescuer, clock) == 1
    after = await row(pool, job_id)
    assert (after["name"], after["attempt"], after["errors"]) == ("available", 0, None)
    assert (await NodeStore(store).list())[1].state is NodeState.DEAD
    # Its worker ends at last: the attempt is not its own any more.
    late = claim(id=job_id, attempt=1, attempted_at=attempted_at)
    assert await JobStore(store).complete_many([late], finalized_at=attempted_at) == []
    assert (await row(pool, job_id))["name"] == "available"
    await other.presence.beat()
    assert other.revived == 1
    assert {node.state for node in await NodeStore(store).list()} == {NodeState.ALIVE}


async def test_a_node_that_lost_its_connection_says_so_and_lives_by_its_beats(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, direct: Callable[[], Awaitable[Any]]
) -> None:
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await other.presence.attach(await direct())
    await add_job("running", attempt=1, attempted_by="{other}")
    await end_session(pool, "other")
    await other.lock_lost.wait()
    await other.presence.beat()
    assert await pool.fetchval("SELECT lock_key IS NULL FROM revenge_job_node WHERE id = 'other'")
    await silence(pool, "other", 15)
    assert await watch(me.rescuer, clock) == 0
    await other.presence.attach(await direct())
    assert other.presence.is_locked
    await silence(pool, "other", 3600)
    assert await watch(me.rescuer, clock) == 0


async def test_a_node_that_only_seemed_dead_is_told_and_finds_out_which_attempts_are_still_its_own(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await silence(pool, "other", 25)
    lost = await add_job("running", attempt=1, attempted_by="{other}")
    attempts = [(lost, 1, (await row(pool, lost))["attempted_at"])]
    assert await watch(me.rescuer, clock) == 1
    await other.presence.beat()
    assert other.revived == 1
    kept = await add_job("running", attempt=1, attempted_by="{other}")
    attempts.append((kept, 1, (await row(pool, kept))["attempted_at"]))
    assert await other.presence.still_held(attempts) == {kept}
    assert not await pool.fetchval("SELECT dead_at IS NOT NULL FROM revenge_job_node WHERE id = 'other'")
    assert await watch(me.rescuer, clock) == 0
    await other.presence.beat()
    assert other.revived == 1


async def test_a_node_that_could_not_look_for_its_attempts_is_told_again(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock
) -> None:
    answers: list[Exception | None] = [StoreError("gone", retryable=True), None]

    async def look() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    presence = Presence(store=store, client_id="me", queues=dict, on_revived=look)
    await presence.register()
    await pool.execute("UPDATE revenge_job_node SET dead_at = now()")
    with pytest.raises(StoreError):
        await presence.beat()
    await presence.beat()
    await presence.beat()
    assert answers == []


async def test_after_a_beat_that_failed_nobody_is_judged_in_a_hurry(
    pool: asyncpg.Pool, clock: StoppedClock, add_job: AddJob, direct: Callable[[], Awaitable[Any]]
) -> None:
    class Away(Store):
        """A store that can be away, of a server that has been up for long."""

        is_away = False

        async def fetch(self, name: str, *args: Any, conn: Any = None) -> list[Any]:
            if self.is_away:
                raise StoreError("gone", retryable=True)
            rows = await super().fetch(name, *args, conn=conn)
            if name == "node_beat":
                return [{**row, "server_uptime": timedelta(days=1)} for row in rows]
            return rows

    store = Away(pool)
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await other.presence.attach(await direct())
    await add_job("running", attempt=1, attempted_by="{other}")
    await end_session(pool, "other")
    await silence(pool, "other", 3)
    assert await watch(me.rescuer, clock, looks=1) == 0
    store.is_away = True
    with pytest.raises(StoreError):
        await me.rescuer.run_once()
    store.is_away = False
    # In a hurry it would be dead with the second look.
    assert await watch(me.rescuer, clock, looks=3) == 0
    assert await watch(me.rescuer, clock, looks=2) == 1


async def test_two_living_processes_of_one_id_are_reported(
    store: Store, clock: StoppedClock, direct: Callable[[], Awaitable[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    first = Node(store, "same", clock)
    await first.rescuer.enter()
    await first.presence.attach(await direct())
    await Node(store, "same", clock).rescuer.enter()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["node.id_shared"]


async def test_of_two_rescuers_one_hands_the_jobs_back(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    nodes = [Node(store, f"node_{number}", clock) for number in range(3)]
    for node in nodes:
        await node.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    ids = [await add_job("running", attempt=1, attempted_by="{dead}") for _ in range(50)]
    for _ in range(5):
        await asyncio.gather(*(node.rescuer.run_once() for node in nodes))
        await clock.advance(2 * SECOND)
    rows = await pool.fetch(
        "SELECT attempt, metadata, state::text AS name FROM river_job WHERE id = ANY ($1::bigint[])", ids
    )
    assert {(found["name"], found["attempt"], found["metadata"]) for found in rows} == {
        ("available", 0, '{"revenge:lost": 1}')
    }


async def test_a_beat_at_the_last_moment_saves_a_node(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me, other = Node(store, "me", clock), Node(store, "other", clock)
    await me.rescuer.enter()
    await other.rescuer.enter()
    await silence(pool, "other", 25)
    await add_job("running", attempt=1, attempted_by="{other}")
    [seen] = (await me.presence.beat()).others
    await other.presence.beat()
    assert await me.rescuer.rescue(seen) == 0
    assert other.revived == 0


async def test_a_job_whose_row_is_locked_comes_back_with_the_next_pass(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    locked = await add_job("running", attempt=1, attempted_by="{dead}")
    await add_job("running", attempt=1, attempted_by="{dead}")
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", locked)
        assert await watch(me.rescuer, clock) == 1
    assert await watch(me.rescuer, clock, looks=1) == 1
    assert (await row(pool, locked))["name"] == "available"


async def test_jobs_of_unknown_clients_are_not_touched(store: Store, clock: StoppedClock, add_job: AddJob) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await add_job("running", attempt=1, attempted_by="{go}", attempted_ago=3600 * SECOND)
    await add_job("running", attempt=1, attempted_ago=3600 * SECOND)
    assert await watch(me.rescuer, clock) == 0


async def test_a_node_alone_beats_more_rarely(store: Store, clock: StoppedClock) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await me.rescuer.run_once()
    assert me.rescuer.interval() == 5 * SECOND
    await Node(store, "other", clock).rescuer.enter()
    await me.rescuer.run_once()
    assert me.rescuer.interval() == 2 * SECOND


async def test_a_node_whose_row_was_deleted_writes_it_again_with_its_own_start(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    started_at = await pool.fetchval("SELECT started_at FROM revenge_job_node")
    await pool.execute("DELETE FROM revenge_job_node")
    await me.presence.beat()
    assert await pool.fetchval("SELECT started_at FROM revenge_job_node WHERE id = 'me'") == started_at


async def test_leaving_deletes_the_row_unless_a_job_still_runs(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    me, busy = Node(store, "me", clock), Node(store, "busy", clock)
    await me.rescuer.enter()
    await busy.rescuer.enter()
    await add_job("running", attempt=1, attempted_by="{busy}")
    await me.presence.leave()
    await busy.presence.leave()
    assert [found[0] for found in await pool.fetch("SELECT id FROM revenge_job_node")] == ["busy"]


async def test_a_process_that_starts_with_the_id_of_a_killed_one_hands_its_jobs_back_first(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, direct: Callable[[], Awaitable[Any]]
) -> None:
    killed = Node(store, "fixed", clock)
    await killed.rescuer.enter()
    await killed.presence.attach(await direct())
    job_id = await add_job("running", attempt=1, attempted_by="{fixed}")
    await end_session(pool, "fixed")
    await Node(store, "fixed", clock).rescuer.enter()
    assert (await row(pool, job_id))["name"] == "available"
    assert not await pool.fetchval("SELECT dead_at IS NOT NULL FROM revenge_job_node WHERE id = 'fixed'")


_KILLED = """
import asyncio, sys, asyncpg
from revenge.infra.jobs.nodes import Presence
from revenge.infra.jobs.store import Store

async def main():
    pool = await asyncpg.create_pool(sys.argv[1], min_size=1, max_size=2)
    presence = Presence(store=Store(pool), client_id="killed", queues=dict)
    await presence.register()
    await presence.attach(await asyncpg.connect(sys.argv[1]))
    await presence.beat()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_processs_jobs_are_back_within_five_seconds(
    pool: asyncpg.Pool, store: Store, database: str, add_job: AddJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, database, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    clock = SystemClock()
    presence = Presence(store=store, client_id="me", queues=dict)
    config = LivenessConfig(calm_grace=2 * SECOND)  # the test's server has started just now
    rescuer = NodeRescuer(clock=clock, config=config, store=store, presence=presence, policies=POLICIES)
    await rescuer.enter()
    job_id = await add_job("running", attempt=1, attempted_by="{killed}")
    back = asyncio.Event()
    channel = await store.channel("river_insert")
    beating = Service("node", rescuer.run_once, clock=clock, interval=rescuer.interval)
    async with pool.acquire() as listening:
        await listening.add_listener(channel, hear := lambda *_: back.set())
        beating.start()
        process.kill()
        async with asyncio.timeout(5):
            await back.wait()
        await beating.stop()
        await listening.remove_listener(channel, hear)
    await process.wait()
    assert (await row(pool, job_id))["name"] == "available"


async def test_a_lost_job_whose_unique_key_another_took_is_discarded_and_keeps_no_other_from_coming_back(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    """Another program left `running` out of the unique states: the key was free while the job ran."""
    odd = {"unique_key": "\\x01", "unique_states": "00100001"}
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    taken = await add_job("running", attempt=1, attempted_by="{dead}", **odd)
    await add_job("available", **odd)
    plain = await add_job("running", attempt=1, attempted_by="{dead}")
    assert await watch(me.rescuer, clock) == 2
    assert (await row(pool, plain))["name"] == "available"
    after = await row(pool, taken)
    assert (after["name"], after["unique_states"]) == ("discarded", None)
    assert orjson.loads(after["metadata"])["unique_key_conflict"] == "rescuer_discarded"


async def test_a_transaction_that_takes_a_lost_jobs_key_holds_up_that_job_alone(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob
) -> None:
    odd = {"unique_key": "\\x01", "unique_states": "00100001"}
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    taken = await add_job("running", attempt=1, attempted_by="{dead}", **odd)
    plain = await add_job("running", attempt=1, attempted_by="{dead}")
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(
            "INSERT INTO river_job (kind, args, unique_key, unique_states) VALUES ('new', '{}', $1, $2)",
            b"\x01",
            asyncpg.BitString.from_int(int(odd["unique_states"], 2), 8),
        )
        assert await watch(me.rescuer, clock) == 1
        assert (await row(pool, plain))["name"] == "available"
        assert (await row(pool, taken))["name"] == "running"
        # The key is free again: the job comes back as any other.
        await transaction.rollback()
    assert await watch(me.rescuer, clock, looks=1) == 1
    assert (await row(pool, taken))["name"] == "available"


@pytest.mark.parametrize("key", ["revenge:lost", "revenge:killed"])
@pytest.mark.parametrize("value", ["1000000000000", "-1e300", "1e300"])
async def test_a_count_beyond_an_integer_keeps_no_job_of_a_dead_node_from_coming_back(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, key: str, value: str
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    odd = await add_job("running", attempt=1, attempted_by="{dead}", metadata=f'{{"{key}": {value}}}')
    plain = await add_job("running", attempt=1, attempted_by="{dead}")
    assert await watch(me.rescuer, clock) == 2
    assert (await row(pool, plain))["name"] == "available"
    assert (await row(pool, odd))["name"] in ("available", "retryable")


@pytest.mark.parametrize("at", ["-infinity", "infinity", "0044-03-15 BC", "50000-01-01"])
async def test_a_dead_nodes_job_of_an_impossible_time_comes_back(
    pool: asyncpg.Pool, store: Store, clock: StoppedClock, add_job: AddJob, at: str
) -> None:
    me = Node(store, "me", clock)
    await me.rescuer.enter()
    await Node(store, "dead", clock).rescuer.enter()
    await silence(pool, "dead", 25)
    odd = await add_job("running", attempt=1, attempted_by="{dead}")
    await pool.execute(f"UPDATE river_job SET attempted_at = '{at}' WHERE id = $1", odd)
    await add_job("running", attempt=1, attempted_by="{dead}")
    assert await watch(me.rescuer, clock) == 2
    assert await pool.fetchval("SELECT state::text FROM river_job WHERE id = $1", odd) == "available"
