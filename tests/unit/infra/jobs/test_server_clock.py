"""A node's clock follows the database's, and only as far as an answer proves."""

from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs.server_clock import ServerClock
from revenge.infra.jobs.testing import StoppedClock

SECOND = timedelta(seconds=1)


class Server:
    """Answers with a time that is ``ahead`` of the node's, after ``takes``."""

    def __init__(self, clock: StoppedClock) -> None:
        self.ahead = timedelta(0)
        self.takes = timedelta(0)
        self._clock = clock

    async def fetchval(self, name: str, *_: Any) -> Any:
        assert name == "server_time"
        await self._clock.advance(self.takes / 2)
        told = self._clock.now() + self.ahead
        await self._clock.advance(self.takes / 2)
        return told


@pytest.fixture
def machine() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def server(machine: StoppedClock) -> Server:
    return Server(machine)


@pytest.fixture
def clock(machine: StoppedClock, server: Server) -> ServerClock:
    return ServerClock(clock=machine, store=server)  # type: ignore[arg-type]  # it asks one statement only


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(minutes=-5)])
async def test_a_clock_that_is_minutes_off_is_put_right(
    clock: ServerClock, machine: StoppedClock, server: Server, ahead: timedelta
) -> None:
    server.ahead = ahead
    await clock.run_once()
    assert clock.now() == machine.now() + ahead
    assert clock.error == timedelta(0)


async def test_what_a_slow_answer_leaves_open_changes_nothing(
    clock: ServerClock, machine: StoppedClock, server: Server
) -> None:
    server.ahead, server.takes = SECOND, 3 * SECOND
    await clock.run_once()
    assert clock.now() == machine.now()
    assert clock.error >= SECOND


async def test_a_clock_that_somebody_sets_right_is_noticed(
    clock: ServerClock, machine: StoppedClock, server: Server
) -> None:
    server.ahead = timedelta(minutes=5)
    await clock.run_once()
    server.ahead = timedelta(0)
    await clock.run_once()
    assert clock.now() == machine.now()


async def test_time_itself_is_the_machines(clock: ServerClock, machine: StoppedClock) -> None:
    assert clock.monotonic() == machine.monotonic()
    await clock.sleep(timedelta(0))
    assert machine.slept == [timedelta(0)]
