"""A refresh asks once, writes all of the answer or nothing, and takes nothing away that it was not told of."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from revenge.content.metadata.errors import SourceBusy, SourceDown, SourceRefused, UnknownTitle
from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    CreditType,
    IdProvider,
    MovieDetails,
    PersonRef,
    Rating,
)
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.source import Sources
from revenge.content.movie.errors import MovieNotFound
from revenge.content.movie.refreshing import RefreshConfig, RefreshStatus
from revenge.content.movie.repository import MovieRepository
from tests.fakes.locks import until_blocked
from tests.fakes.metadata_source import FakeSource
from tests.integration.content.movie.conftest import make_library

if TYPE_CHECKING:
    from tests.integration.content.movie.conftest import Films

HEAT = MovieDetails(
    provider="tmdb",
    ids={IdProvider.TMDB: "949", IdProvider.IMDB: "tt0113277"},
    title="Heat",
    year=1995,
    release_date=date(1995, 12, 15),
    runtime_min=170,
    overview="Cops and robbers.",
    vote_average=7.9,
    genres=("Crime",),
    ratings=(Rating(source="tmdb", value=7.9),),
    credits=(Credit(person=PersonRef(name="Al Pacino", ids={IdProvider.TMDB: "1158"}), type=CreditType.CAST),),
    collection=CollectionRef(name="Heat Collection", ids={IdProvider.TMDB: "1"}),
)


async def matched(films: "Films", source: FakeSource, details: MovieDetails = HEAT) -> object:
    source.movies[details.ids[IdProvider.TMDB]] = details
    await films.add("Heat", 1995)
    await films.match_all()
    source.asked.clear()
    return (await films.pool.fetchrow("SELECT id FROM revenge.movie"))["id"]  # type: ignore[index]  # there is one


async def test_all_that_is_known_is_written_and_told_once(films: "Films", source: FakeSource) -> None:  # W25, W30
    movie_id = await matched(films, source)
    outcome = await films.refresher.refresh(movie_id)  # type: ignore[arg-type]  # a UUID
    row = await films.pool.fetchrow("SELECT * FROM revenge.movie")
    assert row is not None
    assert (row["runtime_min"], float(row["vote_average"]), row["metadata_provider"]) == (170, 7.9, "tmdb")
    assert row["metadata_updated_at"] is not None
    assert row["collection_id"] is not None
    assert (outcome.status, outcome.changed) == (RefreshStatus.REFRESHED, True)
    assert source.asked == [("movie", {IdProvider.TMDB: "949"}, ("en",), False, ())]
    assert [(told.movie_id, len(told.people)) for told in films.told.refreshes] == [(movie_id, 1)]


async def test_credits_survive_any_number_of_refreshes(films: "Films", source: FakeSource) -> None:  # W29
    movie_id = await matched(films, source)
    for _ in range(3):
        await films.refresher.refresh(movie_id, force=True)  # type: ignore[arg-type]
    assert await films.count("credit") == 1
    source.movies["949"] = replace(HEAT, credits=(), genres=())
    await films.refresher.refresh(movie_id, force=True)  # type: ignore[arg-type]
    assert (await films.count("credit"), await films.count("entity_genre")) == (1, 1)


async def test_one_that_was_refreshed_lately_is_asked_about_only_by_force(
    films: "Films", source: FakeSource
) -> None:  # W30
    movie_id = await matched(films, source)
    await films.refresher.refresh(movie_id)  # type: ignore[arg-type]
    films.clock.time = await films.pool.fetchval("SELECT now()")
    source.asked.clear()
    assert (await films.refresher.refresh(movie_id)).status is RefreshStatus.FRESH  # type: ignore[arg-type]
    assert source.asked == []
    assert (await films.refresher.refresh(movie_id, force=True)).status is RefreshStatus.REFRESHED  # type: ignore[arg-type]
    assert source.asked[0][3] is True


async def test_the_languages_of_the_libraries_are_asked_for_in_one_request(
    films: "Films", source: FakeSource
) -> None:  # W20, W25
    movie_id = await matched(films, source)
    german = await make_library(films.pool, "filme", language="de")
    item = await films.add("Heat", 1995, library_id=german)
    await films.match(item)
    source.asked.clear()
    await films.refresher.refresh(movie_id, languages=["fr"])  # type: ignore[arg-type]
    assert [asked[2] for asked in source.asked] == [("fr", "en", "de")]


async def test_named_providers_alone_are_asked_and_only_fill_gaps(films: "Films", source: FakeSource) -> None:  # W31
    movie_id = await matched(films, source)
    await films.refresher.refresh(movie_id)  # type: ignore[arg-type]
    source.movies["949"] = MovieDetails(
        provider="omdb",
        ids=HEAT.ids,
        title="HEAT!",
        tagline="A Los Angeles Crime Saga",
        ratings=(Rating(source="metacritic", value=76),),
    )
    await films.refresher.refresh(movie_id, force=True, providers=["omdb"])  # type: ignore[arg-type]
    row = await films.pool.fetchrow("SELECT title, tagline, metadata_provider FROM revenge.movie")
    assert tuple(row or ()) == ("Heat", "A Los Angeles Crime Saga", "tmdb")
    assert await films.count("rating") == 2
    assert source.asked[-1][4] == ("omdb",)


async def test_a_local_film_is_identified_as_soon_as_somebody_can_be_asked(films: "Films", source: FakeSource) -> None:
    films.use(Sources(()))
    await films.add("Heat", 1995)
    await films.match_all()
    movie_id = await films.pool.fetchval("SELECT id FROM revenge.movie")
    assert (await films.refresher.refresh(movie_id)).status is RefreshStatus.NO_SOURCE
    source.movies["949"] = HEAT
    films.use(source)
    assert (await films.refresher.refresh(movie_id)).status is RefreshStatus.REFRESHED
    assert await films.pool.fetchval("SELECT local_key FROM revenge.movie") is None
    assert await films.count("external_id") == 4


async def test_a_local_film_that_nothing_is_like_stays_and_is_not_asked_about_again_at_once(
    films: "Films", source: FakeSource
) -> None:
    films.use(Sources(()))
    await films.add("Holiday 2015")
    await films.match_all()
    films.use(source)
    movie_id = await films.pool.fetchval("SELECT id FROM revenge.movie")
    assert (await films.refresher.refresh(movie_id)).status is RefreshStatus.UNIDENTIFIED
    assert await films.pool.fetchval("SELECT metadata_updated_at FROM revenge.movie") is not None


async def test_two_films_that_turn_out_to_be_one_become_one(films: "Films", source: FakeSource) -> None:
    source.movies["949"] = HEAT
    by_imdb, by_tmdb = await films.add("Heat", imdb_id="tt0113277"), await films.add("Heat", tmdb_id=949)
    await films.match_all()
    assert await films.count() == 2
    film, other = await films.film_of(by_imdb), await films.film_of(by_tmdb)
    outcome = await films.refresher.refresh(film["id"])
    assert outcome.merged == [other["id"]]
    assert (await films.film_of(by_tmdb))["id"] == film["id"]
    assert await films.count() == 1
    assert films.told.refreshes[-1].merged == [other["id"]]


async def test_refresh_that_will_merge_holds_no_film_while_it_waits_for_its_turn(
    films: "Films", source: FakeSource
) -> None:
    """Merges take turns and then films; a refresh that took its film first met them in a circle."""
    source.movies["949"] = HEAT
    by_imdb, by_tmdb = await films.add("Heat", imdb_id="tt0113277"), await films.add("Heat", tmdb_id=949)
    await films.match_all()
    film, other = (await films.film_of(by_imdb))["id"], (await films.film_of(by_tmdb))["id"]
    async with films.pool.acquire() as conn:
        async with conn.transaction():
            await MovieRepository().lock_creation(conn)
            refreshing = asyncio.create_task(films.refresher.refresh(film), name="refresh")
            await until_blocked(conn)
            await EntityRepository().lock(conn, [film, other])
        assert (await refreshing).merged == [other]


async def test_two_films_whose_ids_contradict_are_told_and_left_alone(films: "Films", source: FakeSource) -> None:
    source.movies["949"] = HEAT
    wrong = await films.add("Other", imdb_id="tt0113277", tmdb_id=1)
    right = await films.add("Heat", tmdb_id=949)
    await films.match_all()
    outcome = await films.refresher.refresh((await films.film_of(right))["id"])
    assert (outcome.merged, [clash.value for clash in outcome.clashes]) == ([], ["tt0113277"])
    assert await films.film_of(wrong) != await films.film_of(right)


async def test_what_nobody_has_is_final_and_keeps_all_that_is_known(films: "Films", source: FakeSource) -> None:
    movie_id = await matched(films, source)
    await films.refresher.refresh(movie_id)  # type: ignore[arg-type]
    source.movies.clear()
    with pytest.raises(UnknownTitle):
        await films.refresher.refresh(movie_id, force=True)  # type: ignore[arg-type]
    assert await films.count("credit") == 1


@pytest.mark.parametrize(
    "trouble", [SourceDown("x"), SourceRefused("x"), SourceBusy("x", retry_after=timedelta(seconds=1))]
)
async def test_trouble_writes_nothing(films: "Films", source: FakeSource, trouble: Exception) -> None:  # W35
    movie_id = await matched(films, source)
    source.trouble["949"] = trouble
    before = await films.pool.fetchrow("SELECT * FROM revenge.movie")
    with pytest.raises(type(trouble)):
        await films.refresher.refresh(movie_id)  # type: ignore[arg-type]
    assert await films.pool.fetchrow("SELECT * FROM revenge.movie") == before
    assert films.told.refreshes == []


async def test_a_film_that_is_not_there_is_named(films: "Films") -> None:
    with pytest.raises(MovieNotFound):
        await films.refresher.refresh(uuid4())


async def test_what_is_old_is_enqueued_the_oldest_first(films: "Films", source: FakeSource) -> None:  # W30
    for number in range(1, 5):
        await films.add(f"Film {number}", tmdb_id=number)
    await films.match_all()
    ages = {"Film 1": "NULL", "Film 2": "'2026-11-01Z'", "Film 3": "'2026-09-01Z'", "Film 4": "'2026-11-20Z'"}
    for title, moment in ages.items():
        await films.pool.execute(f"UPDATE revenge.movie SET metadata_updated_at = {moment} WHERE title = '{title}'")
    await films.pool.execute("UPDATE revenge.movie SET year = extract(year FROM now()) WHERE title = 'Film 4'")
    assert await films.refresher.enqueue_stale() == 3
    titles = {row["id"]: row["title"] for row in await films.pool.fetch("SELECT id, title FROM revenge.movie")}
    assert [titles[movie_id] for movie_id in films.queue.jobs[-1][1]] == ["Film 1", "Film 3", "Film 4"]
    films.use(Sources(()))
    assert await films.refresher.enqueue_stale() == 0


def test_times_of_the_configuration_are_checked() -> None:
    with pytest.raises(ValueError, match="stale_after must be positive, got 0:00:00"):
        RefreshConfig(stale_after=timedelta(0))
