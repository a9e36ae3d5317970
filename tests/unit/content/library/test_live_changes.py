"""What has changed is gathered until it is quiet, and becomes few folders to scan."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from revenge.content.library.live.changes import MOST_FOLDERS, Changes, folders_to_scan, is_ignored


def changes() -> Changes:
    return Changes(quiet=timedelta(seconds=10), longest=timedelta(seconds=60))


def test_burst_is_one_scan_when_it_is_over() -> None:
    found = changes()
    for second in range(5):
        found.add([f"/films/{second}.mkv".encode()], now_s=second)
        assert not found.is_due(second)
    assert not found.is_due(13.9)
    assert found.is_due(14)
    assert len(found.take()) == 5
    assert not found.is_due(1000)


def test_copy_that_does_not_end_is_scanned_in_between() -> None:
    found = changes()
    for second in range(60):
        found.add([b"/films/long.mkv"], now_s=second)
        assert not found.is_due(second)
    found.add([b"/films/long.mkv"], now_s=60)
    assert found.is_due(60)


def test_what_could_not_be_scanned_is_due_again_after_another_quiet_while() -> None:
    found = changes()
    found.add([b"/films/a.mkv"], now_s=0)
    found.give_back(found.take(), now_s=10)
    assert not found.is_due(19)
    assert found.is_due(20)


@pytest.mark.parametrize(
    "name", [b".hidden", b"film.mkv.part", b"Film.MKV.!qB", b"@eaDir", b"x.crdownload", b"notes~", b".DS_Store"]
)
def test_names_that_no_scan_looks_at_set_nothing_going(name: bytes) -> None:
    assert is_ignored(b"/films/" + name)
    found = changes()
    found.add([b"/films/" + name], now_s=0)
    assert not found


@pytest.mark.parametrize("name", [b"Heat (1995).mkv", b"Heat (1995)", b"movie.nfo", b"...And Justice.mkv"])
def test_names_that_scans_look_at_count(name: bytes) -> None:
    assert not is_ignored(b"/films/" + name)


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def paths(root: Path, *names: str) -> list[bytes]:
    return [os.fsencode(root / name) for name in names]


def test_file_stands_for_its_folder_and_a_folder_for_itself(tmp_path: Path) -> None:
    put(tmp_path, "Heat/Heat.mkv", "Alien/Alien.mkv")
    found = folders_to_scan(paths(tmp_path, "Heat/Heat.mkv", "Alien"), [os.fsencode(tmp_path)])
    assert found == paths(tmp_path, "Alien", "Heat")


def test_what_is_gone_stands_for_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    put(tmp_path, "Dark/Season 1/1.mkv")
    roots = [os.fsencode(tmp_path)]
    assert folders_to_scan(paths(tmp_path, "Dark/Season 2/x/2.mkv"), roots) == paths(tmp_path, "Dark")
    assert folders_to_scan(paths(tmp_path, "Gone/1.mkv"), roots) == roots


def test_folder_within_another_is_not_scanned_twice(tmp_path: Path) -> None:
    put(tmp_path, "Dark/Season 1/1.mkv", "Dark 2/1.mkv")
    found = folders_to_scan(paths(tmp_path, "Dark", "Dark/Season 1/1.mkv", "Dark 2/1.mkv"), [os.fsencode(tmp_path)])
    assert sorted(found) == paths(tmp_path, "Dark", "Dark 2")


def test_many_folders_are_scanned_as_the_root_they_are_in(tmp_path: Path) -> None:
    names = [f"Film {number}/film.mkv" for number in range(MOST_FOLDERS + 1)]
    put(tmp_path, *names)
    assert folders_to_scan(paths(tmp_path, *names), [os.fsencode(tmp_path)]) == [os.fsencode(tmp_path)]


def test_nothing_is_scanned_of_a_root_that_is_gone_or_of_another_place(tmp_path: Path) -> None:
    put(tmp_path, "other/film.mkv")
    roots = [os.fsencode(tmp_path / "films")]
    assert folders_to_scan(paths(tmp_path, "films/Heat.mkv", "other/film.mkv"), roots) == []
