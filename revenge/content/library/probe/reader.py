"""Reading one media file with FFmpeg; runs only inside a reader process (it may crash or hang)."""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, overload

import av
import av.error
import av.logging
from av.stream import Disposition

from revenge.content.library.probe import colour
from revenge.content.library.probe.complete import Shortfall, find_shortfall, looks_like_media
from revenge.content.library.probe.dump import StreamFacts, read_dump
from revenge.content.library.probe.errors import ProbeFailed
from revenge.content.library.probe.models import AudioTrack, Chapter, Picture, Probe, SubtitleTrack, VideoTrack
from revenge.content.library.text import clean_text

if TYPE_CHECKING:
    from collections import defaultdict
    from collections.abc import Iterator, Mapping

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.codec.context import CodecContext
    from av.container import InputContainer
    from av.stream import Stream
    from av.subtitles.codeccontext import SubtitleCodecContext
    from av.subtitles.stream import SubtitleStream
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# What films come in. Everything else FFmpeg can open is refused by name: pictures, texts, and above all
# the playlists (hls, dash, concat, imf) that would make it open other files and addresses.
_FORMATS: Final = "matroska,mov,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,rm,wtv,mxf,gxf,nut,dv,ivf,pva"

_SHORT_NAMES: Final = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}
_DOLBY_VISION_TAGS: Final = frozenset({"dvh1", "dvhe", "dva1", "dvav", "dav1"})
_FIELD_ORDERS: Final = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}

_MAX_CHAPTERS: Final = 1000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_NO_LANGUAGE: Final = frozenset({"und", "unk", "mis", "zxx", "mul", "qaa"})

_OS_REASONS: Final = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ELOOP: "a loop of symbolic links",
    errno.EIO: "the disk cannot read it",
    errno.ESTALE: "the network share lost it",
    errno.ENXIO: "not a regular file",
}
# What the system says while FFmpeg reads; a damaged file has FFmpeg's own numbers, seldom EIO.
_ACCESS_ERRORS: Final = frozenset({errno.EIO, errno.ESTALE, errno.EACCES, errno.EPERM, errno.ETIMEDOUT, errno.ENODEV})


def set_up_logging() -> None:
    """Make FFmpeg attach its last complaint to the errors it raises, and print nothing."""
    logging.getLogger("libav").setLevel(logging.CRITICAL + 1)
    av.logging.set_level(av.logging.ERROR)
    # A complaint that the file before caused too would be left out as a repetition.
    av.logging.set_skip_repeated(False)


def read_file(path: bytes) -> Probe:
    """Return what the file at ``path`` holds.

    Raises:
        ProbeFailed: it is no readable video; the reason says why.
        MemoryError: it needs more memory than this process may have.
    """
    fd = _open(path)
    try:
        return _read_descriptor(fd, os.fstat(fd).st_size)
    except OSError as error:
        raise ProbeFailed(_os_reason(error), access=True) from error
    finally:
        os.close(fd)


def _open(path: bytes) -> int:
    try:
        # Non-blocking, because opening a FIFO would wait for its other end.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise ProbeFailed(_os_reason(error), access=True) from error
    except ValueError as error:  # a NUL in the path
        raise ProbeFailed("no such file") from error
    kind = os.fstat(fd)
    if stat.S_ISREG(kind.st_mode) and kind.st_size:
        return fd
    os.close(fd)
    if stat.S_ISDIR(kind.st_mode):
        raise ProbeFailed("a folder, not a file")
    raise ProbeFailed("empty file" if stat.S_ISREG(kind.st_mode) else "not a regular file")


def _os_reason(error: OSError) -> str:
    return _OS_REASONS.get(error.errno or 0) or (error.strerror or "cannot be read").lower()


def _read_descriptor(fd: int, size_bytes: int) -> Probe:
    shortfall = find_shortfall(fd, size_bytes)
    # FFmpeg gets a descriptor and never a name: no name can mean a protocol, and no other file can be opened.
    options = {"fd": str(fd), "protocol_whitelist": "fd", "format_whitelist": _FORMATS}
    try:
        with av.open("fd:", "r", container_options=options, metadata_errors="replace") as container:
            probe = _read_container(container, os.pread(fd, 64, 0))
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        is_media = looks_like_media(fd)
        access = is_media and not shortfall and error.errno in _ACCESS_ERRORS
        raise ProbeFailed(_ffmpeg_reason(error, shortfall, is_media=is_media), access=access) from error
    if shortfall:
        raise ProbeFailed(str(shortfall), partial=probe)
    if not probe.video:
        raise ProbeFailed("no video in it, only sound" if probe.audio else "no video in it", partial=probe)
    return probe


