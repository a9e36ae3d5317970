"""The NFO files of series: where they lie, and what they say of one episode."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from revenge.content.library.nfo import Nfo, NfoKind, NfoUnreadable, read_nfo
from revenge.content.metadata.models import EpisodeDetails, SeriesDetails
from revenge.content.metadata.nfo import NAME, episodes_from_nfo, series_from_nfo

_SERIES_FILE = b"tvshow.nfo"
_LEVELS = 3
"""Above a file: its own folder, its season's, its series'."""
_adapter = TypeAdapter(Nfo)


def read_series_nfo(path: bytes, root: bytes) -> Nfo | None:
    """Return what the ``tvshow.nfo`` says that lies nearest above ``path``, within ``root``; blocks on the disk."""
    folder = os.path.dirname(path)
    for _ in range(_LEVELS):
        if not (folder + b"/").startswith(root.rstrip(b"/") + b"/"):
            return None
        try:
            found = read_nfo(os.path.join(folder, _SERIES_FILE))
        except NfoUnreadable:
            return None
        if found is not None:
            return found if found.kind in (NfoKind.TVSHOW, None) else None
        folder = os.path.dirname(folder)
    return None


def series_details(nfo: Nfo, *, title: str, year: int | None) -> SeriesDetails:
    """Return a series; ``title`` and ``year`` are those of its files, for where the NFO file names none."""
    whole = replace(nfo, kind=NfoKind.TVSHOW, title=nfo.title or title, year=nfo.year or year)
    said = series_from_nfo(_adapter.dump_python(whole))
    return said or SeriesDetails(provider=NAME, title=title, year=year)


def episode_details(stored: Mapping[str, Any], season: int, number: int) -> EpisodeDetails | None:
    """Return an episode out of what a scan kept of a file's NFO file; None where it says nothing of that one."""
    try:
        told = episodes_from_nfo(stored)
    except ValidationError:
        return None
    return next((each for each in told if (each.season, each.number) == (season, number)), None)
