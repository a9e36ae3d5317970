"""``revenge scan`` on real trees: what it says agrees with the disk."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.acceptance.house import House

pytestmark = pytest.mark.timeout(180)

NO_PROBE = {"REVENGE_LIBRARY__PROBE__ENABLED": "false"}
FILMS = (
    "Heat (1995)/Heat (1995).mkv",
    "Alien (1979)/Alien (1979) - 1080p.mkv",
    "Alien (1979)/Alien (1979) - 2160p.mkv",
    "It (2017).mkv",
    "Kill Bill (2003)/Kill Bill (2003) cd1.avi",
    "Kill Bill (2003)/Kill Bill (2003) cd2.avi",
    "Amélie (2001)/Amélie (2001).mp4",
)
OTHERS = (
    "Heat (1995)/Heat (1995).nfo",
    "Heat (1995)/Heat (1995)-trailer.mkv",
    "Heat (1995)/Sample/sample.mkv",
    "Alien (1979)/poster.jpg",
    "It (2017).mkv.part",
    ".hidden/Secret (2000).mkv",
)


def put(root: Path, name: str, text: str = "") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or name)
    return path


def plant(root: Path, count: int) -> None:
    """Make so many empty films: enough that a scan of them can be met in the middle."""
    for number in range(count):
        folder = root / f"{number // 200}"
        if number % 200 == 0:
            folder.mkdir(parents=True)
        (folder / f"Film {number} (1990).mkv").touch()


@pytest.fixture
def films(tmp_path: Path) -> Path:
    root = tmp_path / "My films"
    for name in FILMS + OTHERS:
        put(root, name)
    return root


def on_disk(root: Path) -> dict[str, int]:
    """Size by path of all that is a library file."""
    return {
        str(path): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and str(path.relative_to(root)) not in OTHERS
    }


def known(house: House, name: str, *options: str) -> dict[str, int]:
    answer = house.run("library", "files", name, "--json", *options)
    assert answer.code == 0, answer.err
    return {file["path"]: file["size_bytes"] for file in answer.lines}


def test_scan_agrees_with_the_disk_file_by_file_through_every_change(house: House, films: Path) -> None:
    def scan() -> dict[str, int]:
        answer = house.run("scan", films, "--json", **NO_PROBE)
        assert answer.code == 0, answer.err
        assert answer.json["status"] == "completed"
        assert answer.json["errors"] == []
        assert answer.json["failed"] == answer.json["removed"] == 0
        names = ("files_seen", "added", "updated", "moved", "unchanged", "missing")
        return {name: answer.json[name] for name in names}

    def counted(**counts: int) -> dict[str, int]:
        return dict.fromkeys(("files_seen", "added", "updated", "moved", "unchanged", "missing"), 0) | counts

    count = len(FILMS)
    assert scan() == counted(files_seen=count, added=count)
    assert known(house, "My films") == on_disk(films)
    assert scan() == counted(files_seen=count, unchanged=count)

    put(films, "Brazil (1985)/Brazil (1985).mkv")
    put(films, "It (2017).mkv", "a better copy of it")
    (films / "Heat").mkdir()
    (films / "Heat (1995)/Heat (1995).mkv").rename(films / "Heat/Heat.1995.mkv")
    (films / "Amélie (2001)/Amélie (2001).mp4").unlink()
    assert scan() == counted(files_seen=count, added=1, updated=1, moved=1, unchanged=count - 3, missing=1)
    assert known(house, "My films", "--state", "present") == on_disk(films)
    assert set(known(house, "My films", "--state", "missing")) == {str(films / "Amélie (2001)/Amélie (2001).mp4")}
    assert scan() == counted(files_seen=count, unchanged=count)

    full = house.run("scan", films, "--full", "--json", **NO_PROBE).json
    assert (full["files_seen"], full["unchanged"]) == (count, 0)


def test_folder_that_is_gone_fails_the_scan_with_the_reason_and_removes_nothing(house: House, films: Path) -> None:
    assert house.run("scan", films, "--json", **NO_PROBE).code == 0
    before = known(house, "My films")
    films.rename(films.with_name("elsewhere"))

    answer = house.run("scan", films, "--json", **NO_PROBE)
    assert answer.code == 1
    assert answer.json["status"] == "failed"
    assert "Scanning My films: failed" in answer.err
    assert "missing" in answer.json["error_message"]
    assert answer.err.splitlines()[-1].startswith(f"revenge: the scan failed: {films}")
    assert known(house, "My films", "--state", "present") == before

    films.with_name("elsewhere").rename(films)
    assert house.run("scan", films, "--json", **NO_PROBE).json["unchanged"] == len(FILMS)


def test_folder_that_was_emptied_fails_the_scan_and_removes_nothing(house: House, films: Path) -> None:
    assert house.run("scan", films, "--json", **NO_PROBE).code == 0
    before = known(house, "My films")
    films.rename(films.with_name("elsewhere"))
    films.mkdir()
    answer = house.run("scan", films, "--json", **NO_PROBE)
    assert (answer.code, answer.json["status"]) == (1, "failed")
    assert known(house, "My films", "--state", "present") == before


def test_real_videos_are_read_and_broken_ones_do_not_change_the_code(house: House, tmp_path: Path) -> None:
    from revenge.content.library.demo import make_video

    root = tmp_path / "films"
    root.mkdir()
    for name in ("Metropolis (1927).mkv", "The General (1926).mkv", "Sherlock Jr. (1924).mkv"):
        make_video(root / name, seconds=0.2)
    put(root, "Broken (1920).mkv", "this is no video")
    answer = house.run("scan", root, "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["files_seen"], answer.json["failed"]) == (4, 1)
    assert [Path(error["path"]).name for error in answer.json["errors"]] == ["Broken (1920).mkv"]
    files = {Path(file["path"]).name: file for file in house.run("library", "files", "films", "--json").lines}
    assert files["Metropolis (1927).mkv"]["video_codec"] == "h264"
    assert files["Metropolis (1927).mkv"]["duration_s"] > 0
    assert files["Broken (1920).mkv"]["state"] == "broken"


def test_path_within_a_library_scans_that_part_of_it(house: House, films: Path) -> None:
    first = house.run("scan", films, "--library", "Films", "--json", **NO_PROBE).json
    put(films, "Alien (1979)/Alien (1979) - Director's Cut.mkv")
    put(films, "Elsewhere (2001).mkv")
    part = house.run("scan", films / "Alien (1979)", "--json", **NO_PROBE).json
    assert part["library_id"] == first["library_id"]
    assert (part["files_seen"], part["added"], part["unchanged"], part["missing"]) == (3, 1, 2, 0)


def test_library_is_named_typed_shown_listed_and_removed(house: House, films: Path) -> None:
    added = house.run("library", "add", "Films", "--type", "movie", films, "--json").json
    assert (added["name"], added["type"], added["paths"], added["enabled"]) == ("Films", "movie", [str(films)], True)
    assert house.run("library", "show", "films", "--json").json["id"] == added["id"]
    assert house.run("library", "show", added["id"], "--json").json["name"] == "Films"
    assert [each["name"] for each in house.run("library", "list", "--json").json["libraries"]] == ["Films"]
    assert house.run("scan", films, "--json", **NO_PROBE).json["library_id"] == added["id"]
    wrong = house.run("scan", films, "--type", "tv", "--json", **NO_PROBE)
    assert (wrong.code, wrong.out) == (1, "")
    assert len(wrong.err.splitlines()) == 1
    assert house.run("library", "remove", "Films").code == 0
    assert house.run("library", "list", "--json").json["libraries"] == []
    assert house.run("library", "show", "Films").code == 1
    assert on_disk(films)


def test_folder_that_never_was_is_one_line(house: House, tmp_path: Path) -> None:
    answer = house.run("scan", tmp_path / "nowhere", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"revenge: there is no folder {tmp_path / 'nowhere'}: mount it, or correct the path\n"


def test_scan_in_a_paused_queue_says_so_and_goes_on_when_it_is_resumed(house: House, films: Path) -> None:
    assert house.run("scan", films, "--json", **NO_PROBE).code == 0
    assert house.run("queues", "pause", "bulk").code == 0
    waiting = house.start("scan", films, "--json", **NO_PROBE)
    waiting.wait_for("queue is paused")
    assert house.run("queues", "resume", "bulk").code == 0
    assert '"status":"completed"' in waiting.everything()
    assert waiting.process.returncode == 0


def test_name_that_is_no_utf8_is_a_file_like_others(house: House, tmp_path: Path) -> None:
    root = tmp_path / "films"
    root.mkdir()
    with open(os.fsencode(root) + b"/Caf\xe9 (1995).mkv", "w") as file:
        file.write("x")
    assert house.run("scan", root, "--json", **NO_PROBE).json["added"] == 1
    (file_,) = house.run("library", "files", "films", "--json").lines
    assert file_["path"].endswith("Caf\ufffd (1995).mkv")
    assert "path_b64" in file_


def test_interrupted_scan_is_cancelled_and_goes_through_the_next_time(house: House, tmp_path: Path) -> None:
    root, count = tmp_path / "films", 8_000
    plant(root, count)
    running = house.start("scan", root, "--json", **NO_PROBE)
    running.wait_for("Scanning films: running")
    assert running.end(signal.SIGINT) == 130
    assert "Traceback" not in running.everything()
    (job,) = house.run("jobs", "list", "--kind", "movie_library_scan", "--json").json["jobs"]
    assert job["state"] == "cancelled"
    assert house.run("scan", root, "--json", **NO_PROBE).json["files_seen"] == count


def test_scan_whose_process_was_killed_is_taken_over_by_the_next_one(own_house: House, tmp_path: Path) -> None:
    root, count = tmp_path / "films", 8_000
    plant(root, count)
    killed = own_house.start("scan", root, "--json", **NO_PROBE)
    killed.wait_for("Scanning films: running")
    os.killpg(killed.process.pid, signal.SIGKILL)
    doomed = own_house.postgres()
    for process in doomed:
        process.kill()
    psutil.wait_procs(doomed, timeout=30)

    started = time.monotonic()
    answer = own_house.run("scan", root, "--json", **NO_PROBE)
    assert answer.code == 0, answer.err
    assert time.monotonic() - started < 60
    assert "following it" in answer.err
    assert (answer.json["status"], answer.json["files_seen"]) == ("completed", count)
    assert len(known(own_house, "films")) == count
    job = own_house.run("jobs", "show", answer.json["job_id"], "--json").json
    assert len(job["attempted_by"]) == 2


def test_interrupted_follower_leaves_the_scan_to_who_asked_for_it(house: House, films: Path) -> None:
    assert house.run("scan", films, "--json", **NO_PROBE).code == 0
    assert house.run("queues", "pause", "bulk").code == 0
    asked = house.start("scan", films, "--json", **NO_PROBE)
    asked.wait_for("Scanning My films: ")
    follower = house.start("scan", films, "--json", **NO_PROBE)
    follower.wait_for("following it")
    follower.wait_for("Scanning My films: ")
    assert follower.end(signal.SIGINT) == 130
    told = follower.everything()
    assert "goes on" in told
    assert "Traceback" not in told
    assert house.run("queues", "resume", "bulk").code == 0
    assert '"status":"completed"' in asked.everything()
    assert asked.process.returncode == 0
