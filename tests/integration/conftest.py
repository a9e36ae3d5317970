"""Servers that some integration tests need, started by the first of a run."""

from collections.abc import Iterator

import pytest

from tests.fakes import typesense_server


@pytest.fixture(scope="session")
def typesense_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the run's Typesense server."""
    if (reason := typesense_server.why_not()) is not None:
        pytest.skip(reason)
    with typesense_server.running(tmp_path_factory.mktemp("typesense")) as url:
        yield url
