"""Which hit a file means: what decides, what is not enough, and what is shown for it."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.content.metadata.models import IdProvider, SearchHit
from revenge.content.metadata.scoring import LOCAL, MatchConfig, Wanted, decide, is_sure, likeness_of, score

CONFIG = MatchConfig()
FAMOUS = MatchConfig(fame=5.0)


def hit(title: str, year: int | None = None, number: str = "1", **fields: object) -> SearchHit:
    values: dict[str, object] = {"provider": "tmdb", "provider_id": number, **fields}
    return SearchHit(title=title, year=year, **values)  # type: ignore[arg-type]  # values of many types


def wanted(*titles: str, year: int | None = None) -> Wanted:
    return Wanted(titles=titles, year=year)


def chosen(title: str, year: int | None, *hits: SearchHit, config: MatchConfig = CONFIG) -> str | None:
    verdict = decide(wanted(title, year=year), hits, config)
    return verdict.chosen.hit.provider_id if verdict.chosen else None


@pytest.mark.parametrize(
    ("title", "year", "found", "found_year"),
    [
        ("The Matrix", 1999, "The Matrix", 1999),
        ("the matrix", None, "The Matrix", 1999),
        ("Matrix, The", 1999, "The Matrix", 1999),
        ("Leben der Anderen", 2006, "Das Leben der Anderen", 2006),
        ("Amelie", 2001, "Amélie", 2001),
        ("Rocky II", 1979, "Rocky 2", 1979),
        ("Kill Bill Vol 1", 2003, "Kill Bill: Vol. 1", 2003),
        ("Mission Impossible", 1996, "Mission: Impossible", 1996),
        ("Fast and Furious", 2009, "Fast & Furious", 2009),
        ("WALL-E", 2008, "WALL·E", 2008),
        ("Spider Man", 2002, "Spider-Man", 2002),
        ("Spider Man No Way Home", None, "Spider-Man: No Way Home", 2021),
        ("Das Leben der Anderen", 2006, "Das Leben der Anderen", 2006),
        ("千と千尋の神隠し", 2001, "千と千尋の神隠し", 2001),
        ("It", 2017, "It", 2017),
        ("SE7EN", 1995, "Se7en", 1995),
        ("Parasite", 2020, "Parasite", 2019),
    ],
)
def test_one_title_is_found_however_it_is_spelt(title: str, year: int | None, found: str, found_year: int) -> None:
    assert chosen(title, year, hit(found, found_year)) == "1"


@pytest.mark.parametrize(
    ("title", "year", "found", "found_year"),
    [
        ("Rocky 2", 1979, "Rocky 3", 1982),
        ("Rocky 2", None, "Rocky 3", 1982),
        ("Rocky II", 1979, "Rocky III", 1979),
        ("The Thing", 1982, "The Thing", 2011),
        ("Alien", 1979, "Aliens", 1986),
        ("Alien", 1979, "Dune", 1979),
        ("Holiday Video", None, "Holiday", 2006),
        ("Saw", 2004, "Law", 2004),
        ("Solaris", 1972, "Solaris", 2002),
        ("Blade Runner", 1982, "Blade Runner 2049", 2017),
        ("My Birthday", 2015, "My Father's Birthday", 2015),
        ("千と千尋の神隠し", 2001, "となりのトトロ", 2001),
        ("...", None, "!!!", None),
    ],
)
def test_what_is_not_alike_enough_is_no_match_but_a_candidate(  # W22
    title: str, year: int | None, found: str, found_year: int | None
) -> None:
    for config in (CONFIG, FAMOUS):
        verdict = decide(wanted(title, year=year), [hit(found, found_year)], config)
        assert verdict.chosen is None
        assert [each.hit.title for each in verdict.candidates] == [found]
        assert verdict.confidence < config.min_confidence


def test_first_hit_is_not_taken_because_it_is_the_first() -> None:  # W22
    hits = [hit("The Heat", 2013, "1"), hit("Heat", 1986, "2"), hit("Heat", 1995, "3")]
    verdict = decide(wanted("Heat", year=1995), hits, CONFIG)
    assert verdict.chosen is not None
    assert verdict.confidence == 1.0
    assert [each.hit.year for each in verdict.candidates] == [1995, 1986, 2013]


@pytest.mark.parametrize("config", [CONFIG, FAMOUS])
def test_the_year_tells_those_of_one_title_apart(config: MatchConfig) -> None:  # W22, W23
    remakes = (hit("The Office", 2005, "2", popularity=400.0), hit("The Office", 2001, "1", popularity=40.0))
    assert chosen("The Office", 2001, *remakes, config=config) == "1"
    assert chosen("The Office", 2005, *remakes, config=config) == "2"


def test_without_a_year_two_of_one_title_are_a_question_for_a_person() -> None:  # W22
    hits = [hit("The Thing", 2011, "2", popularity=90.0), hit("The Thing", 1982, "1", popularity=1.0)]
    verdict = decide(wanted("The Thing"), hits, CONFIG)
    assert verdict.chosen is None
    assert "equally" in verdict.reason
    assert [each.hit.provider_id for each in verdict.candidates] == ["2", "1"]


def test_without_a_year_the_far_better_known_one_is_meant_where_that_is_said() -> None:
    old, new = hit("Shameless", 2004, "1", popularity=5.0), hit("Shameless", 2011, "2", popularity=90.0)
    verdict = decide(wanted("Shameless"), [old, new], FAMOUS)
    assert verdict.chosen is not None
    assert verdict.chosen.hit is new
    assert verdict.candidates[0] is verdict.chosen
    alike = hit("Shameless", 2004, "1", popularity=50.0)
    assert chosen("Shameless", None, alike, new, config=FAMOUS) is None
    assert chosen("Shamless", None, old, new, config=FAMOUS) is None


@pytest.mark.parametrize("config", [CONFIG, FAMOUS])
def test_title_without_the_article_is_another_where_there_is_one(config: MatchConfig) -> None:
    hits = (hit("The Heat", 2013, "1", popularity=90.0), hit("Heat", 1995, "2", popularity=1.0))
    assert chosen("Heat", None, *hits, config=config) == "2"


def test_limits_are_those_that_are_given() -> None:
    festival = hit("Heat", 1993)
    assert chosen("Heat", 1995, festival) is None
    assert chosen("Heat", 1995, festival, config=MatchConfig(min_confidence=0.8)) == "1"
    two = (hit("Heat", 1995, "1"), hit("Heat", 1996, "2"))
    assert chosen("Heat", 1995, *two) == "1"
    assert chosen("Heat", 1995, *two, config=MatchConfig(min_lead=0.1)) is None
    same = (hit("Heat", 1995, "1"), hit("Heat", 1995, "2"))
    assert chosen("Heat", 1995, *same, config=MatchConfig(min_lead=0.0)) == "1"


def test_original_titles_and_aliases_count_and_are_in_the_evidence() -> None:
    found = hit("The Boat", 1981, original_title="Das Boot", aliases=("Le Bateau",))
    by_alias = score(wanted("le bateau", year=1981), found)
    assert by_alias.score == 1.0
    assert score(wanted("Das Boot", year=1981), found).evidence == {
        "by": "title",
        "title": {"wanted": "Das Boot", "found": "Das Boot", "likeness": 1.0},
        "year": {"wanted": 1981, "found": 1981, "closeness": 1.0},
    }


def test_another_title_of_the_nfo_file_counts() -> None:
    assert score(wanted("Chihiros Reise", "Spirited Away", year=2001), hit("Spirited Away", 2001)).score == 1.0


def test_id_decides_alone_and_another_id_excludes() -> None:
    looked_for = Wanted(titles=("The Office",), year=2005, ids={IdProvider.TVDB: "73244"})
    same = hit("Das Büro", 1999, "1", ids={IdProvider.TVDB: "73244"})
    other = hit("The Office", 2005, "2", ids={IdProvider.TVDB: "1"})
    verdict = decide(looked_for, [other, same], CONFIG)
    assert verdict.chosen is not None
    assert verdict.chosen.hit is same
    assert score(looked_for, other).score == 0.0


def test_one_film_of_two_providers_counts_once() -> None:
    film_id = uuid4()
    ours = hit("Heat", 1995, str(film_id), provider=LOCAL, ids={IdProvider.TMDB: "949"})
    theirs = hit("Heat", 1995, "949", ids={IdProvider.TMDB: "949"})
    omdb = hit("Heat", 1995, "tt0113277", provider="omdb")
    verdict = decide(wanted("Heat", year=1995), [theirs, omdb, ours], CONFIG)
    assert verdict.chosen is not None
    assert verdict.chosen.entity_id == film_id
    assert [each.hit for each in verdict.candidates] == [ours]


def test_two_of_one_title_and_year_are_two() -> None:
    verdict = decide(wanted("Chaos", year=2005), [hit("Chaos", 2005, number) for number in ("1", "2")], CONFIG)
    assert verdict.chosen is None
    assert len(verdict.candidates) == 2


def test_only_title_and_year_together_are_sure() -> None:
    def found(title: str, year: int | None, found_year: int | None) -> bool:
        looked_for = wanted(title, year=year)
        return is_sure(looked_for, score(looked_for, hit("Heat", found_year)))

    assert found("Heat", 1995, 1995)
    assert not found("Heat", None, 1995)
    assert not found("Heat", 1996, 1995)
    assert not found("Heart", 1995, 1995)
    assert not found("The Heat", 1995, 1995)


def test_nothing_found_is_said() -> None:
    verdict = decide(wanted("Heat"), [], CONFIG)
    assert (verdict.chosen, verdict.confidence, verdict.reason) == (None, 0.0, "nothing was found")


@pytest.mark.parametrize("field", ["min_confidence", "min_lead"])
def test_limits_are_checked(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be between 0 and 1, got 1.5"):
        MatchConfig(**{field: 1.5})


def test_fame_is_checked() -> None:
    with pytest.raises(ValueError, match="fame must be above 1, got 1"):
        MatchConfig(fame=1)


@given(st.text(), st.text())
def test_likeness_is_the_same_both_ways_and_within_bounds(one: str, other: str) -> None:
    assert 0 <= likeness_of(one, other) <= 1
    assert likeness_of(one, other) == pytest.approx(likeness_of(other, one))
    assert likeness_of(one, one) == 1.0


_TITLES = st.sampled_from(["Heat", "The Heat", "Heat 2", "Head", "Wheat", "Dune"])


@given(st.lists(st.tuples(_TITLES, st.none() | st.integers(1993, 1997)), max_size=6), st.none() | st.just(1995))
def test_what_is_chosen_is_sure_enough_and_leads(found: list[tuple[str, int | None]], year: int | None) -> None:
    hits = [hit(title, of, str(at)) for at, (title, of) in enumerate(found)]
    verdict = decide(wanted("Heat", year=year), hits, CONFIG)
    scores = [each.score for each in verdict.candidates]
    assert scores == sorted(scores, reverse=True)
    if verdict.chosen is not None:
        assert verdict.chosen.score >= CONFIG.min_confidence
        assert len(scores) == 1 or scores[0] - scores[1] >= CONFIG.min_lead - 1e-6
