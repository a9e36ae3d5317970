"""Read one file's own name, before its folders are asked for the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from revenge.content.library.names.counting import Surroundings, find_counted
from revenge.content.library.names.dates import find_air_date, find_years
from revenge.content.library.names.extras import extra_suffix, stack_part
from revenge.content.library.names.identifiers import find_identifiers
from revenge.content.library.names.models import MediaType
from revenge.content.library.names.numbering import Numbering, find_numbering, find_part, find_season
from revenge.content.library.names.release import Release, find_marks, summarise
from revenge.content.library.names.specials import find_special
from revenge.content.library.names.spelling import clean
from revenge.content.library.names.titles import Facts, choose_year, find_title
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import ARTICLES


class Reading(NamedTuple):
    """What one file's name says."""

    facts: Facts
    title: str
    year: int | None
    release: Release
    part: int | None
    extra: bool
    episode_title: str | None


def read_file(name: Name, *, folder_season: int | None, media: MediaType | None, in_film: bool = False) -> Reading:
    """Say what a file's name means in a folder of that season, or of none, in a library of that kind.

    ``in_film``: a folder above is a film's own, so that the name need not hold its title.
    """
    facts = Facts(name, find_marks(name), find_years(name), find_identifiers(name))
    if media is not MediaType.MOVIE:
        facts.air_date, facts.season_mark = find_air_date(name), find_season(name)
        facts.numbering = _numbering(facts, folder_season, media)
        if _contradicts(facts):
            facts.season_mark = None
    year = choose_year(facts)
    suffix = extra_suffix(name)
    part = (
        stack_part(name, behind=_first_edge(facts, year.start if year else None)) if facts.numbering is None else None
    )
    facts.cut = min((cut for cut in (suffix, part.start if part else None) if cut is not None), default=None)
    title, end = find_title(facts, year)
    is_film = folder_season is None and media is not MediaType.EPISODE and suffix is None and not in_film
    if is_film and year is not None and year.bracketed and ARTICLES.issuperset(title.lower().split()):
        # "Director's Cut (2016)", "Disc 9 (2008)": where nothing else is before the year, these are the title.
        behind = [mark for mark in facts.marks if mark.start >= year.end]
        bare = replace(facts, marks=behind, cut=part.start if part and part.start >= year.end else None)
        found, bound = find_title(bare, year)
        if found != title:
            facts, title, end = bare, found, bound
            part = part if facts.cut is not None else None
    episode_title, tail = _episode_title(facts, end)
    return Reading(
        facts=facts,
        title=title,
        year=year.value if year else None,
        release=summarise(name, facts.marks, tail=tail, part=part[1:] if part else None),
        part=part.number if part else None,
        extra=suffix is not None,
        episode_title=episode_title,
    )


def _first_edge(facts: Facts, year: int | None) -> int | None:
    """Give the position of the year or of the first sure release word, whichever comes first."""
    edges = [mark.start for mark in facts.marks if mark.term.sure and mark.start > facts.name.begin][:1]
    return min([*edges, year] if year is not None else edges, default=None)


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


def _numbering(facts: Facts, season: int | None, media: MediaType | None) -> Numbering | None:
    """Find the episode: said outright, else by its air date alone, else as a part or a bare number."""
    in_series = media is MediaType.EPISODE or season is not None
    around = Surroundings(facts.name, facts.marks, facts.years, facts.season_mark, season, in_series)
    found = find_numbering(facts.name)
    if found is None or found.season is None:
        special = find_special(facts.name, facts.marks, in_series=in_series or around.fansub)
        found = special if special and (found is None or special.start < found.start) else found
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
