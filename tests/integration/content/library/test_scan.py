"""A scan on real trees: what is added, changed, moved and gone is counted exactly, and nothing vanishes by mistake."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from revenge.content.library.errors import PathOutsideLibrary, ScanFailed
from revenge.content.library.models import FileState, Scan, ScanStatus, ScanType
from revenge.content.library.scans import ScanRequest
from revenge.content.library.scans.plan import check_unmoved

if TYPE_CHECKING:
    from tests.integration.content.library.conftest import World


def counts(scan: Scan) -> dict[str, int]:
    """Return the counters that are not zero."""
    return {
        name: value
        for name, value in scan.to_dict().items()
        if name in {"files_seen", "added", "updated", "moved", "unchanged", "missing", "removed", "unmatched", "failed"}
        and value
    }


async def one(world: "World", sql: str, *args: Any) -> Any:
    return await world.pool.fetchval(sql, *args)


async def test_a_first_scan_adds_every_library_file_and_nothing_else(world: "World") -> None:
    world.put("Film (2000)/Film (2000).mkv", "Film (2000)/Film (2000)-trailer.mkv", "Film (2000)/Extras/a.mkv")
    world.put("Other (2001)/Other.2001.1080p.mkv", "notes.txt", "x.mkv.part")
    await world.make_library()
    scan = await world.scan()
    assert scan.status is ScanStatus.COMPLETED
    assert counts(scan) == {"files_seen": 2, "added": 2}
    assert await world.files() == {
        "Film (2000)/Film (2000).mkv": "present",
        "Other (2001)/Other.2001.1080p.mkv": "present",
    }
    assert world.events.told == ["started", "done"]


async def test_files_are_counted_by_state_for_each_library(world: "World") -> None:
    world.put(*(f"Film {n} (2000)/Film {n}.mkv" for n in range(3)))
    await world.make_library()
    assert await world.repository.file_counts([world.library_id]) == {}
    await world.scan()
    (world.root / "Film 1 (2000)" / "Film 1.mkv").unlink()
    await world.scan()
    counted = await world.repository.file_counts([world.library_id])
    assert counted == {world.library_id: {FileState.PRESENT: 2, FileState.MISSING: 1}}


async def test_a_second_scan_finds_all_unchanged_and_writes_and_reads_nothing(world: "World") -> None:
    world.put(*(f"Film {n} (2000)/Film {n}.mkv" for n in range(20)))
    await world.make_library()
    await world.scan()
    before = await one(world, "SELECT max(xmin::text::bigint) FROM revenge.library_file")
    world.prober.probed.clear()
    assert counts(await world.scan()) == {"files_seen": 20, "unchanged": 20}
    assert await one(world, "SELECT max(xmin::text::bigint) FROM revenge.library_file") == before
    assert world.prober.probed == []


async def test_added_changed_moved_and_deleted_files_are_counted_by_kind(world: "World") -> None:
    world.put(*(f"Film {n} (2000)/Film {n}.mkv" for n in range(6)))
    await world.make_library()
    await world.scan()
    moved = await one(world, "SELECT id FROM revenge.library_file WHERE path_text LIKE '%Film 2.mkv'")
    renamed = await one(world, "SELECT id FROM revenge.library_file WHERE path_text LIKE '%Film 3.mkv'")
    world.prober.probed.clear()
    world.put("New (2020)/New.mkv", size=5)
    world.put("Film 0 (2000)/Film 0.mkv", size=2000)
    (world.root / "Film 1 (2000)/Film 1.mkv").unlink()
    (world.root / "Film 2 (2000)/Film 2.mkv").rename(world.root / "Film 2 (2000)/A Film 2.mkv")  # sorts before
    (world.root / "Film 3 (2000)").rename(world.root / "Z Film 3 (2000)")  # sorts behind
    assert counts(await world.scan()) == {
        "files_seen": 6, "added": 1, "updated": 1, "moved": 2, "unchanged": 2, "missing": 1,
    }  # fmt: skip
    assert sorted(world.prober.probed) == ["Film 0.mkv", "New.mkv"]
    path = "SELECT path_text FROM revenge.library_file WHERE id = $1"
    assert (await one(world, path, moved)).endswith("/A Film 2.mkv")
    assert (await one(world, path, renamed)).endswith("/Z Film 3 (2000)/Film 3.mkv")
    assert (await world.files())["Film 1 (2000)/Film 1.mkv"] == "missing"
    assert counts(await world.scan()) == {"files_seen": 6, "unchanged": 6}


async def test_a_file_replaced_by_one_of_the_same_size_and_time_is_updated(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    await world.scan()
    file = world.root / "Film (2000).mkv"
    status = file.stat()
    world.put("new", size=1000)
    os.utime(world.root / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (world.root / "new").rename(file)
    assert counts(await world.scan()) == {"files_seen": 1, "updated": 1}


async def test_a_mount_that_numbers_its_files_anew_can_be_told_of(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library(scanner_config={"trust_inodes": False})
    await world.scan()
    await world.pool.execute("UPDATE revenge.library_file SET inode = 7")
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}


async def test_a_hard_link_is_a_file_of_its_own(world: "World") -> None:
    world.put("a/Film (2000).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "b").mkdir()
    os.link(world.root / "a/Film (2000).mkv", world.root / "b/Film (2000).mkv")
    assert counts(await world.scan()) == {"files_seen": 2, "added": 1, "unchanged": 1}


async def test_a_file_copied_to_another_disk_keeps_its_row(world: "World") -> None:
    world.put("b/Film (2000).mkv", "b/Second (2001).mkv")
    await world.make_library()
    await world.scan()
    before = await world.pool.fetch("SELECT id FROM revenge.library_file ORDER BY id")
    world.prober.probed.clear()
    shutil.copytree(world.root / "b", world.root / "a")  # keeps times, gives new inodes
    shutil.rmtree(world.root / "b")
    assert counts(await world.scan()) == {"files_seen": 2, "moved": 2}
    assert await world.pool.fetch("SELECT id FROM revenge.library_file ORDER BY id") == before
    assert world.prober.probed == []
    assert sorted(await world.files()) == ["a/Film (2000).mkv", "a/Second (2001).mkv"]


async def test_a_missing_file_that_comes_back_keeps_its_row(world: "World", tmp_path: Any) -> None:
    world.put("Film (2000).mkv", "Other (2001).mkv")
    await world.make_library()
    await world.scan()
    before = await world.pool.fetch("SELECT id FROM revenge.library_file ORDER BY id")
    (world.root / "Film (2000).mkv").rename(tmp_path / "aside")
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1, "missing": 1}
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}
    (tmp_path / "aside").rename(world.root / "Film (2000).mkv")
    assert counts(await world.scan()) == {"files_seen": 2, "unchanged": 1, "updated": 1}
    assert await world.pool.fetch("SELECT id FROM revenge.library_file ORDER BY id") == before
    assert set((await world.files()).values()) == {"present"}


async def test_a_missing_file_is_removed_after_the_grace_period_with_its_film(world: "World") -> None:
    world.put("Film (2000).mkv", "Other (2001).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "Film (2000).mkv").unlink()
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1, "missing": 1}
    await world.pool.execute(
        "UPDATE revenge.library_file SET missing_since = now() - interval '31 days' WHERE state = 'missing'"
    )
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1, "removed": 1}
    assert await world.files() == {"Other (2001).mkv": "present"}
    assert await one(world, "SELECT count(*) FROM revenge.library_item") == 1


async def test_a_root_that_is_missing_fails_the_scan_and_removes_nothing(world: "World", tmp_path: Any) -> None:
    second = tmp_path / "second"
    second.mkdir()
    world.put("Film (2000).mkv")
    await world.make_library(world.root, second)
    await world.scan()
    world.root.rename(tmp_path / "away")
    with pytest.raises(ScanFailed, match="films is missing"):
        await world.scan()
    page = await world.repository.scans(world.library_id)
    assert page.scans[0].status is ScanStatus.FAILED
    assert "is missing" in (page.scans[0].error_message or "")
    assert set((await world.files()).values()) == {"present"}
    (tmp_path / "away").rename(world.root)
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}


async def test_a_root_that_is_empty_and_was_not_fails_the_scan(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "Film (2000).mkv").unlink()
    with pytest.raises(ScanFailed, match="is empty, but held 1 files"):
        await world.scan()
    assert set((await world.files()).values()) == {"present"}
    world.put("meant.txt")
    assert counts(await world.scan()) == {"missing": 1}


async def test_another_device_without_any_known_file_fails_the_scan(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    await world.scan()
    await world.pool.execute("UPDATE revenge.library_root SET device = device + 1")
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}, "a device may get another number"
    await world.pool.execute("UPDATE revenge.library_root SET device = device + 1")
    (world.root / "Film (2000).mkv").rename(world.root / "stray.txt")
    with pytest.raises(ScanFailed, match="another device"):
        await world.scan()


async def test_a_root_that_is_replaced_while_it_is_walked_fails_the_scan(world: "World", tmp_path: Any) -> None:
    world.put(*(f"Film {n:03} (2000)/Film.mkv" for n in range(50)))
    await world.make_library()
    await world.scan(probing=False)
    (world.root / "Film 049 (2000)/Film.mkv").unlink()

    service = world.service(probing=False)

    def swapped(root: bytes, standing: Any) -> None:
        world.root.rename(tmp_path / "away")
        world.root.mkdir()
        check_unmoved(root, standing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("revenge.content.library.scans.walking.check_unmoved", swapped)
        with pytest.raises(ScanFailed, match="unmounted or replaced"):
            await service.run(ScanRequest(library_id=world.library_id))
    assert set((await world.files()).values()) == {"present"}


async def test_what_cannot_be_read_is_neither_missing_nor_forgotten(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("a/Film (2000).mkv", "b/Film (2001).mkv", "c/Film (2002).mkv")
    await world.make_library()
    await world.scan()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if path == os.fsencode(world.root / "b"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        scan = await world.scan()
    assert counts(scan) == {"files_seen": 2, "unchanged": 2, "failed": 1}
    (error,) = await world.errors(scan)
    assert error.to_dict() == {"path": str(world.root / "b"), "error": "permission denied"}
    assert set((await world.files()).values()) == {"present"}


async def test_a_broken_file_is_recorded_with_its_reason_and_read_again_when_it_changes(world: "World") -> None:
    world.put("broken (2000).mkv", "Film (2001).mkv")
    await world.make_library()
    scan = await world.scan()
    assert counts(scan) == {"files_seen": 2, "added": 2, "failed": 1}
    assert [error.error for error in await world.errors(scan)] == ["no video in it"]
    page = await world.repository.files(world.library_id)
    assert [(file.state.value, file.probe_error) for file in page.files] == [
        ("present", None),
        ("broken", "no video in it"),
    ]
    world.prober.probed.clear()
    assert counts(await world.scan()) == {"files_seen": 2, "unchanged": 2}
    assert world.prober.probed == []
    world.put("broken (2000).mkv", size=3)
    assert counts(await world.scan()) == {"files_seen": 2, "unchanged": 1, "updated": 1, "failed": 1}


async def test_a_file_out_of_reach_is_tried_by_each_scan_until_it_can_be_read(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    world.prober.denied = {"Film (2000).mkv"}
    first = await world.scan()
    assert counts(first) == {"files_seen": 1, "added": 1, "failed": 1}
    second = await world.scan()
    assert counts(second) == {"files_seen": 1, "unchanged": 1, "failed": 1}
    assert [error.error for error in await world.errors(second)] == ["permission denied"]
    assert await world.files() == {"Film (2000).mkv": "broken"}
    assert world.prober.probed == ["Film (2000).mkv"] * 2
    world.prober.denied.clear()
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}
    assert await world.files() == {"Film (2000).mkv": "present"}
    await world.scan()
    assert len(world.prober.probed) == 3


async def test_files_out_of_reach_are_tried_once_though_the_scan_pauses_often(world: "World") -> None:
    world.put(*(f"Film {n} (2000).mkv" for n in range(3)))
    await world.make_library()
    world.prober.denied = {f"Film {n} (2000).mkv" for n in range(3)}
    outcome, request = None, ScanRequest(library_id=world.library_id, job_id=1, run_for_s=0)
    for _ in range(10):
        outcome = await world.service().run(request)
        if isinstance(outcome, Scan):
            break
    assert isinstance(outcome, Scan)
    assert sorted(world.prober.probed) == sorted(world.prober.denied)
    assert counts(outcome)["failed"] == 3


@pytest.mark.parametrize("seconds", [100_000_000_000, -100_000_000_000])
async def test_a_time_beyond_64_bits_is_kept_as_the_nearest_that_fits(
    world: "World", monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    world.put("Film (2000).mkv", "Film (2000).nfo", "BDMV/STREAM/1.m2ts", "Other (2001).mkv")
    (world.root / "Film (2000).nfo").write_text("<movie><title>Film</title></movie>")
    (world.root / "Link (2002).mkv").symlink_to(world.root.parent / "aside.mkv")
    (world.root.parent / "aside.mkv").write_bytes(b"x")
    await world.make_library()

    class Odd:
        """A file's status with a time that not every file system can keep."""

        st_mtime_ns = seconds * 10**9

        def __init__(self, status: os.stat_result) -> None:
            self._status = status

        def __getattr__(self, name: str) -> Any:
            return getattr(self._status, name)

    lstat, real = os.lstat, os.stat
    monkeypatch.setattr(os, "lstat", lambda path, **how: Odd(lstat(path, **how)))
    monkeypatch.setattr(os, "stat", lambda path, **how: Odd(real(path, **how)))
    added = counts(await world.scan())
    assert counts(await world.scan()) == {"files_seen": added["added"], "unchanged": added["added"]}
    nearest = (1 << 63) - 1 if seconds > 0 else -(1 << 63)
    sql = "SELECT count(*) FROM revenge.library_file WHERE mtime_ns = $1 AND nfo_mtime_ns = $1"
    assert await one(world, sql, nearest) == 1


