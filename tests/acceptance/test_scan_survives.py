"""Nothing of a scan is lost, however its processes end."""

import contextlib
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.house import House, Running

FILES = 20_000
KILLS = 20
OF_THE_MOMENT = ("scan_id", "id", "job_id", "duration_s", "started_at", "completed_at", "created_at")

pytestmark = pytest.mark.timeout(400)


def plant(root: Path, count: int) -> None:
    """Make ``count`` empty-looking films, a few to a folder, among them versions and stacks; sizes differ."""
    for number in range(count):
        folder = root / f"{number // 3 % 10}" / f"The Film {number // 3} ({1950 + number // 3 % 70})"
        if number % 3 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        ending = ("", " - 2160p", " - cd1")[number % 3]
        with (folder / f"{folder.name}{ending}.mkv").open("wb") as file:
            file.truncate(1_000_000 + number)


def files_of(house: House, name: str) -> list[dict[str, Any]]:
    """Return what the tables say of each file, without what depends on when it was said."""
    answer = house.run("library", "files", name, "--json")
    assert answer.code == 0, answer.err
    return sorted(
        ({key: value for key, value in file.items() if not key.endswith(("_at", "id"))} for file in answer.lines),
        key=lambda file: str(file["path"]),
    )


def kill_everything(house: House, worker: Running) -> None:
    """SIGKILL the worker, its children and PostgreSQL, as a power cut would."""
    doomed = [worker.process.pid, *(process.pid for process in house.postgres())]
    with contextlib.suppress(psutil.NoSuchProcess):
        doomed += [child.pid for child in psutil.Process(worker.process.pid).children(recursive=True)]
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.process.wait()
    psutil.wait_procs([psutil.Process(pid) for pid in doomed if psutil.pid_exists(pid)], timeout=30)


def enqueue(house: House, library: str) -> int:
    answer = house.run("jobs", "enqueue", "movie_library_scan", "--args", f'{{"library_id": "{library}"}}', "--json")
    assert answer.code == 0, answer.err
    job_id: int = answer.json["id"]
    return job_id


@pytest.fixture
def forest(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    plant(root, FILES)
    return root


def test_a_scan_that_is_killed_twenty_times_ends_as_an_undisturbed_one(
    own_house: House, forest: Path, tmp_path: Path, database: str
) -> None:
    quiet = House(tmp_path, {"DATABASE_URL": database, "REVENGE_LIBRARY__PROBE__ENABLED": "false"})
    calm = quiet.run("scan", forest, "--library", "Films", "--json")
    assert calm.code == 0, calm.err
    expected, summary = files_of(quiet, "Films"), calm.json
    assert len(expected) == summary["files_seen"] == FILES

    # A name of its own across restarts: what its predecessor held is handed back at its start.
    own_house.env |= {"REVENGE_LIBRARY__PROBE__ENABLED": "false", "REVENGE_JOBS__CLIENT_ID": "home"}
    library = own_house.run("library", "add", "Films", "--type", "movie", forest, "--json").json["id"]
    job_id = enqueue(own_house, library)
    moments = random.Random(20)
    for _ in range(KILLS):
        worker = own_house.start("worker")
        worker.wait_for("Working")
        # A moment in the middle of whatever it does: nothing tells when.
        threading.Event().wait(moments.uniform(0.0, 0.25))
        kill_everything(own_house, worker)

    last = own_house.start("worker")
    ended = own_house.run("jobs", "wait", job_id, "--timeout", 60, "--json")
    assert ended.code == 0, ended.out + ended.err
    counted = ended.json["output"]
    assert len(ended.json["attempted_by"]) > KILLS // 2, "the scan ended long before the last kill: make it longer"
    assert last.end() == 0
    assert files_of(own_house, "Films") == expected
    for name in ("files_seen", "added", "updated", "moved", "unchanged", "missing", "removed", "unmatched", "failed"):
        assert counted[name] == summary[name], name


def test_two_nodes_share_the_work_and_one_takes_over_from_the_other(house: House, tmp_path: Path) -> None:
    house.env |= {"REVENGE_LIBRARY__PROBE__ENABLED": "false"}
    jobs = {}
    for name in ("One", "Two"):
        plant(tmp_path / name, FILES // 2)
        library = house.run("library", "add", name, "--type", "movie", tmp_path / name, "--json").json["id"]
        jobs[name] = enqueue(house, library)
    nodes = [house.start("worker", "--queue", "bulk=1") for _ in range(2)]
    nodes[0].wait_for("Working")
    threading.Event().wait(0.3)
    os.kill(nodes[0].process.pid, signal.SIGKILL)

    for name, job_id in jobs.items():
        ended = house.run("jobs", "wait", job_id, "--timeout", 30, "--json")
        assert ended.code == 0, ended.out + ended.err
        assert ended.json["output"]["added"] == FILES // 2
        assert len(files_of(house, name)) == FILES // 2
