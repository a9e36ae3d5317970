"""Decide where a title ends, and write it as a person would."""

from __future__ import annotations

import re
from dataclasses import dataclass

from revenge.content.library.names.dates import AirDate, Year, starts_with_year
from revenge.content.library.names.identifiers import Identifiers
from revenge.content.library.names.numbering import Numbering, SeasonMark
from revenge.content.library.names.release import Mark
from revenge.content.library.names.spelling import clean
from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import ARTICLES, ORDINARY_WORDS, Kind

_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef·・：！？、。—\- ._]+(?=[A-Za-z0-9])")
_LATIN = re.compile(r"[A-Za-z]{2}")


@dataclass(slots=True)
class Facts:
    """All that was found in a name and can bound its title; filled in as it is found."""

    name: Name
    marks: list[Mark]
    years: list[Year]
    identifiers: Identifiers
    numbering: Numbering | None = None
    air_date: AirDate | None = None
    season_mark: SeasonMark | None = None
    cut: int | None = None
    """Where the number of a stack's part or the suffix of an extra starts."""


def choose_year(facts: Facts) -> Year | None:
    """Pick the year of release among the numbers that look like one.

    Brackets beat bare numbers, and the last number before the release words beats those before it: they are
    the title ("2012.2009", "1917.2019.1080p").
    """
    years = [year for year in facts.years if not _within(year, facts.air_date) and not _within(year, facts.numbering)]
    if facts.numbering and facts.numbering.start > facts.name.begin:
        before = [year for year in years if year.end <= facts.numbering.start]
        if not before:
            return next((year for year in years if year.bracketed or _follows(facts, facts.numbering, year)), None)
        years = before
    bracketed = [year for year in years if year.bracketed]
    if bracketed:
        return bracketed[-1] if bracketed[0].start <= facts.name.begin else bracketed[0]
    edge = _first_sure(facts)
    in_title = [year for year in years if edge is None or year.start < edge]
    if in_title:
        return in_title[-1]
    return years[0] if years else None


def _within(year: Year, span: AirDate | Numbering | None) -> bool:
    return span is not None and span.start <= year.start < span.end


def _follows(facts: Facts, numbering: Numbering, year: Year) -> bool:
    """Tell whether a bare year stands between the numbering and the release words, with nothing else."""
    name = facts.name
    index = name.first_word_from(year.end)
    released = index >= len(name.words) or any(mark.first == index for mark in facts.marks)
    return released and not name.flat[numbering.end : year.start].strip(" .-_")


def _first_sure(facts: Facts) -> int | None:
    return next((mark.start for mark in facts.marks if mark.term.sure and mark.start > facts.name.begin), None)


def find_title(facts: Facts, year: Year | None) -> tuple[str, int]:
    """Give the title, empty where the name has none, and the position where it ends."""
    begin = facts.name.begin
    if (behind := starts_with_year(facts.name)) is not None:
        begin = behind
    end = _end(facts, begin, year)
    if facts.name.only_brackets:
        return _title_in_brackets(facts, end), end
    stripped = _without_release_words(facts, begin, end, year)
    return clean(_native_removed(facts.name.text[begin:stripped])), stripped


def _end(facts: Facts, begin: int, year: Year | None) -> int:
    name = facts.name
    ends = [len(name.text), *(mark.start for mark in facts.marks if mark.term.sure and mark.start >= begin)]
    ends += [opened for opened, closed in name.brackets if opened >= begin and _bounds(facts, begin, opened, closed)]
    ends += [start for start in (facts.identifiers.start, facts.cut) if start is not None]
    if year is not None and year.start > begin:
        ends.append(year.start)
    if facts.numbering is not None:
        ends.append(facts.numbering.start)
    if facts.air_date is not None:
        ends.append(facts.air_date.start)
    if facts.season_mark is not None and not _belongs_to_title(facts):
        ends.append(facts.season_mark.start)
    return max(begin, min(ends))


def _bounds(facts: Facts, begin: int, opened: int, closed: int) -> bool:
    """Tell whether a bracket ends the title: any square or curly one does, a round one if it holds release words."""
    name = facts.name
    if name.flat[opened] not in "(（":
        return opened > begin
    first, last = name.first_word_from(opened), name.first_word_from(closed)
    known = {index for mark in facts.marks for index in range(mark.first, mark.last + 1)}
    return opened > begin and first < last and all(index in known for index in range(first, last))


def _belongs_to_title(facts: Facts) -> bool:
    """Tell whether a season is written as fansubs do, ``Title S3 - 15``: they count anew under that longer title."""
    mark, numbering = facts.season_mark, facts.numbering
    if mark is None or numbering is None or mark.start <= facts.name.begin:
        return False
    if facts.name.flat[mark.start] == "第":
        return False
    return numbering.absolute != () and not facts.name.flat[mark.end : numbering.start].strip(" .-–")


def _without_release_words(facts: Facts, begin: int, end: int, year: Year | None) -> int:
    """Move the end to the left over ambiguous release words that stand right before it."""
    if facts.numbering is not None and end == facts.numbering.start:
        return end
    at_year = year is not None and end == year.start
    if end == len(facts.name.text) or (facts.cut is not None and end == facts.cut):
        return end
    name = facts.name
    new_end, index = end, name.first_word_from(end) - 1
    for mark in reversed([mark for mark in facts.marks if begin < mark.start and mark.end <= end]):
        if mark.last != index or not _can_go(facts, mark, year if at_year else None):
            break
        new_end, index = mark.start, mark.first - 1
    left = {word for word, start in zip(name.words, name.starts, strict=True) if begin <= start < new_end}
    return new_end if left - ARTICLES else end


def _can_go(facts: Facts, mark: Mark, year: Year | None) -> bool:
    kind, words = mark.term.kind, facts.name.words[mark.first : mark.last + 1]
    if kind is Kind.SOURCE and any(
        other.term.kind is Kind.SOURCE and other.start > mark.start for other in facts.marks
    ):
        return False
    shouted = _is_shouted(facts.name, mark)
    if year is None or kind is Kind.EDITION:
        return shouted or words[0] not in ORDINARY_WORDS
    # Before a year only scene names put languages and flags; "The Good German (2006)" is a title.
    if year.bracketed or words[0] in ORDINARY_WORDS:
        return False
    if kind is Kind.LANGUAGE:
        again = any(facts.name.words[other.first] == words[0] for other in facts.marks if other.start > year.end)
        return not again and "." in facts.name.text[mark.end : year.start]
    return kind is Kind.OTHER and shouted


def _is_shouted(name: Name, mark: Mark) -> bool:
    """Tell whether a word is in capitals in a name that otherwise is not."""
    return name.text[mark.start : mark.end].isupper() and not name.text[: mark.start].isupper()


def _title_in_brackets(facts: Facts, end: int) -> str:
    """Find the title of a name that is nothing but brackets: ``[Group][Title][04][1080p]``."""
    name, found = facts.name, ""
    marked = {mark.first for mark in facts.marks if mark.term.sure}
    for opened, closed in name.brackets[1:]:
        if opened >= end:
            break
        text = clean(name.text[opened + 1 : closed])
        first = name.first_word_from(opened)
        if not text or text.isdecimal() or (first in marked and name.starts[first] < closed):
            continue
        if _LATIN.search(text):
            return text
        found = found or text
    return found


def _native_removed(text: str) -> str:
    """Drop a Chinese, Japanese or Korean title that is followed by the Latin one."""
    if text.isascii():
        return text
    match = _HAN.match(text)
    return text[match.end() :] if match and _LATIN.search(text, match.end()) else text
