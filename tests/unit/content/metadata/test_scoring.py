"""Which hit a file means: what decides, what is not enough, and what is shown for it."""

import pytest

from revenge.content.metadata.models import IdProvider, SearchHit
from revenge.content.metadata.scoring import ACCEPTED_FROM, Wanted, decide, score, similarity


def hit(title: str, year: int | None = None, *, popularity: float | None = None, **more: object) -> SearchHit:
    values: dict[str, object] = {"provider": "tmdb", "provider_id": f"{title}-{year}", **more}
    return SearchHit(title=title, year=year, popularity=popularity, **values)  # type: ignore[arg-type]  # values of many types


def test_first_hit_is_not_taken_because_it_is_the_first() -> None:  # W22
    verdict = decide(Wanted(title="Heat", year=1995), [hit("The Heat", 2013), hit("Heat", 1986), hit("Heat", 1995)])
    assert verdict.chosen is not None
    assert verdict.chosen.hit.year == 1995
    assert verdict.confidence == 1.0
    assert [each.hit.year for each in verdict.candidates] == [1995, 1986, 2013]


def test_year_tells_series_of_one_title_apart() -> None:  # W23
    both = [hit("The Office", 2005, popularity=400), hit("The Office", 2001, popularity=40)]
    for year in (2001, 2005):
        verdict = decide(Wanted(title="The Office", year=year), both)
        assert verdict.chosen is not None
        assert verdict.chosen.hit.year == year


def test_without_a_year_the_far_better_known_one_is_meant_and_else_none() -> None:
    known = decide(
        Wanted(title="Shameless"), [hit("Shameless", 2004, popularity=5), hit("Shameless", 2011, popularity=90)]
    )
    assert known.chosen is not None
    assert known.chosen.hit.year == 2011
    assert known.candidates[0] is known.chosen
    alike = decide(
        Wanted(title="Shameless"), [hit("Shameless", 2004, popularity=50), hit("Shameless", 2011, popularity=90)]
    )
    assert alike.chosen is None
    assert len(alike.candidates) == 2
    assert "equally" in alike.reason


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(title="Rocky II", year=1979), hit("Rocky III", 1979)),
        (Wanted(title="Alien", year=1979), hit("Dune", 1979)),
        (Wanted(title="Heat", year=1995), hit("Heat", 2013)),
        (Wanted(title="Blade Runner", year=1982), hit("Blade Runner 2049", 2017)),
        (Wanted(title="千と千尋の神隠し", year=2001), hit("となりのトトロ", 2001)),
    ],
)
def test_what_is_not_alike_enough_is_no_match_but_a_candidate(wanted: Wanted, found: SearchHit) -> None:
    verdict = decide(wanted, [found])
    assert verdict.chosen is None
    assert [each.hit for each in verdict.candidates] == [found]
    assert verdict.confidence < ACCEPTED_FROM


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amélie", "amelie"),
        ("The Office", "Office, The"),
        ("Rocky II", "Rocky 2"),
        ("Se7en", "SE7EN"),
        ("Spider-Man: No Way Home", "Spider Man No Way Home"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
    ],
)
def test_titles_are_alike_whatever_their_spelling(one: str, other: str) -> None:
    assert similarity(one, other) >= 0.98
    assert similarity(other, one) >= 0.98


def test_title_without_the_article_is_another_where_there_is_one() -> None:
    verdict = decide(Wanted(title="Heat"), [hit("The Heat", 2013, popularity=90), hit("Heat", 1995, popularity=1)])
    assert verdict.chosen is not None
    assert verdict.chosen.hit.year == 1995


def test_original_title_and_aliases_count_as_much() -> None:
    found = hit("Money Heist", 2017, original_title="La casa de papel", aliases=("Haus des Geldes",))
    for title in ("La Casa de Papel", "Haus des Geldes"):
        candidate = score(Wanted(title=title, year=2017), found)
        assert candidate.score >= 0.95
        assert candidate.evidence["matched_title"].casefold() == title.casefold()


def test_id_decides_alone_and_another_id_excludes() -> None:
    ours = {IdProvider.TVDB: "73244"}
    same = hit("Das Büro", 1999, ids={IdProvider.TVDB: "73244"})
    other = hit("The Office", 2005, ids={IdProvider.TVDB: "1"})
    verdict = decide(Wanted(title="The Office", year=2005, ids=ours), [other, same])
    assert verdict.chosen is not None
    assert verdict.chosen.hit is same
    assert score(Wanted(title="The Office", year=2005, ids=ours), other).score == 0.0


def test_year_one_off_is_a_premiere_elsewhere() -> None:
    assert decide(Wanted(title="Heat", year=1996), [hit("Heat", 1995)]).chosen is not None


def test_nothing_found_is_said() -> None:
    verdict = decide(Wanted(title="Heat"), [])
    assert (verdict.chosen, verdict.confidence, verdict.reason) == (None, 0.0, "nothing was found")
