"""A PostgreSQL of our own: started, found, restarted and refused."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.database.account import Account, choose_account
from revenge.infra.database.binaries import find_binaries, is_ours
from revenge.infra.database.cluster import HOST, Cluster, free_port
from revenge.infra.database.embedded import EmbeddedPostgres
from revenge.infra.database.errors import DataDirectoryRefused, PostgresNotFound, PostgresStartFailed
from revenge.infra.database.locks import is_held
from revenge.infra.database.pool import create_pool

Make = Callable[..., EmbeddedPostgres]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def pid_of(home: Path) -> int:
    return int((home / "cluster/data/postmaster.pid").read_text().split()[0])


def runs(home: Path) -> bool:
    return is_held(home / "server.lock")


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def folders_in(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.is_dir()] if home.exists() else []


async def ask(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user that PostgreSQL runs as, which is not PostgreSQL."""
    account = choose_account(Path("/nonexistent"))
    process = subprocess.Popen(["sleep", "600"], **account.popen_options())
    yield process
    process.kill()
    process.wait()


async def test_server_answers_until_it_is_stopped(server: EmbeddedPostgres, home: Path) -> None:
    async with server as dsn:
        assert await ask(dsn, "SELECT current_database()") == "revenge"
        assert runs(home)
    assert not runs(home)
    with pytest.raises(OSError, match="onnect"):
        await asyncpg.connect(dsn)


async def test_data_and_port_stay_over_a_restart(server: EmbeddedPostgres) -> None:
    async with server as dsn:
        await ask(dsn, "CREATE TABLE kept ()")
    async with server as again:
        assert again == dsn
        assert await ask(again, "SELECT count(*) FROM kept") == 0


async def test_stop_without_start_does_nothing(server: EmbeddedPostgres, home: Path) -> None:
    await server.stop()
    assert folders_in(home) == []


async def test_only_this_machine_and_only_with_the_password_gets_in(server: EmbeddedPostgres, home: Path) -> None:
    async with server as dsn:
        assert await ask(dsn, "SHOW listen_addresses") == HOST
        assert await ask(dsn, "SHOW unix_socket_directories") == ""
        assert await ask(dsn, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
        secret = home / "cluster" / "password"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
        assert dsn.endswith("/revenge?sslmode=disable")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn.replace(secret.read_text().strip(), "guess"))


async def test_terminals_ctrl_c_does_not_reach_the_server(server: EmbeddedPostgres, home: Path) -> None:
    async with server:
        assert os.getsid(pid_of(home)) != os.getsid(0)


@root_only
async def test_root_runs_it_as_a_user_without_rights(server: EmbeddedPostgres, home: Path) -> None:
    async with server:
        status = status_of(pid_of(home))
        assert "0" not in status["Uid"].split()
        assert "0" not in status["Gid"].split()
        assert status["Groups"].strip() == ""
        assert int(status["CapEff"], 16) == 0


async def test_settings_are_passed_on(make: Make) -> None:
    async with make(settings={"work_mem": "3MB", "application_name": "with space"}, database='odd "name') as dsn:
        assert await ask(dsn, "SHOW work_mem") == "3MB"
        assert await ask(dsn, "SELECT current_database()") == 'odd "name'


async def test_silent_clients_lose_their_locks_within_a_minute(server: EmbeddedPostgres) -> None:
    async with server as dsn:
        idle, interval, count = [int(str(await ask(dsn, f"SELECT setting FROM pg_settings WHERE name = 'tcp_keepalives_{x}'"))) for x in ("idle", "interval", "count")]  # fmt: skip
        assert idle + interval * count <= 60


async def test_killed_server_comes_back_on_the_same_address(server: EmbeddedPostgres, home: Path) -> None:
    async with server as dsn:
        await ask(dsn, "CREATE TABLE kept ()")
        old = pid_of(home)
        os.kill(old, signal.SIGKILL)
        pool = await create_pool(dsn, min_size=1, max_size=1)
        assert await pool.fetchval("SELECT count(*) FROM kept") == 0
        await pool.close()
        assert pid_of(home) != old
    assert not runs(home)


