"""Decides which of a source's hits a file means, if any: how alike titles and years are, and whether that is enough. Pure: asks nobody."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from rapidfuzz import fuzz

from revenge.content.library.names.spelling import folded
from revenge.content.library.names.vocabulary import listed
from revenge.content.metadata.models import IdProvider, Ids, SearchHit

LOCAL: Final = "local"
"""The provider of hits that are films or series of our own; what it calls them by are our ids."""

_TITLE_SHARE = 0.75
_YEAR_CLOSENESS = {0: 1.0, 1: 0.7, 2: 0.3}
"""By how many years apart they are: what was shown at festivals, or piloted, first has a year on either side."""
_FILE_HAS_NO_YEAR = 0.95
_HIT_HAS_NO_YEAR = 0.9
_OTHER_NUMBER = 0.6
"""What is left of two titles' likeness when their numbers differ: "Rocky 2" is not "Rocky 3"."""
_ARTICLE_DIFFERS = 0.94
"""More than the lead that is asked for: of "Heat" and "The Heat" the one that is called just so is meant."""
_SURE = 0.96
_ARTICLES = listed(
    "the, a, an, der, die, das, ein, eine, le, la, les, un, une, el, los, las, il, lo, gli, i, uno, una, o, os, as, de, het, een"
)
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_PART = re.compile(r"\b(?:part|teil|partie|parte|vol|volume|chapter|episode)\b")
_AND = re.compile(r"\b(?:and|und|et|y|e)\b")
_ROUNDING = 1e-9
"""A hair less than the lead is rounding, not doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchConfig:
    """When a match is one.

    Raises:
        ValueError: a limit is not between 0 and 1, or fame is not above 1.
    """

    min_confidence: float = 0.85
    """Less is no match: the item waits for a person, with its candidates."""
    min_lead: float = 0.05
    """By how much the best must lead over the second; otherwise either may be meant."""
    fame: float | None = None
    """How much more popular than the others one of several of just that title must be to be meant where no year is named.

    None: it is a question for a person.
    """

    def __post_init__(self) -> None:
        for name in ("min_confidence", "min_lead"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                message = f"{name} must be between 0 and 1, got {value}"
                raise ValueError(message)
        if self.fame is not None and self.fame <= 1:
            message = f"fame must be above 1, got {self.fame}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What names and NFO files say of the film or the series that is looked for."""

    titles: Sequence[str]
    """The title, then others that it goes by."""
    year: int | None = None
    ids: Ids = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A hit that may be meant, and what speaks for it."""

    hit: SearchHit
    score: float
    evidence: Mapping[str, Any]
    """``by`` ``title`` or ``id``, and what was compared: JSON-able, to be shown."""

    @property
    def entity_id(self) -> UUID | None:
        """The film or the series of our own that it is."""
        return UUID(self.hit.provider_id) if self.hit.provider == LOCAL else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Which candidate it is, None where nothing is sure; and all of them, best first."""

    chosen: Candidate | None
    reason: str
    """Why it is this one, or none: for people."""
    candidates: Sequence[Candidate]

    @property
    def confidence(self) -> float:
        """How sure it is: of the chosen, else of the best."""
        best = self.chosen or next(iter(self.candidates), None)
        return 0.0 if best is None else best.score


def decide(wanted: Wanted, hits: Iterable[SearchHit], config: MatchConfig) -> Verdict:
    """Return which of ``hits`` is meant; those that are one film or series count once.

    An id that both name decides alone. Else the best must be sure enough and lead clearly over the second. Of several that
    are called just so, where no year is named, the one that is by far the best known may be meant, as ``config`` says.
    """
    scored = (score(wanted, hit) for hit in hits)
    ranked = _distinct(sorted(scored, key=lambda each: (-each.score, each.hit.provider != LOCAL)))
    if not ranked:
        return Verdict(chosen=None, reason="nothing was found", candidates=ranked)
    best = ranked[0]
    if best.evidence.get("ids") == "same":
        return Verdict(chosen=best, reason="the id is the same", candidates=ranked)
    if best.score < config.min_confidence:
        return Verdict(chosen=None, reason=f"the best fits {best.score:.0%} only", candidates=ranked)
    leading = [each for each in ranked if best.score - each.score < config.min_lead - _ROUNDING or each is best]
    if len(leading) == 1:
        return Verdict(chosen=best, reason="title and year fit best", candidates=ranked)
    is_called_so = wanted.year is None and best.score >= _FILE_HAS_NO_YEAR
    famous = _famous(leading, config.fame) if is_called_so and config.fame is not None else None
    if famous is None:
        return Verdict(chosen=None, reason=f"{len(leading)} fit equally well", candidates=ranked)
    rest = [each for each in ranked if each is not famous]
    return Verdict(chosen=famous, reason="of those that fit it is by far the best known", candidates=[famous, *rest])


