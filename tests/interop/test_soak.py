"""A mixed fleet under load: two processes of Go and two of ours settle every job once.

Scenarios: mixed_skip_locked_competition, multi_engine_competition, mixed_soak, multi_engine_soak. By hand for an hour:
``pytest tests/interop/test_soak.py --soak-seconds 3600``.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.engine import eventually
from tests.fakes.node import TABLES
from tests.interop.conftest import AnyPeer, Rows, StartPeer
from tests.interop.peer import OurProcess

JOBS = 20_000
BATCH = 500
WAITING = 5_000
"""Jobs that may wait before more are inserted."""
LAST: dict[str, Any] = {"do": "effect"}
SCRIPTS: list[list[dict[str, Any]]] = [
    *[[LAST]] * 8,
    [{"do": "fail", "message": "once"}, LAST],
    [{"do": "snooze", "ms": 100}, LAST],
]
QUEUES = {"default": {"max_workers": 50}, "bulk": {"max_workers": 10}}


@pytest.mark.timeout(7200)
async def test_every_job_is_settled_once(
    start_go: StartPeer,
    start_process: Callable[[], Awaitable[OurProcess]],
    database: str,
    rows: Rows,
    pytestconfig: pytest.Config,
) -> None:
    seconds = int(pytestconfig.getoption("--soak-seconds"))
    await rows.pool.execute(TABLES)
    fleet: list[AnyPeer] = [
        await start_go(dsn=database, schema="public"),
        await start_process(),
        await start_go(dsn=database, schema="public"),
        await start_process(),
    ]
    settings = {"queues": QUEUES, "workers": {"soaked": {}}, "fetch_cooldown_ms": 10, "retry_ms": 200, "quiet": True}
    for number, peer in enumerate(fleet):
        await peer.call("start", client=f"{peer.name}{number}", config=settings)

    began, inserted = time.monotonic(), 0
    for peer in itertools.cycle(fleet):
        if inserted >= JOBS and time.monotonic() - began >= seconds:
            break
        await eventually(lambda: _has_room(rows), within=timedelta(minutes=5))
        inserted += len(await peer.call("insert_many", jobs=_batch()))
        if inserted % (10 * BATCH) == 0:
            await peer.call("request_resign")
            await rows.pool.execute("VACUUM river_job")  # the tests' server does not by itself

    await eventually(lambda: _nothing_left(rows), within=timedelta(minutes=5))
    await asyncio.gather(
        *(peer.call("stop", client=f"{peer.name}{number}", timeout_ms=60_000) for number, peer in enumerate(fleet))
    )
    took = time.monotonic() - began
    by_whom = Counter(
        {row[0]: row[1] for row in await rows.pool.fetch("SELECT node, count(*) FROM effects GROUP BY node")}
    )
    print(f"\n{inserted} jobs in {took:.0f} s, {inserted / took:.0f} a second: {dict(sorted(by_whom.items()))}")  # noqa: T201 - a measurement

    states = await rows.pool.fetch("SELECT state::text, count(*) FROM river_job GROUP BY state")
    assert [tuple(row) for row in states] == [("completed", inserted)]
    # Each began its last step once, under one claim, and ended once.
    for table in ("effects", "ends"):
        counted = await rows.pool.fetchrow(f"SELECT count(*), count(DISTINCT job_id) FROM {table}")
        assert tuple(counted or ()) == (inserted, inserted), table
    odd = await rows.pool.fetch(
        """
        SELECT id, attempt, attempted_by, metadata, args FROM river_job
        WHERE attempt <> 1 + coalesce(cardinality(errors), 0)
            OR cardinality(attempted_by) <> attempt + coalesce((metadata ->> 'snoozes')::integer, 0)
        LIMIT 5"""
    )
    assert odd == []
    assert set(by_whom) == {"go0", "ours1", "go2", "ours3"}


def _batch() -> list[dict[str, Any]]:
    scripts = itertools.islice(itertools.cycle(SCRIPTS), BATCH)
    return [
        {"kind": "soaked", "args": {"attempts": script}, "opts": {"queue": ("default", "bulk")[place % 7 == 0]}}
        for place, script in enumerate(scripts)
    ]


async def _has_room(rows: Rows) -> bool:
    waiting = await rows.pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'available'")
    return int(waiting) < WAITING


async def _nothing_left(rows: Rows) -> bool:
    return not await rows.pool.fetchval("SELECT EXISTS (SELECT FROM river_job WHERE finalized_at IS NULL)")
