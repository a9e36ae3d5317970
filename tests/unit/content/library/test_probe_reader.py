"""Reading real files, made for the purpose."""

from __future__ import annotations

import errno
import io
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

import av
import av.logging
import pytest

from revenge.content.library.demo.video import BT709, HDR10, HLG, Colour, Mark, Sound, Words, make_video
from revenge.content.library.probe import AudioTrack, Chapter, Hdr, Picture, Probe, ProbeFailed, SubtitleTrack
from revenge.content.library.probe.colour import HDR10_PLUS_MARK
from revenge.content.library.probe.reader import read_file, set_up_logging


class Small(TypedDict):
    width: int
    height: int
    seconds: float


SMALL = Small(width=64, height=36, seconds=0.25)


@pytest.fixture(autouse=True)
def ffmpeg_logging() -> Iterator[None]:
    set_up_logging()
    yield
    av.logging.set_level(None)


def read(path: Path) -> Probe:
    return read_file(os.fsencode(path))


def reason_of(path: Path | bytes) -> str:
    with pytest.raises(ProbeFailed) as failed:
        read_file(os.fsencode(path))
    return failed.value.reason


def test_everything_a_matroska_file_says_is_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    make_video(
        path,
        width=1280,
        height=544,
        frame_rate=Fraction(24000, 1001),
        title="Nosferatu",
        audio=(
            Sound(codec="ac3", channels=6, language="ger", title="Deutsch", default=True),
            Sound(codec="opus", language="eng", title="Director", commentary=True),
        ),
        subtitles=(
            Words(language="eng", forced=True),
            Words(language="fre", codec="ass", title="Tout", default=True, hearing_impaired=True),
        ),
        chapters=(Mark(start_s=0, title="One"), Mark(start_s=0.5, title="Two")),
        cover=True,
        fonts=2,
    )

    found = read(path)

    assert (found.container, found.title, found.attachments) == ("matroska", "Nosferatu", 2)
    assert found.duration_s == pytest.approx(1.0, abs=0.1)
    assert found.bit_rate
    [video] = found.video
    assert (video.codec, video.width, video.height, video.resolution) == ("h264", 1280, 544, "720p")
    assert (video.pixel_format, video.bit_depth, video.frame_rate, video.hdr) == ("yuv420p", 8, 23.976, Hdr.SDR)
    assert (video.profile, video.field_order, video.default) == ("Constrained Baseline", "progressive", True)
    first, second = found.audio
    assert first == AudioTrack(
        codec="ac3", channels=6, layout="5.1(side)", sample_rate=48000, bit_rate=first.bit_rate, language="ger",
        title="Deutsch", default=True,
    )  # fmt: skip
    assert (second.codec, second.channels, second.language, second.commentary) == ("opus", 2, "eng", True)
    assert found.subtitles == (
        SubtitleTrack(codec="subrip", language="eng", forced=True),
        SubtitleTrack(codec="ass", language="fre", title="Tout", default=True, hearing_impaired=True),
    )
    assert [chapter.title for chapter in found.chapters] == ["One", "Two"]
    assert found.chapters[0] == Chapter(start_s=0.0, end_s=0.5, title="One")
    assert found.pictures == (Picture(codec="png", width=1, height=1, title="cover.png"),)


@pytest.mark.parametrize(
    ("name", "codec", "sound", "container"),
    [
        ("a.mkv", "hevc", "flac", "matroska"),
        ("a.webm", "vp9", "opus", "webm"),
        ("a.mp4", "h264", "aac", "mp4"),
        ("a.m4v", "h264", "eac3", "mp4"),
        ("a.mov", "mpeg4", "aac", "mov"),
        ("a.3gp", "mpeg4", "aac", "3gp"),
        ("a.avi", "mpeg4", "mp3", "avi"),
        ("a.ts", "h264", "ac3", "mpegts"),
        ("a.m2ts", "h264", "ac3", "mpegts"),
        ("a.mpg", "mpeg2video", "mp2", "mpeg"),
        ("a.vob", "mpeg2video", "ac3", "mpeg"),
        ("a.wmv", "wmv2", "wmav2", "asf"),
        ("a.flv", "h264", "aac", "flv"),
        ("a.ogv", "vp8", "opus", "ogg"),
    ],
)
def test_containers_and_codecs_have_short_names(
    tmp_path: Path, name: str, codec: str, sound: str, container: str
) -> None:
    make_video(tmp_path / name, codec=codec, frame_rate=25, audio=(Sound(codec=sound),))

    found = read(tmp_path / name)

    assert (found.container, found.video_codec, found.width, found.height) == (container, codec, 320, 180)
    assert [track.codec for track in found.audio] == [sound]
    assert found.video[0].frame_rate == 25.0
    assert found.duration_s == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("colour", "kind"),
    [
        (HDR10, Hdr.HDR10),
        (HLG, Hdr.HLG),
        (BT709, Hdr.SDR),
        (Colour(transfer=16, primaries=1, space=1), Hdr.PQ),
    ],
)
def test_the_dynamic_range_is_read(tmp_path: Path, colour: Colour, kind: Hdr) -> None:
    make_video(tmp_path / "a.mkv", width=128, height=72, codec="hevc", colour=colour, audio=())

    [video] = read(tmp_path / "a.mkv").video

    assert video.hdr is kind
    assert video.bit_depth == colour.bit_depth
    assert video.color_range == "tv"


