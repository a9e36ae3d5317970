"""Which film is meant, by titles and years."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.content.metadata.models import IdProvider, SearchHit
from revenge.content.movie.matching import Candidate, MatchConfig, Wanted, decide, is_sure, likeness_of, score

CONFIG = MatchConfig()


def hit(title: str, year: int | None = None, number: str = "1", **fields: object) -> SearchHit:
    return SearchHit(provider="tmdb", provider_id=number, title=title, year=year, **fields)  # type: ignore[arg-type]


def chosen(title: str, year: int | None, *hits: SearchHit) -> str | None:
    wanted = Wanted(titles=(title,), year=year)
    verdict = decide([score(wanted, each) for each in hits], CONFIG)
    return verdict.chosen.provider_id if verdict.chosen else None


@pytest.mark.parametrize(
    ("title", "year", "found", "found_year"),
    [
        ("The Matrix", 1999, "The Matrix", 1999),
        ("the matrix", None, "The Matrix", 1999),
        ("Matrix, The", 1999, "The Matrix", 1999),
        ("Amelie", 2001, "Amélie", 2001),
        ("Rocky II", 1979, "Rocky 2", 1979),
        ("Kill Bill Vol 1", 2003, "Kill Bill: Vol. 1", 2003),
        ("Mission Impossible", 1996, "Mission: Impossible", 1996),
        ("Fast and Furious", 2009, "Fast & Furious", 2009),
        ("WALL-E", 2008, "WALL·E", 2008),
        ("Spider Man", 2002, "Spider-Man", 2002),
        ("Das Leben der Anderen", 2006, "Das Leben der Anderen", 2006),
        ("千と千尋の神隠し", 2001, "千と千尋の神隠し", 2001),
        ("It", 2017, "It", 2017),
        ("Parasite", 2020, "Parasite", 2019),
    ],
)
def test_one_film_is_found_however_it_is_spelt(title: str, year: int | None, found: str, found_year: int) -> None:
    assert chosen(title, year, hit(found, found_year)) == "1"


@pytest.mark.parametrize(
    ("title", "year", "found", "found_year"),
    [
        ("Rocky 2", 1979, "Rocky 3", 1982),
        ("Rocky 2", None, "Rocky 3", 1982),
        ("The Thing", 1982, "The Thing", 2011),
        ("Alien", 1979, "Aliens", 1986),
        ("Holiday Video", None, "Holiday", 2006),
        ("Saw", 2004, "Law", 2004),
        ("Solaris", 1972, "Solaris", 2002),
        ("My Birthday", 2015, "My Father's Birthday", 2015),
        ("...", None, "!!!", None),
    ],
)
def test_another_film_is_not_taken_for_it(
    title: str, year: int | None, found: str, found_year: int | None
) -> None:  # W22
    assert chosen(title, year, hit(found, found_year)) is None


def test_the_year_tells_remakes_apart() -> None:  # W22: the first hit is not simply taken
    remakes = (hit("The Thing", 2011, "2"), hit("The Thing", 1982, "1"))
    assert chosen("The Thing", 1982, *remakes) == "1"
    assert chosen("The Thing", 2011, *remakes) == "2"


def test_without_a_year_two_films_of_one_title_are_a_question_for_a_person() -> None:  # W22
    wanted = Wanted(titles=("The Thing",))
    verdict = decide([score(wanted, hit("The Thing", 2011, "2")), score(wanted, hit("The Thing", 1982, "1"))], CONFIG)
    assert verdict.chosen is None
    assert [each.provider_id for each in verdict.candidates] == ["2", "1"]


def test_original_titles_and_aliases_count_and_are_in_the_evidence() -> None:
    wanted = Wanted(titles=("Das Boot",), year=1981)
    found = score(wanted, hit("The Boat", 1981, original_title="Das Boot", aliases=("Boot",)))
    assert found.score == 1.0
    assert found.evidence == {
        "by": "title",
        "title": {"wanted": "Das Boot", "found": "Das Boot", "likeness": 1.0},
        "year": {"wanted": 1981, "found": 1981, "closeness": 1.0},
    }


def test_another_title_of_the_nfo_file_counts() -> None:
    wanted = Wanted(titles=("Chihiros Reise", "Spirited Away"), year=2001)
    assert score(wanted, hit("Spirited Away", 2001)).score == 1.0


def test_one_film_of_two_providers_counts_once() -> None:
    wanted = Wanted(titles=("Heat",), year=1995)
    ours = score(wanted, hit("Heat", 1995, ids={IdProvider.TMDB: "949"}), entity_id=uuid4())
    theirs = score(wanted, hit("Heat", 1995, "949", ids={IdProvider.TMDB: "949"}))
    omdb = score(wanted, SearchHit(provider="omdb", provider_id="tt0113277", title="Heat", year=1995))
    verdict = decide([theirs, omdb, ours], CONFIG)
    assert verdict.chosen is ours
    assert list(verdict.candidates) == [ours]


def test_two_films_of_one_title_and_year_are_two() -> None:
    wanted = Wanted(titles=("Chaos",), year=2005)
    verdict = decide([score(wanted, hit("Chaos", 2005, number)) for number in ("1", "2")], CONFIG)
    assert verdict.chosen is None
    assert len(verdict.candidates) == 2


def test_only_title_and_year_together_are_sure() -> None:
    def found(title: str, year: int | None, found_year: int | None) -> bool:
        wanted = Wanted(titles=(title,), year=year)
        return is_sure(wanted, score(wanted, hit("Heat", found_year), entity_id=uuid4()))

    assert found("Heat", 1995, 1995)
    assert not found("Heat", None, 1995)
    assert not found("Heat", 1996, 1995)
    assert not found("Heart", 1995, 1995)


@pytest.mark.parametrize("field", ["min_confidence", "min_lead"])
def test_limits_are_checked(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be between 0 and 1, got 1.5"):
        MatchConfig(**{field: 1.5})


@given(st.text(), st.text())
def test_likeness_is_the_same_both_ways_and_within_bounds(one: str, other: str) -> None:
    assert 0 <= likeness_of(one, other) <= 1
    assert likeness_of(one, other) == pytest.approx(likeness_of(other, one))
    assert likeness_of(one, one) == 1.0


@given(st.lists(st.tuples(st.text(max_size=5), st.none() | st.integers(1900, 2030), st.floats(0, 1)), max_size=6))
def test_what_is_chosen_is_sure_enough_and_leads(found: list[tuple[str, int | None, float]]) -> None:
    candidates = [
        Candidate(provider="tmdb", provider_id=str(at), title=title, year=year, score=points, evidence={})
        for at, (title, year, points) in enumerate(found)
    ]
    verdict = decide(candidates, CONFIG)
    scores = [each.score for each in verdict.candidates]
    assert scores == sorted(scores, reverse=True)
    if verdict.chosen is not None:
        assert verdict.chosen.score >= CONFIG.min_confidence
        assert len(scores) == 1 or scores[0] - scores[1] >= CONFIG.min_lead - 1e-6