async def test_pid_file_of_a_crash_may_name_a_process_that_is_another_now(
    server: EmbeddedPostgres, home: Path, bystander: subprocess.Popen[bytes]
) -> None:
    async with server:
        stale = home / "cluster/data/postmaster.pid"
        text = stale.read_text()
    stale.write_text(text.replace(text.split()[0], str(bystander.pid), 1))
    async with server as dsn:
        assert await ask(dsn, "SELECT 1") == 1
    assert bystander.poll() is None


async def test_port_that_somebody_took_is_given_up(server: EmbeddedPostgres) -> None:
    async with server as dsn:
        port = int(dsn.split(":")[-1].split("/")[0])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
        taken.listen()
        async with server as other:
            assert f":{port}/" not in other
            assert await ask(other, "SELECT 1") == 1


async def test_port_taken_between_choosing_and_starting_is_given_up(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        answers = iter([taken.getsockname()[1]])
        monkeypatch.setattr("revenge.infra.database.embedded.free_port", lambda: next(answers, None) or free_port())
        async with server as dsn:
            assert await ask(dsn, "SELECT 1") == 1


async def test_wanted_port_that_is_taken_is_said(make: Make, home: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PostgresStartFailed, match=f"^port {port} is taken: "):
            await make(port=port).start()
    assert not runs(home)


async def test_directory_of_another_major_version_is_refused_and_left_alone(
    server: EmbeddedPostgres, home: Path
) -> None:
    async with server as dsn:
        await ask(dsn, "CREATE TABLE kept ()")
    version = home / "cluster/data/PG_VERSION"
    ours = version.read_text()
    version.write_text("9\n")
    with pytest.raises(
        DataDirectoryRefused, match=r"made by PostgreSQL 9, this is PostgreSQL \d+.*move the directory away"
    ) as caught:
        await server.start()
    assert "\n" not in str(caught.value)
    assert not runs(home)
    version.write_text(ours)
    async with server as dsn:
        assert await ask(dsn, "SELECT count(*) FROM kept") == 0


async def test_directory_without_a_version_is_refused(server: EmbeddedPostgres, home: Path) -> None:
    async with server:
        pass
    (home / "cluster/data/PG_VERSION").unlink()
    with pytest.raises(DataDirectoryRefused, match="is not a PostgreSQL cluster"):
        await server.start()


@contextlib.contextmanager
def started_by_hand(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    cluster = Cluster(home)
    account = choose_account(cluster.data)
    binaries = find_binaries(account, explicit=None, beside=home)
    handle = os.open(cluster.data, os.O_RDONLY)
    command = [binaries.postgres, "-D", f"/proc/self/fd/{handle}", "-p", str(free_port()), "--unix_socket_directories="]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, **account.popen_options(fds=[handle]))
    try:
        assert process.stderr
        assert any(b"ready to accept" in line for line in process.stderr)
        yield process
    finally:
        os.close(handle)
        process.send_signal(signal.SIGINT)
        process.communicate()


async def test_server_that_is_not_ours_keeps_the_cluster_to_itself(server: EmbeddedPostgres, home: Path) -> None:
    async with server:
        pass
    with started_by_hand(home) as other:
        with pytest.raises(DataDirectoryRefused, match=rf"did not start \(pid {other.pid}\)"):
            await server.start()
        assert other.poll() is None
    async with server as dsn:
        assert await ask(dsn, "SELECT 1") == 1


async def test_bad_setting_is_answered_with_the_servers_own_words(make: Make, home: Path) -> None:
    with pytest.raises(PostgresStartFailed, match=r"FATAL: +invalid value for parameter \"shared_buffers\"") as caught:
        await make(settings={"shared_buffers": "plenty"}).start()
    assert "\n" not in str(caught.value)
    assert not runs(home)


async def test_failing_initdb_is_answered_with_its_own_words_and_leaves_nothing(
    make: Make, home: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    # Reachable for whoever runs it, unlike tmp_path.
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
    (programs / "initdb").write_text("#!/bin/sh\necho making\necho 'initdb: error: could not write: No space left on device' >&2\nexit 1\n")  # fmt: skip
    for path in (tmp_path.parent.parent.parent, tmp_path.parent.parent, tmp_path.parent, tmp_path, *programs.iterdir()):
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o055)
    with pytest.raises(PostgresStartFailed, match=r"No space left on device$"):
        await make(bin_dir=programs).start()
    assert folders_in(home) == []


async def test_what_an_interrupted_start_left_and_nobody_can_remove_is_named(make: Make, home: Path) -> None:
    os.makedirs(home, exist_ok=True)
    (home / "cluster.new").touch()  # in place of a folder of another user's, which root could remove
    with pytest.raises(DataDirectoryRefused, match=r"cluster\.new .* cannot be removed .*: remove it"):
        await make().start()


async def test_without_programs_the_error_says_what_to_install(make: Make, tmp_path: Path) -> None:
    with pytest.raises(
        PostgresNotFound, match=r"no postgres and initdb there.*pip install 'revenge\[embedded\]'.*DATABASE_URL"
    ):
        await make(bin_dir=tmp_path).start()


async def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryRefused, match=r"cannot be used.*REVENGE_DATA_DIR"):
        await EmbeddedPostgres(tmp_path / "file" / "data").start()


