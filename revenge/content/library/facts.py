"""What a library file's name, and the NFO file beside it, say about it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from revenge.content.library.models import LibraryType
from revenge.content.library.names import MediaType, ParsedName, read_name
from revenge.content.library.nfo import Nfo, NfoKind, NfoUnreadable, read_nfo
from revenge.content.library.text import clean_text
from revenge.content.library.walk import Disc, WalkFile

SCANNED_TYPES = {
    LibraryType.MOVIE: MediaType.MOVIE,
    LibraryType.ADULT: MediaType.MOVIE,
    LibraryType.TVSHOW: MediaType.EPISODE,
}
"""The types of libraries that are scanned, and what their files are."""

_GREATEST_NUMBER = 2**31 - 1
_nfo_json = TypeAdapter(Nfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts(ParsedName):
    """Name and NFO together; where both speak, the NFO file was written by somebody who knew."""

    nfo: dict[str, Any] | None = None
    nfo_error: str | None = None
    """Why the NFO file could not be read."""


NameReader = Callable[..., ParsedName]
NfoReader = Callable[[bytes], Nfo | None]


class FactReader:
    """Reads files' names and NFO files; blocks on the disk where there is an NFO file."""

    def __init__(self, *, read_name: NameReader = read_name, read_nfo: NfoReader = read_nfo) -> None:
        self._read_name = read_name
        self._read_nfo = read_nfo

    def read(self, file: WalkFile, root: bytes, media: MediaType) -> FileFacts:
        """Return the facts about ``file`` in a library of ``media``; the names above ``root`` say nothing about it."""
        facts = self._from_name(file, root, media)
        if file.nfo is None:
            return facts
        try:
            nfo = self._read_nfo(file.nfo)
        except NfoUnreadable as error:
            return replace(facts, nfo_error=error.reason)
        return facts if nfo is None else merge(facts, nfo)

    def _from_name(self, file: WalkFile, root: bytes, media: MediaType) -> FileFacts:
        named = file.path if file.disc is None else os.path.dirname(file.path)
        relative = named[len(root.rstrip(b"/")) + 1 :]
        parsed = self._read_name(relative, media=media) if relative else None
        if parsed is None or parsed.title is None:
            # The root is the film's or the series' own folder.
            parsed = self._read_name(os.path.join(os.path.basename(root), relative), media=media)
        return from_name(parsed)


def from_name(parsed: ParsedName) -> FileFacts:
    """Return what a name says in a form that a table can hold."""
    return FileFacts(
        media=parsed.media,
        title=clean_text(parsed.title),
        year=_number(parsed.year),
        season=_number(parsed.season),
        episodes=_numbers(parsed.episodes),
        absolute=_numbers(parsed.absolute),
        air_date=parsed.air_date,
        edition=clean_text(parsed.edition),
        part=_number(parsed.part),
        tmdb_id=_number(parsed.tmdb_id),
        imdb_id=clean_text(parsed.imdb_id),
        tvdb_id=_number(parsed.tvdb_id),
        resolution=clean_text(parsed.resolution),
        source=clean_text(parsed.source),
        video_codec=clean_text(parsed.video_codec),
        release_group=clean_text(parsed.release_group),
        episode_title=clean_text(parsed.episode_title),
    )


def merge(facts: FileFacts, nfo: Nfo) -> FileFacts:
    """Return the facts with what an NFO file adds; one about something else (a series' in a film's folder) adds nothing."""
    kept = _nfo_json.dump_python(nfo, mode="json", exclude_defaults=True)
    match facts.media, nfo.kind:
        case MediaType.MOVIE, NfoKind.MOVIE | None:
            return replace(
                facts,
                title=clean_text(nfo.title) or facts.title,
                year=_number(nfo.year) or facts.year,
                tmdb_id=_number(nfo.tmdb_id) or facts.tmdb_id,
                imdb_id=nfo.imdb_id or facts.imdb_id,
                tvdb_id=_number(nfo.tvdb_id) or facts.tvdb_id,
                nfo=kept,
            )
        case MediaType.EPISODE, NfoKind.EPISODE:
            told = (nfo, *nfo.further)
            episodes = _numbers(tuple(sorted({each.episode for each in told if each.episode is not None})))
            return replace(
                facts,
                title=clean_text(nfo.show_title) or facts.title,
                season=facts.season if nfo.season is None else _number(nfo.season),
                episodes=episodes or facts.episodes,
                episode_title=clean_text(nfo.title) or facts.episode_title,
                nfo=kept,
            )
        case _:
            return replace(facts, nfo=kept)


def _number(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _GREATEST_NUMBER else None


def _numbers(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(value for value in values if 0 <= value <= _GREATEST_NUMBER)


def is_probed(file: WalkFile) -> bool:
    """Whether a file's contents can be read at all."""
    from revenge.content.library.walk import NOT_PROBED, extension

    return file.disc is Disc.BLURAY or extension(os.path.basename(file.path)) not in NOT_PROBED