@pytest.mark.parametrize(("name", "profile"), [("a.mp4", 8), ("a.mp4", 5), ("a.mkv", 8)])
def test_dolby_vision_is_known_by_its_configuration_record(tmp_path: Path, name: str, profile: int) -> None:
    path = tmp_path / name
    make_video(path, width=128, height=72, codec="hevc", colour=HDR10, dolby_vision_profile=profile)

    [video] = read(path).video

    assert (video.hdr, video.dolby_vision_profile) == (Hdr.DOLBY_VISION, profile)


def test_hdr10_plus_is_known_by_its_metadata_in_the_first_packet(tmp_path: Path) -> None:
    make_video(tmp_path / "plain.mp4", width=128, height=72, codec="hevc", colour=HDR10, audio=())
    payload = HDR10_PLUS_MARK + bytes(range(1, 20))
    message = b"\x4e\x01\x04" + bytes([len(payload)]) + payload + b"\x80"
    with av.open(str(tmp_path / "plain.mp4"), "r") as plain, av.open(str(tmp_path / "plus.mp4"), "w") as plus:
        stream = plus.add_stream_from_template(plain.streams.video[0], opaque=True)
        for packet in plain.demux(plain.streams.video[0]):
            if packet.size:
                changed = av.Packet(len(message).to_bytes(4, "big") + message + bytes(packet))
                changed.pts, changed.dts, changed.time_base = packet.pts, packet.dts, packet.time_base
                changed.is_keyframe, changed.stream = packet.is_keyframe, stream
                plus.mux(changed)

    assert read(tmp_path / "plain.mp4").hdr is Hdr.HDR10
    assert read(tmp_path / "plus.mp4").hdr is Hdr.HDR10_PLUS


@pytest.mark.parametrize(
    ("given", "read_as"),
    [("DEU", "deu"), ("en", "en"), ("pt-BR", "pt-br"), ("und", None), ("English!", None), (None, None)],
)
def test_languages_are_codes_in_lower_case_or_nothing(tmp_path: Path, given: str | None, read_as: str | None) -> None:
    make_video(tmp_path / "a.mkv", **SMALL, audio=(Sound(language=given),))

    assert read(tmp_path / "a.mkv").audio[0].language == read_as


def test_texts_are_cleaned_and_cut(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mkv", **SMALL, title="  One\x1b[31m\n\tTwo " + "x" * 2000)

    title = read(tmp_path / "a.mkv").title

    assert title is not None
    assert title.startswith("One [31m Two x")
    assert len(title) == 500


def test_the_day_of_creation_is_read(tmp_path: Path) -> None:
    make_video(tmp_path / "plain.mp4", **SMALL)
    with av.open(str(tmp_path / "plain.mp4"), "r") as plain, av.open(str(tmp_path / "dated.mp4"), "w") as dated:
        dated.metadata["creation_time"] = "2023-05-06T07:08:09+02:00"
        stream = dated.add_stream_from_template(plain.streams.video[0], opaque=True)
        for packet in plain.demux(plain.streams.video[0]):
            if packet.size:
                packet.stream = stream
                dated.mux(packet)

    assert read(tmp_path / "dated.mp4").created_at == datetime(2023, 5, 6, 5, 8, 9, tzinfo=UTC)
    assert read(tmp_path / "plain.mp4").created_at is None


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mkv", **SMALL)
    odd = os.fsencode(tmp_path) + b"/caf\xe9 \xff\n.mkv"
    (tmp_path / "a.mkv").rename(os.fsdecode(odd))

    assert read_file(odd).container == "matroska"


def test_a_path_of_four_thousand_bytes_is_read(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mkv", **SMALL)
    folder = os.fsencode(tmp_path)
    while len(folder) < 3900:
        folder += b"/" + b"d" * min(200, 3950 - len(folder))
        os.mkdir(folder)
    long = folder + b"/" + b"f" * (4095 - len(folder) - 5) + b".mkv"
    os.rename(tmp_path / "a.mkv", long)

    assert len(long) == 4095
    assert read_file(long).container == "matroska"


@pytest.mark.parametrize(
    "name", ["http:x.mkv", "concat:a|b.mkv", "fd:0.mkv", "pipe:1", "%d.mkv", "-i.mkv", "a:b?c&d=#e.mkv"]
)
def test_a_name_that_looks_like_an_address_is_only_a_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path / "a.mkv", **SMALL)
    (tmp_path / "a.mkv").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)

    assert read_file(name.encode()).container == "matroska"


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile good.mkv\n",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ngood.ts\n#EXT-X-ENDLIST\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period/></MPD>',
        "hello, I am a text\n" * 100,
        "1\n00:00:01,000 --> 00:00:02,000\nsubtitles\n",
        "<html><body>404 not found</body></html>",
        "\0" * 50_000,
    ],
)
@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.m3u8"])
def test_playlists_and_texts_are_no_media_files(tmp_path: Path, content: str, name: str) -> None:
    make_video(tmp_path / "good.mkv", **SMALL)
    make_video(tmp_path / "good.ts", **SMALL)
    (tmp_path / name).write_text(content)

    assert reason_of(tmp_path / name) == "not a media file"


