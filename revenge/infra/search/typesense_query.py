"""Our queries in Typesense's words, and its answers in ours. Pure: no text of a caller becomes syntax."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from revenge.infra.search.folding import fold
from revenge.infra.search.highlighting import highlights
from revenge.infra.search.models import FACET_VALUES, FacetValue, Found, Highlight, Hit, Query, Span
from revenge.infra.search.schema import LIBRARIES, SCHEMAS, Field

FOLDED = "folded"
"""A field of Typesense's documents alone: titles that have no spaces between their words, with them."""
_NOBODY_S = "none"


def parameters(query: Query) -> dict[str, Any]:
    """Return what Typesense is asked."""
    schema = SCHEMAS[query.collection]
    searched = [field for field in schema.searched if field.weight >= (3 if query.titles_only else 1)]
    names = [*(field.name for field in searched), FOLDED]
    # Folded, so that a leading minus, quotes and the like are no operators.
    text = fold(query.text)
    asked: dict[str, Any] = {
        "q": text or "*",
        "query_by": ",".join(names),
        "query_by_weights": ",".join([*(str(field.weight * field.weight) for field in searched), "9"]),
        "infix": ",".join([*("fallback" if field.weight >= 4 else "off" for field in searched), "off"]),
        "filter_by": _filter(query),
        "sort_by": _order(query, has_text=bool(text)),
        "page": query.page,
        "per_page": query.per_page,
        "drop_tokens_threshold": 0,
        "num_typos": 2,
        "exclude_fields": FOLDED,
    }
    if query.facets:
        asked |= {"facet_by": ",".join(query.facets), "max_facet_values": FACET_VALUES}
    return {name: value for name, value in asked.items() if value != ""}


def found_of(query: Query, answer: Mapping[str, Any]) -> Found:
    """Return Typesense's answer in our shape."""
    facets: dict[str, list[FacetValue]] = {name: [] for name in query.facets}
    for counted in answer.get("facet_counts", ()):
        facets[counted["field_name"]] = [FacetValue(item["value"], item["count"]) for item in counted["counts"]]
    return Found(
        hits=[
            Hit(
                document=hit["document"],
                score=float(hit.get("text_match", 0)),
                highlights=_highlights(query, hit),
            )
            for hit in answer["hits"]
        ],
        total_hits=answer["found"],
        page=query.page,
        per_page=query.per_page,
        search_time_ms=answer["search_time_ms"],
        facets=facets,
    )


def library_filter(libraries: Iterable[UUID]) -> str:
    """Return the filter that lets only documents of these libraries through; of none: nothing."""
    return f"{LIBRARIES}:=[{','.join(f'`{library}`' for library in sorted(libraries)) or _NOBODY_S}]"


def _highlights(query: Query, hit: Mapping[str, Any]) -> list[Highlight]:
    """Mark what the server says it matched, in our own way: its snippets do not escape what is in a document."""
    matched: set[str] = set()
    for found in hit.get("highlights", ()):
        tokens = found.get("matched_tokens", ())
        for token in tokens:
            matched |= {fold(part) for part in (token if isinstance(token, list) else [token])}
    return list(highlights(query, hit["document"], sorted(matched - {""})))


def _filter(query: Query) -> str:
    fields = SCHEMAS[query.collection].by_name()
    parts = [] if query.libraries is None else [library_filter(query.libraries)]
    parts += [_one_of(fields[name], values) for name, values in query.any_of.items()]
    parts += [f"{name}:={str(flag).lower()}" for name, flag in query.flags.items()]
    parts += [part for name, span in query.spans.items() for part in _bounds(name, span)]
    return " && ".join(parts)


def _one_of(field: Field, values: Iterable[str]) -> str:
    if field.is_number:
        return f"{field.name}:=[{','.join(values)}]"
    # There is no escape for a backtick within backticks; no value that we store has one.
    return f"{field.name}:=[{','.join('`' + value.replace('`', '') + '`' for value in values)}]"


def _bounds(name: str, span: Span) -> list[str]:
    low = [] if span.low is None else [f"{name}:>={span.low:g}" if span.low % 1 else f"{name}:>={int(span.low)}"]
    high = [] if span.high is None else [f"{name}:<={span.high:g}" if span.high % 1 else f"{name}:<={int(span.high)}"]
    return low + high


def _order(query: Query, *, has_text: bool) -> str:
    if query.sort.field is None:
        return "_text_match:desc,popularity:desc" if has_text else "popularity:desc"
    direction = "desc" if query.sort.descending else "asc"
    chosen = f"{query.sort.field}(missing_values: last):{direction}"
    return chosen if query.sort.field == "popularity" else f"{chosen},popularity:desc"