async def test_what_was_probed_is_stored(world: "World") -> None:
    world.put("Film (2000).1080p.mkv")
    await world.make_library()
    await world.scan()
    (file,) = (await world.repository.files(world.library_id)).files
    shown = file.to_dict()
    assert (shown["container"], shown["video_codec"], shown["width"], shown["duration_s"], shown["hdr"]) == (
        "matroska", "h264", 1920, 5400.0, "SDR",
    )  # fmt: skip
    assert (shown["title"], shown["year"], shown["resolution"], shown["audio"]) == ("Film", 2000, "1080p", [])


async def test_files_that_no_demuxer_reads_are_not_probed(world: "World") -> None:
    world.put("Film (2000).iso", "Film (2001).strm")
    await world.make_library()
    assert counts(await world.scan()) == {"files_seen": 2, "added": 2}
    assert world.prober.probed == []


async def test_files_added_while_probing_was_off_are_probed_later(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    await world.scan(probing=False)
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}
    assert world.prober.probed == ["Film (2000).mkv"]


async def test_a_full_scan_reads_all_again(world: "World") -> None:
    world.put("Film (2000).mkv", "Other (2001).mkv")
    await world.make_library()
    await world.scan()
    world.prober.probed.clear()
    assert counts(await world.scan(force=True)) == {"files_seen": 2, "updated": 2}
    assert sorted(world.prober.probed) == ["Film (2000).mkv", "Other (2001).mkv"]


