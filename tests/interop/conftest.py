"""Fixtures for tests beside River in Go. Where CI is set to true, a test that is skipped here has failed."""

import os
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest

from tests.interop.peer import GoPeer, NoGo, build

_HERE = Path(__file__).parent
_LIMIT_S = 300
"""The first test waits for Go's compiler, on a new machine for its modules too."""


class StartPeer(Protocol):
    """Start a Go process on the test's database; it is killed when the test ends."""

    async def __call__(self, *, schema: str = "", dsn: str | None = None) -> GoPeer: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skip an error in CI: these tests are the proof that we may live beside Go."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow for interop: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests the time that building Go takes."""
    for item in items:
        if item.path.is_relative_to(_HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_LIMIT_S))


@pytest.fixture(scope="session")
def go_program() -> Path:
    """Path of the Go peer's program."""
    try:
        return build()
    except NoGo as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def start_go(go_program: Path, empty_database: str) -> AsyncIterator[StartPeer]:
    """Start any number of Go processes on ``empty_database``."""
    async with AsyncExitStack() as stack:

        async def start(*, schema: str = "", dsn: str | None = None) -> GoPeer:
            return await stack.enter_async_context(GoPeer(go_program, dsn or empty_database, schema=schema))

        yield start


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Connection to ``empty_database``."""
    conn = await asyncpg.connect(empty_database)
    yield conn
    await conn.close()
