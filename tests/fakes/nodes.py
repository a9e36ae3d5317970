"""Nodes in processes of their own, that a test kills and starts again: ours, and River's in Go beside them."""

import asyncio
import itertools
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from revenge.infra.jobs import Client, JobArgs
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import eventually
from tests.fakes.figures import tell
from tests.interop.peer import GoPeer

ROOT = Path(__file__).parents[2]
GO_RESCUE_AFTER_S, GO_TIMEOUT_S = 10, 8
"""For fleets with Go in them, whose killed nodes nobody notices sooner: no job of these tests takes as long."""
_SNOOZED_MS = 50


class ChaosArgs(JobArgs, kind="act"):
    """What an attempt does: ``what`` as our nodes read it, ``attempts`` as the program in Go does."""

    what: str = ""
    attempts: list[dict[str, Any]]


EFFECT = {"do": "effect"}
WHATS = (
    *[ChaosArgs(attempts=[EFFECT])] * 8,
    ChaosArgs(what="fail once", attempts=[{"do": "fail", "message": "ValueError: once"}, EFFECT]),
    ChaosArgs(what="snooze once", attempts=[{"do": "snooze", "ms": _SNOOZED_MS}, EFFECT]),
)


class Node(Protocol):
    """A process that works jobs."""

    async def kill(self) -> None: ...

    async def stop(self) -> None: ...


class OurNode:
    """``tests.fakes.node`` in a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """Return what it says next."""
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 60)).decode().strip()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self._process.wait(), 60)


class GoNode:
    """River in Go in a process."""

    def __init__(self, peer: GoPeer, client_id: str) -> None:
        self._peer = peer
        self._client_id = client_id

    async def kill(self) -> None:
        await self._peer.kill()

    async def stop(self) -> None:
        await self._peer.call("stop", client=self._client_id)
        await self._peer.kill()


class Nodes:
    """Those that run at present."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._numbers = itertools.count(1)
        self.running: list[Node] = []

    async def start(self, *options: str) -> OurNode:
        """Start one of ours; ``options`` are those of ``tests.fakes.node``."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.node", self._dsn, f"node{next(self._numbers)}", *options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        node = OurNode(process)
        self.running.append(node)
        assert await node.line() == "ready"
        return node

    async def start_go(self, program: Path) -> GoNode:
        """Start one in Go."""
        client_id = f"go{next(self._numbers)}"
        peer = await GoPeer(program, self._dsn, schema="public").__aenter__()
        node = GoNode(peer, client_id)
        self.running.append(node)
        config = {
            "queues": {"default": {"max_workers": 20}},
            "workers": {"act": {"attempts": [EFFECT]}},
            "rescue_after_ms": GO_RESCUE_AFTER_S * 1000,
            "job_timeout_ms": GO_TIMEOUT_S * 1000,
            "retry_ms": _SNOOZED_MS,
            "quiet": True,
        }
        await peer.call("start", client=client_id, config=config)
        return node

    async def kill(self, node: Node) -> None:
        """End it as kill -9 does."""
        self.running.remove(node)
        await node.kill()

    async def stop_all(self) -> None:
        """Let all of them end in order."""
        for node in self.running:
            await node.stop()
        self.running.clear()


async def kill_at_random(
    nodes: Nodes, client: Client, pool: asyncpg.Pool, *, jobs: int, starts: Sequence[Callable[[], Awaitable[object]]]
) -> None:
    """Work ``jobs`` jobs by a node for each of ``starts``, killing one after the other; see that each settled once.

    Each killed one is started again by the way that it was started by.
    """
    chance, clock = random.Random(), SystemClock()
    ways: dict[int, Callable[[], Awaitable[object]]] = {}
    for way in starts:
        ways[id(await way())] = way
    began, kills = time.monotonic(), 0
    kinds = itertools.cycle(WHATS)

    async def insert() -> None:
        for start in range(0, jobs, 5000):
            await client.insert_many([next(kinds) for _ in range(min(5000, jobs - start))])

    async def unsettled() -> int:
        return int(await pool.fetchval("SELECT count(*) FROM river_job WHERE finalized_at IS NULL"))

    inserting = asyncio.create_task(insert())
    # The first at once, while it works: a few thousand jobs are done before a process is started again.
    while (left := await unsettled()) or not inserting.done():
        if left > 0.02 * jobs:
            victim = chance.choice(nodes.running)
            await nodes.kill(victim)
            way = ways.pop(id(victim))
            ways[id(await way())] = way
            kills += 1
        await clock.sleep(timedelta(seconds=chance.uniform(0.1, 1) if kills else 0.005))
    await inserting
    took = time.monotonic() - began

    async def dead_are_known() -> bool:
        # While somebody lives: those that stop in order say so themselves, one killed last is found by the others.
        known = await pool.fetchval("SELECT count(*) FROM revenge_job_node WHERE dead_at IS NULL")
        return int(known) == sum(isinstance(node, OurNode) for node in nodes.running)

    await eventually(dead_are_known, within=timedelta(seconds=60))
    await nodes.stop_all()
    assert kills > 0
    await _check(pool, jobs)
    tell(jobs=jobs, processes=len(starts), kills=kills, jobs_per_s=round(jobs / took))


async def _check(pool: asyncpg.Pool, jobs: int) -> None:
    assert await pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'completed'") == jobs
    # Each ended once, and none was worked twice under one claim: the table's key would have failed an attempt.
    assert await pool.fetchval("SELECT count(*) FROM ends") == jobs
    assert await pool.fetchval("SELECT count(DISTINCT job_id) FROM ends") == jobs
    assert await pool.fetchval("SELECT count(DISTINCT job_id) FROM effects") == jobs
    errors = await pool.fetch("SELECT DISTINCT error ->> 'error' AS text FROM river_job, unnest(errors) AS error")
    expected = ("ValueError: once", "worker lost", "Stuck job rescued")
    assert not [row["text"] for row in errors if not row["text"].startswith(expected)]
    # Attempts count failures and the last success; a claim more is a snooze, or one that was taken from a dead node.
    odd = await pool.fetch(
        """
        SELECT id, attempt, attempted_by, errors, metadata FROM river_job
        WHERE attempt <> 1 + coalesce(cardinality(errors), 0)
            OR cardinality(attempted_by) < attempt + coalesce((metadata ->> 'snoozes')::int, 0)
            OR coalesce((metadata ->> 'snoozes')::int, 0) <> CASE
                -- A job that was taken from a dead Go process has lost its first attempt, and with it the wish to snooze.
                WHEN args ->> 'what' = 'snooze once' AND NOT metadata ? 'river:rescue_count' THEN 1
                WHEN args ->> 'what' = 'snooze once' THEN least(coalesce((metadata ->> 'snoozes')::int, 0), 1)
                ELSE 0
            END
        """
    )
    assert odd == []

    assert not await pool.fetchval("SELECT count(*) FROM revenge_job_node WHERE dead_at IS NULL")