def test_reasons_name_what_is_wrong_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "folder.mkv").mkdir()
    os.mkfifo(tmp_path / "fifo.mkv")
    (tmp_path / "loop.mkv").symlink_to(tmp_path / "loop.mkv")
    (tmp_path / "dangling.mkv").symlink_to(tmp_path / "nowhere")

    assert reason_of(tmp_path / "empty.mkv") == "empty file"
    assert reason_of(tmp_path / "folder.mkv") == "a folder, not a file"
    assert reason_of(tmp_path / "fifo.mkv") == "not a regular file"
    assert reason_of(Path("/dev/null")) == "not a regular file"
    assert reason_of(tmp_path / "loop.mkv") == "a loop of symbolic links"
    assert reason_of(tmp_path / "dangling.mkv") == "no such file"
    assert reason_of(tmp_path / "none.mkv") == "no such file"
    assert reason_of(tmp_path / "empty.mkv" / "below.mkv") == "no such file"
    assert reason_of(b"/nul\0byte.mkv") == "no such file"
    assert reason_of(b"/" + b"x" * 5000) == "the path is too long"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "permission denied"),
        (errno.EIO, "the disk cannot read it"),
        (errno.ESTALE, "the network share lost it"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(ProbeFailed) as failed:
        read_file(b"/film.mkv")
    assert (failed.value.reason, failed.value.access) == (reason, True)


def test_a_disk_that_fails_while_it_is_read_is_not_the_contents_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(tmp_path / "film.mkv", **SMALL)
    (tmp_path / "noise.mkv").write_bytes(b"noise" * 1000)

    def refuse(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(ProbeFailed) as content:
        read(tmp_path / "noise.mkv")
    monkeypatch.setattr(os, "pread", refuse)
    with pytest.raises(ProbeFailed) as disk:
        read(tmp_path / "film.mkv")

    assert (content.value.access, disk.value.access) == (False, True)


def test_an_mp4_without_its_index_is_incomplete(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4")
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 2])

    assert reason_of(tmp_path / "a.mp4").startswith("moov atom not found: the file is incomplete")


@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.webm"])
def test_half_a_download_is_incomplete(tmp_path: Path, name: str) -> None:
    codec = {"a.avi": "mpeg4", "a.webm": "vp9"}.get(name, "h264")
    make_video(tmp_path / name, codec=codec, audio=())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])

    with pytest.raises(ProbeFailed, match=r"the file is incomplete: it has .+ of at least") as failed:
        read(tmp_path / name)

    # What the header says is kept for those who want to show it.
    assert failed.value.partial is not None
    assert failed.value.partial.video_codec == codec


def test_a_file_with_nothing_but_sound_is_no_video(tmp_path: Path) -> None:
    whole = io.BytesIO()
    make_video(tmp_path / "a.mkv", **SMALL)
    with av.open(str(tmp_path / "a.mkv"), "r") as film, av.open(whole, "w", format="matroska") as song:
        stream = song.add_stream_from_template(film.streams.audio[0], opaque=True)
        for packet in film.demux(film.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                song.mux(packet)
    (tmp_path / "song.mkv").write_bytes(whole.getvalue())

    assert reason_of(tmp_path / "song.mkv") == "no video in it, only sound"


def test_random_bytes_are_no_media_file(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(random.Random(7).randbytes(20_000))

    assert reason_of(tmp_path / "a.mkv") == "not a media file"


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    make_video(tmp_path / "good.mkv", **SMALL)
    (tmp_path / "bad.mkv").write_bytes(b"x" * 100)
    before = os.listdir("/proc/self/fd")

    read(tmp_path / "good.mkv")
    reason_of(tmp_path / "bad.mkv")

    assert len(os.listdir("/proc/self/fd")) == len(before)
