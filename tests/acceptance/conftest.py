"""Houses to run ``revenge`` in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.house import House, free_port


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Commands on a fresh database of the run's server."""
    found = House(tmp_path, {"DATABASE_URL": database})
    yield found
    found.close()


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """Commands with an embedded PostgreSQL of their own."""
    found = House(tmp_path, {})
    yield found
    found.close()


@pytest.fixture
def port() -> int:
    """A free loopback port."""
    return free_port()
