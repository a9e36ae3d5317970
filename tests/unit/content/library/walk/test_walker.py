"""Walking real trees: what is a library file, what is not, and what nobody may trip over."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from revenge.content.library.walk import (
    Disc,
    WalkError,
    WalkEvent,
    WalkFile,
    WalkFolder,
    WalkOptions,
    WalkPicture,
    boundary,
    walk,
)


def put(root: Path, *paths: str, size: int = 10) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.truncate(size)


def events(root: Path, options: WalkOptions | None = None) -> list[WalkEvent]:
    return list(walk(os.fsencode(root), options))


def files(root: Path, options: WalkOptions | None = None) -> list[str]:
    start = len(os.fsencode(root)) + 1
    return [os.fsdecode(event.path[start:]) for event in events(root, options) if isinstance(event, WalkFile)]


def errors(root: Path, options: WalkOptions | None = None) -> dict[str, str]:
    start = len(os.fsencode(root)) + 1
    return {
        os.fsdecode(event.path[start:]): event.reason for event in events(root, options) if isinstance(event, WalkError)
    }


def test_a_file_comes_with_what_a_stat_says(tmp_path: Path) -> None:
    put(tmp_path, "Film (2000)/Film (2000).mkv", size=1234)
    (found,) = [event for event in events(tmp_path) if isinstance(event, WalkFile)]
    status = (tmp_path / "Film (2000)/Film (2000).mkv").stat()
    assert (found.size, found.mtime_ns, found.inode) == (1234, status.st_mtime_ns, status.st_ino)


def test_events_are_in_the_order_of_paths_as_bytes(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a/x.mkv",
        "a.mkv",
        "a!.mkv",
        "a0.mkv",
        "a/b/c.mkv",
        "a/b.mkv",
        "A.mkv",
        "é.mkv",
        "a/BDMV/STREAM/1.m2ts",
    )
    found = [event for event in events(tmp_path) if isinstance(event, WalkFile)]
    assert [event.path for event in found] == sorted(event.path for event in found)
    bounds = [boundary(event) for event in events(tmp_path)]
    assert bounds == sorted(bounds)


def test_only_videos_are_library_files_in_whatever_case(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.mkv",
        "b.MP4",
        "c.Iso",
        "d.srt",
        "e.jpg",
        "f.txt",
        "g",
        "mkv",
        "h.mkv.txt",
        "i.rmvb",
        "j.dvr-ms",
        "k.nfo",
    )
    assert files(tmp_path) == ["a.mkv", "b.MP4", "c.Iso", "i.rmvb", "j.dvr-ms"]


def test_hidden_names_are_left_out_unless_wanted(tmp_path: Path) -> None:
    put(tmp_path, ".a.mkv", ".b/c.mkv", "...And Justice (1979).mkv", "._a.mkv", ".Trash-1000/d.mkv")
    assert files(tmp_path) == ["...And Justice (1979).mkv"]
    assert files(tmp_path, WalkOptions(hidden=True)) == ["...And Justice (1979).mkv", ".a.mkv", ".b/c.mkv"]


def test_folders_of_systems_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "@eaDir/a.mkv",
        "#recycle/b.mkv",
        "lost+found/c.mkv",
        "$RECYCLE.BIN/d.mkv",
        "System Volume Information/e.mkv",
    )
    put(tmp_path, "film/@eaDir/f.mkv", "film/f.mkv")
    assert files(tmp_path) == ["film/f.mkv"]


def test_extras_are_left_out_in_a_films_folder(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Film (2000)/Film.mkv",
        "Film (2000)/Extras/a.mkv",
        "Film (2000)/Featurettes/b.mkv",
        "Film (2000)/Sample/c.mkv",
    )
    put(
        tmp_path,
        "Film (2000)/Film-trailer.mkv",
        "Film (2000)/sample.mkv",
        "Film (2000)/film.sample.avi",
        "Film (2000)/SAMPLE-x.mkv",
    )
    put(tmp_path, "Film (2000)/Film-behindthescenes.divx", "Film (2000)/Other/d.mkv")
    assert files(tmp_path) == ["Film (2000)/Film.mkv"]


def test_folders_into_which_people_sort_films_are_walked(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Shorts/Film (2001)/Film.mkv",
        "Other/Film (2002)/Film.mkv",
        "loose.mkv",
        "Kids/Scenes/Film (2003)/Film.mkv",
    )
    put(tmp_path, "The Trailer (2010)/The Trailer (2010).mkv", "Sample People (2000).mkv")
    assert len(files(tmp_path)) == 6


def test_partial_downloads_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.mkv.part",
        "b.mkv.!qB",
        "c.mkv.crdownload",
        "d.mp4.tmp",
        "~uTorrentPartFile_1.dat",
        "e.mkv",
        "e.mkv.aria2",
    )
    put(tmp_path, "f.mkv")
    walker = walk(os.fsencode(tmp_path))
    assert [event.path for event in walker if isinstance(event, WalkFile)] == [os.fsencode(tmp_path / "f.mkv")]
    assert walker.ignored["partial"] == 1


def test_nomedia_and_an_empty_ignore_file_leave_a_folder_alone(tmp_path: Path) -> None:
    put(tmp_path, "a/.nomedia", "a/b/x.mkv", "c/.ignore", "c/x.mkv", "d/x.mkv", size=0)
    assert files(tmp_path) == ["d/x.mkv"]


def test_a_root_is_walked_though_it_is_marked(tmp_path: Path) -> None:
    put(tmp_path, ".nomedia", ".ignore", "a.mkv", size=0)
    assert files(tmp_path) == ["a.mkv"]


def test_an_ignore_file_with_patterns_holds_for_its_folder_and_below(tmp_path: Path) -> None:
    put(tmp_path, "a/old.mkv", "a/b/old.mkv", "a/b/new.mkv", "old.mkv", "a/keep/old.mkv")
    (tmp_path / "a/.ignore").write_text("# old ones\nold.*\n!keep/old.mkv\n")
    assert files(tmp_path) == ["a/b/new.mkv", "a/keep/old.mkv", "old.mkv"]


def test_patterns_of_the_library_are_relative_to_the_root(tmp_path: Path) -> None:
    put(tmp_path, "incoming/a.mkv", "x/incoming/a.mkv", "x/b.avi", "x/c.mkv")
    assert files(tmp_path, WalkOptions(patterns=("/incoming/", "*.avi"))) == ["x/c.mkv", "x/incoming/a.mkv"]


def test_a_bluray_is_one_item_with_the_sum_of_its_sizes(tmp_path: Path) -> None:
    put(tmp_path, "Film (2000)/BDMV/STREAM/00000.m2ts", size=3000)
    put(tmp_path, "Film (2000)/BDMV/STREAM/00001.m2ts", "Film (2000)/BDMV/index.bdmv", size=100)
    put(tmp_path, "Film (2000)/CERTIFICATE/id.bdmv")
    (disc,) = [event for event in events(tmp_path) if isinstance(event, WalkFile)]
    assert disc.path == os.fsencode(tmp_path / "Film (2000)/BDMV")
    assert (disc.disc, disc.size) == (Disc.BLURAY, 3200)
    assert disc.main is not None
    assert disc.main.endswith(b"STREAM/00000.m2ts")


@pytest.mark.parametrize("folder", ["VIDEO_TS", "video_ts"])
def test_a_dvd_is_one_item(tmp_path: Path, folder: str) -> None:
    put(tmp_path, *(f"Film/{folder}/{name}" for name in ("VIDEO_TS.IFO", "VTS_01_1.VOB", "VTS_01_2.VOB")))
    assert files(tmp_path) == [f"Film/{folder}"]


def test_a_dvd_without_its_own_folder_is_one_item(tmp_path: Path) -> None:
    put(tmp_path, "Film/VIDEO_TS.IFO", "Film/VTS_01_1.VOB", "Film/VTS_01_2.VOB", "Film/VTS_01_0.BUP")
    assert files(tmp_path) == ["Film/VIDEO_TS.IFO"]


def test_a_disc_that_holds_no_stream_is_nothing(tmp_path: Path) -> None:
    put(tmp_path, "Film/BDMV/index.bdmv")
    assert events(tmp_path) == [WalkFolder(os.fsencode(tmp_path)), WalkFolder(os.fsencode(tmp_path / "Film"))]


def test_the_nfo_beside_a_file_is_found(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a/Film.mkv",
        "a/film.NFO",
        "b/Film.mkv",
        "b/movie.nfo",
        "c/Film.mkv",
        "c/other.nfo",
        "d/BDMV/STREAM/0.m2ts",
        "d/movie.nfo",
    )
    nfos = [event.nfo and os.path.basename(event.nfo) for event in events(tmp_path) if isinstance(event, WalkFile)]
    assert nfos == [b"film.NFO", b"movie.nfo", None, b"movie.nfo"]


def test_links_are_followed_once_and_never_back(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(root, "a/x.mkv")
    put(outside, "y.mkv", "deep/z.mkv")
    (root / "a/loop").symlink_to(root)
    (root / "a/up").symlink_to("..")
    (root / "a/whole").symlink_to("/")
    (root / "b").symlink_to(outside)
    (root / "c").symlink_to(outside / "deep")
    (root / "d").symlink_to(root / "a")
    (outside / "back").symlink_to(root)
    (outside / "self").symlink_to(outside)
    assert files(root) == ["a/x.mkv", "b/deep/z.mkv", "b/y.mkv"]
    assert files(root, WalkOptions(follow_links=False)) == ["a/x.mkv"]


def test_a_followed_folder_is_not_walked_again_below_another(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside, "deep/z.mkv")
    root.mkdir()
    (root / "a").symlink_to(outside / "deep")
    (root / "b").symlink_to(outside)
    assert files(root) == ["a/z.mkv"]


def test_a_link_to_a_file_is_a_file_unless_that_is_walked_anyway(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside, "y.mkv", size=77)
    put(root, "x.mkv", ".store/z.mkv")
    (root / "a.mkv").symlink_to(outside / "y.mkv")
    (root / "b.mkv").symlink_to(root / "x.mkv")
    (root / "c.mkv").symlink_to(root / ".store/z.mkv")
    found = {os.path.basename(event.path): event.size for event in events(root) if isinstance(event, WalkFile)}
    assert found == {b"a.mkv": 77, b"c.mkv": 10, b"x.mkv": 10}


def test_links_that_lead_nowhere_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").symlink_to(tmp_path / "gone.mkv")
    (tmp_path / "b.mkv").symlink_to(tmp_path / "b.mkv")
    (tmp_path / "c").symlink_to(tmp_path / "c")
    put(tmp_path, "d.mkv")
    assert files(tmp_path) == ["d.mkv"]
    assert errors(tmp_path) == {"a.mkv": "a link that leads nowhere", "b.mkv": "too many levels of symbolic links"}


def test_pipes_and_sockets_with_a_videos_name_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.mkv")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("b.mkv")
    put(tmp_path, "c.mkv")
    assert files(tmp_path) == ["c.mkv"]
    assert errors(tmp_path) == {"a.mkv": "a pipe, not a file", "b.mkv": "a socket, not a file"}


def test_names_that_are_not_utf8_are_walked(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/f\xff\xfe (2000).mkv"
    with open(path, "wb"):
        pass
    assert [event.path for event in events(tmp_path) if isinstance(event, WalkFile)] == [path]


def test_paths_of_4000_bytes_are_walked_and_longer_ones_listed(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    folder = root
    while len(folder) < 3700:
        folder += b"/" + b"d" * 200
        os.mkdir(folder)
    long = folder + b"/" + b"f" * (4000 - len(folder) - 5) + b".mkv"
    assert len(long) == 4000
    with open(long, "wb"):
        pass
    deep = folder + b"/" + b"e" * 200
    os.mkdir(deep)
    inner = os.open(deep, os.O_RDONLY)
    os.mkdir(b"g" * 250, dir_fd=inner)
    os.close(os.open(b"h" * 200 + b".mkv", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
    os.close(inner)
    found = events(tmp_path)
    assert [event.path for event in found if isinstance(event, WalkFile)] == [long]
    listed = [event for event in found if isinstance(event, WalkError)]
    assert {event.reason for event in listed} == {"file name too long"}
    assert sorted(os.path.basename(event.path)[:1] for event in listed) == [b"g", b"h"]
    _remove_deep(root)


def _remove_deep(root: bytes) -> None:
    # pytest's own clean-up cannot remove what is longer than a path may be.
    subprocess.run(["rm", "-rf", *(os.path.join(root, name) for name in os.listdir(root))], check=True)


_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2].split(os.pathsep)
from revenge.content.library.walk import WalkError, WalkFile, walk
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for event in walk(os.fsencode(sys.argv[1])):
    if isinstance(event, (WalkFile, WalkError)):
        print(type(event).__name__, os.path.basename(event.path).decode(), getattr(event, "reason", ""))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_folders_that_may_not_be_read_are_listed_and_the_rest_is_walked() -> None:
    top = Path(tempfile.mkdtemp(dir="/tmp"))  # nobody cannot enter pytest's own
    try:
        top.chmod(0o755)
        put(top, "a/x.mkv", "closed/y.mkv", "blind/z.mkv", "w.mkv")
        (top / "closed").chmod(0)
        (top / "blind").chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)  # can be listed, but nothing in it looked at
        code = Path("revenge").resolve().parent
        result = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(top), os.pathsep.join([str(code), *sys.path])],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
        )
    finally:
        shutil.rmtree(top)
    assert result.stdout.splitlines() == [
        "WalkFile x.mkv ",
        "WalkError z.mkv permission denied",
        "WalkError closed permission denied",
        "WalkFile w.mkv ",
    ]


def test_what_goes_while_it_is_walked_is_no_error(tmp_path: Path) -> None:
    put(tmp_path, "a/x.mkv", "b/y.mkv", "c/z.mkv")
    listed = 0

    def take_away() -> bool:
        nonlocal listed
        listed += 1
        if listed == 2:  # the root was listed, what is in it was not
            (tmp_path / "b/y.mkv").unlink()
            shutil.rmtree(tmp_path / "c")
        return False

    found = [event for event in walk(os.fsencode(tmp_path), stopped=take_away) if not isinstance(event, WalkFolder)]
    assert [os.path.basename(event.path) for event in found] == [b"x.mkv"]


def test_a_root_that_is_missing_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        events(tmp_path / "gone")


def test_a_walk_stops_between_folders_when_told(tmp_path: Path) -> None:
    put(tmp_path, *(f"{letter}/x.mkv" for letter in "abcdef"))
    answers = iter([False, False, False, True])
    found = list(walk(os.fsencode(tmp_path), stopped=lambda: next(answers)))
    assert [os.path.basename(event.path) for event in found if isinstance(event, WalkFolder)][1:] == [b"a", b"b"]


@pytest.mark.parametrize("skip", [True, False])
def test_a_walk_goes_on_behind_any_event(tmp_path: Path, skip: bool) -> None:
    put(tmp_path, "a/x.mkv", "a/y.mkv", "a/b/z.mkv", "a.mkv", "c/BDMV/STREAM/0.m2ts", "c/d.mkv", "e/f.mkv")
    (tmp_path / "a/link.mkv").symlink_to("nowhere")
    whole = events(tmp_path)
    for index, event in enumerate(whole):
        rest = list(walk(os.fsencode(tmp_path), start=boundary(event), skip=skip))
        assert rest == whole[index + 1 :]


def test_a_walk_keeps_to_its_stretch(tmp_path: Path) -> None:
    put(tmp_path, "a/x.mkv", "b/c/y.mkv", "b/z.mkv", "b.mkv", "d/w.mkv")
    root = os.fsencode(tmp_path)
    found = [event for event in walk(root, start=root + b"/b/", end=root + b"/b0") if isinstance(event, WalkFile)]
    assert [event.path[len(root) :] for event in found] == [b"/b/c/y.mkv", b"/b/z.mkv"]


def test_pipes_with_the_name_of_a_file_that_would_be_opened_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "a/Film.mkv")
    os.mkfifo(tmp_path / "a/.ignore")
    os.mkfifo(tmp_path / "a/movie.nfo")
    (found,) = [event for event in events(tmp_path) if isinstance(event, WalkFile)]
    assert found.nfo is None


def pictures(root: Path, *patterns: str) -> list[str]:
    start, options = len(os.fsencode(root)) + 1, WalkOptions(pictures=True, patterns=patterns)
    return [os.fsdecode(event.path[start:]) for event in events(root, options) if isinstance(event, WalkPicture)]


def test_pictures_are_told_in_their_place_where_they_are_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "Film/Film.mkv", "Film/Poster.JPG", "Film/Film.png", "Film/photo.jpg", "Film/banner.jpg", size=7)
    put(tmp_path, "Show/fanart.jpg", "Show/Season 01/e-thumb.jpg", "Show/Season 01/e.mkv")
    put(tmp_path, "notes/cover.txt", "Film/Extras/poster.jpg")
    assert pictures(tmp_path) == [
        "Film/Film.png",
        "Film/Poster.JPG",
        "Show/Season 01/e-thumb.jpg",
        "Show/fanart.jpg",
    ]
    assert not any(isinstance(event, WalkPicture) for event in events(tmp_path))
    told = events(tmp_path, WalkOptions(pictures=True))
    paths = [event.path + b"/" if isinstance(event, WalkFolder) else event.path for event in told]
    assert paths == sorted(paths)
    (poster,) = [event for event in told if event.path.endswith(b"Poster.JPG")]
    assert poster == WalkPicture(
        os.fsencode(tmp_path / "Film/Poster.JPG"), 7, (tmp_path / "Film/Poster.JPG").stat().st_mtime_ns
    )


def test_pictures_that_are_ignored_or_no_files_are_not_told(tmp_path: Path) -> None:
    put(tmp_path, "Film/Film.mkv", "Film/poster.jpg", "real.png")
    (tmp_path / "Film/fanart.jpg").mkdir()
    os.mkfifo(tmp_path / "Film/folder.jpg")
    (tmp_path / "Film/logo.png").symlink_to(tmp_path / "real.png")
    (tmp_path / "Film/cover.png").symlink_to(tmp_path / "nowhere.png")
    assert pictures(tmp_path) == ["Film/logo.png", "Film/poster.jpg"]
    assert pictures(tmp_path, "poster.*") == ["Film/logo.png"]
    told = events(tmp_path, WalkOptions(pictures=True, follow_links=False))
    assert [event.path[-10:] for event in told if isinstance(event, WalkPicture)] == [b"poster.jpg"]


def test_a_stretch_has_its_own_pictures_alone(tmp_path: Path) -> None:
    for name in "abc":
        put(tmp_path, f"{name}/{name}.mkv", f"{name}/poster.jpg")
    root = os.fsencode(tmp_path)
    told = walk(root, WalkOptions(pictures=True), start=root + b"/b/", end=root + b"/b0")
    assert [event.path for event in told if isinstance(event, WalkPicture)] == [root + b"/b/poster.jpg"]


def test_a_picture_that_cannot_be_looked_at_is_an_error_and_not_gone(tmp_path: Path) -> None:
    put(tmp_path, "Film/Film.mkv")
    (tmp_path / "Film/poster.jpg").symlink_to("poster.jpg")
    assert errors(tmp_path, WalkOptions(pictures=True)) == {"Film/poster.jpg": "too many levels of symbolic links"}
