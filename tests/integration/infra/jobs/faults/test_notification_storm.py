"""Others shout on the engine's channels: what they say is read as fast as it comes, and jobs go on."""

import asyncpg
import psutil

from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer

STORM = 100_000
MOST_GROWTH_BYTES = 150 * 2**20
PAYLOADS = (
    """format('{"queue": "nobody%s"}', n)""",
    """format('{"queue": "default", "n": %s}', n)""",
    """format('{"queue": %s}', n)""",
    """format('[%s]', n)""",
    """format('{"action":"cancel","job_id":%s,"queue":"default"}', -n)""",
    """format('{"action":"cancel","job_id":"%s"}', n)""",
    """format('{"action":"pause","queue":"nobody%s"}', n)""",
    """format('{"action":"resigned","leader_id":"%s"}', n)""",
    """format('\\x00 no JSON {{{ %s', n)""",
    """format('%s%s', repeat('é', 3000), n)""",
)


async def test_a_notification_storm_holds_up_nobody(server: OwnServer, measured: str) -> None:
    conn = await asyncpg.connect(server.dsn)
    async with working(server.dsn, measured=measured) as fleet:
        before = psutil.Process().memory_info().rss
        async with fleet.fault():
            for payload in PAYLOADS:
                for topic in ("insert", "control", "leadership", "control"):
                    await conn.execute(
                        f"SELECT pg_notify('public.river_{topic}', {payload}) FROM generate_series(1, {STORM // 40}) AS n"
                    )
            await fleet.hears()
        grown = psutil.Process().memory_info().rss - before
        print(f"{STORM} notifications, {grown / 2**20:.0f} MB more")  # noqa: T201 - a measurement
        assert grown < MOST_GROWTH_BYTES
        await fleet.settled()
    await conn.close()
