"""Processes of both engines are killed at random on one database: every job settles once, attempts add up."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.jobs import Client
from tests.fakes.node import TABLES
from tests.fakes.nodes import GO_RESCUE_AFTER_S, GO_TIMEOUT_S, Nodes, kill_at_random


@pytest.fixture
async def nodes(database: str, pool: asyncpg.Pool) -> AsyncIterator[Nodes]:
    await pool.execute(TABLES)
    nodes = Nodes(database)
    yield nodes
    for node in list(nodes.running):
        await nodes.kill(node)


@pytest.mark.chaos
@pytest.mark.timeout(14_400)  # a million jobs, by hand
async def test_chaos_beside_go_every_job_settles_once_while_processes_are_killed(
    nodes: Nodes, pool: asyncpg.Pool, go_program: Path, chaos_jobs: int, chaos_round: str
) -> None:
    async def ours() -> object:
        return await nodes.start(f"rescue_after={GO_RESCUE_AFTER_S}", f"timeout={GO_TIMEOUT_S}")

    async def go() -> object:
        return await nodes.start_go(go_program)

    starts = [ours, go, ours, go]
    await kill_at_random(nodes, Client(pool, schema="public"), pool, jobs=chaos_jobs, starts=starts)
