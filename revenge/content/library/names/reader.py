"""Read a media file's name: put together what the file and the folders above it say."""

from __future__ import annotations

import re
from typing import Any

from revenge.content.library.names.folders import Folder, read_folder
from revenge.content.library.names.identifiers import Identifiers
from revenge.content.library.names.models import MediaType, ParsedName
from revenge.content.library.names.numbering import Numbering
from revenge.content.library.names.paths import split_path
from revenge.content.library.names.reading import Reading, read_file
from revenge.content.library.names.release import Release
from revenge.content.library.names.spelling import folded
from revenge.content.library.names.titles import Facts
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import listed

_NO_TITLE = listed(
    "movie, film, video, feature, main, main movie, mainmovie, main feature, title, index, disc, disk, dvd, bdmv, video ts, sample, untitled, unknown, file, "
    "output, encode, final, full movie, fullmovie, the movie, menu, stream, part"
)
_MACHINE_MADE = re.compile(
    r"(?:[0-9a-f]{16,}|[0-9a-z]{24,}|vts[ ]?[0-9]{2}[ ]?[0-9]{1,2}|title ?t?[0-9]{1,3}|[0-9]{5}|img[ -]?[0-9]{3,}|(?:mvi|dsc|dscn|gopr|gh|vid)[ -]?[0-9]{3,}[ 0-9]*)$"
)
_ABBREVIATED = re.compile(r"[a-z0-9]{1,12}(?:-[a-z0-9.]{1,20}){0,5}$")
_MANY_FILMS = re.compile(
    r"(?<!\w)(?:collection|trilogy|quadrilogy|saga|anthology|boxset|box set|duology|sammlung|filmreihe|complete)(?!\w)"
)
_AMBIGUOUS_EXTRAS = frozenset(
    {"other", "others", "shorts", "clips", "scenes", "extra", "backdrops", "interviews", "interview", "proof"}
)
_OUTRIGHT = re.compile(r"[^\W0-9]|[0-9]{1,4}x[0-9]")


def read_name(path: str | bytes, *, media: MediaType | None = None) -> ParsedName:
    """Say what the name of a file, and the names of the folders above it, tell about it.

    Args:
        path: absolute or not, of any system, or the bare name of a release. Bytes need not be UTF-8.
        media: what the library holds, if that is known: ``MOVIE`` or ``EPISODE`` decides how the name is read
            (a bare number is an episode in a library of series and a piece of the title among films).
            Trailers, samples and other extras are ``EXTRA`` all the same.

    Never raises, whatever the path holds, and takes time in proportion to its length, which is read up to a bound.
    """
    stem, names = split_path(path)
    if not stem:
        return ParsedName(media=media or MediaType.UNKNOWN)
    folders = [read_folder(name) for name in names]
    owner = _owner(folders)
    in_film = owner is not None and _one_film(owner)
    reading = read_file(Name(stem), folder_season=_folder_season(folders), media=media, in_film=in_film)
    extra = reading.extra or _in_extras(names, folders, reading)
    if media is not MediaType.MOVIE and not extra and _is_episode(reading, folders, media):
        return _episode(reading, folders)
    return _movie(reading, folders, media, extra=extra)


def _folder_season(folders: list[Folder]) -> int | None:
    for folder in folders[:2]:
        if folder.season is not None:
            return folder.season
    return None


def _owner(folders: list[Folder]) -> Folder | None:
    """Give the nearest folder with a title."""
    return next((folder for folder in folders[:3] if folder.title), None)


def _is_episode(reading: Reading, folders: list[Folder], media: MediaType | None) -> bool:
    facts = reading.facts
    if media is MediaType.EPISODE or facts.numbering or facts.air_date or facts.season_mark:
        return True
    return _folder_season(folders) is not None or bool(folders and folders[0].numbering)


def _in_extras(names: tuple[str, ...], folders: list[Folder], reading: Reading) -> bool:
    """Tell whether a folder such as ``Trailers`` holds the file; "Extras" may also be a series."""
    for depth, folder in enumerate(folders[:2]):
        if folder.extras:
            owned = any(above.title or above.season is not None for above in folders[depth + 1 : depth + 2])
            unclear = reading.facts.numbering is not None or names[depth].strip().lower() in _AMBIGUOUS_EXTRAS
            return owned or not unclear
        if folder.season is not None or folder.numbering is not None:
            return False
    return False


def _episode(reading: Reading, folders: list[Folder]) -> ParsedName:
    numbering, facts = reading.facts.numbering, reading.facts
    if folders and (theirs := folders[0].numbering) and not _outright(facts):
        # "Show.S02E18.720p-GRP/45a55debe38.mkv": the folder is the release, the file's own name says nothing.
        numbering = _of_folder(theirs, numbering)
        owner = _series_folder(folders)
        title, year, episode_title = (*owner, reading.episode_title) if owner else ("", None, reading.episode_title)
    else:
        title, year, episode_title = _series(reading, folders)
    told = _told_by_release(reading, [folder for folder in folders[:3] if folder.title or folder.season is not None])
    return ParsedName(
        media=MediaType.EPISODE,
        title=title or None,
        year=year,
        season=_season(numbering, facts, folders),
        episodes=numbering.episodes if numbering else (),
        absolute=numbering.absolute if numbering else (),
        air_date=facts.air_date.day if facts.air_date else None,
        episode_title=episode_title,
        **told,
    )


