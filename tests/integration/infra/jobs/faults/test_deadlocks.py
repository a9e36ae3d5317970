"""Other transactions lock jobs in another order than the engine does, and PostgreSQL chooses the engine's statement to fail."""

import asyncio
import random
from datetime import timedelta

import asyncpg

from revenge.infra.jobs.clock import SystemClock
from tests.fakes.fleet import LIMIT, TAKES, working
from tests.fakes.own_server import OwnServer

WANTED = 3


async def quarrel(dsn: str, chance: random.Random) -> None:
    """Lock one job that is about to end, and when the engine waits for it another one of the same batch."""
    conn = await asyncpg.connect(dsn)
    try:
        # Who looks for a deadlock first is its victim. Each looks once, after waiting for so long: this session later
        # than the engine's, which look when this one waits already.
        await conn.execute("SET deadlock_timeout = '20s'")
        while True:
            together = await conn.fetch(
                """
                SELECT array_agg(id) AS ids FROM river_job
                WHERE state = 'running' GROUP BY attempted_at HAVING count(*) > 1
                """
            )
            if not together:
                await SystemClock().sleep(timedelta(milliseconds=2))
                continue
            first, second = chance.sample(chance.choice(together)["ids"], 2)
            async with conn.transaction():
                await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", first)
                await SystemClock().sleep(TAKES * 2)
                await conn.execute("SELECT FROM river_job WHERE id = $1 FOR UPDATE", second)
    finally:
        conn.terminate()


async def test_deadlocks_lose_nothing(server: OwnServer, measured: str) -> None:
    conn = await asyncpg.connect(server.dsn)
    await conn.execute("ALTER SYSTEM SET deadlock_timeout = '200ms'")
    await conn.execute("SELECT pg_reload_conf()")

    async def deadlocks() -> int:
        return int(await conn.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            quarrelling = asyncio.create_task(quarrel(server.dsn, random.Random()))
            async with asyncio.timeout(LIMIT.total_seconds()):
                while await deadlocks() < WANTED:
                    await SystemClock().sleep(timedelta(milliseconds=50))
                    assert not quarrelling.done()
            quarrelling.cancel()
            await asyncio.wait([quarrelling])
        await fleet.settled()
    await conn.close()
