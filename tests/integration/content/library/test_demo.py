"""The demo library on disk: quick, honest, and made once."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from revenge.content.library.demo import DemoRefused, DemoSummary, make_demo
from revenge.content.library.demo.movies import movie_files
from revenge.content.library.demo.plan import FileKind
from revenge.content.library.nfo import read_nfo
from revenge.content.library.probe import Hdr, Probe, ProbeFailed, Prober

Library = tuple[Path, DemoSummary]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    directory = tmp_path_factory.mktemp("demo") / "films"
    return directory, make_demo(directory, count=100)


@pytest.fixture(scope="module")
def probes(library: Library) -> dict[str, Probe | str]:
    """What the prober says of every file that has a video's name."""
    directory, summary = library

    async def probe_all() -> dict[str, Probe | str]:
        prober = Prober(processes=2, deadline=timedelta(seconds=20))
        await prober.start()

        async def probe(path: str) -> Probe | str:
            try:
                return await prober.probe(os.fsencode(directory / path))
            except ProbeFailed as failed:
                return failed.reason

        paths = [
            file.path
            for file in islice(movie_files(), summary.videos + summary.others)
            if file.kind is not FileKind.OTHER
        ]
        try:
            return dict(zip(paths, await asyncio.gather(*(probe(path) for path in paths)), strict=True))
        finally:
            await prober.stop()

    return asyncio.run(probe_all())


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_the_summary_agrees_with_the_disk(library: Library, probes: dict[str, Probe | str]) -> None:
    directory, summary = library
    files = contents(directory)

    assert summary.videos == 100 == len(probes)
    assert summary.made == summary.videos + summary.others == len(files) - 1  # the marker
    assert summary.broken == sum(isinstance(answer, str) for answer in probes.values())


def test_every_video_can_be_read_and_every_broken_file_says_why(probes: dict[str, Probe | str]) -> None:
    broken = {path.rpartition("/")[2]: answer for path, answer in probes.items() if isinstance(answer, str)}

    assert set(broken) == {
        "Greed (1924).mkv",
        "Wings (1927).mp4",
        "The.Sheik.1921.480p.DVDRip.XviD-DEMO.avi",
        "Orphans of the Storm (1921).mkv",
        "Seventh Heaven (1927).mp4",
        "The Crowd (1928).mkv",
        "The Wind (1928).avi",
    }
    assert broken["Greed (1924).mkv"].startswith("the file is incomplete: it has ")
    assert broken["Wings (1927).mp4"].startswith("moov atom not found: the file is incomplete")
    assert broken["The.Sheik.1921.480p.DVDRip.XviD-DEMO.avi"] == "empty file"
    assert broken["Seventh Heaven (1927).mp4"] == "not a media file"


def test_names_say_what_is_in_the_file(probes: dict[str, Probe | str]) -> None:
    checked = 0
    for path, probe in probes.items():
        if isinstance(probe, str):
            continue
        name = path.rpartition("/")[2]
        if match := re.search(r"\b(2160p|1080p|720p|480p)\b", name):
            assert probe.resolution == match[1], path
            checked += 1
        if " - 4K" in name:
            assert probe.resolution == "2160p", path
        if match := re.search(r"x26[45]|XviD", name):
            assert probe.video_codec == {"x264": "h264", "x265": "hevc", "XviD": "mpeg4"}[match[0]], path
        if match := re.search(r"HDR10|HLG|\.DV\.", name):
            assert probe.hdr == {"HDR10": Hdr.HDR10, "HLG": Hdr.HLG, ".DV.": Hdr.DOLBY_VISION}[match[0]], path
    assert checked > 20


def test_the_files_are_as_various_as_those_of_people(probes: dict[str, Probe | str]) -> None:
    found = [probe for probe in probes.values() if isinstance(probe, Probe)]

    assert {probe.container for probe in found} >= {"matroska", "webm", "mp4", "mov", "avi", "mpegts", "mpeg"}
    assert {probe.hdr for probe in found} >= {Hdr.SDR, Hdr.HDR10, Hdr.HLG, Hdr.DOLBY_VISION}
    assert {track.language for probe in found for track in probe.audio} >= {"eng", "ger", "fre", "jpn", "rus", None}
    assert {track.channels for probe in found for track in probe.audio} >= {2, 6, 8}
    assert any(probe.chapters for probe in found)
    assert any(track.forced for probe in found for track in probe.subtitles)
    assert any(probe.pictures for probe in found)


def test_no_two_files_are_the_same(library: Library) -> None:
    hashes = list(contents(library[0]).values())

    assert len(set(hashes)) == len(hashes) - 1  # two of them are empty


def test_the_nfo_files_name_their_film(library: Library) -> None:
    found = [read_nfo(os.fsencode(path)) for path in library[0].rglob("*.nfo")]

    assert {nfo.tmdb_id for nfo in found if nfo} >= {653, 775, 643, 4808}
    assert all(found)


def test_a_complete_library_is_left_alone(library: Library) -> None:
    directory, first = library
    calls: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in directory.rglob("*")}

    again = make_demo(directory, count=100, on_progress=lambda done, total, path: calls.append(path))

    assert (again.made, again.videos, again.broken) == (0, first.videos, first.broken)
    assert calls == []
    assert {path: path.stat().st_mtime_ns for path in directory.rglob("*")} == before


def test_the_same_library_comes_out_each_time_and_after_an_interruption(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(done: int, _total: int, _path: str) -> None:
        if done == 9:
            raise Interrupted

    make_demo(tmp_path / "whole", count=14)
    with pytest.raises(Interrupted):
        make_demo(tmp_path / "twice", count=14, on_progress=interrupt)
    assert len(contents(tmp_path / "twice")) == 10

    summary = make_demo(tmp_path / "twice", count=14)

    assert summary.made == summary.videos + summary.others - 9
    assert contents(tmp_path / "twice") == contents(tmp_path / "whole")


def test_a_series_library_can_be_made_too(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    summary = make_demo(
        tmp_path / "tv", count=24, kind="tv", on_progress=lambda done, total, _: seen.append((done, total))
    )

    assert (summary.kind, summary.videos) == ("tv", 24)
    assert seen[-1] == (summary.made, summary.made)
    assert (tmp_path / "tv/The Tram Depot (2019)/Season 01/The Tram Depot - S01E01 - Pilot.mkv").is_file()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.mkv").write_bytes(b"mine")

    with pytest.raises(DemoRefused, match="is not empty and holds no demo library"):
        make_demo(tmp_path, count=3)

    assert [path.name for path in tmp_path.iterdir()] == ["holiday.mkv"]


def test_a_library_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        make_demo(tmp_path, count=0)