def _outright(facts: Facts) -> bool:
    """Tell whether the file itself says season and episode, so that its folder need not."""
    if facts.air_date is not None:
        return True
    return facts.numbering is not None and bool(_OUTRIGHT.match(facts.name.flat, facts.numbering.start))


def _of_folder(theirs: Numbering, own: Numbering | None) -> Numbering:
    if own and len(theirs.episodes) > 1 and own.episodes and own.episodes[0] in theirs.episodes:
        return own._replace(season=theirs.season)
    return theirs


def _series(reading: Reading, folders: list[Folder]) -> tuple[str, int | None, str | None]:
    """Give the series' title and year, and the episode's title, from the file or else from the folder of the series."""
    facts, title, year, episode_title = reading.facts, reading.title, reading.year, reading.episode_title
    owner = _series_folder(folders)
    if owner is None:
        # "2011.01.10 - A Late Show.mkv": behind a date stands the series, unless a folder is called so.
        return (title, year, episode_title) if title or not facts.air_date else (episode_title or "", year, None)
    in_season = _folder_season(folders) is not None
    if in_season and not (facts.numbering or facts.air_date or facts.season_mark):
        return *owner, _without_series(title, owner[0]) or None
    if not title or (in_season and _ABBREVIATED.match(title.lower())):
        return owner[0], year or owner[1], episode_title
    if year is None and folded(owner[0]) == folded(title):
        year = owner[1]
    return title, year, episode_title


def _without_series(title: str, series: str) -> str:
    """Give what a special is called, without the series' name before it: ``Show - The Making Of``."""
    head, dash, rest = title.partition(" - ")
    return rest if dash and folded(head) == folded(series) else title


def _series_folder(folders: list[Folder]) -> tuple[str, int | None] | None:
    """Give title and year by the folder of the series: the one above the seasons, whatever its name, else the first with a title."""
    number = None
    for below, folder in zip([None, *folders], folders[:3], strict=False):
        if below is not None and below.season is not None and not below.title and not folder.disc:
            return (folder.title or folder.shelf, folder.year) if folder.title or folder.shelf else None
        if folder.title and folder.number is None:
            return folder.title, folder.year
        number = number or folder.number
    return (str(number), None) if number else None


def _season(numbering: Numbering | None, facts: Facts, folders: list[Folder]) -> int | None:
    if numbering is not None and numbering.season is not None:
        return numbering.season
    if numbering is None and facts.season_mark is not None:
        return facts.season_mark.season
    season = _folder_season(folders)
    if season is None and folders and folders[0].number is not None and len(folders) > 1 and folders[1].title:
        return folders[0].number
    return season


def _movie(reading: Reading, folders: list[Folder], media: MediaType | None, *, extra: bool) -> ParsedName:
    title, year = reading.title, reading.year
    owner = _owner(folders)
    poor = _is_poor(reading, owner)
    if owner is not None and (poor or extra or (year is None and _one_film(owner))):
        title, year = owner.title, owner.year
    elif poor and not extra and media is not MediaType.MOVIE:
        title = ""
    part = reading.part or next((folder.disc for folder in folders[:1] if folder.disc), None)
    found = MediaType.EXTRA if extra else media if media not in {None, MediaType.UNKNOWN} else None
    trusted = owner is not None and (owner.identifiers.start is not None or folded(owner.title) == folded(title))
    told = _told_by_release(reading, [owner] if owner is not None and trusted else [])
    return ParsedName(
        media=found or (MediaType.MOVIE if title else MediaType.UNKNOWN),
        title=title or None,
        year=year,
        part=part,
        **told,
    )


def _is_poor(reading: Reading, owner: Folder | None) -> bool:
    """Tell whether a person would look at the folder rather than at this name."""
    title = reading.title.lower()
    if not title or (reading.year is None and title in _NO_TITLE) or _MACHINE_MADE.match(title.replace("_", " ")):
        return True
    if owner is None or reading.year is not None or " " in title:
        return False
    return _one_film(owner) and bool(_ABBREVIATED.match(title))


def _one_film(folder: Folder) -> bool:
    """Tell whether a folder is a film's own, ``Title (2010)``, and not that of a collection."""
    return folder.year is not None and not _MANY_FILMS.search(folder.title.lower())


def _told_by_release(reading: Reading, owners: list[Folder]) -> dict[str, Any]:
    """Give the fields that films and episodes share: the file's own first, then those of its folders."""
    release, ids = reading.release, reading.facts.identifiers
    for owner in owners:
        theirs = owner.release
        release = Release(
            resolution=release.resolution or theirs.resolution,
            source=release.source or theirs.source,
            video_codec=release.video_codec or theirs.video_codec,
            edition=release.edition or theirs.edition,
            group=release.group or theirs.group,
        )
        ids = Identifiers(
            ids.tmdb or owner.identifiers.tmdb, ids.imdb or owner.identifiers.imdb, ids.tvdb or owner.identifiers.tvdb
        )
    return {
        "edition": release.edition,
        "tmdb_id": ids.tmdb,
        "imdb_id": ids.imdb,
        "tvdb_id": ids.tvdb,
        "resolution": release.resolution,
        "source": release.source,
        "video_codec": release.video_codec,
        "release_group": release.group,
    }
