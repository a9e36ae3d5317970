"""The page on enqueueing shows code that runs."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from revenge.infra.jobs import Client, InsertOpts, Job, JobState, Worker

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "docs" / "examples"
StartClient = Callable[..., Awaitable[Client]]


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example's module, as a user's program has it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import orders

    return orders


def test_what_the_page_shows_is_in_the_tested_file() -> None:
    tested = (EXAMPLES / "orders.py").read_text()
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "enqueueing.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert block in tested


async def test_an_order_and_its_receipts_job_are_one_transaction(
    orders: Any, database: str, pool: asyncpg.Pool
) -> None:
    await pool.execute("CREATE TABLE orders (id int PRIMARY KEY)")
    dsn = database.replace("postgresql://", "postgresql+{}://")
    over_asyncpg, over_psycopg = create_async_engine(dsn.format("asyncpg")), create_engine(dsn.format("psycopg"))
    taken = r"(?i)unique|duplicate"

    async def order_all() -> None:
        async with AsyncSession(over_asyncpg) as session:
            await orders.order_with_sqlalchemy(session, 0)
        async with await psycopg.AsyncConnection.connect(database) as conn:
            await orders.order_with_psycopg(conn, 1)
        async with pool.acquire() as own:
            await orders.order_with_asyncpg(own, 2)
        with Session(over_psycopg) as blocking:
            orders.order_without_a_loop(blocking, 3)

    await order_all()
    assert sorted(row["id"] for row in await pool.fetch("SELECT args->>'order_id' AS id FROM river_job")) == list(
        "0123"
    )
    for order in range(4):
        await pool.execute("DELETE FROM orders WHERE id < $1", order)
        with pytest.raises(Exception, match=taken):
            await order_all()
    assert await pool.fetchval("SELECT count(*) FROM river_job") == 4 + 1 + 2 + 3
    await over_asyncpg.dispose()
    over_psycopg.dispose()


async def test_receipts_are_waited_for_followed_and_cleared_out(orders: Any, start_client: StartClient) -> None:
    class ReceiptWorker(Worker[orders.ReceiptArgs]):
        async def work(self, job: Job[Any]) -> object:
            if job.args.order_id < 0:
                raise RuntimeError("there is no such order")
            return {"number": job.args.order_id + 1000}

    client = await start_client([ReceiptWorker()], max_attempts=1)
    assert await orders.receipt_of(client, 7) == "receipt 1007"
    assert await orders.receipt_of(client, -1) == "no receipt, since RuntimeError: there is no such order"
    began = (await client._hub._watch.start()).encode()
    await client.insert_and_wait(orders.ReceiptArgs(order_id=8))
    news, position = await orders.follow(client, began)
    assert news[-1].startswith("finished")
    assert position
    waiting = (
        await client.insert(orders.ReceiptArgs(order_id=1), InsertOpts(queue="later", metadata={"tenant": "acme"}))
    ).job.id
    assert await orders.longest_waiting(client) == [waiting]
    await client.cancel(waiting)
    assert await orders.clear_out(client) == 1
    await orders.rush_hour(client)
    assert list(client.queue_configs) == ["default"]
    assert client.queue_configs["default"].workers == 50
    assert {job.state for job in (await client.list()).jobs} <= set(JobState)
