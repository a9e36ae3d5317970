"""What a probe says of itself, and its way through JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from revenge.content.library.probe import AudioTrack, Chapter, Hdr, Picture, Probe, SubtitleTrack, VideoTrack

FULL = Probe(
    container="matroska",
    duration_s=5400.25,
    bit_rate=8_000_000,
    title="Nosferatu",
    created_at=datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
    video=(VideoTrack(codec="hevc", width=3840, height=2160, hdr=Hdr.DOLBY_VISION, dolby_vision_profile=8),),
    audio=(AudioTrack(codec="ac3", channels=6, layout="5.1(side)", language="ger", default=True),),
    subtitles=(SubtitleTrack(codec="subrip", language="eng", forced=True),),
    chapters=(Chapter(start_s=0.0, end_s=60.5, title="One"),),
    pictures=(Picture(codec="png", width=10, height=20),),
    attachments=2,
)


def test_a_probe_survives_json_unchanged() -> None:
    assert Probe.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


def test_every_field_is_written_even_when_it_is_unknown() -> None:
    written = Probe(container="avi").to_dict()

    assert set(written) == {field.name for field in fields(Probe)}
    assert written["duration_s"] is None
    assert list(written["audio"]) == []


def test_rows_written_by_older_and_newer_versions_can_be_read() -> None:
    found = Probe.from_dict({"container": "mp4", "a_field_of_next_year": 1})

    assert found == Probe(container="mp4")


@pytest.mark.parametrize(
    "values", [{}, {"container": 5}, {"container": "mp4", "video": "x"}, {"container": "mp4", "audio": [{}]}]
)
def test_nonsense_is_refused_with_a_value_error(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Probe.from_dict(values)


@pytest.mark.parametrize(
    ("width", "height", "label"),
    [
        (7680, 4320, "4320p"),
        (3840, 2160, "2160p"),
        (3840, 1600, "2160p"),
        (4096, 1716, "2160p"),
        (2880, 2160, "2160p"),
        (2560, 1440, "1440p"),
        (1920, 1080, "1080p"),
        (1920, 800, "1080p"),
        (1440, 1080, "1080p"),
        (1280, 720, "720p"),
        (1280, 536, "720p"),
        (960, 720, "720p"),
        (720, 576, "576p"),
        (1024, 576, "576p"),
        (720, 480, "480p"),
        (854, 480, "480p"),
        (640, 480, "480p"),
        (624, 352, "480p"),
        (480, 360, "360p"),
        (320, 180, "240p"),
        (1080, 1920, "1080p"),
    ],
)
def test_a_cropped_or_upright_picture_keeps_the_name_of_its_format(width: int, height: int, label: str) -> None:
    assert VideoTrack(codec="h264", width=width, height=height).resolution == label


def test_an_interlaced_picture_is_called_so() -> None:
    assert VideoTrack(codec="h264", width=1920, height=1080, field_order="tt").resolution == "1080i"


def test_a_picture_without_size_has_no_resolution() -> None:
    assert VideoTrack(codec="unknown", width=0, height=0).resolution is None


def test_the_default_track_speaks_for_the_file() -> None:
    small = VideoTrack(codec="mpeg2video", width=720, height=576)
    large = VideoTrack(codec="h264", width=1920, height=1080, default=True, hdr=Hdr.HLG)
    found = Probe(container="mpegts", video=(small, large))

    assert (found.video_codec, found.width, found.height, found.hdr, found.resolution) == (
        "h264",
        1920,
        1080,
        Hdr.HLG,
        "1080p",
    )


def test_a_file_without_video_has_none_of_its_values() -> None:
    found = Probe(container="mp4")

    assert (found.video_codec, found.width, found.height, found.hdr, found.resolution) == (None, None, None, None, None)
