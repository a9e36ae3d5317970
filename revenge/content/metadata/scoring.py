"""Decides which of a source's hits a file means, if any: how well each fits, and whether the best is sure enough."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rapidfuzz.distance import Levenshtein

from revenge.content.library.grouping import fold
from revenge.content.metadata.models import Ids, SearchHit

ACCEPTED_FROM: Final = 0.8
"""A lower score is no match: an exact title of two years' difference has 0.72, one letter of five wrong 0.8 at best."""
MARGIN: Final = 0.04
"""What the best must be ahead of the next; a year that fits is worth more than that."""
DOMINANCE: Final = 5.0
"""How much more popular the better known of two with one title must be to be the one meant by a title alone."""

_WORD = re.compile(r"\w+")
_ARTICLES = frozenset(["the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "il", "lo", "un", "une"])
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file says of itself."""

    title: str
    year: int | None = None
    ids: Ids = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A hit with what speaks for it."""

    hit: SearchHit
    score: float
    evidence: Mapping[str, Any]
    """``title`` and ``matched_title``, ``year``, ``ids``: JSON-able, to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The one that is meant, or none; all candidates in their order, the best first."""

    chosen: Candidate | None
    reason: str
    """Why it is this one, or none: for people."""
    candidates: Sequence[Candidate]

    @property
    def confidence(self) -> float:
        """How sure it is: of the chosen, else of the best."""
        best = self.chosen or next(iter(self.candidates), None)
        return 0.0 if best is None else best.score


def decide(wanted: Wanted, hits: Sequence[SearchHit]) -> Verdict:
    """Return which of ``hits`` is meant.

    An id that both name decides alone. Else the best must fit well, and better than the next: of two that fit alike, the one
    that is far better known where the file names no year; none where nothing tells them apart.
    """
    found = sorted((score(wanted, hit) for hit in hits), key=lambda each: -each.score)
    if not found:
        return Verdict(chosen=None, reason="nothing was found", candidates=found)
    best = found[0]
    if best.evidence.get("ids") == "same":
        return Verdict(chosen=best, reason="the id is the same", candidates=found)
    if best.score < ACCEPTED_FROM:
        return Verdict(chosen=None, reason=f"the best fits {best.score:.0%} only", candidates=found)
    rivals = [each for each in found[1:] if best.score - each.score < MARGIN]
    if not rivals:
        return Verdict(chosen=best, reason="title and year fit best", candidates=found)
    alike = sorted([best, *rivals], key=lambda each: -(each.hit.popularity or 0.0))
    first, second = alike[0], alike[1]
    if wanted.year is None and (first.hit.popularity or 0.0) >= DOMINANCE * max(second.hit.popularity or 0.0, 0.1):
        rest = [each for each in found if each is not first]
        return Verdict(chosen=first, reason="of those that fit it is by far the best known", candidates=[first, *rest])
    return Verdict(chosen=None, reason=f"{len(alike)} fit equally well", candidates=found)


def score(wanted: Wanted, hit: SearchHit) -> Candidate:
    """Return how well ``hit`` fits, from 0 to 1, and why."""
    common = wanted.ids.keys() & hit.ids.keys()
    if any(wanted.ids[provider] == hit.ids[provider] for provider in common):
        return Candidate(hit=hit, score=1.0, evidence={"ids": "same"})
    if common:
        return Candidate(hit=hit, score=0.0, evidence={"ids": "others"})
    names = [hit.title, *([hit.original_title] if hit.original_title else []), *hit.aliases]
    likeness, name = max(((similarity(wanted.title, each), each) for each in names), key=lambda pair: pair[0])
    word, weight = _year(wanted.year, hit.year)
    evidence = {"title": round(likeness, 3), "matched_title": name, "year": word}
    return Candidate(hit=hit, score=round(likeness * weight, 4), evidence=evidence)


def similarity(one: str, other: str) -> float:
    """Return how alike two titles are, from 0 to 1: without case, accents, punctuation and a leading article.

    Numbers must be the same: ``Rocky II`` is not ``Rocky III``, however alike they look.
    """
    if fold(one) == fold(other):
        return 1.0
    (first, article), (second, other_article) = _words(one), _words(other)
    if first == second:
        return 0.98 if article == other_article else 0.95
    likeness = Levenshtein.normalized_similarity("".join(first), "".join(second))
    return likeness if _numbers(first) == _numbers(second) else likeness * 0.6


def _year(ours: int | None, theirs: int | None) -> tuple[str, float]:
    if ours is None:
        return "not named", 0.92
    if theirs is None:
        return "not known", 0.85
    match abs(ours - theirs):
        case 0:
            return "same", 1.0
        case 1:
            return "one off", 0.95
        case 2:
            return "two off", 0.72
    return "others", 0.5


def _words(title: str) -> tuple[tuple[str, ...], str]:
    """Return the words as they are compared, and the article that was left out at either end (``Office, The``)."""
    words, article = [fold(word) for word in _WORD.findall(title)], ""
    if len(words) > 1 and words[0] in _ARTICLES:
        article, *words = words
    elif len(words) > 1 and words[-1] in _ARTICLES and "," in title:
        *words, article = words
    return tuple(_ROMAN.get(word, word) if at else word for at, word in enumerate(words)), article


def _numbers(words: Sequence[str]) -> list[str]:
    return [word.lstrip("0") or "0" for word in words if word.isdecimal()]
