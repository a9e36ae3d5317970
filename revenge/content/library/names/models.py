"""What a name says: the answer of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class MediaType(StrEnum):
    """What a file is, as far as its name tells."""

    MOVIE = "movie"
    EPISODE = "episode"
    EXTRA = "extra"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedName:
    """The facts in a path; ``None`` or an empty tuple is a fact that the path does not state."""

    media: MediaType = MediaType.UNKNOWN
    title: str | None = None
    """The film's or the series' title, without year, edition or release words."""
    year: int | None = None
    """The film's or the series' year. A daily episode's year is in ``air_date`` alone."""
    season: int | None = None
    """0 for specials; 1 for series numbered by episode alone (``E07``, ``Part 2``); a year where seasons are years."""
    episodes: tuple[int, ...] = ()
    """Ascending. A range of two ends (``E01-E03``) is filled in; a longer list is taken as written."""
    absolute: tuple[int, ...] = ()
    """Numbers counted from the first episode, through all seasons, as fansubs count."""
    air_date: date | None = None
    """``None`` too where day and month cannot be told apart."""
    edition: str | None = None
    """A standard term (``Extended``, ``Director's Cut``), or the text of ``{edition-...}``."""
    part: int | None = None
    """Position in a stack of files that make one film."""
    tmdb_id: int | None = None
    imdb_id: str | None = None
    """With its ``tt``."""
    tvdb_id: int | None = None
    resolution: str | None = None
    """Lines and scan: ``2160p``, ``1080p``, ``1080i``, ``720p``, ``576p``, ``480p``, ..."""
    source: str | None = None
    """``Remux BluRay HDDVD WEB-DL WEBRip HDTV SDTV DVD VHS Screener Telecine Telesync CAM Workprint``."""
    video_codec: str | None = None
    """``h264 hevc av1 vp9 vp8 vc1 mpeg2 mpeg4 xvid divx wmv vvc``."""
    release_group: str | None = None
    episode_title: str | None = None
