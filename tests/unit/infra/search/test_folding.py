"""Words are compared without case, accents and punctuation, and shown with marks that no document can forge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.search.folding import fold, mark, variants, words
from revenge.infra.search.postgres import tsquery, tsvector


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Amélie", "amelie"),
        ("WALL·E", "wall e"),
        ("Spider-Man: No Way Home", "spider man no way home"),
        ("Ocean's Eleven", "oceans eleven"),
        ("Ocean\u2019s Eleven", "oceans eleven"),
        ("Straße", "strasse"),
        ("Blåfjell ÆØ", "blafjell aeo"),
        ("千と千尋", "千 と 千 尋"),
        ("Ⅷ ½", "viii 1 2"),
        ("  ?!  ", ""),
        ("a" * 100, "a" * 64),
        ("snake_case", "snake case"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folded_words_have_nothing_that_a_query_s_syntax_knows(text: str) -> None:
    assert all(word.isalnum() for word in words(text))


def test_words_that_are_a_slip_apart_share_a_variant() -> None:
    for typed in ("matix", "matirx", "matrxx", "matrrix", "atrix"):
        assert variants(typed) & variants("matrix")
    assert not variants("speed") & variants("matrix")


def test_marks_are_around_words_and_everything_else_is_escaped() -> None:
    assert mark("<script>Heat</script>", ["heat"]) == "&lt;script&gt;<mark>Heat</mark>&lt;/script&gt;"
    assert mark("L'Été & 'heat'", ["ete", "heat"]) is not None
    assert mark("Ronin", ["heat"]) is None


def test_long_texts_are_cut_around_the_first_mark() -> None:
    snippet = mark("x " * 500 + "heat " + "y " * 500, ["heat"])
    assert snippet is not None
    assert "<mark>heat</mark>" in snippet
    assert len(snippet) < 300


def test_words_are_weighed_by_their_field_and_only_the_last_is_a_beginning() -> None:
    assert tsvector([("heat", 4), ("of", 1), ("heat", 2)]) == "'heat':1A,3C 'of':2D"
    assert tsquery([["the"], ["heat"]]) == "('the') & ('heat':*)"
    assert (
        tsquery([["the", "tie"], ["heat", "head"]], titles_only=True)
        == "('the':AB | 'tie':AB) & ('heat':*AB | 'head':*AB)"
    )
