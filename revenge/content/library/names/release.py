"""Find the release words of a name, and what they say together."""

from __future__ import annotations

import re
from typing import NamedTuple

from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import PHRASES, WORDS, Kind, Term, term_of

_CHECKSUM = re.compile(r"[0-9a-f]{8}$")
_GROUP_LAST = re.compile(r"- ?([^\W_][\w@&]{0,24}(?:\.[a-z]{2,3}(?=$))?)[ _]?(?:\[[^\[\]]{1,30}\]|\([^()]{1,30}\))?$")
_BRACKETED_LAST = re.compile(r"\[([^\[\]]{2,30})\] ?$")
_WRITTEN_EDITION = re.compile(r"\{edition[- ]([^{}]{1,60})\}", re.IGNORECASE)
_RESALE = re.compile(
    r"-(?:rp|1|nzbgeek|obfuscated|obfuscation|scrambled|sample|pre|postbot|xpost|rakuv[a-z0-9]*|whiterev|buymore|asrequested|"
    r"alternativetorequested|gerov|z0ids3n|chamele0n|4p|4planet|alteezy|repackpost|nordicbits|newz|nzb|rartv)(?=$|\[)"
)


class Mark(NamedTuple):
    """A release word or phrase at its place; ``first`` and ``last`` are indexes of words."""

    term: Term
    start: int
    end: int
    first: int
    last: int


class Release(NamedTuple):
    """What the release words of a name say."""

    resolution: str | None = None
    source: str | None = None
    video_codec: str | None = None
    edition: str | None = None
    group: str | None = None


NO_RELEASE = Release()


def find_marks(name: Name) -> list[Mark]:
    """List the release words of a name from left to right, phrases before their words."""
    words, starts, ends = name.words, name.starts, name.ends
    marks: list[Mark] = []
    index, count = 0, len(words)
    while index < count:
        word, last = words[index], index
        term = None
        if word in PHRASES:
            for rest, meaning in PHRASES[word]:
                if tuple(words[index + 1 : index + 1 + len(rest)]) == rest and _close(name, index, index + len(rest)):
                    term, last = meaning, index + len(rest)
                    break
        if term is None:
            term = WORDS.get(word)
        if term is None and not word.isalpha():
            term = term_of(word) or _checksum(name, index)
        if term is not None:
            marks.append(Mark(term, starts[index], ends[last], index, last))
        index = last + 1
    return marks


def _close(name: Name, first: int, last: int) -> bool:
    """Tell whether the words of a phrase are parted by one sign each."""
    return all(name.starts[index + 1] - name.ends[index] <= 1 for index in range(first, last))


def _checksum(name: Name, index: int) -> Term | None:
    if _CHECKSUM.match(name.words[index]) and name.starts[index] and name.flat[name.starts[index] - 1] in "[(":
        return Term(Kind.OTHER, name.words[index], sure=True)
    return None


def summarise(name: Name, marks: list[Mark], *, tail: int, part: tuple[int, int] | None = None) -> Release:
    """Say what the marks mean together.

    Args:
        name: the name they are of.
        marks: the release words.
        tail: ambiguous words count only from here on, behind every title.
        part: where the number of a stack's part stands: behind the last hyphen it is nobody's name.
    """
    written = _WRITTEN_EDITION.search(name.text) if "{edition" in name.flat else None
    if not marks:
        return Release(group=name.group_first, edition=written[1].strip() if written else None)
    values: dict[Kind, str] = {}
    editions: list[str] = []
    # Sure words first: of "WEB" and "HDTV" the second says where it is from.
    counted = [mark.term for mark in marks if mark.term.sure]
    counted += [mark.term for mark in marks if not mark.term.sure and mark.start >= tail]
    for term in counted:
        if term.kind is Kind.EDITION:
            editions.append(term.value)
        elif term.kind is Kind.SOURCE:
            values[Kind.SOURCE] = _better_source(values.get(Kind.SOURCE), term.value)
        else:
            values.setdefault(term.kind, term.value)
    return Release(
        resolution=values.get(Kind.RESOLUTION),
        source=values.get(Kind.SOURCE),
        video_codec=values.get(Kind.VIDEO),
        edition=written[1].strip() if written else " ".join(dict.fromkeys(editions)) or None,
        group=_group(name, marks, tail, part),
    )


def _better_source(known: str | None, found: str) -> str:
    if known is None or found == "Remux":
        return found
    return known


def _group(name: Name, marks: list[Mark], tail: int, part: tuple[int, int] | None) -> str | None:
    """Find who released it: behind the last hyphen, as scene groups sign, or in the first brackets, as fansubs do."""
    end = len(name.flat.rstrip(" .'"))
    if part is not None and part[1] >= end:
        end = part[0]
    while end > 0 and (resale := _RESALE.search(name.flat, max(0, end - 24), end)):
        end = resale.start()
    start = max(tail, min((mark.start for mark in marks if mark.start >= tail), default=tail))
    signed = _GROUP_LAST.search(name.text, max(start, end - 64), end)
    if signed and not _is_release_word(marks, signed.start(1), end):
        return signed[1]
    if name.group_first:
        return name.group_first
    bracketed = _BRACKETED_LAST.search(name.text, max(start, end - 34), end)
    if bracketed and not any(bracketed.start() < mark.start < bracketed.end() for mark in marks):
        return bracketed[1].strip()
    return None


def _is_release_word(marks: list[Mark], position: int, end: int) -> bool:
    return any(mark.start <= position < mark.end and (mark.end == end or mark.first < mark.last) for mark in marks)
