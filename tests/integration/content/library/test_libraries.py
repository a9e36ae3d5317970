"""Making, changing and deleting libraries."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from revenge.content.library.errors import (
    InvalidLibrary,
    LibraryNameTaken,
    LibraryNotFound,
    ScanConflict,
    UnscannableLibrary,
)
from revenge.content.library.models import FileState, LibraryType, ScanStatus
from revenge.content.library.ports import JobFate

if TYPE_CHECKING:
    from tests.integration.content.library.conftest import World


async def test_a_library_comes_back_as_it_was_made(world: "World", tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    made = await world.make_library(
        world.root, tmp_path / "b", name=" Films ", ignore_patterns=["*.avi"], preferred_language="de"
    )
    assert made == await world.libraries.get(made.id) == await world.libraries.find("fILMS")
    assert (made.name, made.ignore_patterns, made.preferred_language) == ("Films", ("*.avi",), "de")
    assert made.paths == (str(world.root).encode(), str(tmp_path / "b").encode())


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 201}),
        ("paths", {"paths": []}),
        ("paths", {"paths": ["films"]}),
        ("paths", {"paths": ["/"]}),
        ("paths", {"paths": ["//"]}),
        ("paths", {"paths": ["/a\0b"]}),
        ("paths", {"paths": ["{root}", "{root}/inside"]}),
        ("paths", {"paths": ["{root}/gone"]}),
        ("ignore_patterns", {"ignore_patterns": ["**/a/" * 9]}),
        ("scanner_config", {"scanner_config": {"hidden": "yes"}}),
    ],
)
async def test_what_is_wrong_with_a_library_is_named(world: "World", field: str, fields: dict[str, Any]) -> None:
    paths = [str(path).format(root=world.root) for path in fields.get("paths", [str(world.root)])]
    with pytest.raises(InvalidLibrary) as wrong:
        await world.make_library(**fields | {"paths": paths})
    assert wrong.value.field == field


async def test_paths_are_stored_as_they_are_meant(world: "World") -> None:
    library = await world.make_library(paths=[f"//{world.root}/./x/../", str(world.root)])
    assert library.paths == (str(world.root).encode(),)


async def test_a_name_is_taken_in_whatever_case(world: "World", tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    await world.make_library()
    with pytest.raises(LibraryNameTaken):
        await world.make_library(tmp_path / "b", name="FILMS")


@pytest.mark.parametrize("other", ["films", "films/inside", "."])
async def test_libraries_do_not_overlap(world: "World", tmp_path: Path, other: str) -> None:
    (world.root / "inside").mkdir()
    await world.make_library()
    with pytest.raises(InvalidLibrary, match="overlaps"):
        await world.make_library(tmp_path / other, name="Second")


@pytest.mark.parametrize("other", ["link", "link/inside", "above"])
async def test_libraries_do_not_overlap_through_a_link(world: "World", tmp_path: Path, other: str) -> None:
    (world.root / "inside").mkdir()
    (tmp_path / "link").symlink_to(world.root)
    (tmp_path / "above").symlink_to(tmp_path)
    await world.make_library()
    with pytest.raises(InvalidLibrary, match=r"overlaps .* through a symbolic link"):
        await world.make_library(tmp_path / other, name="Second")


async def test_a_folder_that_never_answers_is_compared_as_it_is_written(
    world: "World", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, share_is_back = await world.make_library(), threading.Event()

    def realpath(path: bytes) -> bytes:
        if path in first.paths:
            share_is_back.wait()
        return path

    monkeypatch.setattr("revenge.content.library.service.os.path.realpath", realpath)
    monkeypatch.setattr("revenge.content.library.service.ANSWER_TIME", timedelta(seconds=2))
    (tmp_path / "b").mkdir()
    try:
        assert (await world.make_library(tmp_path / "b", name="Second")).name == "Second"
    finally:
        share_is_back.set()


async def test_a_library_that_no_scan_can_read_is_not_scanned(world: "World") -> None:
    library = await world.make_library(type=LibraryType.MUSIC)
    with pytest.raises(UnscannableLibrary, match="libraries of type music cannot be scanned"):
        await world.libraries.trigger_scan(library.id)
    assert (await world.libraries.scans(library.id)).scans == []


async def test_a_deleted_library_is_out_of_the_way(world: "World") -> None:
    first = await world.make_library()
    await world.libraries.delete(first.id)
    with pytest.raises(LibraryNotFound):
        await world.libraries.get(first.id)
    with pytest.raises(LibraryNotFound):
        await world.libraries.delete(first.id)
    assert (await world.make_library()).id != first.id


async def test_libraries_are_listed_by_name_in_pages(world: "World", tmp_path: Path) -> None:
    for name in ("delta", "Alpha", "charlie", "Bravo"):
        (tmp_path / name).mkdir()
        await world.make_library(tmp_path / name, name=name)
    names, cursor = [], None
    while True:
        page = await world.libraries.list(limit=3, cursor=cursor)
        names += [library.name for library in page.libraries]
        if (cursor := page.next_cursor) is None:
            break
    assert names == ["Alpha", "Bravo", "charlie", "delta"]
    with pytest.raises(ValueError, match="cursor"):
        await world.libraries.list(cursor="%%%")


async def test_a_change_leaves_what_it_does_not_name(world: "World") -> None:
    library = await world.make_library(ignore_patterns=["x"])
    changed = await world.libraries.update(library.id, {"name": "Movies", "enabled": False})
    assert (changed.name, changed.enabled, changed.ignore_patterns, changed.paths) == (
        "Movies",
        False,
        ("x",),
        library.paths,
    )
    with pytest.raises(InvalidLibrary, match="type"):
        await world.libraries.update(library.id, {"type": "tvshow"})


async def test_a_scan_whose_job_was_cancelled_before_it_began_is_seen_cancelled(world: "World") -> None:
    library = await world.make_library()
    scan = await world.libraries.trigger_scan(library.id)
    assert scan.job_id is not None
    assert (await world.libraries.scan(library.id, scan.id)).status is ScanStatus.PENDING
    world.jobs.fates[scan.job_id] = JobFate.CANCELLED
    assert [each.status for each in (await world.libraries.scans(library.id)).scans] == [ScanStatus.CANCELLED]
    seen = await world.libraries.scan(library.id, scan.id)
    assert (seen.status, seen.error_message) == (ScanStatus.CANCELLED, "its job was cancelled")
    assert world.events.told == ["cancelled"]


async def test_folders_are_not_changed_under_a_scan(world: "World") -> None:
    library = await world.make_library()
    await world.libraries.trigger_scan(library.id)
    (world.root / "x").mkdir()
    with pytest.raises(ScanConflict):
        await world.libraries.update(library.id, {"paths": [str(world.root / "x")]})
    assert (await world.libraries.update(library.id, {"name": "Movies"})).name == "Movies"


async def test_a_folder_that_is_unmounted_does_not_keep_a_library_from_being_renamed(world: "World") -> None:
    library = await world.make_library()
    world.root.rmdir()
    assert (await world.libraries.update(library.id, {"name": "Movies"})).name == "Movies"


async def test_files_and_errors_and_scans_come_in_pages(world: "World") -> None:
    world.put(*(f"Film {n} (2000).mkv" for n in range(7)), "broken a (1999).mkv", "broken b (1999).mkv")
    library = await world.make_library()
    scan = await world.scan()
    await world.scan()
    paths, cursor = [], None
    while True:
        page = await world.libraries.files(library.id, limit=4, cursor=cursor)
        paths += [file.path for file in page.files]
        if (cursor := page.next_cursor) is None:
            break
    assert paths == sorted(paths)
    assert len(paths) == 9
    assert len((await world.libraries.files(library.id, state=FileState.BROKEN)).files) == 2
    first = await world.libraries.scan_errors(scan.id, limit=1)
    second = await world.libraries.scan_errors(scan.id, limit=1, cursor=first.next_cursor)
    assert {first.errors[0].error, second.errors[0].error} == {"no video in it"}
    assert (len(first.errors), len(second.errors), second.next_cursor) == (1, 1, None)
    newest = await world.libraries.scans(library.id, limit=1)
    oldest = await world.libraries.scans(library.id, limit=1, cursor=newest.next_cursor)
    assert oldest.scans == [scan]
    assert newest.scans[0].id > scan.id


async def test_a_deleted_library_comes_back_as_it_was(world: "World") -> None:  # W20
    made = await world.make_library()
    await world.libraries.delete(made.id)
    restored = await world.libraries.restore(made.id)
    assert (restored.id, restored.name, restored.paths) == (made.id, made.name, made.paths)
    assert world.events.told == ["hidden", "restored"]
    with pytest.raises(LibraryNotFound):
        await world.libraries.restore(made.id)


async def test_a_deleted_library_comes_back_by_a_new_name(world: "World") -> None:
    """Where another library had its name by then there was no way back."""
    made = await world.make_library()
    await world.libraries.delete(made.id)
    other = world.root.parent / "other"
    other.mkdir()
    await world.make_library(other, name=made.name)
    with pytest.raises(InvalidLibrary):
        await world.libraries.restore(made.id, name=" ")
    for taken in (None, made.name.upper()):
        with pytest.raises(LibraryNameTaken):
            await world.libraries.restore(made.id, name=taken)
    assert (await world.libraries.restore(made.id, name=" Old films ")).name == "Old films"


async def test_a_library_whose_folder_another_has_by_now_does_not_come_back(world: "World") -> None:
    first = await world.make_library()
    await world.libraries.delete(first.id)
    await world.make_library(name="Other")
    with pytest.raises(InvalidLibrary):
        await world.libraries.restore(first.id)
    with pytest.raises(LibraryNotFound):
        await world.libraries.get(first.id)
