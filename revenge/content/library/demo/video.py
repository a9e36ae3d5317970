"""Making small real video files: every track is encoded, every field is what a player would read."""

from __future__ import annotations

import io
import math
import zlib
from array import array
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from revenge.content.library.demo.dolby_vision import declare_dolby_vision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from av.stream import Stream

_FORMATS: Final = {
    ".mkv": "matroska", ".webm": "webm", ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".avi": "avi", ".ts": "mpegts",
    ".m2ts": "mpegts", ".mpg": "mpeg", ".mpeg": "mpeg", ".vob": "vob", ".wmv": "asf", ".flv": "flv", ".ogv": "ogg",
    ".3gp": "3gp",
}  # fmt: skip

# Encoder and its options, all for speed: the pictures need not be pretty.
_VIDEO_ENCODERS: Final = {
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "threads": "1"}),
    "hevc": ("libx265", {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none:pools=none"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "mpeg4": ("mpeg4", {}),
    "mpeg2video": ("mpeg2video", {}),
    "wmv2": ("wmv2", {}),
    "flv1": ("flv", {}),
}
_AUDIO_ENCODERS: Final = {"opus": "libopus", "mp3": "libmp3lame", "wmav2": "wmav2"}
_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_SAMPLE_RATE: Final = 48_000
# A second of 2160p in HEVC takes a core ten seconds: a few frames are encoded and repeated.
_MAX_FRAMES: Final = 6
_MAX_LARGE_FRAMES: Final = 1
_LARGE_WIDTH: Final = 2000

_BITEXACT: Final = 0x400  # AVFMT_FLAG_BITEXACT: no random ids and no version in the file
_MILLISECOND: Final = Fraction(1, 1000)


# One grey pixel.
_PNG: Final = b"\x89PNG\r\n\x1a\n" + b"".join(
    len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
    for name, body in (
        (b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0"),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """Colour as ITU-T H.273 numbers it, and the bits of a sample."""

    transfer: int
    primaries: int
    space: int
    bit_depth: int = 10


HDR10: Final = Colour(transfer=16, primaries=9, space=9)
HLG: Final = Colour(transfer=18, primaries=9, space=9)
BT709: Final = Colour(transfer=1, primaries=1, space=1, bit_depth=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A sound track to make: a tone in each channel."""

    codec: str = "aac"
    channels: int = 2
    language: str | None = None
    title: str | None = None
    default: bool = False
    commentary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A track of subtitles to make; ``codec`` None is the container's usual one."""

    language: str | None = None
    title: str | None = None
    codec: str | None = None
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False
    text: str = "Once upon a time."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A chapter to make; it ends where the next one starts."""

    start_s: float
    title: str


def make_video(
    path: Path,
    *,
    container: str | None = None,
    seconds: float = 1.0,
    width: int = 320,
    height: int = 180,
    codec: str = "h264",
    frame_rate: int | Fraction = 24,
    colour: Colour | None = None,
    dolby_vision_profile: int | None = None,
    hue: int = 0,
    audio: Sequence[Sound] = (Sound(),),
    subtitles: Sequence[Words] = (),
    chapters: Sequence[Mark] = (),
    title: str | None = None,
    comment: str | None = None,
    cover: bool = False,
    fonts: int = 0,
) -> None:
    """Write a video file; its suffix, or ``container`` (``.mkv``) in its stead, chooses what kind.

    ``hue`` (0 to 255) changes the picture. ``dolby_vision_profile`` works in ``.mp4``, ``.m4v`` and ``.mkv``, ``cover``
    and ``fonts`` in ``.mkv``. Equal arguments give equal bytes, and pictures and sounds that were
    encoded before are not encoded again.

    Raises:
        KeyError: no container for this suffix, or no encoder for this codec.
        ValueError: the container cannot hold that codec.
        OSError: the file cannot be written.
    """
    form = _FORMATS[(container or path.suffix).lower()]
    picture = _encoded_picture(codec, width, height, Fraction(frame_rate), colour, hue)
    if dolby_vision_profile is not None:
        picture = declare_dolby_vision(_rewrapped(picture, "mp4"), profile=dolby_vision_profile)
    whole = io.BytesIO()
    # Dolby Vision in MP4 is "unofficial" to FFmpeg, which leaves it out otherwise.
    with av.open(whole, "w", format=form, container_options={"strict": "unofficial"}) as out:
        out.flags |= _BITEXACT
        out.metadata.update({key: value for key, value in (("title", title), ("comment", comment)) if value})
        _add_chapters(out, chapters, seconds)
        tracks = _Tracks(out)
        tracks.add_repeated(picture, rate=Fraction(frame_rate), seconds=seconds)
        for sound in audio:
            tracks.add(
                _encoded_sound(sound.codec, sound.channels, round(seconds * 1000)),
                language=sound.language,
                title=sound.title,
                disposition=_disposition(default=sound.default, comment=sound.commentary),
            )
        for words in subtitles:
            tracks.add_words(words, form=form, seconds=seconds)
        if cover:
            out.add_attachment("cover.png", "image/png", _PNG)
        for number in range(fonts):
            out.add_attachment(f"font{number}.ttf", "font/ttf", bytes(64))
        tracks.write()
    path.write_bytes(whole.getvalue())


class _Tracks:
    """Collects ready packets of several sources and writes them into one container."""

    def __init__(self, out: OutputContainer) -> None:
        self._out = out
        self._packets: list[av.Packet[Stream]] = []

    def add_repeated(self, source: bytes, *, rate: Fraction, seconds: float) -> None:
        """Add a picture that starts anew until it is long enough; every packet is one frame."""
        with av.open(io.BytesIO(source), "r") as container:
            stream = self._out.add_stream_from_template(container.streams.video[0], opaque=True)
            stream.time_base = 1 / rate
            _label(stream, language=None, title=None, disposition=Disposition.default)
            encoded = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
            for number in range(max(1, round(rate * seconds))):
                original = encoded[number % len(encoded)]
                packet = av.Packet(bytes(original))
                packet.is_keyframe = original.is_keyframe
                self._take(packet, stream, time_base=1 / rate, pts=number, duration=1)

    def add(self, source: bytes, *, language: str | None, title: str | None, disposition: int) -> None:
        with av.open(io.BytesIO(source), "r") as container:
            # Opaque: the stream is copied, so no encoder of the decoder's name is needed.
            stream = self._out.add_stream_from_template(container.streams[0], opaque=True)
            _label(stream, language=language, title=title, disposition=disposition)
            for packet in container.demux(container.streams[0]):
                if packet.size:
                    packet.stream = stream
                    self._packets.append(packet)

    def add_words(self, words: Words, *, form: str, seconds: float) -> None:
        usual = {"mp4": "mov_text", "mov": "mov_text", "webm": "webvtt"}.get(form, "subrip")
        stream = self._out.add_mux_stream(words.codec or usual, time_base=_MILLISECOND)
        _label(
            stream,
            language=words.language,
            title=words.title,
            disposition=_disposition(
                default=words.default, forced=words.forced, hearing_impaired=words.hearing_impaired
            ),
        )
        text = words.text.encode()
        if (words.codec or usual) == "mov_text":
            text = len(text).to_bytes(2, "big") + text
        self._take(av.Packet(text), stream, time_base=_MILLISECOND, pts=0, duration=round(seconds * 1000))

    def write(self) -> None:
        # The muxers want packets in the order of time, and some of them every stream's first packet early.
        for packet in sorted(self._packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
            self._out.mux(packet)

    def _take(self, packet: av.Packet[Stream], stream: Stream, *, time_base: Fraction, pts: int, duration: int) -> None:
        packet.stream, packet.time_base = stream, time_base
        packet.pts = packet.dts = pts
        packet.duration = duration
        self._packets.append(packet)


def _label(stream: Stream, *, language: str | None, title: str | None, disposition: int) -> None:
    stream.metadata.clear()
    stream.metadata.update({key: value for key, value in (("language", language), ("title", title)) if value})
    stream.disposition = disposition  # type: ignore[assignment]  # the C struct wants a plain number


def _disposition(**flags: bool) -> int:
    return sum(Disposition[name].value for name, is_set in flags.items() if is_set)


def _add_chapters(out: OutputContainer, chapters: Sequence[Mark], seconds: float) -> None:
    ends = [*(mark.start_s for mark in chapters[1:]), seconds]
    out.set_chapters(
        [
            {
                "id": number,
                "start": round(mark.start_s * 1000),
                "end": round(end_s * 1000),
                "time_base": _MILLISECOND,
                "metadata": {"title": mark.title},
            }
            for number, (mark, end_s) in enumerate(zip(chapters, ends, strict=False), start=1)
        ]
    )


def _rewrapped(source: bytes, form: str) -> bytes:
    whole = io.BytesIO()
    with av.open(whole, "w", format=form) as out:
        out.flags |= _BITEXACT
        tracks = _Tracks(out)
        tracks.add(source, language=None, title=None, disposition=Disposition.default)
        tracks.write()
    return whole.getvalue()


@lru_cache(maxsize=128)
def _encoded_picture(codec: str, width: int, height: int, rate: Fraction, colour: Colour | None, hue: int) -> bytes:
    encoder, options = _VIDEO_ENCODERS[codec]
    deep = colour is not None and colour.bit_depth > 8
    whole = io.BytesIO()
    with av.open(whole, "w", format="nut") as out:
        out.flags |= _BITEXACT
        stream = out.add_stream(encoder, rate=rate, options=options)
        assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p10le" if deep else "yuv420p"
        if colour:
            context = stream.codec_context
            context.color_trc, context.color_primaries = colour.transfer, colour.primaries
            context.colorspace, context.color_range = colour.space, 1
        for number in range(_MAX_FRAMES if width < _LARGE_WIDTH else _MAX_LARGE_FRAMES):
            out.mux(stream.encode(_frame(stream, number, hue=hue, deep=deep)))
        out.mux(stream.encode())
    return whole.getvalue()


def _frame(stream: VideoStream, number: int, *, hue: int, deep: bool) -> av.VideoFrame:
    """Draw a gradient that wanders with time, in a colour of its own."""
    frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt or "yuv420p")
    luma, *chroma = frame.planes
    ramp = bytes(16 + (column * 200 // stream.width + number * 7 + hue) % 200 for column in range(stream.width))
    fill = (hue * 3 % 256, hue * 7 % 256)
    for plane, row in (
        (luma, ramp),
        *((plane, bytes([tone]) * plane.width) for plane, tone in zip(chroma, fill, strict=True)),
    ):
        samples = array("H", [value * 4 for value in row]).tobytes() if deep else row
        plane.update(samples.ljust(plane.line_size, b"\0") * plane.height)
    frame.pts = number
    return frame


@lru_cache(maxsize=64)
def _encoded_sound(codec: str, channels: int, milliseconds: int) -> bytes:
    whole = io.BytesIO()
    with av.open(whole, "w", format="nut" if codec == "wmav2" else "matroska") as out:
        out.flags |= _BITEXACT
        stream = out.add_stream(_AUDIO_ENCODERS.get(codec, codec), rate=_SAMPLE_RATE)
        assert isinstance(stream, AudioStream)  # noqa: S101 - for the type checker
        stream.layout = _LAYOUTS[channels]
        stream.bit_rate = 64_000 * channels
        context = stream.codec_context
        context.open()
        fitted = av.AudioResampler(context.format, context.layout, _SAMPLE_RATE, context.frame_size or None)
        for frame in (*fitted.resample(_tone(channels, milliseconds)), *fitted.resample(None)):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return whole.getvalue()


def _tone(channels: int, milliseconds: int) -> av.AudioFrame:
    samples = _SAMPLE_RATE * milliseconds // 1000
    # Packed, because PyAV crashes on the planes of a planar frame with eight channels.
    frame = av.AudioFrame("flt", _LAYOUTS[channels], samples)
    frame.sample_rate = _SAMPLE_RATE
    frame.pts = 0
    # One period of 48 samples is a tone of 1 kHz.
    period = array("f", [0.1 * math.sin(math.tau * step / 48) for step in range(48) for _ in range(channels)])
    wave = (period * (samples // 48 + 1))[: samples * channels].tobytes()
    for plane in frame.planes:
        plane.update(wave.ljust(plane.buffer_size, b"\0"))
    return frame
