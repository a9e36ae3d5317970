"""What may be asked of which collection, and what Typesense is asked then: no text of a caller is an operator."""

from typing import Any
from uuid import UUID

import pytest

from revenge.infra.search.errors import InvalidSearch
from revenge.infra.search.models import Collection, Found, Query, Sort, Span
from revenge.infra.search.schema import SCHEMAS, check
from revenge.infra.search.typesense_query import library_filter, parameters

MOVIES = Collection.MOVIES
ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"any_of": {"id": ["1"]}}, "id"),
        ({"any_of": {"title": ["x"]}}, "title"),
        ({"any_of": {"tagline": ["x"]}}, "tagline"),
        ({"any_of": {"networks": ["x"]}}, "networks"),
        ({"any_of": {"year": ["x"]}}, "year"),
        ({"any_of": {"year": ["-1"]}}, "year"),
        ({"spans": {"title": Span(low=1)}}, "title"),
        ({"flags": {"status": True}}, "status"),
        ({"facets": ["overview"]}, "overview"),
        ({"sort": Sort(field="overview")}, "overview"),
        ({"text": "x" * 201}, "q"),
        ({"per_page": 0}, "per_page"),
        ({"per_page": 101}, "per_page"),
        ({"page": 0}, "page"),
        ({"page": 11, "per_page": 100}, "page"),
    ],
)
def test_what_a_collection_does_not_have_is_refused_by_its_name(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSearch) as refused:
        check(Query(collection=MOVIES, **asked))
    assert refused.value.field == field


def test_values_cannot_end_the_quotes_that_they_stand_in() -> None:
    asked = parameters(Query(collection=MOVIES, any_of={"genres": ["a` || id:!=`b", "c"]}))
    assert asked["filter_by"] == "genres:=[`a || id:!=b`,`c`]"


def test_operators_in_a_text_are_no_operators() -> None:
    assert parameters(Query(collection=MOVIES, text='-heat "al pacino" *'))["q"] == "heat al pacino"


def test_libraries_come_first_and_none_at_all_lets_nothing_through() -> None:
    asked = parameters(Query(collection=MOVIES, libraries=frozenset({TWO, ONE}), flags={"has_file": True}))
    assert asked["filter_by"] == f"library_ids:=[`{ONE}`,`{TWO}`] && has_file:=true"
    assert library_filter([]) == "library_ids:=[none]"


def test_spans_have_the_ends_that_are_given() -> None:
    asked = parameters(
        Query(collection=MOVIES, spans={"year": Span(low=1990, high=1999), "vote_average": Span(low=7.5)})
    )
    assert asked["filter_by"] == "year:>=1990 && year:<=1999 && vote_average:>=7.5"


def test_every_searched_field_has_its_weight() -> None:
    asked = parameters(Query(collection=MOVIES, text="heat"))
    assert (
        len(asked["query_by"].split(",")) == len(asked["query_by_weights"].split(",")) == len(asked["infix"].split(","))
    )


def test_schemas_name_each_field_once_and_have_what_all_queries_rest_on() -> None:
    for schema in SCHEMAS.values():
        names = [field.name for field in schema.fields]
        assert len(names) == len(set(names))
        assert {"library_ids", "popularity", "sort_title", schema.title} <= set(names)


def test_another_field_is_another_fingerprint() -> None:
    fingerprints = {schema.fingerprint for schema in SCHEMAS.values()}
    assert len(fingerprints) == len(SCHEMAS)


def test_pages_end_where_they_can_be_turned_to() -> None:
    assert Found(hits=(), total_hits=100_000, page=1, per_page=20).total_pages == 50
    assert Found(hits=(), total_hits=21, page=1, per_page=20).total_pages == 2
    assert Found.nothing(Query(collection=MOVIES, facets=["year"])).facets == {"year": ()}
