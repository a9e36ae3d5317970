"""Nobody answers any more, though connections stand: the engine gives up on them, and comes back."""

import asyncio
import time
from datetime import timedelta

import pytest

from revenge.infra.jobs import StopConfig, store
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.engine import ActArgs, Gate
from tests.fakes.figures import tell
from tests.fakes.fleet import working
from tests.fakes.own_server import OwnServer
from tests.integration.infra.jobs.conftest import StartClient

PROMPT = timedelta(milliseconds=100)


async def test_a_frozen_network_loses_nothing(
    server: OwnServer, measured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not measured:
        monkeypatch.setattr(store, "HOT_TIMEOUT", timedelta(seconds=2))
    async with working(server.dsn, measured=measured) as fleet:
        # For so long that statements under way are given up, and the server does them afterwards.
        async with fleet.fault():
            with server.frozen():
                await SystemClock().sleep(store.HOT_TIMEOUT + timedelta(seconds=15 if measured else 1))
        await fleet.settled()


@pytest.mark.chaos  # for its half a minute
async def test_a_stop_ends_in_time_with_the_server_frozen(server: OwnServer, start_client: StartClient) -> None:
    gate = Gate()
    node = await start_client(gate, dsn=server.dsn, stop=StopConfig(soft=PROMPT, cancel=PROMPT))
    await node.insert(ActArgs())
    await gate.entered.wait()
    with server.frozen():
        began = time.monotonic()
        await asyncio.wait_for(node.stop(), 120)
        took = time.monotonic() - began
    tell(stopped_after_s=round(took, 1))
    assert took < 45
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.")]
