"""Servers to be treated badly, and each fault twice: shortly in every run, measured under the marker ``chaos``."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.own_server import OwnServer, make_cluster, serving


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of this folder, so that ``make faults`` runs it and ``make test`` need not."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(
    params=[False, pytest.param(True, marks=[pytest.mark.chaos, pytest.mark.timeout(300)])], ids=["", "rate"]
)
def measured(request: pytest.FixtureRequest, database: str) -> str:
    """A database on the run's own server where the rate before and after the fault is compared, which takes half a minute
    more; empty where it is not. The fault is not done to it: its fleet says what the machine gives meanwhile."""
    return database if request.param else ""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a server with the engine's tables."""
    return asyncio.run(make_cluster(tmp_path_factory.mktemp("cluster")))


@pytest.fixture
async def server(tmp_path: Path, cluster: Path) -> AsyncIterator[OwnServer]:
    """A server of the test's own with the engine's tables."""
    async with serving(tmp_path, cluster=cluster) as server:
        yield server


@pytest.fixture
async def new_server(tmp_path: Path) -> AsyncIterator[OwnServer]:
    """One that has never been stopped: the test of a full log takes 5 s on it, and 51 s on a copy."""
    async with serving(tmp_path) as server:
        yield server
