"""The same clients twice: in memory, and on a database of the test's own."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.queue_store import QueueStore
from revenge.infra.jobs.testing import MemoryClient

Make = Callable[..., Client]

QUEUES = {"default": 1, "first": 1, "second": 1}


@pytest.fixture
def make_memory() -> Make:
    """As ``make``, in memory."""
    return lambda *workers, **config: MemoryClient(workers, config=_config(config), clock=SystemClock())


@pytest.fixture
async def make_postgres(pool: asyncpg.Pool) -> Make:
    """As ``make``, on a database whose queues somebody has served."""
    await QueueStore(Client(pool).store).touch(QUEUES)
    return lambda *workers, **config: Client(pool, config=_config(config), workers=Workers(workers))


@pytest.fixture(params=["memory", "postgres"])
def make(request: pytest.FixtureRequest) -> Make:
    """Return a function that makes a client; its arguments are workers, its keywords those of ClientConfig."""
    made: Make = request.getfixturevalue(f"make_{request.param}")
    return made


def _config(given: dict[str, Any]) -> ClientConfig:
    return ClientConfig(queues=QUEUES, client_id="me", **given)


@pytest.fixture
def client(make: Make) -> Client:
    """A client that only inserts and looks."""
    return make()
