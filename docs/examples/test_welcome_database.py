"""The tests of docs/testing.md that have a database: each in a transaction that is rolled back."""

import os
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pytest
from test_welcome import Outbox
from welcome import MailArgs, MailWorker

from revenge.infra.jobs import Client, Workers
from revenge.infra.jobs.testing import assert_enqueued, drain, refute_enqueued

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def conn() -> AsyncIterator[Connection]:
    connection: Connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=0) as pool:
        yield Client(pool, workers=Workers([MailWorker(Outbox())]))


async def test_a_mail_is_sent_in_the_test_s_transaction(client: Client, conn: Connection) -> None:
    await client.insert(MailArgs(address="ada@example.org", text="welcome"), conn=conn)
    await assert_enqueued(client, MailArgs, count=1, conn=conn)

    drained = await drain(client, conn=conn)

    assert drained.attempts[0].output == {"message_id": "message-1"}
    await refute_enqueued(client, MailArgs, conn=conn)


async def test_the_one_before_has_left_nothing(client: Client) -> None:
    await refute_enqueued(client)