def _ffmpeg_reason(error: av.error.FFmpegError, shortfall: Shortfall | None, *, is_media: bool) -> str:
    # The last complaint is (level, who, what); the stubs say otherwise.
    complaint = clean_text(str(error.log[-1])) if error.log else None
    if complaint == "moov atom not found":
        return f"moov atom not found: {shortfall or 'the file is incomplete'}"
    if not is_media or (complaint or "").startswith("Format not on whitelist"):
        return "not a media file"
    if shortfall:
        return str(shortfall)
    if complaint:
        return f"damaged: {complaint}"
    return (
        "it ends within its header" if isinstance(error, av.error.EOFError) else "damaged: it makes no sense to FFmpeg"
    )


def _read_container(container: InputContainer, head: bytes) -> Probe:
    facts = _dump_facts(container)
    videos = container.streams.video
    tags = {key.lower(): value for key, value in container.metadata.items()}
    return Probe(
        container=_container_name(container.format.name, tags, head),
        duration_s=_duration(container),
        bit_rate=_positive(container.bit_rate),
        title=clean_text(tags.get("title")),
        created_at=_moment(tags.get("creation_time") or tags.get("date_utc")),
        video=tuple(_video(container, stream, facts[stream.index]) for stream in videos if not _is_picture(stream)),
        audio=tuple(_audio(stream, facts[stream.index]) for stream in container.streams.audio),
        subtitles=tuple(_subtitle(stream, facts[stream.index]) for stream in container.streams.subtitles),
        chapters=tuple(_chapters(container)),
        pictures=tuple(_picture(stream, facts[stream.index]) for stream in videos if _is_picture(stream)),
        attachments=len(container.streams.attachments),
    )


def _dump_facts(container: InputContainer) -> defaultdict[int, StreamFacts]:
    av.logging.set_level(av.logging.INFO)
    try:
        return read_dump(container.dumps_format())  # type: ignore[attr-defined]  # the stubs lack it
    finally:
        av.logging.set_level(av.logging.ERROR)


def _container_name(name: str, tags: Mapping[str, str], head: bytes) -> str:
    short = _SHORT_NAMES.get(name, name.split(",")[0])
    brand = tags.get("major_brand", "").strip().lower()
    if short == "mp4" and brand == "qt":
        return "mov"
    if short == "mp4" and brand.startswith(("3gp", "3g2")):
        return "3gp"
    if short == "matroska" and b"webm" in head:
        return "webm"
    return short


