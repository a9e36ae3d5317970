"""What a scan walks, and when a root is not what it was."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from revenge.content.library.errors import PathOutsideLibrary, ScanFailed
from revenge.content.library.scans.checkpoint import Checkpoint, Phase
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.plan import Root, check_root, check_unmoved, is_whole, look_at, plan_scopes


def root(path: str | Path, *, device: int | None = None, has_files: bool = False) -> Root:
    return Root(uuid4(), os.fsencode(path), device, has_files, 3)


def stretches(roots: list[Root], *paths: str) -> list[tuple[bytes, bytes]]:
    return [(scope.start, scope.end) for scope in plan_scopes(roots, [os.fsencode(p) for p in paths], library="Films")]


def test_without_paths_all_roots_are_walked_in_their_order() -> None:
    roots = [root("/b"), root("/a")]
    assert stretches(roots) == [(b"/b/", b"/b0"), (b"/a/", b"/a0")]
    assert is_whole(plan_scopes(roots, [b"/a/", b"/b"], library=""), roots)


def test_paths_are_walked_once_though_named_twice_or_within_each_other() -> None:
    assert stretches([root("/a")], "/a/x/y", "/a/x", "/a/x/", "/a/xy") == [(b"/a/x/", b"/a/x0"), (b"/a/xy/", b"/a/xy0")]


def test_a_path_in_a_disc_means_the_folder_that_holds_it() -> None:
    assert stretches([root("/a")], "/a/x/BDMV/STREAM") == [(b"/a/x/", b"/a/x0")]


@pytest.mark.parametrize("path", ["/", "/ab", "/a/../b", "a/x", "", "/a/x/../../b"])
def test_a_path_outside_is_refused(path: str) -> None:
    with pytest.raises(PathOutsideLibrary):
        stretches([root("/a")], path)


def test_a_root_that_is_no_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScanFailed, match="not a directory"):
        look_at(os.fsencode(tmp_path / "file"))
    with pytest.raises(ScanFailed, match="is missing"):
        look_at(os.fsencode(tmp_path / "gone"))


def test_an_empty_root_is_fine_only_while_it_held_nothing(tmp_path: Path) -> None:
    check_root(root(tmp_path), [])
    with pytest.raises(ScanFailed, match="is empty"):
        check_root(root(tmp_path, has_files=True), [])


def test_another_device_is_fine_where_a_known_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").touch()
    known = os.fsencode(tmp_path / "a.mkv")
    check_root(root(tmp_path, device=-1, has_files=True), [known])
    with pytest.raises(ScanFailed, match="another device"):
        check_root(root(tmp_path, device=-1, has_files=True), [known + b"x"])


def test_a_root_that_is_another_folder_now_fails(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    before = look_at(os.fsencode(tmp_path / "a"))
    check_unmoved(os.fsencode(tmp_path / "a"), before)
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").mkdir()
    with pytest.raises(ScanFailed, match="replaced"):
        check_unmoved(os.fsencode(tmp_path / "a"), before)


def test_a_checkpoint_survives_its_json() -> None:
    checkpoint = Checkpoint(phase=Phase.PROBING, scope=2, done=b"/a/\xff\0", links=True, first=True, to_probe=7)
    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint
    assert Checkpoint.from_json("{}") is None


@pytest.mark.parametrize("wrong", [{"chunk_size": 0}, {"probes_at_once": 0}])
def test_the_configuration_names_what_is_wrong(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ScanConfig(**wrong)  # type: ignore[arg-type]  # mypy does not see which key it is