async def test_cancelled_start_leaves_nothing_running(server: EmbeddedPostgres, home: Path) -> None:
    starting = asyncio.create_task(server.start())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await starting
    assert not runs(home)
    async with server as dsn:
        assert await ask(dsn, "SELECT 1") == 1


async def test_start_takes_no_longer_than_it_may(make: Make, home: Path) -> None:
    with pytest.raises(PostgresStartFailed, match=r"not ready within 0\.001 s"):
        await make(start_timeout=timedelta(milliseconds=1)).start()
    assert not runs(home)


async def test_started_twice_is_an_error_of_the_caller(server: EmbeddedPostgres) -> None:
    async with server:
        with pytest.raises(Exception, match="in use by this object"):
            await server.start()


async def test_owner_that_was_changed_to_root_is_changed_back(server: EmbeddedPostgres, home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root's files are taken back")
    async with server:
        pass
    for folder, names, files in os.walk(home / "cluster"):
        for name in (*names, *files):
            os.chown(Path(folder, name), 0, 0)
    os.chown(home / "cluster", 0, 0)
    async with server as dsn:
        assert await ask(dsn, "SELECT 1") == 1


@root_only
def test_unreachable_programs_are_copied_once(tmp_path: Path) -> None:
    nobody = choose_account(Path("/nonexistent"))
    wheel = find_binaries(Account(None, None), explicit=None, beside=tmp_path).directory.parent
    package = tmp_path / "hidden" / wheel.parent.name
    package.mkdir(parents=True)
    (package / "pginstall").symlink_to(wheel)
    programs = package / "pginstall" / "bin"
    beside = Path(tempfile.mkdtemp(prefix="revenge-test-"))
    beside.chmod(0o755)
    try:
        found = find_binaries(nobody, explicit=programs, beside=beside)
        assert found.directory.is_relative_to(beside)
        (copy,) = beside.iterdir()
        made = copy.stat().st_mtime_ns
        assert find_binaries(nobody, explicit=programs, beside=beside) == found
        assert copy.stat().st_mtime_ns == made
    finally:
        shutil.rmtree(beside)


@root_only
def test_copy_that_somebody_else_could_have_made_is_not_run(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o755)
    assert is_ours(copy)
    copy.chmod(0o777)
    assert not is_ours(copy)
    copy.chmod(0o755)
    os.chown(copy, 1, 1)
    assert not is_ours(copy)
    (tmp_path / "link").symlink_to("/usr")
    assert not is_ours(tmp_path / "link")
