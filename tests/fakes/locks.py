"""Waiting for somebody who waits for a lock."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg


async def until_blocked(
    conn: "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
) -> int:
    """Wait until another session of this database waits for a lock; return its process id."""
    query = """
        SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid), pg_sleep(0.01)
        WHERE NOT l.granted AND a.datname = current_database()"""
    while True:
        await conn.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees the sessions of its first look
        pid = await conn.fetchval(query)
        if pid is not None:
            return int(pid)
