"""Colour as a video stream declares it, and the dynamic range that follows from it."""

from __future__ import annotations

from revenge.content.library.probe.models import Hdr

# Code points of ITU-T H.273, which containers, codecs and FFmpeg share; names are FFmpeg's.
TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}  # fmt: skip
RANGES = {1: "tv", 2: "pc"}

# ITU-T T.35: country 0xB5, provider 0x003C, provider's code 1, application 4: how HDR10+ metadata begins
# in an SEI message (HEVC) and in a metadata OBU (AV1). No run of zeros, so no escape byte can split it.
HDR10_PLUS_MARK = b"\xb5\x00\x3c\x00\x01\x04"


def dynamic_range(
    *,
    transfer: str | None,
    primaries: str | None,
    bit_depth: int | None,
    mastering_display: bool,
    dolby_vision: bool,
    hdr10_plus: bool,
) -> Hdr:
    """Name the dynamic range; the richest kind wins where a stream carries several."""
    if dolby_vision:
        return Hdr.DOLBY_VISION
    if transfer == "arib-std-b67":
        return Hdr.HLG
    if transfer != "smpte2084":
        return Hdr.SDR
    if hdr10_plus:
        return Hdr.HDR10_PLUS
    # The HDR10 profile wants BT.2020 and ten bits; its static metadata is optional.
    if mastering_display or (primaries == "bt2020" and (bit_depth or 0) >= 10):
        return Hdr.HDR10
    return Hdr.PQ
