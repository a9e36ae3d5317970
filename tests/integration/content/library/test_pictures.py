"""Pictures beside videos, as scans see them."""

import os
from typing import TYPE_CHECKING

import pytest

from revenge.content.library.errors import ScanFailed
from revenge.content.library.models import LibraryType
from revenge.content.library.scans.plan import check_unmoved

if TYPE_CHECKING:
    from tests.integration.content.library.conftest import World


async def known(world: "World") -> list[tuple[str, str, int | None]]:
    rows = await world.pool.fetch("SELECT path, type, season FROM revenge.library_picture ORDER BY path")
    start = len(os.fsencode(world.root)) + 1
    return [(os.fsdecode(row["path"][start:]), row["type"], row["season"]) for row in rows]


async def test_pictures_are_known_once_and_told_of_when_they_change_or_go(world: "World") -> None:
    world.put("Film (2000)/Film (2000).mkv", "Film (2000)/poster.jpg", "Film (2000)/Film (2000)-fanart.jpg")
    await world.make_library()
    await world.scan()
    assert await known(world) == [
        ("Film (2000)/Film (2000)-fanart.jpg", "backdrop", None),
        ("Film (2000)/poster.jpg", "poster", None),
    ]
    assert sum(len(change.pictures) for change in world.events.changes) == 2

    world.events.changes.clear()
    await world.scan()
    assert world.events.changes == []

    world.put("Film (2000)/poster.jpg", size=2000)
    (world.root / "Film (2000)/Film (2000)-fanart.jpg").unlink()
    poster = await world.pool.fetchval("SELECT id FROM revenge.library_picture WHERE type = 'poster'")
    fanart = await world.pool.fetchval("SELECT id FROM revenge.library_picture WHERE type = 'backdrop'")
    await world.scan()
    (change,) = world.events.changes
    assert (change.pictures, change.pictures_gone) == ([poster], [fanart])
    assert await known(world) == [("Film (2000)/poster.jpg", "poster", None)]


async def test_a_scan_of_one_folder_leaves_the_pictures_of_others_alone(world: "World") -> None:
    world.put("A (2000)/A.mkv", "A (2000)/poster.jpg", "B (2001)/B.mkv", "B (2001)/poster.jpg")
    await world.make_library()
    await world.scan()
    for name in ("A (2000)", "B (2001)"):
        (world.root / name / "poster.jpg").unlink()
    await world.scan(paths=[world.root / "A (2000)"])
    assert await known(world) == [("B (2001)/poster.jpg", "poster", None)]


async def test_pictures_in_a_folder_that_cannot_be_read_stay(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("A (2000)/A.mkv", "A (2000)/poster.jpg", "B (2001)/B.mkv", "B (2001)/poster.jpg")
    await world.make_library()
    await world.scan()
    listed = os.scandir

    def failing(path: bytes) -> "os._ScandirIterator[bytes]":
        if path.endswith(b"A (2000)"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", failing)
    await world.scan()
    assert [path for path, _, _ in await known(world)] == ["A (2000)/poster.jpg", "B (2001)/poster.jpg"]


async def test_nothing_is_forgotten_when_the_folder_is_no_longer_what_it_was(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("A (2000)/A.mkv", "A (2000)/poster.jpg")
    await world.make_library()
    await world.scan()
    (world.root / "A (2000)/poster.jpg").unlink()

    def moved(root: bytes, standing: object) -> None:
        raise ScanFailed("another disk")

    monkeypatch.setattr(f"{check_unmoved.__module__.replace('plan', 'walking')}.check_unmoved", moved)
    with pytest.raises(ScanFailed, match="another disk"):
        await world.scan()
    assert await known(world) == [("A (2000)/poster.jpg", "poster", None)]


async def test_seasons_have_pictures_by_folder_and_by_name(world: "World") -> None:
    world.put("Dark/Season 01/Dark S01E01.mkv", "Dark/Season 01/Dark S01E01-thumb.jpg", "Dark/Season 01/folder.jpg")
    world.put("Dark/poster.jpg", "Dark/season02-poster.jpg")
    await world.make_library(name="Shows", type=LibraryType.TVSHOW)
    await world.scan()
    assert await known(world) == [
        ("Dark/Season 01/Dark S01E01-thumb.jpg", "still", None),
        ("Dark/Season 01/folder.jpg", "poster", 1),
        ("Dark/poster.jpg", "poster", None),
        ("Dark/season02-poster.jpg", "poster", 2),
    ]
