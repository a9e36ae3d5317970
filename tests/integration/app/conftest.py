"""What tests of whole processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.house import House


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Commands on a fresh database of the run's server."""
    found = House(tmp_path, {"DATABASE_URL": database})
    yield found
    found.close()
