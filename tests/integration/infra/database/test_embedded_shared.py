"""Several processes, one data directory: the first starts the server, the last one out stops it, whoever was killed."""

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from revenge.infra.database.account import Account
from revenge.infra.database.binaries import find_binaries
from revenge.infra.database.cluster import Cluster
from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.database.locks import is_held
from revenge.infra.database.pool import create_pool

Spawn = Callable[..., Awaitable[Any]]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def pid_of(home: Path) -> int:
    return int((home / "cluster/data/postmaster.pid").read_text().split()[0])


def runs(home: Path) -> bool:
    return is_held(home / "server.lock")


async def answers(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        await connection.close()


async def test_first_one_starts_and_last_one_out_stops(spawn: Spawn, home: Path) -> None:
    first, second = await spawn(), None
    dsn = await first.said()
    second = await spawn()
    assert await second.said() == dsn
    await first.stop()
    assert await answers(dsn)
    await second.stop()
    assert not runs(home)


async def test_processes_that_start_at_the_same_moment_share_one_server(spawn: Spawn, home: Path) -> None:
    users = [await spawn() for _ in range(4)]
    assert len({await user.said() for user in users}) == 1
    for user in users:
        await user.stop()
    assert not runs(home)


async def test_two_users_within_one_process_count_as_two(make: Callable[..., EmbeddedPostgres], home: Path) -> None:
    async with make() as one:
        async with make() as other:
            assert one == other
        assert runs(home)
    assert not runs(home)


async def test_server_survives_the_death_of_who_started_it(spawn: Spawn, home: Path) -> None:
    starter = await spawn()
    dsn = await starter.said()
    heir = await spawn()
    await heir.said()
    server = pid_of(home)
    await starter.kill()
    assert await answers(dsn)
    assert pid_of(home) == server
    await heir.stop()
    assert not runs(home)


async def test_killed_process_does_not_count_as_a_user(spawn: Spawn, home: Path) -> None:
    starter = await spawn()
    await starter.said()
    killed = await spawn()
    await killed.said()
    await killed.kill()
    await starter.stop()
    assert not runs(home)


async def test_server_whose_users_were_all_killed_is_adopted(
    spawn: Spawn, server: EmbeddedPostgres, home: Path
) -> None:
    user = await spawn()
    said = await user.said()
    left = pid_of(home)
    await user.kill()
    assert runs(home)
    async with server as dsn:
        assert dsn == said
        assert pid_of(home) == left
    assert not runs(home)


async def test_everything_killed_starts_again_with_what_was_committed(
    spawn: Spawn, server: EmbeddedPostgres, home: Path
) -> None:
    user = await spawn()
    connection = await asyncpg.connect(await user.said())
    await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    await user.kill()
    postmaster = psutil.Process(pid_of(home))
    for process in [postmaster, *postmaster.children(recursive=True)]:
        process.kill()
    connection.terminate()
    async with server as dsn:
        again = await asyncpg.connect(dsn)
        assert await again.fetchval("SELECT count(*) FROM kept") == 1000
        await again.close()
    assert not runs(home)


async def test_killed_server_is_started_once_by_all_who_use_it(
    spawn: Spawn, server: EmbeddedPostgres, home: Path
) -> None:
    others = [await spawn() for _ in range(2)]
    for user in others:
        await user.said()
    async with server as dsn:
        os.kill(pid_of(home), signal.SIGKILL)
        async with await create_pool(dsn, min_size=1, max_size=1) as pool:
            assert await pool.fetchval("SELECT true")
        for user in others:
            await user.stop()
        assert await answers(dsn)
    assert not runs(home)


async def test_ctrl_c_reaches_the_process_and_not_the_server(spawn: Spawn, home: Path) -> None:
    user = await spawn(start_new_session=True)
    await user.said()
    os.killpg(user.process.pid, signal.SIGINT)
    await user.process.wait()
    assert not runs(home)
    # Stopped by the process, as it should be: a clean end needs no recovery.
    assert "database system is shut down" in (home / "server.log").read_text().splitlines()[-1]


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory below one that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="revenge-test-"))
    path.chmod(0o755)
    yield path
    Cluster(path / "data").shut_down(grace=5)
    shutil.rmtree(path)


@pytest.fixture
def plain_user(reachable: Path) -> dict[str, Any]:
    """What makes ``spawn`` start a process as a user without rights, who owns ``reachable / "data"``."""
    entry = pwd.getpwnam("daemon")
    account = Account(entry.pw_uid, entry.pw_gid)
    (reachable / "data").mkdir()
    account.owns(reachable / "data")
    programs = find_binaries(account, explicit=None, beside=reachable).directory
    return {"data_dir": reachable / "data", "account": account, "programs": programs}


@root_only
async def test_plain_user_runs_it_as_himself(spawn: Spawn, plain_user: dict[str, Any]) -> None:
    user = await spawn(**plain_user)
    assert await answers(await user.said())
    assert psutil.Process(pid_of(plain_user["data_dir"])).uids().effective == plain_user["account"].uid
    await user.stop()
    assert not runs(plain_user["data_dir"])


@root_only
async def test_root_joins_the_server_of_a_plain_user(spawn: Spawn, plain_user: dict[str, Any]) -> None:
    home = plain_user["data_dir"]
    first = await spawn(**plain_user)
    dsn = await first.said()
    second = await spawn(data_dir=home)
    assert await second.said() == dsn
    await first.stop()
    await second.stop()
    third = await spawn(data_dir=home)
    await third.said()
    assert psutil.Process(pid_of(home)).uids().effective == plain_user["account"].uid
    await third.stop()


@root_only
async def test_plain_user_is_told_whose_directory_it_is(spawn: Spawn, plain_user: dict[str, Any]) -> None:
    home = plain_user["data_dir"].parent / "roots"
    roots = await spawn(data_dir=home)
    await roots.said()
    other = await spawn(**(plain_user | {"data_dir": home}))
    assert (await other.said()).startswith(
        f"DataDirectoryRefused: {home} cannot be used for PostgreSQL's data (Permission denied)"
    )
    await roots.stop()
    assert not runs(home)


@root_only
async def test_root_without_the_right_to_trace_finds_its_server(spawn: Spawn, home: Path) -> None:
    """Docker's root may not look into another user's process."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("setpriv is not installed")
    limited = (setpriv, "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
    first = await spawn(*limited)
    dsn = await first.said()
    assert await answers(dsn)
    second = await spawn(*limited)
    assert await second.said() == dsn
    await first.stop()
    await second.stop()
    assert not runs(home)
