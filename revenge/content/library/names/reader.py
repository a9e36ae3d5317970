"""Read a media file's name: put together what the file and the folders above it say."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from revenge.content.library.names.counting import Surroundings, find_counted
from revenge.content.library.names.dates import find_air_date, find_years
from revenge.content.library.names.extras import extra_suffix, stack_part
from revenge.content.library.names.folders import Folder, read_folder
from revenge.content.library.names.identifiers import Identifiers, find_identifiers
from revenge.content.library.names.models import MediaType, ParsedName
from revenge.content.library.names.numbering import Numbering, find_numbering, find_part, find_season
from revenge.content.library.names.paths import split_path
from revenge.content.library.names.release import Release, find_marks, summarise
from revenge.content.library.names.titles import Facts, choose_year, clean, find_title
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


class _Reading(NamedTuple):
    """What one file's name says, before its folders are asked for the rest."""

    facts: Facts
    title: str
    year: int | None
    release: Release
    part: int | None
    extra: bool
    episode_title: str | None


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
    reading = _read_file(Name(stem), folders, media)
    extra = reading.extra or _in_extras(names, folders, reading)
    if media is not MediaType.MOVIE and not extra and _is_episode(reading, folders, media):
        return _episode(reading, folders)
    return _movie(reading, folders, media, extra=extra)


def _read_file(name: Name, folders: list[Folder], media: MediaType | None) -> _Reading:
    marks, years, identifiers = find_marks(name), find_years(name), find_identifiers(name)
    if media is MediaType.MOVIE:
        facts = Facts(name, marks, years, identifiers)
    else:
        facts = Facts(name, marks, years, identifiers, None, find_air_date(name), find_season(name))
        facts = facts._replace(numbering=_numbering(facts, folders, media))
        if _contradicts(facts):
            facts = facts._replace(season_mark=None)
    suffix = extra_suffix(name)
    year = choose_year(facts)
    part = None
    if facts.numbering is None:
        sure = next((mark.start for mark in marks if mark.term.sure and mark.start > name.begin), None)
        edges = [edge for edge in (sure, year.start if year else None) if edge is not None]
        part = stack_part(name, behind=min(edges, default=None))
    cuts = [cut for cut in (suffix, part[1] if part else None) if cut is not None]
    if cuts:
        facts = facts._replace(cut=min(cuts))
    title, end = find_title(facts, year)
    episode_title, tail = _episode_title(facts, end)
    return _Reading(
        facts=facts,
        title=title,
        year=year.value if year else None,
        release=summarise(name, marks, tail=tail),
        part=part[0] if part else None,
        extra=suffix is not None,
        episode_title=episode_title,
    )


def _contradicts(facts: Facts) -> bool:
    """Tell whether a lone season cannot be one: it is part of the numbering or of the date, or names another season."""
    mark, numbering, day = facts.season_mark, facts.numbering, facts.air_date
    if mark is None:
        return False
    if day is not None and mark.end > day.start:
        return True
    if numbering is None:
        return False
    return mark.start >= numbering.start or (not mark.plain and numbering.season not in {mark.season, None})


def _numbering(facts: Facts, folders: list[Folder], media: MediaType | None) -> Numbering | None:
    """Find the episode: said outright, else by its air date alone, else as a part or a bare number."""
    season = _folder_season(folders)
    in_series = media is MediaType.EPISODE or season is not None
    around = Surroundings(facts.name, facts.marks, facts.years, facts.season_mark, season, in_series)
    found = find_numbering(facts.name)
    if found and (found.sure or in_series or not around.year_behind(found.end)):
        return _with_season(found, around)
    if facts.air_date is not None:
        return None
    counted, part = find_counted(around), find_part(facts.name, alone=season is not None)
    if part and (in_series or (around.television and not around.year_behind(part.end))):
        at_start = counted is not None and counted.start <= facts.name.begin and season is None
        if counted is None or at_start or part.start <= counted.start < part.end:
            return _with_season(part, around)
    return counted if counted and (counted.sure or in_series) else None


def _with_season(found: Numbering, around: Surroundings) -> Numbering:
    """Give a season to an episode that names none: the folder's, the name's, or the only one."""
    if found.season is not None and found.sure:
        return found
    if around.folder_season is not None:
        return found._replace(season=around.folder_season, absolute=())
    if around.season_mark is not None and around.season_mark.start < found.start:
        return found._replace(season=around.season_mark.season)
    return found if around.fansub and found.absolute else found._replace(season=1)


def _folder_season(folders: list[Folder]) -> int | None:
    return next((folder.season for folder in folders[:2] if folder.season is not None), None)


def _episode_title(facts: Facts, end: int) -> tuple[str | None, int]:
    """Give the text between the numbering and the release words, and where that ends."""
    name = facts.name
    spans = [(span.start, span.end) for span in (facts.numbering, facts.air_date) if span is not None]
    if not spans:
        return None, end
    start = max(stop for _, stop in spans)
    stops = [mark.start for mark in facts.marks if mark.term.sure and mark.start >= start]
    stops += [opened for opened, _ in name.brackets if opened >= start]
    stops += [cut for cut in (facts.cut, facts.identifiers.start) if cut is not None and cut >= start]
    stop = min(stops, default=len(name.text))
    weak = [mark for mark in facts.marks if start <= mark.start and mark.end <= stop]
    index = name.first_word_from(stop) - 1
    while weak and weak[-1].last == index and stops:
        stop, index = weak[-1].start, weak[-1].first - 1
        weak.pop()
    text = clean(name.text[start:stop])
    return (text if any(letter.isalpha() for letter in text) else None), max(start, stop if text else start)


