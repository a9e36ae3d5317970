"""Fixtures for tests beside River in Go. Where CI is set to true, a test that is skipped here has failed."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pytest

from tests.fakes.engine import eventually
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import GoPeer, NoGo, OurProcess, build

_HERE = Path(__file__).parent
_LIMIT_S = 300
"""The first test waits for Go's compiler, on a new machine for its modules too."""


LIMIT = timedelta(seconds=60)
"""For what should take a moment: the machine may be busy."""


class AnyPeer(Protocol):
    """Go's engine or ours, behind the same commands."""

    name: str

    async def call(self, command: str, /, **params: Any) -> Any: ...

    async def event(self, name: str, /, **fields: Any) -> dict[str, Any]: ...

    def told(self, name: str, /, **fields: Any) -> list[dict[str, Any]]: ...

    async def kill(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """Both engines on one database; a scenario holds with each in each part."""

    one: AnyPeer
    other: AnyPeer
    go: GoPeer
    ours: OurPeer
    dsn: str


class Rows:
    """What the tables hold, read past both engines."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool

    async def find(self, job_id: int) -> "asyncpg.Record | None":
        """Return a job's row, None without one."""
        return await self.pool.fetchrow("SELECT *, errors::text[] AS error_texts FROM river_job WHERE id = $1", job_id)

    async def job(self, job_id: int) -> "asyncpg.Record":
        """Return the row of a job that is there."""
        row = await self.find(job_id)
        assert row is not None
        return row

    async def when(self, job_id: int, state: str, **columns: Any) -> "asyncpg.Record":
        """Return a job's row as soon as it is in this state and has these values."""

        async def look() -> "asyncpg.Record | None":
            row = await self.find(job_id)
            wanted = {"state": state, **columns}
            return row if row and all(row[name] == value for name, value in wanted.items()) else None

        found: asyncpg.Record = await eventually(look, within=LIMIT)
        return found

    async def led_by(self, name: str, *, not_at: object = None) -> "asyncpg.Record":
        """Return the leader's row as soon as it is of ``name``, and of another term than ``not_at``."""

        async def look() -> "asyncpg.Record | None":
            row = await self.pool.fetchrow("SELECT * FROM river_leader WHERE expires_at > now()")
            return row if row and row["leader_id"] == name and row["elected_at"] != not_at else None

        found: asyncpg.Record = await eventually(look, within=LIMIT)
        return found

    async def leader(self) -> str | None:
        """Return who leads."""
        found: str | None = await self.pool.fetchval("SELECT leader_id FROM river_leader WHERE expires_at > now()")
        return found


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


@pytest.fixture
def rows(pool: "asyncpg.Pool[asyncpg.Record]") -> Rows:
    """The tables of ``database``."""
    return Rows(pool)


@pytest.fixture
async def ours(database: str) -> AsyncIterator[OurPeer]:
    """Our engine in this process, on ``database``."""
    async with OurPeer(database) as peer:
        yield peer


@pytest.fixture
async def go(database: str, start_go: StartPeer) -> GoPeer:
    """Go's engine on ``database``.

    Its schema is named: the role of the tests is called as the application's schema is, which comes first on its search
    path, and River names its channels after ``current_schema()`` when it is told nothing.
    """
    return await start_go(dsn=database, schema="public")


@pytest.fixture(params=["go first", "ours first"])
def pair(request: pytest.FixtureRequest, go: GoPeer, ours: OurPeer, database: str) -> Pair:
    """Both engines; the test runs twice, each of them in each part."""
    one, other = (go, ours) if request.param == "go first" else (ours, go)
    return Pair(one, other, go, ours, database)


@pytest.fixture
async def start_process(database: str) -> AsyncIterator[Callable[[], Awaitable[OurProcess]]]:
    """Start processes of our engine on ``database``."""
    async with AsyncExitStack() as stack:
        yield lambda: stack.enter_async_context(OurProcess(database))
