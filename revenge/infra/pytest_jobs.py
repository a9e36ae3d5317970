"""The pytest plugin of the engine's test kit: fixtures for tests that need no database. See docs/testing.md.

It stands beside the engine, because pytest loads it in every run of everybody who has the package installed: importing it
imports nothing, and what a fixture needs is imported when a test asks for it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from revenge.infra.jobs import ClientConfig, Worker, Workers
    from revenge.infra.jobs.testing import MemoryClient, StoppedClock


@pytest.fixture
def stopped_clock() -> "StoppedClock":
    """Time that stands still: ``await stopped_clock.advance(timedelta(days=1))``."""
    from revenge.infra.jobs.testing import StoppedClock

    return StoppedClock()


@pytest.fixture
def jobs_workers() -> "Workers | Iterable[Worker[Any]]":
    """The workers of ``jobs_client``; override it with your own. Without any it inserts whatever it is given."""
    return ()


@pytest.fixture
def jobs_config() -> "ClientConfig | None":
    """The settings of ``jobs_client``; override it with your own."""
    return None


@pytest.fixture
def jobs_client(
    jobs_workers: "Workers | Iterable[Worker[Any]]", jobs_config: "ClientConfig | None", stopped_clock: "StoppedClock"
) -> "MemoryClient":
    """A client in memory, whose time is ``stopped_clock``."""
    from revenge.infra.jobs.testing import MemoryClient

    return MemoryClient(jobs_workers, config=jobs_config, clock=stopped_clock)
