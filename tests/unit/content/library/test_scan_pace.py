"""A library may ask to be read slowly."""

import asyncio
from datetime import timedelta

from revenge.content.library.scans.pace import Pace
from revenge.infra.jobs.testing import StoppedClock


async def test_turns_are_spread_evenly() -> None:
    clock = StoppedClock()
    pace = Pace(4, clock=clock)
    waiting = asyncio.gather(*(pace.turn() for _ in range(3)))
    await clock.advance(timedelta(seconds=1))
    await waiting
    assert clock.slept == [timedelta(0), timedelta(seconds=0.25), timedelta(seconds=0.5)]


async def test_turns_that_nobody_took_are_not_saved_up() -> None:
    clock = StoppedClock()
    pace = Pace(4, clock=clock)
    await pace.turn()
    await clock.advance(timedelta(seconds=10))
    waiting = asyncio.gather(pace.turn(), pace.turn())
    await clock.advance(timedelta(seconds=1))
    await waiting
    assert clock.slept == [timedelta(0), timedelta(0), timedelta(seconds=0.25)]


async def test_without_a_rate_nobody_waits() -> None:
    clock = StoppedClock()
    await Pace(None, clock=clock).turn()
    assert clock.slept == []
