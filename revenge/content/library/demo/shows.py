"""The tree of the demo's series."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from itertools import count

from revenge.content.library.demo.catalogue import EPISODE_TITLES, SHOWS, Show
from revenge.content.library.demo.plan import (
    ENGLISH_GERMAN,
    FULL_HD,
    FULL_HD_HEVC,
    HD,
    SUBTITLED,
    SURROUND,
    DemoFile,
    broken,
    other,
    truncated,
    video,
)
from revenge.content.library.demo.video import Sound

_FIRST_DAY = date(2024, 1, 8)


def show_files() -> Iterator[DemoFile]:
    """Yield the files of the library without end: the series, each kept in its own way, then a daily programme."""
    folders, german, releases, flat, numbered = SHOWS
    yield from _in_folders(folders)
    yield from _in_german(german)
    yield from _releases(releases)
    yield broken("Small.Hours.S02E01.1080p.WEB.h264-DEMO.mkv", b"")
    yield truncated("Small.Hours.S02E02.1080p.WEB.h264-DEMO.mkv", FULL_HD, kept=0.5)
    yield from _flat(flat)
    yield from _numbered(numbered)
    for number in count():
        day = _FIRST_DAY + timedelta(days=number)
        yield video(f"The Noon Report/The Noon Report {day.isoformat()}.mp4", HD)


def _episode_title(number: int) -> str:
    return EPISODE_TITLES[(number - 1) % len(EPISODE_TITLES)]


def _in_folders(show: Show) -> Iterator[DemoFile]:
    root = f"{show.title} ({show.year})"
    yield other(
        f"{root}/tvshow.nfo",
        f"<tvshow>\n  <title>{escape(show.title)}</title>\n  <year>{show.year}</year>\n</tvshow>\n",
    )
    for season, length in enumerate(show.episodes, start=1):
        for episode in range(1, length + 1):
            name = f"{show.title} - S{season:02}E{episode:02} - {_episode_title(episode)}"
            yield video(f"{root}/Season {season:02}/{name}.mkv", FULL_HD, audio=ENGLISH_GERMAN, subtitles=SUBTITLED[:2])
    yield video(f"{root}/Specials/{show.title} - S00E01 - Making the Depot.mkv", HD)
    yield video(f"{root}/Extras/Bloopers.mkv", HD)


def _in_german(show: Show) -> Iterator[DemoFile]:
    for season, length in enumerate(show.episodes, start=1):
        for episode in range(1, length + 1):
            yield video(
                f"{show.title}/Staffel {season}/{show.title} {season}x{episode:02}.mp4",
                HD,
                audio=(Sound(language="ger", default=True), Sound(language="tur")),
            )


def _releases(show: Show) -> Iterator[DemoFile]:
    dotted = show.title.replace(" ", ".")
    for episode in range(1, show.episodes[0] + 1, 2):
        name = f"{dotted}.S01E{episode:02}E{episode + 1:02}.1080p.WEB.h265-DEMO"
        yield video(f"{name}/{name}.mkv", FULL_HD_HEVC, audio=SURROUND)


def _flat(show: Show) -> Iterator[DemoFile]:
    for season, length in enumerate(show.episodes, start=1):
        for episode in range(1, length + 1):
            yield video(f"{show.title}/S{season:02}E{episode:02}.mkv", HD, audio=ENGLISH_GERMAN)


def _numbered(show: Show) -> Iterator[DemoFile]:
    for episode in range(1, show.episodes[0] + 1):
        yield video(
            f"{show.title}/[DEMO] {show.title} - {episode:02} [720p].mkv",
            HD,
            audio=(Sound(language="jpn", default=True),),
            subtitles=SUBTITLED[:1],
        )