def score(wanted: Wanted, hit: SearchHit) -> Candidate:
    """Return a hit as a candidate, with how sure it is, from 0 to 1, and what that rests on."""
    common = wanted.ids.keys() & hit.ids.keys()
    if common:
        same = any(wanted.ids[provider] == hit.ids[provider] for provider in common)
        evidence = {"by": "id", "ids": "same" if same else "others"}
        return Candidate(hit=hit, score=1.0 if same else 0.0, evidence=evidence)
    compared = [hit.title, *([hit.original_title] if hit.original_title else []), *hit.aliases]
    likeness, ours, theirs = max(
        ((likeness_of(one, other), one, other) for one in wanted.titles for other in compared if one and other),
        key=lambda pair: pair[0],
        default=(0.0, "", hit.title),
    )
    total, closeness = _with_year(likeness, wanted.year, hit.year)
    return Candidate(
        hit=hit,
        score=round(total, 4),
        evidence={
            "by": "title",
            "title": {"wanted": ours, "found": theirs, "likeness": round(likeness, 4)},
            "year": {"wanted": wanted.year, "found": hit.year, "closeness": closeness},
        },
    )


def likeness_of(one: str, other: str) -> float:
    """Return how alike two titles are, from 0 to 1: without case, accents, punctuation; numbers must agree."""
    first, second = _comparable(one), _comparable(other)
    if not first or not second:
        # Nothing but punctuation, such as "...".
        return 1.0 if one.strip().casefold() == other.strip().casefold() else 0.0
    bare, other_bare = _without_article(first), _without_article(second)
    if first == second or (bare == other_bare and sorted(first.split()) == sorted(second.split())):
        # The article may stand behind: "Matrix, The".
        return 1.0
    plain = max(
        fuzz.ratio(first, second),
        fuzz.ratio(first.replace(" ", ""), second.replace(" ", "")),
        _ARTICLE_DIFFERS * fuzz.ratio(bare, other_bare),
    )
    # Where everything is the same but the numbers, letters say little.
    return plain / 100 * (1.0 if _numbers(first) == _numbers(second) else _OTHER_NUMBER)


def is_sure(wanted: Wanted, candidate: Candidate) -> bool:
    """Whether title and year leave no doubt, so that nobody else needs to be asked."""
    return wanted.year is not None and wanted.year == candidate.hit.year and candidate.score >= _SURE


def ids_of_hit(hit: SearchHit) -> dict[IdProvider, str]:
    """Return a hit's ids, the one that its provider calls it by among them."""
    own = {provider: hit.provider_id for provider in IdProvider if provider.value == hit.provider}
    return {**own, **hit.ids}


def _with_year(likeness: float, wanted: int | None, found: int | None) -> tuple[float, float | None]:
    if wanted is None:
        return likeness * _FILE_HAS_NO_YEAR, None
    if found is None:
        return likeness * _HIT_HAS_NO_YEAR, None
    closeness = _YEAR_CLOSENESS.get(abs(wanted - found), 0.0)
    return likeness * _TITLE_SHARE + closeness * (1 - _TITLE_SHARE) * likeness, closeness


def _famous(leading: Sequence[Candidate], fame: float) -> Candidate | None:
    first, second = sorted(leading, key=lambda each: -(each.hit.popularity or 0.0))[:2]
    return first if (first.hit.popularity or 0.0) >= fame * max(second.hit.popularity or 0.0, 0.1) else None


def _distinct(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Leave one of those that share an id, or that two providers call by one title and year."""
    kept: list[Candidate] = []
    for each in ranked:
        if not any(_is_same(each.hit, other.hit) for other in kept):
            kept.append(each)
    return kept


def _is_same(one: SearchHit, other: SearchHit) -> bool:
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
    return [word.lstrip("0") or "0" for word in title.split() if word.isdecimal()]
