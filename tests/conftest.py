"""Fixtures for all tests: one embedded PostgreSQL per run, and a fresh migrated database per test.

The server lives in a directory of the run and is shared by the xdist workers the way processes of Revenge share one:
the first to need it starts it, the last one out stops it; a run without database tests never starts it.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio
import structlog

from revenge.infra.database.cluster import Cluster
from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.database.locks import FileLock
from revenge.infra.database.migrations import REVENGE
from revenge.infra.jobs import TunedConnection
from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.fakes import figures
from tests.fakes.databases import copy_of, make_template

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_RUN_DIR = "REVENGE_TEST_RUN_DIR"
_PREFIX = f"revenge-tests-{os.geteuid()}-"
_ALIVE = pytest.StashKey[FileLock | None]()
_SETTINGS = {
    "fsync": "off",  # the data of a test run need not survive the machine
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # it would change plans at a moment of its own
    "max_connections": "400",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make chaos N=... ROUNDS=...` passes on."""
    parser.addoption("--chaos-jobs", type=int, default=20_000, help="how many jobs the chaos tests work")
    parser.addoption("--soak-seconds", type=int, default=0, help="how long the mixed fleet works at least")
    parser.addoption("--chaos-rounds", type=int, default=1, help="how often each chaos test is run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run chaos tests as often as was asked for."""
    if "chaos_round" in metafunc.fixturenames:
        rounds = metafunc.config.getoption("--chaos-rounds")
        metafunc.parametrize("chaos_round", [f"{number} of {rounds}" for number in range(1, rounds + 1)])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count how chaos tests end, for the table."""
    if "chaos" in report.keywords and (report.when == "call" or report.failed):
        figures.count(report.nodeid, passed=report.passed, seconds=report.duration)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what `make chaos` has measured, ready for the documents."""
    lines = figures.table(jobs=config.getoption("--chaos-jobs"), rounds=config.getoption("--chaos-rounds"))
    for line in lines:
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of whole processes, the longest: begun last, one would leave the other workers idle."""
    items.sort(key=lambda item: "acceptance" not in item.path.parts)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test that ran a whole command did to logging, which is the process's: the next one listens to it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    if root.level != level or root.handlers != handlers:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        structlog.reset_defaults()


@pytest.fixture
def chaos_jobs(pytestconfig: pytest.Config) -> int:
    """How many jobs a chaos test works."""
    return int(pytestconfig.getoption("--chaos-jobs"))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the run's directory, once for all workers, and clean up after runs that were killed."""
    if hasattr(config, "workerinput"):
        return
    home = _run_home()
    for left in home.glob(f"{_PREFIX}*"):
        if time.time() - left.stat().st_mtime > 60:  # younger ones may not hold their lock yet
            _remove_run(left)
    os.environ[_RUN_DIR] = tempfile.mkdtemp(prefix=_PREFIX, dir=home)
    # Held until this process ends, so that another run does not take this one for a dead one.
    config.stash[_ALIVE] = FileLock.try_exclusive(Path(os.environ[_RUN_DIR]) / "alive.lock")


def _run_home() -> Path:
    """Return where the run's server keeps its data: in memory where there is room.

    A database for each test is some hundred small files: 0.09 s in memory and 2 s on a disk that is busy.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30:
        return memory
    return Path(tempfile.gettempdir())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, though a worker died, and remove its data."""
    alive = config.stash.get(_ALIVE, None)
    if alive is not None:
        alive.release()
        _remove_run(Path(os.environ[_RUN_DIR]))


def _remove_run(directory: Path) -> None:
    """Stop what runs in ``directory`` and remove it, unless its run is alive."""
    with contextlib.suppress(OSError):
        alive = FileLock.try_exclusive(directory / "alive.lock")
        if alive is None:
            return
        Cluster(directory / "postgres").shut_down(grace=1)
        shutil.rmtree(directory, ignore_errors=True)
        alive.release()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DSN of the run's server, as its superuser, for tests that make databases of their own."""
    server = EmbeddedPostgres(Path(os.environ[_RUN_DIR]) / "postgres", settings=_SETTINGS)
    yield asyncio.run(server.start()).partition("?")[0]
    asyncio.run(server.stop())


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """Name of a database that has all migrations."""
    return asyncio.run(make_template(postgres_url, "revenge_template", _migrate))


@pytest.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    """DSN of a fresh database without any table."""
    async with copy_of(postgres_url, "template1") as dsn:
        yield dsn


@pytest.fixture
async def database(postgres_url: str, template: str) -> AsyncIterator[str]:
    """DSN of a fresh database with all three migration lines applied."""
    async with copy_of(postgres_url, template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_database(postgres_url: str, template: str) -> AsyncIterator[str]:
    """DSN of a fresh database that all tests of a module share, in the module's loop."""
    async with copy_of(postgres_url, template) as dsn:
        yield dsn


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    """Pool on ``database``."""
    async with asyncpg.create_pool(database, min_size=1, max_size=8, connection_class=TunedConnection) as pool:
        # Asked for once a process: tests that count statements are not to find it among theirs.
        await pool.fetchval("SELECT $1::integer[]", [])
        yield pool


@pytest.fixture
async def conn(pool: asyncpg.Pool) -> AsyncIterator["PoolConnectionProxy"]:
    """One connection of ``pool``, outside any transaction."""
    async with pool.acquire() as connection:
        yield connection


async def _migrate(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await Migrator([MAIN, REVENGE_JOBS, REVENGE]).up(connection)
