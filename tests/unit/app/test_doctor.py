"""The doctor finds what is wrong, says what to do, and never fails itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from revenge.app.doctor import Doctor, library_finding
from revenge.app.doctor_findings import Finding, clocks_finding, go_finding, leader_finding, nodes_finding
from revenge.app.search import SearchService
from revenge.app.settings import Settings
from revenge.app.settings.model import Jobs
from revenge.infra.jobs import NO_TIMEOUT, NodeInfo, NodeState, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.migrations import Validation
from tests.fakes.redis_server import redis_server


class FakeDatabase:
    """A server whose clock is off by ``skew``, and whose version is ``major``."""

    is_embedded = False
    dsn = "postgresql://revenge@db.example/revenge"

    def __init__(self, *, skew: timedelta = timedelta(0), major: int = 18, error: Exception | None = None) -> None:
        self.skew, self.major, self.error = skew, major, error
        self.stopped = 0

    async def start(self) -> None:
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.stopped += 1

    async def open_pools(self) -> None: ...

    async def close_pools(self) -> None: ...

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["FakeDatabase"]:
        yield self

    async def fetchval(self, statement: str) -> Any:
        if "current_schema" in statement:
            return "public"
        return f"{self.major}.1 (a distribution)" if "version" in statement else datetime.now(UTC) + self.skew

    def get_server_version(self) -> Any:
        return SimpleNamespace(major=self.major)


class FakeSchema:
    """Tables that are as they should be."""

    async def validate(self) -> Validation:
        return Validation(messages=())


class NoLibraries:
    """No library at all."""

    async def list(self, *, limit: int) -> Any:
        return SimpleNamespace(libraries=[])


class NoNodes:
    """No process that works jobs."""

    async def nodes(self) -> list[NodeInfo]:
        return []

    async def leader(self) -> str | None:
        return None


async def examine(database: FakeDatabase, data_dir: Path, **settings: Any) -> dict[str, Finding]:
    doctor = Doctor(
        settings=Settings(data_dir=data_dir, jobs=Jobs(poll_only=True), **settings),
        database=database,  # type: ignore[arg-type]  # fakes of what is called
        schema=FakeSchema(),  # type: ignore[arg-type]
        libraries=NoLibraries,  # type: ignore[arg-type]
        jobs=NoNodes,  # type: ignore[arg-type]
        search=lambda: SearchService(None, clock=SystemClock(), token_lifetime=timedelta(hours=1)),
        workers=Workers,
        integrations=dict,
        clock=SystemClock(),
    )
    return {finding.name: finding for finding in await doctor.examine()}


def wrong(found: dict[str, Finding]) -> list[str]:
    """Names of what is wrong; each says what to do."""
    assert all(finding.advice for finding in found.values() if not finding.ok)
    return [name for name, finding in found.items() if not finding.ok]


async def test_nothing_is_wrong_where_nothing_is(tmp_path: Path) -> None:
    database = FakeDatabase()
    found = await examine(database, tmp_path / "data")
    assert wrong(found) == []
    assert database.stopped == 1
    assert found["database"].detail == "PostgreSQL 18.1 at db.example:5432/revenge"
    assert not (tmp_path / "data").exists(), "looking makes nothing"


@pytest.mark.parametrize(
    ("database", "name", "told"),
    [
        (FakeDatabase(error=RuntimeError("no answer")), "database", "no answer"),
        (FakeDatabase(major=12), "database", "PostgreSQL 12.1"),
        (FakeDatabase(skew=timedelta(minutes=-3)), "clock", "180.0"),
    ],
    ids=["unreachable", "too old", "skewed"],
)
async def test_what_is_wrong_with_the_database_is_named(
    database: FakeDatabase, name: str, told: str, tmp_path: Path
) -> None:
    found = await examine(database, tmp_path)
    assert wrong(found) == [name]
    assert told in found[name].detail


async def test_full_disk_and_missing_probe_library_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert wrong(await examine(FakeDatabase(), tmp_path)) == ["disk", "probe"]


async def test_a_cache_is_looked_at_where_one_is_set(tmp_path: Path) -> None:
    assert (await examine(FakeDatabase(), tmp_path))["cache"].ok
    with redis_server() as server:
        found = await examine(FakeDatabase(), tmp_path, cache={"url": server.url})
        assert (found["cache"].ok, found["cache"].detail) == (True, "it answers")
    found = await examine(FakeDatabase(), tmp_path, cache={"url": "redis://user:secret@127.0.0.1:1/0"})
    assert wrong(found) == ["cache"]
    assert "secret" not in f"{found['cache'].detail} {found['cache'].advice}"


async def test_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    assert "data directory" in wrong(await examine(FakeDatabase(), tmp_path / "data"))


NODE = NodeInfo(
    id="media-1",
    state=NodeState.ALIVE,
    host="media",
    pid=4711,
    version="1",
    queues={},
    stats={"clock_offset_s": 0.013},
    started_at=datetime.now(UTC),
    beaten_at=datetime.now(UTC),
    silence=timedelta(seconds=83),
    is_direct=True,
)


def test_a_process_that_stands_still_is_named() -> None:
    node = NODE
    # A dead one is no trouble: its jobs have been handed back.
    found = nodes_finding([node, replace(node, id="media-0", state=NodeState.DEAD)])
    assert (found.ok, found.detail) == (True, "1 at work")
    found = nodes_finding([node, replace(node, id="media-2", state=NodeState.BLOCKED)])
    assert not found.ok
    assert found.detail == "1 at work; standing still: media-2 (process 4711 on media) for 83 s"
    assert found.advice


def test_folder_of_a_library_that_is_gone_is_named(tmp_path: Path) -> None:
    here, gone = bytes(tmp_path), bytes(tmp_path / "gone")
    assert library_finding("Films", [here]).ok
    found = library_finding("Films", [here, gone])
    assert not found.ok
    assert str(tmp_path / "gone") in found.detail


def test_a_process_whose_clock_is_off_is_named() -> None:
    old = replace(NODE, id="old", stats={})
    found = clocks_finding([NODE, old])
    assert (found.ok, found.detail) == (True, "within 0.01 s of the database's")
    behind, ahead = (
        replace(NODE, id="b", stats={"clock_offset_s": 90.0}),
        replace(NODE, id="a", stats={"clock_offset_s": -3}),
    )
    dead = replace(ahead, state=NodeState.DEAD)
    found = clocks_finding([NODE, behind, ahead, replace(dead, id="c")])
    assert not found.ok
    assert found.detail == "b is 90.0 s behind, a is 3.0 s ahead"
    assert found.advice


def test_long_jobs_are_named_where_a_go_client_leads() -> None:
    hour = timedelta(hours=1)
    limits = {"short": hour, "long": 2 * hour, "endless": NO_TIMEOUT}
    assert leader_finding(None, [NODE], limits=limits, rescue_after=hour).ok
    ours = leader_finding("media-1", [NODE], limits=limits, rescue_after=hour)
    assert (ours.ok, ours.detail) == (True, "media-1 leads")
    assert leader_finding("go_1", [NODE], limits={"short": hour}, rescue_after=hour).ok
    found = leader_finding("go_1", [NODE], limits=limits, rescue_after=hour)
    assert not found.ok
    assert found.detail.startswith("go_1 leads")
    assert found.detail.endswith(": endless, long")
    assert "RescueStuckJobsAfter" in found.advice


def test_what_go_clients_must_be_told_of_the_schema_is_said_and_is_no_fault() -> None:
    """The embedded server's role is named as the application's schema is."""
    assert go_finding("public", "public").advice == ""
    found = go_finding("revenge", "public")
    assert found.ok
    assert 'river.Config{Schema: "public"}' in found.advice
