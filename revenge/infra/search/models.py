"""What is searched for and what is found, whoever searches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

MAX_PER_PAGE = 100
DEEPEST = 1000
"""Hits that pages reach: what is ranked has no key to go on by, and nobody reads further."""
FACET_VALUES = 100
"""Values of a facet that are counted: the most frequent ones."""

Document = Mapping[str, Any]
"""A document as JSON: ``id`` and the fields of its collection's schema; what is None is left out."""


class Collection(StrEnum):
    """What is searched apart from the rest."""

    MOVIES = "movies"
    TVSHOWS = "tvshows"
    SEASONS = "seasons"
    EPISODES = "episodes"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From ``low`` to ``high``, both included; None: no limit."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What comes first; by relevance the most popular of what is equally relevant."""

    field: str | None = None
    """None: by relevance."""
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to one collection; nothing in it is any engine's own language."""

    collection: Collection
    text: str = ""
    """Empty: everything."""
    any_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By field, values of which a document has at least one."""
    spans: Mapping[str, Span] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    sort: Sort = Sort()
    page: int = 1
    per_page: int = 20
    facets: Sequence[str] = ()
    titles_only: bool = False
    """Look at titles alone, as one does while somebody types."""
    libraries: frozenset[UUID] | None = None
    """Only what is in one of these; None: everything, whatever library it is in."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """How many hits have a value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """Where the words were found: HTML, with ``<mark>`` around them and everything else escaped."""

    field: str
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A document that was found."""

    document: Document
    score: float
    """The higher the better; comparable within one answer alone."""
    highlights: Sequence[Highlight] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of hits."""

    hits: Sequence[Hit]
    total_hits: int
    page: int
    per_page: int
    search_time_ms: int = 0
    facets: Mapping[str, Sequence[FacetValue]] = field(default_factory=dict)

    @property
    def total_pages(self) -> int:
        """Return how many pages can be turned to."""
        reachable = min(self.total_hits, DEEPEST)
        return -(-reachable // self.per_page)

    @classmethod
    def nothing(cls, query: Query) -> "Found":
        """Return the answer to a query that nothing fits."""
        facets: Mapping[str, Sequence[FacetValue]] = dict.fromkeys(query.facets, ())
        return cls(hits=(), total_hits=0, page=query.page, per_page=query.per_page, facets=facets)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that could not be stored, and why."""

    id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """What an engine has of a collection."""

    exists: bool
    documents: int = 0
    fingerprint: str | None = None
    """Of the schema that it was built by; None: unknown."""
