"""Jobs put in by a service's own transactions, whatever its driver: the examples of docs/enqueueing.md."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import asyncpg
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from revenge.infra.jobs import (
    Client,
    JobArgs,
    JobFailed,
    JobFilter,
    JobListParams,
    JobOrder,
    JobState,
    QueueConfig,
    SyncClient,
)


class ReceiptArgs(JobArgs, kind="receipt"):
    order_id: int


# Without a pool: every call is given the connection to use.
client = Client(None, schema="public")
sync_client = SyncClient(schema="public")


async def order_with_sqlalchemy(session: AsyncSession, order_id: int) -> None:
    async with session.begin():
        await session.execute(text("INSERT INTO orders (id) VALUES (:id)"), {"id": order_id})
        await client.insert(ReceiptArgs(order_id=order_id), conn=session)


async def order_with_psycopg(conn: psycopg.AsyncConnection[Any], order_id: int) -> None:
    async with conn.transaction():
        await conn.execute("INSERT INTO orders (id) VALUES (%s)", (order_id,))
        await client.insert(ReceiptArgs(order_id=order_id), conn=conn)


async def order_with_asyncpg(conn: "asyncpg.Connection[Any]", order_id: int) -> None:
    async with conn.transaction():
        await conn.execute("INSERT INTO orders (id) VALUES ($1)", order_id)
        await client.insert(ReceiptArgs(order_id=order_id), conn=conn)


def order_without_a_loop(session: Session, order_id: int) -> None:
    with session.begin():
        session.execute(text("INSERT INTO orders (id) VALUES (:id)"), {"id": order_id})
        sync_client.insert(ReceiptArgs(order_id=order_id), conn=session)


async def receipt_of(pooled: Client, order_id: int) -> str:
    try:
        output = await pooled.insert_and_wait(ReceiptArgs(order_id=order_id), timeout=timedelta(seconds=30))
    except JobFailed as failure:
        return f"no receipt, since {failure.error}"
    except TimeoutError:
        return "the receipt comes later"
    return f"receipt {output['number']}"


async def follow(pooled: Client, position: str | None) -> tuple[list[str], str | None]:
    """Return what has happened since ``position``, up to a receipt, and where to go on."""
    news: list[str] = []
    async with aclosing(pooled.subscribe(kinds=["receipt"], after=position)) as events:
        async for event in events:
            news.append(f"{event.name} {event.job.id}")
            position = event.position
            if event.name == "finished":
                break
    return news, position


async def longest_waiting(pooled: Client) -> list[int]:
    params = JobListParams(
        states=[JobState.AVAILABLE], metadata={"tenant": "acme"}, order_by=JobOrder.TIME, descending=False, limit=10
    )
    return [job.id for job in (await pooled.list(params)).jobs]


async def clear_out(pooled: Client) -> int:
    await pooled.cancel_many(JobFilter(kinds=["receipt"], states=[JobState.SCHEDULED]), limit=1000)
    await pooled.retry_many(JobFilter(kinds=["receipt"], states=[JobState.DISCARDED]), limit=1000)
    return len(await pooled.delete_many(JobFilter(kinds=["receipt"], states=[JobState.CANCELLED]), limit=1000))


async def rush_hour(working: Client) -> None:
    await working.resize_queue("default", 50)
    await working.add_queue("mail", QueueConfig(5, poll_interval=timedelta(seconds=30)))
    await working.update_queue("mail", metadata={"owner": "shop"})
    await working.pause_queue("mail")
    await working.resume_queue("mail")
    await working.remove_queue("mail")
