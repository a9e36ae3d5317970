"""Documents say what the tables say, in a fixed number of statements for each batch."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from revenge.content.search.source import DocumentSource
from revenge.infra.search.models import Collection
from revenge.infra.search.schema import SCHEMAS
from tests.integration.content.search.conftest import World

ADDED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def source(world: World) -> DocumentSource:
    return DocumentSource(world.pool)


async def test_film_with_all_that_is_known_of_it(world: World, source: DocumentSource) -> None:
    rows = world.rows
    films, more = await rows.library("Films"), await rows.library("More")
    movie = await rows.movie(
        "Léon", library=films, year=1994, release_date=date(1994, 9, 14), runtime_min=110, vote_average=8.3,
        vote_count=9, popularity=4.5, original_title="Léon", original_language="fr", status="Released", added_at=ADDED,
    )  # fmt: skip
    await rows.file(more, "Leon 4K", movie_id=movie, state="missing")
    await rows.put("external_id", entity_id=movie, kind="movie", provider="tmdb", value="101")
    await rows.put("translation", entity_id=movie, language="de", title="Léon – Der Profi")
    await rows.put("translation", entity_id=movie, language="fr", title="Léon")
    await rows.genre(movie, "crime", "Crime", 0)
    await rows.genre(movie, "drama", "Drama", 1)
    await rows.put("certification", entity_id=movie, country="US", value="R")
    await rows.put("image", id=uuid7(), entity_id=movie, type="poster", provider="tmdb", source="/b.jpg", position=1)
    await rows.put("image", id=uuid7(), entity_id=movie, type="poster", provider="tmdb", source="/a.jpg")
    jean, luc = await rows.person("Jean Reno"), await rows.person("Luc Besson")
    await rows.credit(movie, jean, character="Léon")
    await rows.credit(movie, luc, type_="crew", job="Director", department="Directing")
    (document,) = await source.documents(Collection.MOVIES, [movie, uuid7()])
    assert document == {
        "id": str(movie),
        "title": "Léon",
        "original_title": "Léon",
        "sort_title": "leon",
        "titles": ["Léon – Der Profi"],
        "library_ids": sorted([str(films), str(more)]),
        "popularity": 4.5,
        "vote_average": 8.3,
        "vote_count": 9,
        "tmdb_id": "101",
        "year": 1994,
        "status": "Released",
        "original_language": "fr",
        "genres": ["Crime", "Drama"],
        "genre_slugs": ["crime", "drama"],
        "age_ratings": ["US:R"],
        "cast": ["Jean Reno"],
        "directors": ["Luc Besson"],
        "person_ids": sorted([str(jean), str(luc)]),
        "has_file": True,
        "library_added_at": int(ADDED.timestamp()),
        "release_date": 779500800,
        "runtime": 110,
        "resolution": "1080p",
        "quality_profile": "bluray-1080p",
        "poster_path": "/a.jpg",
    }


async def test_episode_is_where_its_files_are_and_without_any_where_its_series_is(
    world: World, source: DocumentSource
) -> None:
    rows = world.rows
    shows, kids = await rows.library("Shows", type_="tvshow"), await rows.library("Kids", type_="tvshow")
    series = await rows.series("The Wire", popularity=3.0)
    season = await rows.season(series, name=None)
    here = await rows.episode(series, season, 1, title="The Target", library=shows)
    there = await rows.episode(series, season, 2, library=kids)
    nowhere = await rows.episode(series, season, 3)
    found = {
        document["id"]: document for document in await source.documents(Collection.EPISODES, [here, there, nowhere])
    }
    assert found[str(here)]["library_ids"] == [str(shows)]
    assert found[str(there)]["library_ids"] == [str(kids)]
    assert found[str(nowhere)]["library_ids"] == sorted([str(shows), str(kids)])
    assert [found[str(one)]["has_file"] for one in (here, there, nowhere)] == [True, True, False]
    assert found[str(there)]["title"] == "Episode 2"
    (shown,) = await source.documents(Collection.SEASONS, [season])
    assert (shown["name"], shown["episode_count"], shown["series_title"]) == ("Season 1", 3, "The Wire")
    (whole,) = await source.documents(Collection.TVSHOWS, [series])
    assert (whole["total_seasons"], whole["total_episodes"], whole["has_file"]) == (1, 3, True)


async def test_person_is_where_the_work_is_and_known_for_what_most_know(world: World, source: DocumentSource) -> None:
    """W43: people were never indexed."""
    rows = world.rows
    films, shows = await rows.library("Films"), await rows.library("Shows", type_="tvshow")
    al = await rows.person("Al Pacino", known_for="Acting", popularity=9.0)
    heat = await rows.movie("Heat", library=films, popularity=2.0)
    await rows.credit(heat, al, character="Vincent Hanna")
    await rows.credit(await rows.movie("The Godfather", popularity=8.0), al, character="Michael Corleone")
    series = await rows.series("Hunters", popularity=1.0)
    season = await rows.season(series)
    guest_in = await rows.episode(series, season, library=shows)
    await rows.credit(guest_in, al, type_="guest_star", character="Meyer Offerman")
    await rows.credit(series, al, type_="crew", job="Producer", department="Production")
    (document,) = await source.documents(Collection.PEOPLE, [al])
    assert document["known_for"] == ["The Godfather", "Heat", "Hunters"]
    assert (document["movie_count"], document["tvshow_count"], document["total_credits"]) == (2, 1, 4)
    assert document["departments"] == ["Acting", "Production"]
    assert document["library_ids"] == sorted([str(films), str(shows)])
    assert set(document["characters"]) == {"Vincent Hanna", "Michael Corleone", "Meyer Offerman"}
    (whole,) = await source.documents(Collection.TVSHOWS, [series])
    assert whole["person_ids"] == [str(al)]


async def test_deleted_library_shows_nothing(world: World, source: DocumentSource) -> None:
    library = await world.rows.library("Films")
    movie = await world.rows.movie(library=library)
    await world.pool.execute("UPDATE revenge.library SET deleted_at = now()")
    (document,) = await source.documents(Collection.MOVIES, [movie])
    assert (document["library_ids"], document["has_file"]) == ([], False)


@pytest.mark.parametrize("collection", list(Collection))
async def test_number_of_statements_does_not_grow_with_the_batch(world: World, collection: Collection) -> None:
    """W42: the Go server asked four questions for every film."""
    rows = world.rows
    made: dict[Collection, list[UUID]] = {name: [] for name in Collection}
    for number in range(6):
        movie, series, person = await rows.movie(), await rows.series(), await rows.person()
        season = await rows.season(series)
        episode = await rows.episode(series, season, number)
        for entity in (movie, series, episode):
            await rows.credit(entity, person)
        for name, one in zip(Collection, (movie, series, season, episode, person), strict=True):
            made[name].append(one)
    for_one = await _asked(world, collection, made[collection][:1])
    assert 0 < len(for_one) <= 10
    assert len(await _asked(world, collection, made[collection])) == len(for_one)


async def _asked(world: World, collection: Collection, ids: list[UUID]) -> list[str]:
    """Return what the database is asked for the documents of ``ids``; asyncpg tells it by the time a connection is back."""
    asked: list[str] = []
    async with world.pool.acquire() as conn:
        with conn.query_logger(lambda query: asked.append(query.query)):
            found = await DocumentSource(conn).documents(collection, ids)  # type: ignore[arg-type]  # it only fetches
    assert len(found) == len(ids)
    return asked


async def test_every_field_is_one_of_the_collection_s_schema(world: World, source: DocumentSource) -> None:
    rows = world.rows
    library = await rows.library("Films")
    movie, series, person = await rows.movie(library=library), await rows.series(), await rows.person()
    season = await rows.season(series)
    ids = [movie, series, season, await rows.episode(series, season, library=library), person]
    for collection, one in zip(Collection, ids, strict=True):
        (document,) = await source.documents(collection, [one])
        schema = SCHEMAS[collection].by_name()
        assert document.keys() <= schema.keys() | {"id"}
        assert {name for name, field in schema.items() if field.required} <= document.keys()