def _is_episode(reading: _Reading, folders: list[Folder], media: MediaType | None) -> bool:
    facts = reading.facts
    if (
        media is MediaType.EPISODE
        or facts.numbering is not None
        or facts.air_date is not None
        or facts.season_mark is not None
    ):
        return True
    return _folder_season(folders) is not None or bool(folders and folders[0].numbering)


def _in_extras(names: tuple[str, ...], folders: list[Folder], reading: _Reading) -> bool:
    """Tell whether a folder such as ``Trailers`` holds the file; "Extras" may also be a series."""
    for depth, folder in enumerate(folders[:2]):
        if folder.extras:
            owned = any(above.title or above.season is not None for above in folders[depth + 1 : depth + 2])
            unclear = reading.facts.numbering is not None or names[depth].strip().lower() in _AMBIGUOUS_EXTRAS
            return owned or not unclear
        if folder.season is not None or folder.numbering is not None:
            return False
    return False


def _episode(reading: _Reading, folders: list[Folder]) -> ParsedName:
    numbering, facts = reading.facts.numbering, reading.facts
    title, year, episode_title = reading.title, reading.year, reading.episode_title
    if folders and (theirs := folders[0].numbering) and not _outright(facts):
        numbering = _of_folder(theirs, numbering)
        title, year = folders[0].title, folders[0].year
    owner = next((folder for folder in folders[:3] if folder.title and folder.number is None), None)
    if (
        numbering is None
        and facts.air_date is None
        and facts.season_mark is None
        and owner is not None
        and _folder_season(folders) is not None
    ):
        title, year, episode_title = owner.title, owner.year, title or None
    elif not title and owner is not None:
        title, year = owner.title, year or owner.year
    elif not title and facts.air_date is not None and episode_title:
        title, episode_title = episode_title, None
    elif owner is not None and year is None and _folded(owner.title) == _folded(title):
        year = owner.year
    release, ids = _shared(reading, [folder for folder in folders[:3] if folder.title or folder.season is not None])
    return ParsedName(
        media=MediaType.EPISODE,
        title=title or None,
        year=year,
        season=_season(numbering, facts, folders),
        episodes=numbering.episodes if numbering else (),
        absolute=numbering.absolute if numbering else (),
        air_date=facts.air_date.day if facts.air_date else None,
        episode_title=episode_title,
        edition=release.edition,
        tmdb_id=ids.tmdb,
        imdb_id=ids.imdb,
        tvdb_id=ids.tvdb,
        resolution=release.resolution,
        source=release.source,
        video_codec=release.video_codec,
        release_group=release.group,
    )


def _outright(facts: Facts) -> bool:
    """Tell whether the file itself says season and episode, so that its folder need not."""
    return facts.air_date is not None or (
        facts.numbering is not None and bool(_PLAIN.match(facts.name.flat, facts.numbering.start))
    )


_PLAIN = re.compile(r"[^\W0-9]|[0-9]{1,4}x[0-9]")


def _of_folder(theirs: Numbering, own: Numbering | None) -> Numbering:
    if own and len(theirs.episodes) > 1 and own.episodes and own.episodes[0] in theirs.episodes:
        return own._replace(season=theirs.season)
    return theirs


def _season(numbering: Numbering | None, facts: Facts, folders: list[Folder]) -> int | None:
    if numbering is not None and numbering.season is not None:
        return numbering.season
    if numbering is None and facts.season_mark is not None:
        return facts.season_mark.season
    season = _folder_season(folders)
    if season is None and folders and folders[0].number is not None and len(folders) > 1 and folders[1].title:
        return folders[0].number
    return season


def _movie(reading: _Reading, folders: list[Folder], media: MediaType | None, *, extra: bool) -> ParsedName:
    title, year = reading.title, reading.year
    owner = next((folder for folder in folders[:3] if folder.title), None)
    poor = _is_poor(reading, owner)
    if owner is not None and (poor or extra or (year is None and _one_film(owner))):
        title, year = owner.title, owner.year
    elif poor and not (title and media is MediaType.MOVIE):
        title = ""
    part = reading.part or next((folder.disc for folder in folders[:1] if folder.disc), None)
    found = MediaType.EXTRA if extra else media if media not in {None, MediaType.UNKNOWN} else None
    same = owner is not None and _folded(owner.title) == _folded(title)
    release, ids = _shared(reading, [owner] if owner is not None and same else [])
    return ParsedName(
        media=found or (MediaType.MOVIE if title else MediaType.UNKNOWN),
        title=title or None,
        year=year,
        part=part,
        edition=release.edition,
        tmdb_id=ids.tmdb,
        imdb_id=ids.imdb,
        tvdb_id=ids.tvdb,
        resolution=release.resolution,
        source=release.source,
        video_codec=release.video_codec,
        release_group=release.group,
    )


def _is_poor(reading: _Reading, owner: Folder | None) -> bool:
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


def _shared(reading: _Reading, owners: list[Folder]) -> tuple[Release, Identifiers]:
    """Give the facts that films and episodes share: the file's own first, then those of its folders."""
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
    return release, ids


def _folded(title: str) -> str:
    """Write a title so that spellings of it compare equal."""
    plain = (
        title
        if title.isascii()
        else "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))
    )
    return " ".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())
