"""Read what the folders above a file say: season, kind of extras, title, year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from revenge.content.library.names.dates import find_air_date, find_years
from revenge.content.library.names.extras import EXTRA_FOLDERS, disc_folder
from revenge.content.library.names.identifiers import NO_IDENTIFIERS, Identifiers, find_identifiers
from revenge.content.library.names.numbering import Numbering, find_numbering, find_season
from revenge.content.library.names.numerals import ORDINAL, ORDINALS, SEASON, SEASON_BEHIND
from revenge.content.library.names.paths import latin_alternative
from revenge.content.library.names.release import NO_RELEASE, Release, find_marks, summarise
from revenge.content.library.names.titles import Facts, choose_year, find_title
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import listed

_SHELVES = listed(
    "movies, movie, films, film, filme, cinema, peliculas, tv, tv shows, tvshows, tv series, tv-shows, shows, show, series, serien, serie, anime, animes, cartoons, "
    "documentaries, kids, media, medias, video, videos, library, libraries, multimedia, plex, jellyfin, emby, kodi, server, share, shares, data, mnt, srv, home, "
    "root, volume1, volume2, volumes, users, user, downloads, download, torrents, torrent, usenet, complete, completed, incomplete, incoming, finished, sonarr, "
    "radarr, unsorted, sorted, temp, tmp, test, tests, tv drop, drop, new, hd, uhd, 4k, 1080p, 720p, nas, storage, disk, disk1, disk2, archive, backup, content, "
    "nzb, seeding, watched, unwatched, collections, movies 4k, 4k movies, tv 4k, anime movies, movies 3d, 3d movies, kids movies, var, opt, usr, export, "
    "dcim, camera, camera uploads, video ts, bdmv, stream, audio ts, playlist, subs, subtitles"
)
_DRIVE = re.compile(r"[a-z]:?$")
_SEASON = re.compile(rf"(?:{SEASON})[ .#-]{{0,3}}([0-9]{{1,4}})(?![\w])(?!\.[0-9])")
_SEASON_SHORT = re.compile(r"[st] ?([0-9]{1,4})$")
_SEASON_BEHIND = re.compile(
    rf"(?:([0-9]{{1,4}})(?:st|nd|rd|th|\.|ª|º)?|({ORDINAL}))[ .]?(?:{SEASON_BEHIND})(?!\w)|第 ?([0-9]{{1,2}}) ?[季期]"
)
_SPECIALS = listed(
    "specials, special, season specials, specialer, speciale, especiales, spéciaux, extras specials, ova, ovas, oad, sp, sonderfolgen, спешлы"
)
_NUMBER = re.compile(r"[0-9]{1,2}$|(?:19|20)[0-9]{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What the name of one folder says."""

    shelf: str = ""
    """The name of a place where all sorts of things lie, such as ``Movies``: no title, unless seasons lie right in it."""
    extras: bool = False
    season: int | None = None
    number: int | None = None
    """A folder named by a number alone: a season, if the file is an episode."""
    disc: int | None = None
    title: str = ""
    year: int | None = None
    numbering: Numbering | None = None
    identifiers: Identifiers = NO_IDENTIFIERS
    release: Release = NO_RELEASE


@lru_cache(maxsize=4096)
def read_folder(text: str) -> Folder:
    """Say what a folder's name means. Folders are shared by many files, so answers are kept."""
    plain = " ".join(text.replace("_", " ").lower().split())
    if not plain or _DRIVE.match(plain):
        return Folder()
    if plain in _SHELVES:
        return Folder(shelf=text.strip())
    if plain in EXTRA_FOLDERS:
        return Folder(extras=True)
    if plain in _SPECIALS:
        return Folder(season=0)
    if disc := disc_folder(plain):
        return Folder(disc=disc)
    if (season := _season_folder(plain)) is not None:
        return Folder(season=season)
    if _NUMBER.match(plain):
        return Folder(number=int(plain), title=text.strip())
    return _read_title(text)


def _season_folder(plain: str) -> int | None:
    match = _SEASON.match(plain) or _SEASON_SHORT.match(plain)
    if match:
        return int(match[1])
    if match := _SEASON_BEHIND.match(plain):
        digits = match[1] or match[3]
        return int(digits) if digits else ORDINALS[match[2]]
    return None


def _read_title(text: str) -> Folder:
    name = Name(latin_alternative(text))
    marks = find_marks(name)
    numbering = find_numbering(name)
    if numbering is not None and (not numbering.sure or numbering.season is None):
        numbering = None
    facts = Facts(
        name=name,
        marks=marks,
        years=find_years(name),
        identifiers=find_identifiers(name),
        numbering=numbering,
        air_date=find_air_date(name) if numbering is not None else None,
        season_mark=None if numbering is not None else find_season(name),
    )
    year = choose_year(facts)
    title, end = find_title(facts, year)
    tail = max(end, numbering.end if numbering is not None else 0)
    return Folder(
        season=facts.season_mark.season if facts.season_mark is not None else None,
        title=title,
        year=year.value if year is not None else None,
        numbering=numbering,
        identifiers=facts.identifiers,
        release=summarise(name, marks, tail=tail),
    )