async def test_a_metadata_scan_reads_names_and_nfo_files_only(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    await world.scan()
    world.prober.probed.clear()
    await world.libraries.trigger_scan(world.library_id, ScanType.METADATA)
    await world.pool.execute("UPDATE revenge.library_file SET title = 'wrong'")
    assert counts(await world.scan(job_id=1)) == {"files_seen": 1, "updated": 1}
    assert world.prober.probed == []
    assert await one(world, "SELECT title FROM revenge.library_file") == "Film"


async def test_an_nfo_that_is_written_or_changed_is_read_without_probing(world: "World") -> None:
    world.put("film.mkv")
    await world.make_library()
    await world.scan()
    world.prober.probed.clear()
    nfo = world.root / "film.nfo"
    nfo.write_text("<movie><title>Der Film</title><year>1999</year><uniqueid type='tmdb'>603</uniqueid></movie>")
    assert counts(await world.scan()) == {"files_seen": 1, "updated": 1}
    (file,) = (await world.repository.files(world.library_id)).files
    assert (file.title, file.year, file.tmdb_id) == ("Der Film", 1999, 603)
    assert await one(world, "SELECT key FROM revenge.library_item") == "movie:tmdb:603"
    nfo.unlink()
    assert counts(await world.scan()) == {"files_seen": 1, "updated": 1}
    assert world.prober.probed == []


async def test_a_broken_nfo_is_listed_and_the_name_stands(world: "World") -> None:
    world.put("Film (2000).mkv")
    (world.root / "movie.nfo").write_text("<movie><title>")
    await world.make_library()
    scan = await world.scan()
    assert (await world.repository.files(world.library_id)).files[0].title == "Film"
    assert [os.path.basename(error.path) for error in await world.errors(scan)] in ([], [b"movie.nfo"])


async def test_versions_and_parts_are_rows_of_one_film(world: "World") -> None:
    world.put("Film (2000)/Film (2000) - 1080p.mkv", "Film (2000)/Film (2000) - 2160p.mkv", "4K/Film (2000).mkv")
    world.put(
        "Stack/Stack (1990)-cd1.avi", "Stack/Stack (1990)-cd2.avi", "{x} (1980) {tmdb-5}/a.mkv", "y [tmdbid-5].mkv"
    )
    await world.make_library()
    assert counts(await world.scan()) == {"files_seen": 7, "added": 7}
    rows = await world.pool.fetch(
        "SELECT count(*) AS files, count(DISTINCT part) AS parts FROM revenge.library_file GROUP BY item_id ORDER BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [(2, 0), (2, 2), (3, 0)]


async def test_a_bluray_is_one_file_of_its_film(world: "World") -> None:
    world.put(
        "Film (2000)/BDMV/STREAM/0.m2ts", "Film (2000)/BDMV/STREAM/1.m2ts", "Film (2000)/BDMV/index.bdmv", size=100
    )
    await world.make_library()
    assert counts(await world.scan()) == {"files_seen": 1, "added": 1}
    (file,) = (await world.repository.files(world.library_id)).files
    assert (file.path, file.size_bytes, file.title) == (os.fsencode(world.root / "Film (2000)/BDMV"), 300, "Film")
    assert world.prober.probed == ["1.m2ts"]
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1}


async def test_names_that_are_not_utf8_and_paths_of_4000_bytes_have_rows(world: "World") -> None:
    odd = os.fsencode(world.root) + b"/f\xff\xfe (2000).mkv"
    folder = os.fsencode(world.root)
    while len(folder) < 3700:
        folder += b"/a" + os.urandom(99).hex().encode()
        os.mkdir(folder)
    long = folder + b"/" + b"f" * (4000 - len(folder) - 5) + b".mkv"
    for path in (odd, long):
        os.close(os.open(path, os.O_CREAT))
    await world.make_library()
    assert counts(await world.scan()) == {"files_seen": 2, "added": 2}
    assert counts(await world.scan()) == {"files_seen": 2, "unchanged": 2}
    found = [file.to_dict() for file in (await world.repository.files(world.library_id)).files]
    assert [("path_b64" in file, len(file["path"].encode())) for file in found] == [(False, 4000), (True, len(odd) + 4)]


async def test_a_scan_of_a_path_touches_nothing_else(world: "World") -> None:
    world.put("a/Film (2000).mkv", "a/Gone (2001).mkv", "b/Film (2002).mkv", "ab/Film (2003).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "a/Gone (2001).mkv").unlink()
    (world.root / "b/Film (2002).mkv").unlink()
    world.put("a/New (2004).mkv")
    assert counts(await world.scan(paths=[world.root / "a"])) == {
        "files_seen": 2,
        "added": 1,
        "unchanged": 1,
        "missing": 1,
    }
    assert (await world.files())["b/Film (2002).mkv"] == "present"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("nosuch", "does not exist"), ("a", "does not exist"), ("b/Film (2002).mkv", "is not a folder")],
)
async def test_a_named_path_that_is_no_folder_fails_the_scan_and_nothing_goes_missing(
    world: "World", path: str, reason: str
) -> None:
    world.put("a/Film (2000).mkv", "b/Film (2002).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "a").rename(world.root / "z")
    with pytest.raises(ScanFailed, match=reason):
        await world.scan(paths=[world.root / "b", world.root / path])
    assert await world.files() == {"a/Film (2000).mkv": "present", "b/Film (2002).mkv": "present"}
    failed = (await world.repository.scans(world.library_id)).scans[0]
    assert (failed.status, failed.error_message) == (ScanStatus.FAILED, f"{world.root / path} {reason}")


async def test_a_file_of_a_disc_may_be_named(world: "World") -> None:
    world.put("Film (2000)/BDMV/index.bdmv", "Film (2000)/BDMV/STREAM/1.m2ts")
    await world.make_library()
    scan = await world.scan(paths=[world.root / "Film (2000)/BDMV/index.bdmv"])
    assert counts(scan) == {"files_seen": 1, "added": 1}


async def test_a_file_that_moved_into_the_scanned_path_keeps_its_row(world: "World") -> None:
    world.put("a/Film (2000).mkv", "b/Film (2002).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "b/Film (2002).mkv").rename(world.root / "a/Film (2002).mkv")
    assert counts(await world.scan(paths=[world.root / "a"])) == {"files_seen": 2, "moved": 1, "unchanged": 1}
    assert sorted(await world.files()) == ["a/Film (2000).mkv", "a/Film (2002).mkv"]


@pytest.mark.parametrize("path", ["/etc", "{root}/../elsewhere", "{root}x", "relative"])
async def test_a_path_outside_of_the_library_is_refused(world: "World", path: str) -> None:
    await world.make_library()
    with pytest.raises(PathOutsideLibrary):
        await world.scan(paths=[Path(path.format(root=world.root))])
    assert (await world.repository.scans(world.library_id)).scans == []


async def test_files_of_a_folder_taken_out_go_missing_and_those_found_elsewhere_keep_their_rows(
    world: "World", tmp_path: Any
) -> None:
    world.put("a/Film (2000).mkv", "b/Film (2001).mkv")
    await world.make_library()
    await world.scan()
    await world.libraries.update(world.library_id, {"paths": [str(world.root / "a")]})
    assert counts(await world.scan()) == {"files_seen": 1, "unchanged": 1, "missing": 1}
    await world.libraries.update(world.library_id, {"paths": [str(world.root)]})
    assert counts(await world.scan()) == {"files_seen": 2, "unchanged": 1, "updated": 1}


async def test_series_are_read_as_episodes(world: "World") -> None:
    world.put(
        "Show (2010)/Season 1/Show S01E01.mkv",
        "Show (2010)/Season 1/Show S01E02E03.mkv",
        "what.mkv",
    )
    await world.make_library(type="tvshow")
    scan = await world.scan()
    assert counts(scan) == {"files_seen": 3, "added": 3, "unmatched": 1}
    files = (await world.repository.files(world.library_id)).files
    assert [(file.title, file.season, file.episodes) for file in files][:2] == [("Show", 1, (1,)), ("Show", 1, (2, 3))]


async def test_events_tell_what_changed_by_id(world: "World") -> None:
    world.put("Film (2000).mkv", "Other (2001).mkv")
    await world.make_library()
    await world.scan()
    (first,) = world.events.changes
    assert len(first.added) == 2
    world.events.changes.clear()
    (world.root / "Film (2000).mkv").unlink()
    (world.root / "Other (2001).mkv").rename(world.root / "Another (2001).mkv")
    await world.scan()
    moved = [each for change in world.events.changes for each in change.moved]
    missing = [each for change in world.events.changes for each in change.missing]
    assert sorted([*moved, *missing]) == sorted(first.added)
