"""What a media file says about itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter

# Frames are cropped to their picture (1920x800), so either side is enough to name the format;
# the limits lie between the common widths and heights.
_RESOLUTIONS = (
    (6000, 3400, "4320"),
    (3000, 1700, "2160"),
    (2200, 1260, "1440"),
    (1600, 900, "1080"),
    (1100, 640, "720"),
    (960, 540, "576"),
    (560, 400, "480"),
    (400, 300, "360"),
)


class Hdr(StrEnum):
    """The dynamic range of a picture; ``PQ`` is HDR10's curve without the rest of HDR10."""

    SDR = "SDR"
    HDR10 = "HDR10"
    HDR10_PLUS = "HDR10+"
    HLG = "HLG"
    DOLBY_VISION = "Dolby Vision"
    PQ = "PQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """One moving picture."""

    codec: str
    width: int
    height: int
    profile: str | None = None
    level: int | None = None
    """As the codec numbers it: 41 for H.264's 4.1, 153 for HEVC's 5.1."""
    pixel_format: str | None = None
    bit_depth: int | None = None
    frame_rate: float | None = None
    bit_rate: int | None = None
    field_order: str | None = None
    """``progressive``, or ``tt bb tb bt`` for interlaced; None when the file does not say."""
    sample_aspect: str | None = None
    """``4:3`` and so on; None when the pixels are square or the file does not say."""
    rotation: int = 0
    """Degrees clockwise that a player turns the picture by."""
    hdr: Hdr = Hdr.SDR
    dolby_vision_profile: int | None = None
    max_content_light: int | None = None
    """cd/m2, HDR10's MaxCLL."""
    max_average_light: int | None = None
    """cd/m2, HDR10's MaxFALL."""
    color_transfer: str | None = None
    color_primaries: str | None = None
    color_space: str | None = None
    color_range: str | None = None
    language: str | None = None
    title: str | None = None
    default: bool = False

    @property
    def resolution(self) -> str | None:
        """``2160p 1440p 1080p 720p 576p 480p 360p 240p``, with ``i`` for interlaced; None without a size."""
        wide, high = max(self.width, self.height), min(self.width, self.height)
        if high <= 0:
            return None
        lines = next(
            (name for least_wide, least_high, name in _RESOLUTIONS if wide >= least_wide or high >= least_high), "240"
        )
        return lines + ("p" if self.field_order in (None, "progressive") else "i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A still picture kept in the file: a cover."""

    codec: str
    width: int
    height: int
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """One sound track."""

    codec: str
    channels: int
    profile: str | None = None
    layout: str | None = None
    sample_rate: int | None = None
    bit_rate: int | None = None
    language: str | None = None
    title: str | None = None
    default: bool = False
    commentary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleTrack:
    """One track of subtitles."""

    codec: str
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A named stretch of the film."""

    start_s: float
    end_s: float
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Everything read of one media file.

    Languages are lower-case codes as the file has them (``ger``, ``deu``, ``de``, ``pt-br``), None
    for undetermined. Texts are free of control characters and cut at 500 characters.
    """

    container: str
    """``matroska webm mp4 mov 3gp avi mpegts mpeg asf flv ogg`` and so on."""
    duration_s: float | None = None
    bit_rate: int | None = None
    title: str | None = None
    created_at: datetime | None = None
    video: tuple[VideoTrack, ...] = ()
    audio: tuple[AudioTrack, ...] = ()
    subtitles: tuple[SubtitleTrack, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    pictures: tuple[Picture, ...] = ()
    attachments: int = 0
    """Fonts and other files inside; covers are in ``pictures``."""

    @property
    def main_video(self) -> VideoTrack | None:
        """The track a player starts with: the default one, else the first."""
        return next((track for track in self.video if track.default), self.video[0] if self.video else None)

    @property
    def video_codec(self) -> str | None:
        return self.main_video.codec if self.main_video else None

    @property
    def width(self) -> int | None:
        return self.main_video.width if self.main_video else None

    @property
    def height(self) -> int | None:
        return self.main_video.height if self.main_video else None

    @property
    def hdr(self) -> Hdr | None:
        return self.main_video.hdr if self.main_video else None

    @property
    def resolution(self) -> str | None:
        return self.main_video.resolution if self.main_video else None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values; `from_dict` makes an equal `Probe` of them."""
        values = asdict(self)
        if self.created_at:
            values["created_at"] = self.created_at.isoformat()
        return values

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Probe:
        """Return the `Probe` that `to_dict` took apart; unknown keys are ignored, missing ones have their default.

        Raises:
            ValueError: a value is of the wrong type or a required one is missing.
        """
        return _adapter().validate_python(values)


@cache
def _adapter() -> TypeAdapter[Probe]:
    # Imported here because the reader processes import this module and never call this.
    from pydantic import TypeAdapter

    return TypeAdapter(Probe)
