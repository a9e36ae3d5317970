"""What every search engine does, on PostgreSQL and on a real Typesense server: the same questions, the same answers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from revenge.infra.search.errors import NoIndex
from revenge.infra.search.models import Collection, FacetValue, Query, Sort, Span
from revenge.infra.search.ports import SearchEngine
from tests.integration.infra.search.conftest import World, film

MOVIES = Collection.MOVIES


async def test_words_are_found_whatever_their_case_accents_and_punctuation(world: World) -> None:
    await world.have(MOVIES, film("Amélie"), film("WALL-E"), film("Ocean's Eleven"), film("Heat"))
    assert await world.titles(text="AMELIE") == ["Amélie"]
    assert await world.titles(text="wall e") == ["WALL-E"]
    assert await world.titles(text="oceans") == ["Ocean's Eleven"]
    assert await world.titles(text="ocean's eleven") == ["Ocean's Eleven"]


async def test_all_words_are_wanted_in_whatever_field(world: World) -> None:
    await world.have(
        MOVIES,
        film("The Matrix", cast=["Keanu Reeves"]),
        film("The Matrix Online"),
        film("Speed", cast=["Keanu Reeves"]),
    )
    assert await world.titles(text="matrix keanu") == ["The Matrix"]


async def test_last_word_may_be_the_beginning_of_one(world: World) -> None:
    await world.have(MOVIES, film("The Matrix"), film("Heat"))
    assert await world.titles(text="the matr") == ["The Matrix"]


@pytest.mark.parametrize("typed", ["matirx", "matix", "maatrix", "matrox", "terminatr", "termnatr", "schwarzeneger"])
async def test_mistyped_words_are_found(world: World, typed: str) -> None:
    await world.have(
        MOVIES, film("Matrix"), film("Terminator", cast=["Arnold Schwarzenegger"]), film("Heat", cast=["Al Pacino"])
    )
    assert await world.titles(text=typed) == ["Matrix" if typed.startswith("m") else "Terminator"]


async def test_what_is_spelled_right_does_not_bring_what_is_alike(world: World) -> None:
    await world.have(MOVIES, film("Alien"), film("Allen"))
    assert await world.titles(text="alien") == ["Alien"]


async def test_part_of_a_title_is_found(world: World) -> None:
    await world.have(MOVIES, film("Interstellar"), film("Heat"))
    assert await world.titles(text="stellar") == ["Interstellar"]


async def test_title_without_spaces_is_found_by_a_part_of_it(world: World) -> None:
    await world.have(MOVIES, film("千と千尋の神隠し", titles=["Spirited Away"]), film("もののけ姫"))
    assert await world.titles(text="千尋") == ["千と千尋の神隠し"]
    assert await world.titles(text="spirited") == ["千と千尋の神隠し"]


async def test_title_weighs_more_than_a_name_and_that_more_than_a_description(world: World) -> None:
    await world.have(
        MOVIES,
        film("Told", overview="It is about a ronin who has no master", popularity=9.0),
        film("Played", cast=["Ronin Smith"], popularity=5.0),
        film("Ronin", popularity=1.0),
    )
    assert await world.titles(text="ronin") == ["Ronin", "Played", "Told"]


async def test_more_popular_of_what_is_equally_relevant_comes_first(world: World) -> None:
    await world.have(MOVIES, film("Dune", year=1984, popularity=2.0), film("Dune", year=2021, popularity=8.0))
    found = await world.find(text="dune")
    assert [hit.document["year"] for hit in found.hits] == [2021, 1984]


async def test_nothing_to_look_for_finds_everything_and_signs_alone_find_nothing(world: World) -> None:
    await world.have(MOVIES, film("Heat"), film("Ronin"))
    assert sorted(await world.titles()) == ["Heat", "Ronin"]
    assert await world.titles(text=" ?! ") == []


@pytest.mark.parametrize(
    "typed", ["' | 'x", "heat:*", "!heat", "-heat", '"heat"', "heat & | ! ( )", "%", "_", "`", "heat && id:=1", "\\"]
)
async def test_no_text_of_a_caller_becomes_syntax(world: World, typed: str) -> None:
    await world.have(MOVIES, film("Heat"), film("Ronin"))
    assert await world.titles(text=typed) in ([], ["Heat"])


async def test_filters_are_typed_and_all_of_them_hold(world: World) -> None:
    await world.have(
        MOVIES,
        film("A", year=1999, genre_slugs=["action", "drama"], resolution="1080p", status="Released"),
        film("B", year=2003, genre_slugs=["drama"], resolution="2160p", has_file=False),
        film("C", year=2010, genre_slugs=["comedy"]),
        film("D"),
    )
    by_title = Sort(field="sort_title", descending=False)

    async def titles(**asked: Any) -> list[str]:
        return await world.titles(sort=by_title, **asked)

    assert await titles(any_of={"genre_slugs": ["drama"]}) == ["A", "B"]
    assert await titles(any_of={"genre_slugs": ["action", "comedy"]}) == ["A", "C"]
    assert await titles(any_of={"genre_slugs": ["drama"], "resolution": ["2160p", "720p"]}) == ["B"]
    assert await titles(spans={"year": Span(low=2000, high=2010)}) == ["B", "C"]
    assert await titles(spans={"year": Span(high=1999)}) == ["A"]
    assert await titles(flags={"has_file": False}) == ["B"]
    assert await titles(any_of={"year": ["1999", "2010"]}, flags={"has_file": True}) == ["A", "C"]
    assert await titles(any_of={"status": ["Released` || id:!=`x", "nothing"]}) == []


async def test_only_documents_of_the_caller_s_libraries_are_found_and_counted(world: World) -> None:
    mine, theirs = uuid7(), uuid7()
    await world.have(
        MOVIES,
        film("Mine", libraries=[mine], genres=["Drama"]),
        film("Ours", libraries=[mine, theirs], genres=["Drama"]),
        film("Theirs", libraries=[theirs], genres=["War"]),
        film("Nobody's", genres=["Drama"]),
    )
    found = await world.find(libraries=frozenset({mine}), facets=["genres"])
    assert sorted(hit.document["title"] for hit in found.hits) == ["Mine", "Ours"]
    assert (found.total_hits, found.facets["genres"]) == (2, [FacetValue("Drama", 2)])
    assert await world.titles(text="theirs", libraries=frozenset({mine})) == []
    assert (await world.find(libraries=frozenset())).total_hits == 0
    assert (await world.find(libraries=None)).total_hits == 4


async def test_facets_count_every_hit_and_not_the_page_alone(world: World) -> None:
    await world.have(
        MOVIES,
        film("A", year=1999, genres=["Action", "Drama"]),
        film("B", year=1999, genres=["Drama"], has_file=False),
        film("C", year=2003),
    )
    found = await world.find(per_page=1, facets=["genres", "year", "has_file", "status"])
    assert len(found.hits) == 1
    assert found.facets == {
        "genres": [FacetValue("Drama", 2), FacetValue("Action", 1)],
        "year": [FacetValue("1999", 2), FacetValue("2003", 1)],
        "has_file": [FacetValue("true", 2), FacetValue("false", 1)],
        "status": [],
    }


@pytest.mark.parametrize("field", ["popularity", "vote_average", "release_date", "library_added_at", "sort_title"])
async def test_sorting_goes_both_ways_and_what_has_no_value_comes_last(world: World, field: str) -> None:
    values: tuple[Any, Any] = ("alpha", "beta") if field == "sort_title" else (10, 20)
    given = [{**film(title), field: value} for title, value in zip(("low", "high"), values, strict=True)]
    if field in ("vote_average", "release_date"):
        given.append(film("none"))
    await world.have(MOVIES, *given)
    last = ["none"] if len(given) == 3 else []
    assert await world.titles(sort=Sort(field=field, descending=True)) == ["high", "low", *last]
    assert await world.titles(sort=Sort(field=field, descending=False)) == ["low", "high", *last]


async def test_pages_follow_one_another_without_a_gap(world: World) -> None:
    await world.have(MOVIES, *(film(f"Film {number:02}", popularity=float(number)) for number in range(7)))
    pages = [await world.find(text="film", page=page, per_page=3) for page in (1, 2, 3)]
    assert [len(page.hits) for page in pages] == [3, 3, 1]
    assert len({hit.document["id"] for page in pages for hit in page.hits}) == 7
    assert {(page.total_hits, page.total_pages) for page in pages} == {(7, 3)}


async def test_typing_looks_at_titles_alone(world: World) -> None:
    await world.have(MOVIES, film("Heat"), film("Ronin", cast=["Heather Graham"], overview="Heated"))
    assert await world.titles(text="hea", titles_only=True) == ["Heat"]


async def test_highlights_mark_the_words_and_escape_what_is_in_a_document(world: World) -> None:
    await world.have(MOVIES, film("<b>Heat</b> & Dust", overview="A lot of heat."))
    (hit,) = (await world.find(text="heat")).hits
    marked = {highlight.field: highlight.snippet for highlight in hit.highlights}
    assert marked["title"] == "&lt;b&gt;<mark>Heat</mark>&lt;/b&gt; &amp; Dust"
    assert marked["overview"] == "A lot of <mark>heat</mark>."


async def test_document_comes_back_as_it_was_given(world: World) -> None:
    given = film("Heat", year=1995, genres=["Crime"], tagline="A Los Angeles crime saga", vote_average=7.9)
    await world.have(MOVIES, given)
    assert [hit.document for hit in (await world.find()).hits] == [given]
    assert list(await world.engine.stored(MOVIES, [UUID(given["id"]), uuid7()])) == [given]


async def test_collections_do_not_mix(world: World) -> None:
    person = {
        "id": str(uuid7()),
        "name": "Heath Ledger",
        "sort_title": "heath ledger",
        "library_ids": [],
        "popularity": 1.0,
    }
    await world.have(MOVIES, film("Heat"))
    await world.have(Collection.PEOPLE, person)
    assert await world.titles(text="heat") == ["Heat"]
    assert await world.titles(Collection.PEOPLE, text="heat") == ["Heath Ledger"]


# Building anew: W42


async def test_what_is_searched_stays_there_until_a_build_takes_over(world: World) -> None:
    """W42: the Go server drops the collection first."""
    await world.have(MOVIES, film("Old"), film("Heat"))
    build = uuid7()
    await world.engine.begin(MOVIES, build)
    await world.engine.fill(MOVIES, [film("Heat")], build=build)
    assert "Old" in await world.titles()
    await world.engine.finish(MOVIES, build)
    assert await world.titles() == ["Heat"]


async def test_build_goes_on_where_it_was_broken_off(world: World) -> None:
    build, one, two = uuid7(), film("One"), film("Two")
    await world.engine.begin(MOVIES, build)
    await world.engine.fill(MOVIES, [one], build=build)
    await world.engine.begin(MOVIES, build)
    await world.engine.fill(MOVIES, [one, two], build=build)
    assert await world.engine.count(MOVIES, build=build) == 2
    await world.engine.finish(MOVIES, build)
    assert sorted(await world.titles()) == ["One", "Two"]


async def test_change_during_a_build_is_in_both(world: World) -> None:
    changed, gone = film("Before"), film("Gone")
    await world.have(MOVIES, changed, gone)
    build = uuid7()
    await world.engine.begin(MOVIES, build)
    await world.engine.fill(MOVIES, [changed, gone], build=build)
    after = {**changed, "title": "After", "sort_title": "after"}
    await world.engine.apply(MOVIES, put=[after], remove=[UUID(gone["id"])], build=build)
    assert await world.titles() == ["After"]
    await world.engine.finish(MOVIES, build)
    assert await world.titles() == ["After"]
    assert await world.engine.count(MOVIES) == 1


async def test_change_is_seen_at_once_and_removing_what_is_not_there_is_nothing(world: World) -> None:
    heat = film("Heat")
    await world.have(MOVIES, heat)
    await world.engine.apply(MOVIES, put=[film("Ronin")], remove=[UUID(heat["id"]), uuid4()])
    assert await world.titles() == ["Ronin"]


async def test_all_that_belongs_to_a_series_is_known(world: World) -> None:
    series, other = uuid7(), uuid7()
    episodes = [
        {
            **film(f"Episode {number}"),
            "series_id": str(of),
            "season_id": str(of),
            "season_number": 1,
            "episode_number": 1,
        }
        for number, of in enumerate([series, series, other])
    ]
    await world.have(Collection.EPISODES, *episodes)
    found = await world.engine.members(Collection.EPISODES, [series, uuid7()])
    assert found == {UUID(episode["id"]) for episode in episodes[:2]}
    assert await world.engine.members(Collection.SEASONS, [series]) == set()


async def test_old_builds_are_dropped_those_that_were_given_up_too(world: World) -> None:
    await world.have(MOVIES, film("Old"))
    await world.engine.begin(MOVIES, uuid7())
    build = await world.have(MOVIES, film("New"))
    assert await world.engine.count(MOVIES, build=build) == await world.engine.count(MOVIES) == 1
    assert (await world.engine.state(MOVIES)).documents == 1


async def test_document_that_cannot_be_stored_is_named_and_keeps_no_other_out(world: World) -> None:
    """W42: errors of a batch were written to the log and forgotten."""
    build, bad = uuid7(), film("Bad", library_ids=None)
    if world.engine.name == "postgres":
        bad = film("Bad", libraries=[], overview="nul \0 byte")
    await world.engine.begin(MOVIES, build)
    refused = await world.engine.fill(MOVIES, [film("A"), bad, film("B"), film("C")], build=build)
    assert [str(refusal.id) for refusal in refused] == [bad["id"]]
    assert refused[0].reason
    await world.engine.finish(MOVIES, build)
    assert sorted(await world.titles()) == ["A", "B", "C"]


async def test_token_says_how_the_engine_is_asked(world: World) -> None:
    expires = datetime.now(UTC) + timedelta(minutes=5)
    token = await world.engine.token(frozenset({uuid7()}), expires_at=expires)
    assert token.engine == world.engine.name
    assert (token.token is None) == (world.engine.name == "postgres")


async def test_engine_that_is_well_says_so(world: World) -> None:
    await world.have(MOVIES, film("Heat"))
    assert await world.engine.check()


async def test_collection_that_was_never_built_says_so_or_is_empty(engine: SearchEngine) -> None:
    query = Query(collection=MOVIES, text="heat")
    if (await engine.state(MOVIES)).exists:
        assert (await engine.search(query)).total_hits == 0
        return
    with pytest.raises(NoIndex):
        await engine.search(query)
    with pytest.raises(NoIndex):
        await engine.apply(MOVIES, put=[film("Heat")])
