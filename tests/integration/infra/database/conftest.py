"""Servers and processes that tests of the embedded PostgreSQL start, all gone after the test."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from revenge.infra.database.account import Account
from revenge.infra.database.cluster import Cluster
from revenge.infra.database.embedded import EmbeddedPostgres

_SETTINGS = {"fsync": "off", "shared_buffers": "16MB"}

_USER = """
import asyncio, concurrent.futures.thread, encodings.idna, getpass, json, os, sys
from pathlib import Path
from revenge.infra.database.embedded import EmbeddedPostgres

home, settings, account, programs = json.loads(sys.argv[1])
if account:  # only now: the interpreter itself may be out of reach for that user
    os.setgroups([])
    os.setgid(account[1])
    os.setuid(account[0])

async def main():
    bin_dir = Path(programs) if programs else None
    async with EmbeddedPostgres(Path(home), settings=settings, bin_dir=bin_dir) as dsn:
        print(dsn, flush=True)
        end = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(end), sys.stdin)
        await end.read()

try:
    asyncio.run(main())
except Exception as error:
    print(f"{type(error).__name__}: {error}", flush=True)
"""


class User:
    """A process that uses the embedded PostgreSQL until it is told to stop, or killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self) -> str:
        """Return the DSN once the server is up, or what went wrong."""
        assert self.process.stdout
        return (await self.process.stdout.readline()).decode().strip()

    async def stop(self) -> None:
        """Let it leave the server, and end."""
        assert self.process.stdin
        self.process.stdin.close()
        assert await self.process.wait() == 0

    async def kill(self) -> None:
        """Kill it as nothing can be caught."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


Spawn = Callable[..., Awaitable[User]]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a space in its path, below directories that nobody else may enter."""
    path = tmp_path / "my films" / "postgres"
    yield path
    Cluster(path).shut_down(grace=5)


@pytest.fixture
def make(home: Path) -> Callable[..., EmbeddedPostgres]:
    """Make users of the server of ``home``."""

    def make(*, settings: dict[str, str] | None = None, **options: Any) -> EmbeddedPostgres:
        return EmbeddedPostgres(home, settings=_SETTINGS | (settings or {}), **options)

    return make


@pytest.fixture
def server(make: Callable[..., EmbeddedPostgres]) -> EmbeddedPostgres:
    """A user of the server of ``home``, not started."""
    return make()


@pytest.fixture
async def spawn(home: Path) -> AsyncIterator[Spawn]:
    """Start processes that use the server of ``home``."""
    users: list[User] = []

    async def spawn(
        *command: str,
        data_dir: Path = home,
        account: Account | None = None,
        programs: Path | None = None,
        **options: Any,
    ) -> User:
        said = [
            str(data_dir),
            _SETTINGS,
            account and [account.uid, account.gid],
            str(programs) if programs else None,
        ]
        arguments = (*command, sys.executable, "-c", _USER, json.dumps(said))
        pipe = asyncio.subprocess.PIPE
        users.append(User(await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe, **options)))
        return users[-1]

    yield spawn
    for user in users:
        await user.kill()