def _is_picture(stream: VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _duration(container: InputContainer) -> float | None:
    if container.duration and container.duration > 0:
        return round(container.duration / 1_000_000, 3)
    known = [
        float(s.duration * s.time_base) for s in container.streams if s.duration and s.duration > 0 and s.time_base
    ]
    return round(max(known), 3) if known else None


def _video(container: InputContainer, stream: VideoStream, facts: StreamFacts) -> VideoTrack:
    context = _decoder(stream)
    language, title = _language(stream), clean_text(stream.metadata.get("title"))
    default = bool(stream.disposition & Disposition.default)
    if context is None:
        return VideoTrack(codec=facts.codec, width=0, height=0, language=language, title=title, default=default)
    transfer = colour.TRANSFERS.get(context.color_trc)
    primaries = colour.PRIMARIES.get(context.color_primaries)
    depth = max((part.bits for part in context.format.components), default=None) if context.format else None
    dolby_vision = facts.dolby_vision_profile is not None or context.codec_tag.lower() in _DOLBY_VISION_TAGS
    return VideoTrack(
        codec=context.codec.canonical_name,
        profile=context.profile,
        level=_positive(context.level),
        width=max(context.width, 0),
        height=max(context.height, 0),
        pixel_format=context.pix_fmt,
        bit_depth=depth,
        frame_rate=_frame_rate(stream),
        bit_rate=_bit_rate(stream),
        field_order=_FIELD_ORDERS.get(context.field_order),
        sample_aspect=_sample_aspect(stream),
        rotation=facts.rotation,
        hdr=colour.dynamic_range(
            transfer=transfer,
            primaries=primaries,
            bit_depth=depth,
            mastering_display=facts.mastering_display,
            dolby_vision=dolby_vision,
            hdr10_plus=transfer == "smpte2084" and not dolby_vision and _has_hdr10_plus(container, stream),
        ),
        dolby_vision_profile=facts.dolby_vision_profile,
        max_content_light=facts.max_content_light,
        max_average_light=facts.max_average_light,
        color_transfer=transfer,
        color_primaries=primaries,
        color_space=colour.SPACES.get(context.colorspace),
        color_range=colour.RANGES.get(context.color_range),
        language=language,
        title=title,
        default=default,
    )


def _picture(stream: VideoStream, facts: StreamFacts) -> Picture:
    context = _decoder(stream)
    return Picture(
        codec=context.codec.canonical_name if context else facts.codec,
        width=max(context.width, 0) if context else 0,
        height=max(context.height, 0) if context else 0,
        title=clean_text(
            stream.metadata.get("filename") or stream.metadata.get("title") or stream.metadata.get("comment")
        ),
    )


def _audio(stream: AudioStream, facts: StreamFacts) -> AudioTrack:
    context = _decoder(stream)
    return AudioTrack(
        codec=context.codec.canonical_name if context else facts.codec,
        profile=context.profile if context else None,
        channels=max(context.channels, 0) if context else 0,
        layout=(clean_text(context.layout.name) if context and context.channels > 0 else None),
        sample_rate=_positive(context.sample_rate) if context else None,
        bit_rate=_bit_rate(stream),
        language=_language(stream),
        title=clean_text(stream.metadata.get("title")),
        default=bool(stream.disposition & Disposition.default),
        commentary=bool(stream.disposition & Disposition.comment),
    )


def _subtitle(stream: SubtitleStream, facts: StreamFacts) -> SubtitleTrack:
    context = _decoder(stream)
    return SubtitleTrack(
        codec=context.codec.canonical_name if context else facts.codec,
        language=_language(stream),
        title=clean_text(stream.metadata.get("title")),
        default=bool(stream.disposition & Disposition.default),
        forced=bool(stream.disposition & Disposition.forced),
        hearing_impaired=bool(stream.disposition & Disposition.hearing_impaired),
    )


def _chapters(container: InputContainer) -> Iterator[Chapter]:
    for chapter in container.chapters()[:_MAX_CHAPTERS]:
        unit = chapter["time_base"]
        if unit is None:
            continue
        yield Chapter(
            start_s=round(float(chapter["start"] * unit), 3),
            end_s=round(float(chapter["end"] * unit), 3),
            title=clean_text(chapter["metadata"].get("title")),
        )


@overload
def _decoder(stream: VideoStream) -> VideoCodecContext | None: ...
@overload
def _decoder(stream: AudioStream) -> AudioCodecContext | None: ...
@overload
def _decoder(stream: SubtitleStream) -> SubtitleCodecContext | None: ...
def _decoder(stream: Stream) -> CodecContext | None:
    """Return the stream's decoder; None, whatever the stubs say, for a codec FFmpeg was built without."""
    return stream.codec_context


def _frame_rate(stream: VideoStream) -> float | None:
    # The base rate of a file with odd timestamps is the tick of its clock: 1000 or 90000 frames a second.
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate < 1000:
            return round(float(rate), 3)
    return None


def _sample_aspect(stream: VideoStream) -> str | None:
    aspect = stream.sample_aspect_ratio
    return f"{aspect.numerator}:{aspect.denominator}" if aspect and aspect > 0 and aspect != 1 else None


def _bit_rate(stream: VideoStream | AudioStream) -> int | None:
    """Return the stream's own rate, or the one that mkvmerge noted in a tag (``BPS``, ``BPS-eng``)."""
    context = _decoder(stream)
    if context and (rate := _positive(context.bit_rate)):
        return rate
    noted = next((value for key, value in stream.metadata.items() if key.split("-")[0] == "BPS"), "")
    return _positive(int(noted)) if noted.isascii() and noted.isdigit() and len(noted) < 12 else None


def _has_hdr10_plus(container: InputContainer, stream: VideoStream) -> bool:
    """Look into the first packet, which FFmpeg has read already to learn the picture's size."""
    try:
        packet = next(container.demux(stream))
        return packet.has_sidedata("dynamic_hdr10_plus") or colour.HDR10_PLUS_MARK in bytes(packet)
    except av.error.FFmpegError:
        return False


def _language(stream: Stream) -> str | None:
    code = (stream.language or "").strip().lower().replace("_", "-")
    return code if _LANGUAGE.fullmatch(code) and code not in _NO_LANGUAGE else None


def _positive(value: int | None) -> int | None:
    # Bounded by what a PostgreSQL bigint holds; a file may claim anything.
    return value if value is not None and 0 < value < 2**63 else None


def _moment(value: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((value or "").strip())
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # MP4 counts from 1904 and Unix from 1970: a zero there is "never set".
    return moment if moment.year > 1970 else None
