"""The database goes away and comes back: stopped in order for a while, or killed."""

from datetime import timedelta

from revenge.infra.jobs.clock import SystemClock
from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer


async def test_database_unavailable_reconnect(server: OwnServer, measured: str) -> None:
    async with working(server.dsn, measured=measured) as fleet:
        async with fleet.fault():
            await server.postgres.stop()
            await SystemClock().sleep(timedelta(seconds=2))
            await server.start()
        await fleet.settled()


async def test_a_server_that_is_killed_loses_nothing(server: OwnServer, measured: str) -> None:
    async with working(server.dsn, measured=measured) as fleet:
        # Somebody else starts it again, on its old port.
        async with fleet.fault():
            server.kill()
        await fleet.settled()
