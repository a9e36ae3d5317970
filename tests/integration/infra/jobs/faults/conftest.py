"""Servers to be treated badly, and each fault twice: shortly in every run, measured under the marker ``chaos``."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.own_server import OwnServer, serving


@pytest.fixture(
    params=[False, pytest.param(True, marks=[pytest.mark.chaos, pytest.mark.timeout(300)])], ids=["", "rate"]
)
def measured(request: pytest.FixtureRequest) -> bool:
    """Whether the rate before and after the fault is compared, which takes half a minute more."""
    return bool(request.param)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnServer]:
    """A server of the test's own with the engine's tables."""
    async with serving(tmp_path) as server:
        yield server
