"""What one file of the demo library is, and the kinds of content it may have."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Final, TypedDict

from revenge.content.library.demo.catalogue import Film
from revenge.content.library.demo.video import HDR10, HLG, Colour, Mark, Sound, Words, make_video


class FileKind(StrEnum):
    """What a file is to a scan."""

    VIDEO = "video"
    BROKEN = "broken"
    """It has a video's name and cannot be read as one."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFile:
    """A file to make at ``path``, which is relative to the library."""

    path: str
    kind: FileKind
    write: Callable[[Path], None]


class Format(TypedDict, total=False):
    """The picture of a video; names in paths say the same."""

    width: int
    height: int
    codec: str
    colour: Colour
    frame_rate: int | Fraction
    dolby_vision_profile: int


FILM_RATE: Final = Fraction(24000, 1001)

UHD_HDR10: Final = Format(width=3840, height=2160, codec="hevc", colour=HDR10, frame_rate=FILM_RATE)
UHD_HLG: Final = Format(width=3840, height=2160, codec="hevc", colour=HLG, frame_rate=25)
UHD_DOLBY: Final = Format(
    width=3840, height=2160, codec="hevc", colour=HDR10, frame_rate=FILM_RATE, dolby_vision_profile=8
)
FULL_HD: Final = Format(width=1920, height=1080, codec="h264", frame_rate=FILM_RATE)
FULL_HD_SCOPE: Final = Format(width=1920, height=800, codec="h264", frame_rate=FILM_RATE)
FULL_HD_HEVC: Final = Format(width=1920, height=1080, codec="hevc", frame_rate=FILM_RATE)
ACADEMY: Final = Format(width=1440, height=1080, codec="h264", frame_rate=24)
HD: Final = Format(width=1280, height=720, codec="h264", frame_rate=FILM_RATE)
HD_VP9: Final = Format(width=1280, height=720, codec="vp9", frame_rate=24)
PAL: Final = Format(width=720, height=576, codec="mpeg2video", frame_rate=25)
SD: Final = Format(width=640, height=480, codec="mpeg4", frame_rate=25)

STEREO: Final = (Sound(language="eng", default=True),)
SURROUND: Final = (Sound(codec="ac3", channels=6, language="eng", title="Surround 5.1", default=True),)
ENGLISH_GERMAN: Final = (*SURROUND, Sound(codec="aac", language="ger", title="Deutsch"))
THREE_LANGUAGES: Final = (
    Sound(codec="eac3", channels=6, language="eng", default=True),
    Sound(codec="opus", language="fre", title="Français"),
    Sound(codec="aac", language="jpn"),
)
LOSSLESS: Final = (
    Sound(codec="flac", channels=8, language="eng", title="Lossless 7.1", default=True),
    Sound(codec="ac3", language="eng", title="Commentary by the archive", commentary=True),
)
SUBTITLED: Final = (
    Words(language="eng", default=True),
    Words(language="ger", title="Deutsch (erzwungen)", forced=True),
    Words(language="eng", title="English SDH", codec="ass", hearing_impaired=True),
)
REELS: Final = (
    Mark(start_s=0, title="First reel"),
    Mark(start_s=0.4, title="Second reel"),
    Mark(start_s=0.8, title="End"),
)

# Containers that hold no comment; their files differ by the picture.
_NO_COMMENTS: Final = frozenset({".mpg", ".vob", ".ts", ".m2ts"})


def video(
    path: str,
    form: Format,
    *,
    audio: Sequence[Sound] = STEREO,
    subtitles: Sequence[Words] = (),
    chapters: Sequence[Mark] = (),
    title: str | None = None,
    cover: bool = False,
    fonts: int = 0,
) -> DemoFile:
    """Plan a video whose bytes and size are its own."""
    return DemoFile(
        path=path,
        kind=FileKind.VIDEO,
        write=_video_writer(path, form, audio, subtitles, chapters, title, cover, fonts),
    )


def _video_writer(
    path: str,
    form: Format,
    audio: Sequence[Sound],
    subtitles: Sequence[Words],
    chapters: Sequence[Mark],
    title: str | None,
    cover: bool,
    fonts: int,
) -> Callable[[Path], None]:
    chance = random.Random(path)  # noqa: S311 - the same file each time
    suffix = Path(path).suffix.lower()
    if form["width"] > 2000 or form["codec"] == "hevc":
        hue = 40  # these take long to encode: one of each format is enough
    elif suffix in _NO_COMMENTS:
        hue = chance.randrange(256)
    else:
        hue = chance.choice((40, 90, 160))
    seconds = chance.choice((0.8, 1.0, 1.2))
    comment = f"A file of the demo library: {path} " + "." * chance.randrange(3000)

    def write(target: Path) -> None:
        make_video(
            target,
            container=suffix,
            **form,
            seconds=seconds,
            hue=hue,
            audio=audio,
            subtitles=subtitles,
            chapters=[mark for mark in chapters if mark.start_s < seconds],
            title=title,
            comment=comment,
            cover=cover,
            fonts=fonts,
        )

    return write


def truncated(path: str, form: Format, *, kept: float) -> DemoFile:
    """Plan a download that stopped after a part of it."""
    whole = _video_writer(path, form, STEREO, (), (), None, False, 0)

    def write(target: Path) -> None:
        whole(target)
        content = target.read_bytes()
        target.write_bytes(content[: int(len(content) * kept)])

    return DemoFile(path=path, kind=FileKind.BROKEN, write=write)


def broken(path: str, content: bytes) -> DemoFile:
    """Plan a file with a video's name and something else in it."""
    return DemoFile(path=path, kind=FileKind.BROKEN, write=lambda target: _write(target, content))


def other(path: str, content: str | bytes) -> DemoFile:
    """Plan a file that is no video and does not claim to be one."""
    data = content.encode() if isinstance(content, str) else content
    return DemoFile(path=path, kind=FileKind.OTHER, write=lambda target: _write(target, data))


def unfinished(path: str, form: Format) -> DemoFile:
    """Plan a download that goes on still: the beginning of a video under a name that says so."""
    begun, _, _ = path.rpartition(".")
    return DemoFile(path=path, kind=FileKind.OTHER, write=truncated(begun, form, kept=0.4).write)


def garbage(path: str, size_bytes: int) -> DemoFile:
    """Plan noise with a video's name."""
    return broken(path, random.Random(path).randbytes(size_bytes))  # noqa: S311 - the same file each time


def movie_nfo(path: str, film: Film) -> DemoFile:
    """Plan an NFO file as Kodi writes it."""
    ids = "".join(
        f'  <uniqueid type="{provider}"{mark}>{value}</uniqueid>\n'
        for provider, value, mark in (("tmdb", film.tmdb_id, ' default="true"'), ("imdb", film.imdb_id, ""))
        if value
    )
    return other(
        path,
        '<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>\n<movie>\n'
        f"  <title>{escape(film.title)}</title>\n  <year>{film.year}</year>\n{ids}</movie>\n",
    )


def srt(path: str) -> DemoFile:
    """Plan subtitles beside a film."""
    return other(path, f"1\n00:00:00,000 --> 00:00:01,000\nOnce upon a time, in {Path(path).name}.\n")


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)
