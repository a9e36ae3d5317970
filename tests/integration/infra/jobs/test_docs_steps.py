"""The page on writing a worker shows an example of steps that runs."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, JobState
from tests.fakes.engine import eventually

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"
LIMIT = timedelta(seconds=30)
StartClient = Callable[..., Awaitable[Client]]


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's module, as a user's program has it, where ``info`` is logged."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import parcels

    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.INFO)
    yield parcels
    root.setLevel(level)
    root.handlers = handlers


async def test_an_order_is_charged_once_and_each_parcel_sent_once(
    parcels: Any, start_client: StartClient, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        """
        CREATE TABLE orders (id int, is_shipped bool DEFAULT false);
        CREATE TABLE charges (order_id int);
        CREATE TABLE parcels (id int, order_id int, is_packed bool, times_sent int DEFAULT 0);
        INSERT INTO orders VALUES (7);
        INSERT INTO parcels VALUES (1, 7, true), (2, 7, true), (3, 7, false), (4, 7, true);
        """
    )
    node = await start_client(parcels.ShipWorker(pool))
    job_id = (await node.insert(parcels.ShipArgs(order_id=7))).job.id

    async def snoozed() -> bool:
        return (await node.get(job_id)).state is JobState.SCHEDULED

    await eventually(snoozed, within=LIMIT)
    await pool.execute("UPDATE parcels SET is_packed = true")
    await node.retry(job_id)
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.output) == (JobState.COMPLETED, {"order": 7})
    assert await pool.fetchval("SELECT count(*) FROM charges") == 1
    assert [parcel["times_sent"] for parcel in await pool.fetch("SELECT * FROM parcels")] == [1, 1, 1, 1]
    assert await pool.fetchval("SELECT is_shipped FROM orders")

    # The worker's own transaction completed the job; what it logged follows when its attempt has ended.
    async def both_logged() -> bool:
        logs = [entry["log"].splitlines() for entry in (await node.get(job_id)).metadata["river:log"]]
        return [[line.partition(": ")[2] for line in log] for log in logs] == [
            ["sending parcel=1", "sending parcel=2"],
            ["sending parcel=3", "sending parcel=4"],
        ]

    await eventually(both_logged, within=LIMIT)


def test_the_page_shows_the_example_as_it_is() -> None:
    page = (EXAMPLES.parent / "writing-a-worker.md").read_text().partition("## Steps")[2].partition("## Inserting")[0]
    real = {line.strip() for line in (EXAMPLES / "parcels.py").read_text().splitlines()}
    shown = [line.strip() for code in page.split("```python\n")[1:] for line in code.split("```")[0].splitlines()]
    assert shown
    assert [line for line in shown if line not in real] == []
