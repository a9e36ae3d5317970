"""Decides which film is meant: how alike titles and years are, and whether that is enough. Pure: asks nobody."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz

from revenge.content.library.names.spelling import folded
from revenge.content.metadata.models import Ids, SearchHit

LOCAL = "local"
"""The provider of candidates that are films of our own."""

_TITLE_SHARE = 0.75
_YEAR_CLOSENESS = {0: 1.0, 1: 0.7, 2: 0.3}
"""By how many years apart they are: a film that was shown at festivals first has a year on either side."""
_FILE_HAS_NO_YEAR = 0.95
_HIT_HAS_NO_YEAR = 0.9
_OTHER_NUMBER = 0.6
"""What is left of two titles' likeness when their numbers differ: "Rocky 2" is not "Rocky 3"."""
_ARTICLE_DIFFERS = 0.97
_SURE = 0.96
_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "der",
        "die",
        "das",
        "ein",
        "eine",
        "le",
        "la",
        "les",
        "un",
        "une",
        "el",
        "los",
        "las",
        "il",
        "lo",
        "gli",
        "i",
        "uno",
        "una",
        "o",
        "os",
        "as",
        "de",
        "het",
        "een",
    ]
)
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_PART = re.compile(r"\b(?:part|teil|partie|parte|vol|volume|chapter|episode)\b")
_AND = re.compile(r"\b(?:and|und|et|y|e)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchConfig:
    """When a match is one.

    Raises:
        ValueError: a limit is not between 0 and 1.
    """

    min_confidence: float = 0.85
    """Less is no match: the item waits for a person, with its candidates."""
    min_lead: float = 0.05
    """By how much the best must lead over the second; otherwise either may be meant."""

    def __post_init__(self) -> None:
        for name in ("min_confidence", "min_lead"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                message = f"{name} must be between 0 and 1, got {value}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What names and NFO files say of the film that is looked for."""

    titles: Sequence[str]
    """The title, then others that it goes by."""
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A film that may be meant, and why."""

    provider: str
    provider_id: str
    title: str
    year: int | None
    score: float
    evidence: Mapping[str, Any]
    ids: Ids = field(default_factory=dict)
    entity_id: UUID | None = None
    """A film of our own."""
    original_title: str | None = None
    overview: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which candidate it is, None where nothing is sure; and all of them, best first."""

    chosen: Candidate | None
    candidates: Sequence[Candidate]


def score(wanted: Wanted, hit: SearchHit, *, entity_id: UUID | None = None) -> Candidate:
    """Return a hit as a candidate, with how sure it is and what that rests on."""
    compared = [hit.title, *([hit.original_title] if hit.original_title else []), *hit.aliases]
    likeness, ours, theirs = max(
        ((likeness_of(one, other), one, other) for one in wanted.titles for other in compared if one and other),
        key=lambda pair: pair[0],
        default=(0.0, "", hit.title),
    )
    total, closeness = _with_year(likeness, wanted.year, hit.year)
    evidence = {
        "by": "title",
        "title": {"wanted": ours, "found": theirs, "likeness": round(likeness, 4)},
        "year": {"wanted": wanted.year, "found": hit.year, "closeness": closeness},
    }
    return Candidate(
        provider=LOCAL if entity_id is not None else hit.provider,
        provider_id=str(entity_id) if entity_id is not None else hit.provider_id,
        title=hit.title,
        year=hit.year,
        score=round(total, 4),
        evidence=evidence,
        ids=hit.ids,
        entity_id=entity_id,
        original_title=hit.original_title,
        overview=hit.overview,
    )


def likeness_of(one: str, other: str) -> float:
    """Return how alike two titles are, from 0 to 1: without case, accents, punctuation; numbers must agree."""
    first, second = _comparable(one), _comparable(other)
    if not first or not second:
        # Nothing but punctuation, such as "...".
        return 1.0 if one.strip().casefold() == other.strip().casefold() else 0.0
    if first == second:
        return 1.0
    plain = max(
        fuzz.ratio(first, second),
        fuzz.ratio(first.replace(" ", ""), second.replace(" ", "")),
        _ARTICLE_DIFFERS * fuzz.ratio(_without_article(first), _without_article(second)),
    )
    # Where everything is the same but the numbers, letters say little.
    return plain / 100 * (1.0 if _numbers(first) == _numbers(second) else _OTHER_NUMBER)


def decide(candidates: Iterable[Candidate], config: MatchConfig) -> Verdict:
    """Return the candidate that is sure enough and leads clearly; those that are one film count once."""
    ranked = _distinct(sorted(candidates, key=lambda each: (-each.score, each.entity_id is None)))
    if not ranked or ranked[0].score < config.min_confidence:
        return Verdict(chosen=None, candidates=ranked)
    # A hair less than the lead is rounding, not doubt.
    leads = len(ranked) == 1 or ranked[0].score - ranked[1].score >= config.min_lead - 1e-9
    return Verdict(chosen=ranked[0] if leads else None, candidates=ranked)


def is_sure(wanted: Wanted, candidate: Candidate) -> bool:
    """Whether title and year leave no doubt, so that nobody else needs to be asked."""
    return wanted.year is not None and wanted.year == candidate.year and candidate.score >= _SURE


def _with_year(likeness: float, wanted: int | None, found: int | None) -> tuple[float, float | None]:
    if wanted is None:
        return likeness * _FILE_HAS_NO_YEAR, None
    if found is None:
        return likeness * _HIT_HAS_NO_YEAR, None
    closeness = _YEAR_CLOSENESS.get(abs(wanted - found), 0.0)
    return likeness * _TITLE_SHARE + closeness * (1 - _TITLE_SHARE) * likeness, closeness


def _distinct(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Leave one of those that share an id, or that two providers call by one title and year."""
    kept: list[Candidate] = []
    for each in ranked:
        if not any(_is_same(each, other) for other in kept):
            kept.append(each)
    return kept


def _is_same(one: Candidate, other: Candidate) -> bool:
    if any(other.ids.get(provider) == value for provider, value in one.ids.items()):
        return True
    if one.provider == other.provider:
        return one.provider_id == other.provider_id
    is_one_id_elsewhere = any(provider in other.ids for provider in one.ids)
    return not is_one_id_elsewhere and one.year == other.year and _comparable(one.title) == _comparable(other.title)


def _comparable(title: str) -> str:
    words = folded(title.replace("&", " and ")).split()
    # "I" and "V" and "X" are words as well; a numeral stands behind the first word.
    words = [*words[:1], *(_ROMAN.get(word, word) for word in words[1:])]
    text = _AND.sub("and", " ".join(words))
    return " ".join(_PART.sub("", text).split()) or text


def _without_article(title: str) -> str:
    first, _, rest = title.partition(" ")
    if rest and first in _ARTICLES:
        return rest
    rest, _, last = title.rpartition(" ")
    return rest if rest and last in _ARTICLES else title


def _numbers(title: str) -> list[str]:
    return [word for word in title.split() if word.isdigit()]
