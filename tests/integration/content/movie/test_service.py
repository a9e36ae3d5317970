"""What people do with films: choices hold for ever, deleting and merging lose nothing that is theirs."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from revenge.content.metadata.models import IdProvider, MovieDetails
from revenge.content.metadata.repository import EntityRepository
from revenge.content.movie.errors import CandidateNotFound, ItemNotFound, MovieNotFound, WrongChoice
from revenge.content.movie.models import MatchState, Movie, MovieFilter, MovieOrder
from revenge.content.movie.service import ByCandidate, ById, ByMovie, Choice, Ignore, Undo
from tests.fakes.locks import until_blocked
from tests.fakes.metadata_source import FakeSource
from tests.integration.content.movie.conftest import make_library

if TYPE_CHECKING:
    from tests.integration.content.movie.conftest import Films


@pytest.fixture
async def thing(films: "Films", source: FakeSource) -> UUID:
    """An item that may be one of two films."""
    for number, year in ((1, 1982), (2, 2011)):
        ids = {IdProvider.TMDB: str(number)}
        source.movies[str(number)] = MovieDetails(provider="tmdb", ids=ids, title="The Thing", year=year)
    item_id = await films.add("The Thing")
    await films.match_all()
    return item_id


@pytest.mark.parametrize("choice", [ByCandidate(2), ById(IdProvider.TMDB, "2")])
async def test_a_choice_by_hand_makes_the_film_and_holds(films: "Films", thing: UUID, choice: Choice) -> None:  # W22
    chosen = await films.service.choose(films.library_id, thing, choice)
    assert (chosen.item.state, chosen.item.candidates) == (MatchState.MANUAL, [])
    movie_id = chosen.item.movie_id
    assert films.told.matches[-1].created == [movie_id]
    await films.match(thing)
    assert (await films.item(thing))["movie_id"] == movie_id
    # The files vanish, the item with them, and come back.
    await films.pool.execute("DELETE FROM revenge.library_file")
    await films.pool.execute("UPDATE revenge.library_item SET match_state = 'pending', movie_id = NULL")
    await films.match_all()
    item = await films.item(thing)
    assert (item["match_state"], item["movie_id"]) == ("manual", movie_id)


async def test_a_film_of_ours_may_be_chosen(films: "Films", thing: UUID) -> None:
    other = await films.add("The Thing", 1982)
    await films.match_all()
    movie_id = (await films.film_of(other))["id"]
    chosen = await films.service.choose(films.library_id, thing, ByMovie(movie_id))
    assert chosen.item.movie_id == movie_id
    assert films.told.matches[-1].linked == [movie_id]


async def test_what_is_to_be_left_alone_is_left_alone_until_that_is_undone(films: "Films", thing: UUID) -> None:
    assert (await films.service.choose(films.library_id, thing, Ignore())).item.state is MatchState.IGNORED
    await films.match(thing)
    assert (await films.item(thing))["match_state"] == "ignored"
    undone = await films.service.choose(films.library_id, thing, Undo())
    assert (undone.item.state, undone.job_id) == (MatchState.PENDING, 1)
    assert films.queue.jobs == [("match", thing, True)]
    await films.match(thing)
    assert (await films.item(thing))["match_state"] == "unmatched"


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        (ByCandidate(3), CandidateNotFound),
        (ByMovie(UUID(int=1)), MovieNotFound),
        (ById(IdProvider.TMDB, "tt1"), WrongChoice),
        (ById(IdProvider.IMDB, "603"), WrongChoice),
        (ById(IdProvider.TVMAZE, "603"), WrongChoice),
    ],
)
async def test_a_wrong_choice_changes_nothing(
    films: "Films", thing: UUID, choice: Choice, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await films.service.choose(films.library_id, thing, choice)
    assert (await films.item(thing))["match_state"] == "unmatched"
    assert await films.count("match_choice") == 0


async def test_items_of_other_libraries_and_other_kinds_are_refused(films: "Films", thing: UUID) -> None:
    other = await make_library(films.pool, "other")
    with pytest.raises(ItemNotFound):
        await films.service.choose(other, thing, Ignore())
    episode = await films.add("Show", kind="episode")
    with pytest.raises(WrongChoice):
        await films.service.choose(films.library_id, episode, Ignore())


async def test_a_deleted_film_stays_away_and_can_be_added_again(films: "Films") -> None:  # W28
    item_id = await films.add("Heat", tmdb_id=949)
    await films.match_all()
    movie_id = (await films.film_of(item_id))["id"]
    await films.service.delete(movie_id)
    assert films.told.deletions == [([movie_id], True)]
    await films.match(item_id)
    assert await films.count() == 0
    await films.service.choose(films.library_id, item_id, Undo())
    await films.match(item_id)
    assert await films.count() == 1
    with pytest.raises(MovieNotFound):
        await films.service.delete(movie_id)


async def test_merging_keeps_what_people_have(films: "Films") -> None:
    first, second = await films.add("Heat", tmdb_id=949), await films.add("Heat!", tmdb_id=950)
    await films.match_all()
    keep, gone = (await films.film_of(first))["id"], (await films.film_of(second))["id"]
    account = uuid7()
    await films.pool.execute("INSERT INTO revenge.account (id, username) VALUES ($1, 'a')", account)
    await films.pool.execute(
        "INSERT INTO revenge.watched (account_id, entity_id, last_watched_at) VALUES ($1, $2, now())", account, gone
    )
    assert (await films.service.merge(keep, [gone])).id == keep
    assert (await films.film_of(second))["id"] == keep
    assert await films.pool.fetchval("SELECT entity_id FROM revenge.watched") == keep
    assert films.told.merges == [(keep, [gone])]
    assert (await films.match(second, force=True)).movie_id == keep
    for wrong, error in ((keep, WrongChoice), (uuid4(), MovieNotFound)):
        with pytest.raises(error):
            await films.service.merge(keep, [wrong])


async def test_merges_of_the_same_films_at_once_end_well(films: "Films") -> None:
    items = [await films.add(f"Heat {number}", tmdb_id=number) for number in range(1, 5)]
    await films.match_all()
    ids = [(await films.film_of(item))["id"] for item in items]
    wanted = [(keep, [gone, gone, *ids[:0:-1]]) for keep in ids for gone in ids if keep != gone]
    ends = await asyncio.gather(
        *(films.service.merge(keep, [each for each in gone if each != keep]) for keep, gone in wanted),
        return_exceptions=True,
    )
    assert {type(end) for end in ends} <= {Movie, MovieNotFound}
    assert any(isinstance(end, Movie) for end in ends)


async def test_merge_waits_for_who_describes_a_film_and_is_not_in_their_way(films: "Films") -> None:
    """Who describes a film holds its entity, then writes the film; a merge that wrote the film first met it in a circle."""
    first, second = await films.add("Heat", tmdb_id=949), await films.add("Heat!", tmdb_id=950)
    await films.match_all()
    keep, gone = (await films.film_of(first))["id"], (await films.film_of(second))["id"]
    async with films.pool.acquire() as conn:
        async with conn.transaction():
            await EntityRepository().lock(conn, [keep])
            merging = asyncio.create_task(films.service.merge(keep, [gone]), name="merge")
            await until_blocked(conn)
            await conn.execute("UPDATE revenge.movie SET tagline = 'described' WHERE id = $1", keep)
        assert (await merging).tagline == "described"


async def test_films_are_seen_by_whoever_sees_a_library_that_has_them(films: "Films") -> None:
    other = await make_library(films.pool, "other")
    await films.add("Heat", tmdb_id=949)
    await films.match_all()
    movie_id = await films.pool.fetchval("SELECT id FROM revenge.movie")
    assert (await films.service.get(movie_id, visible=[films.library_id])).id == movie_id
    for hidden in ([other], []):
        with pytest.raises(MovieNotFound):
            await films.service.get(movie_id, visible=hidden)
        assert (await films.service.page(MovieFilter(), visible=hidden)).movies == []
    await films.pool.execute("UPDATE revenge.library SET deleted_at = now() WHERE id = $1", films.library_id)
    with pytest.raises(MovieNotFound):
        await films.service.get(movie_id)
    assert (await films.service.page(MovieFilter(), visible=None)).movies == []


@pytest.mark.parametrize("order", list(MovieOrder))
async def test_pages_hold_every_film_once(films: "Films", order: MovieOrder) -> None:
    for number in range(1, 8):
        await films.add(f"film {chr(72 - number)}", 2000 + number, tmdb_id=number)
    await films.match_all()
    cursor, seen = None, []
    while True:
        page = await films.service.page(MovieFilter(order=order), visible=None, limit=3, cursor=cursor)
        seen += [movie.title for movie in page.movies]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(f"film {chr(72 - number)}" for number in range(1, 8))
    if order is MovieOrder.TITLE:
        assert seen == sorted(seen)


async def test_films_are_filtered(films: "Films") -> None:
    await films.add("Heat 100%", 1995, tmdb_id=1)
    await films.add("Ronin", 1998, tmdb_id=2)
    await films.match_all()

    async def titles(wanted: MovieFilter) -> list[str]:
        return [movie.title for movie in (await films.service.page(wanted, visible=None)).movies]

    assert await titles(MovieFilter(year=1998)) == ["Ronin"]
    assert await titles(MovieFilter(title="0%")) == ["Heat 100%"]
    assert await titles(MovieFilter(title="_")) == []
    assert await titles(MovieFilter(library_id=films.library_id, title="RON")) == ["Ronin"]
    assert await titles(MovieFilter(library_id=uuid4())) == []
    assert await titles(MovieFilter(genre="crime")) == []
    assert await titles(MovieFilter(collection_id=uuid4())) == []


async def test_parts_of_a_stack_are_one_version_and_two_files_are_two(films: "Films") -> None:
    item_id = await films.add("Heat", tmdb_id=949, resolution="1080p", path=b"/films/a.mkv")
    await films.add_file(item_id, resolution="1080p", path=b"/films/b.mkv")
    for part in (2, 1):
        await films.add_file(item_id, edition="Director's Cut", part=part, path=f"/films/c{part}.mkv".encode())
    await films.match_all()
    versions = await films.service.versions((await films.film_of(item_id))["id"])
    assert [[file.path for file in version.files] for version in versions] == [
        [b"/films/a.mkv"], [b"/films/b.mkv"], [b"/films/c1.mkv", b"/films/c2.mkv"],
    ]  # fmt: skip


async def test_forgetting_a_library_deletes_what_nobody_else_has(films: "Films") -> None:  # W20
    other = await make_library(films.pool, "other")
    only, both = await films.add("Heat", tmdb_id=1), await films.add("Ronin", tmdb_id=2)
    await films.match_all()
    await films.match(await films.add("Ronin", tmdb_id=2, library_id=other))
    kept, gone = (await films.film_of(both))["id"], (await films.film_of(only))["id"]
    assert await films.service.forget_library(films.library_id) == 1
    assert films.told.deletions == [([gone], False)]
    assert [row["id"] for row in await films.pool.fetch("SELECT id FROM revenge.movie")] == [kept]
