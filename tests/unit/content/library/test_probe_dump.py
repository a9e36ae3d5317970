"""Reading the side data out of FFmpeg's description."""

from __future__ import annotations

from revenge.content.library.probe.dump import StreamFacts, read_dump

DESCRIPTION = """Input #0, matroska,webm, from '':
  Metadata:
    title           : DOVI configuration record: version: 1.0, profile: 7, level: 6
  Duration: 00:00:01.00, start: 0.000000, bitrate: 52 kb/s
  Stream #0:0(eng): Video: hevc (Main 10), yuv420p10le(tv, bt2020nc/bt2020/smpte2084), 3840x2160, 24 fps (default)
    Metadata:
      title           :       Mastering Display Metadata, has_primaries:1
    Side data:
      DOVI configuration record: version: 1.0, profile: 5, level: 6, rpu flag: 1, el flag: 0, bl flag: 1, compatibility id: 0
      Content Light Level Metadata, MaxCLL=1000, MaxFALL=400
  Stream #0:1[0x101](und): Audio: truehd (mlpa / 0x61706C6D), 48000 Hz, 7.1, s32 (24 bit) (default)
  Stream #0:2: Video: h264 (High), yuv420p(tv, bt709, progressive), 1920x1080
    Side data:
      Mastering Display Metadata, has_primaries:1 has_luminance:1 r(0.7080,0.2920) g(0.1700,0.7970)
      displaymatrix: rotation of -90.00 degrees
"""


def test_side_data_goes_to_its_stream() -> None:
    facts = read_dump(DESCRIPTION)

    assert facts[0] == StreamFacts(codec="hevc", dolby_vision_profile=5, max_content_light=1000, max_average_light=400)
    assert facts[1] == StreamFacts(codec="truehd")
    assert facts[2] == StreamFacts(codec="h264", mastering_display=True, rotation=90)


def test_titles_that_imitate_side_data_are_not_believed() -> None:
    facts = read_dump(DESCRIPTION)

    assert not facts[0].mastering_display
    assert facts[0].dolby_vision_profile == 5


def test_a_stream_that_is_not_described_has_no_facts() -> None:
    assert read_dump("")[7] == StreamFacts()
