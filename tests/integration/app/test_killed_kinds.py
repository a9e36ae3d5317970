"""A node is killed in the middle of each kind, and what the tables say in the end is what they say undisturbed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.acceptance.house import LIMIT_S, House
from tests.fakes.in_the_way import in_the_way_of
from tests.fakes.whole_server import World, appendix_a, whole_server

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]  # twenty-eight nodes die, one after the other

Pool = asyncpg.Pool

_PORT = re.compile(r"127\.0\.0\.1:\d+")

OF_THE_MOMENT = frozenset(
    {
        "account_token",
        "activity",
        "arr_sync",
        "call_circuit",
        "call_rate",
        "notification_delivery",
        "notification_event",
        "provider_answer",
        "search_build",
        "search_change",
        "server_stat",
        "webhook_event",
    }
)
"""Tables that say when something was tried, or how often."""


@pytest.fixture
async def other_pool(empty_database: str) -> AsyncIterator["Pool[asyncpg.Record]"]:
    async with asyncpg.create_pool(empty_database, min_size=1, max_size=4) as pool:
        yield pool


async def test_each_kind_ends_as_undisturbed_although_its_node_is_killed_in_the_middle(
    house: House, pool: "Pool[asyncpg.Record]", other_pool: "Pool[asyncpg.Record]", empty_database: str, tmp_path: Path
) -> None:
    roots = {name: tmp_path / name for name in ("calm", "wild")}
    for root in roots.values():
        root.mkdir()
    other_house = House(roots["calm"], {"DATABASE_URL": empty_database})
    try:
        async with whole_server(other_house, other_pool, roots["calm"]) as calm:
            for kind, (args, _) in appendix_a(calm, 1).items():
                assert (await calm.end(await calm.enqueue(kind, args)))["state"] == "completed", kind
            await calm.quiet()
            expected = await tables(other_pool, roots["calm"])
    finally:
        other_house.close()

    async with whole_server(house, pool, roots["wild"], nodes=2) as wild:
        wrong: dict[str, Any] = {}
        for kind, (args, outcome) in appendix_a(wild, 1).items():
            job = await killed_in_the_middle(wild, kind, args)
            if job["state"] != "completed" or not outcome(job["output"]) or len(set(job["attempted_by"])) < 2:
                wrong[kind] = (job["state"], job["output"], job["errors"], job["attempted_by"])
        assert wrong == {}
        await wild.quiet()
        found = await tables(pool, roots["wild"])
    assert found.keys() == expected.keys()
    for table, rows in found.items():
        assert rows == expected[table], table
    told = [json.loads(asked.body)["message"] for asked in wild.receiver.asked]
    assert len(told) <= 2, "a message that may have gone out is not sent again without end"


async def killed_in_the_middle(world: World, kind: str, args: dict[str, Any]) -> dict[str, Any]:
    """Kill the node whose job waits for a table that it needs, and return the job as the other node ended it."""
    async with in_the_way_of(kind, world.pool) as way:
        job_id = await world.enqueue(kind, args)
        await way.reached_by(job_id, within=timedelta(seconds=LIMIT_S))
        await world.kill_node_of(job_id)
    async with asyncio.TaskGroup() as both:
        both.create_task(world.start_node())
        ended = both.create_task(world.end(job_id))
    return ended.result()


async def tables(pool: "Pool[asyncpg.Record]", root: Path) -> dict[str, list[str]]:
    """Return what the application's tables say, without ids, times, ports, and the folder that it was tried in."""
    found: dict[str, list[str]] = {}
    names = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'revenge' ORDER BY tablename")
    for name in [row["tablename"] for row in names if row["tablename"] not in OF_THE_MOMENT]:
        columns = await pool.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'revenge' AND table_name = $1"
            " AND data_type NOT IN ('uuid', 'timestamp with time zone', 'bytea', 'ARRAY', 'jsonb')"
            " AND column_name NOT IN ('job_id', 'inode', 'mtime_ns', 'nfo_mtime_ns', 'device', 'updated', 'unchanged')"
            " ORDER BY ordinal_position",
            name,
        )
        listed = ", ".join(f'"{row["column_name"]}"' for row in columns)
        rows = await pool.fetch(f"SELECT {listed} FROM revenge.{name}" if listed else f"SELECT 1 FROM revenge.{name}")
        texts = (str(tuple(row)).replace(str(root), "") for row in rows)
        found[name] = sorted(_PORT.sub("127.0.0.1", text) for text in texts)
    return found
