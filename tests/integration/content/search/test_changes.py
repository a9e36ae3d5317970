"""What changes is told once and soon, and no change is lost, whatever runs at the same time."""

import asyncio

import pytest

from revenge.content.search.errors import DocumentsRefused
from revenge.content.search.jobs import MovieSearchIndexArgs, TVShowSearchIndexArgs
from revenge.infra.jobs import JobListParams, JobState
from revenge.infra.jobs.testing import drain
from revenge.infra.search.models import Collection, Document
from tests.integration.content.search.conftest import World


async def test_touched_film_is_found_and_deleted_one_no_longer(world: World) -> None:
    """W34: nothing was indexed after a refresh, a sync or a deletion."""
    await world.built()
    heat, ronin = await world.rows.movie("Heat"), await world.rows.movie("Ronin")
    await world.touch(movies=[heat, ronin])
    await world.work()
    assert set(await world.documents(Collection.MOVIES)) == {"Heat", "Ronin"}
    await world.rows.delete([heat])
    await world.rows.update("movie", ronin, title="Ronin (1998)")
    await world.touch(movies=[heat, ronin])
    await world.work()
    assert set(await world.documents(Collection.MOVIES)) == {"Ronin (1998)"}
    assert await world.waiting() == 0


async def test_many_changes_are_one_job_and_each_thing_is_told_once(world: World) -> None:
    """W42: one new film had everything indexed anew."""
    await world.built()
    movies = [await world.rows.movie(f"Film {number}") for number in range(5)]
    for _ in range(3):
        await world.touch(movies=movies)
    (job,) = (await world.client.list(JobListParams(kinds=["movie_search_index"], states=[JobState.AVAILABLE]))).jobs
    worked = await world.work()
    assert [one.job.id for one in worked] == [job.id]
    assert worked[0].output == {"indexed": 5, "removed": 0, "refused": 0}
    assert sorted(world.engine.put) == sorted(map(str, movies))


async def test_change_made_while_the_job_runs_gets_a_job_of_its_own(world: World) -> None:
    """W07: what the Go server was told while it indexed, or soon after, stayed unsearchable."""
    await world.built()
    first, second = await world.rows.movie("First"), await world.rows.movie("Second")
    await world.touch(movies=[first])
    apply = world.engine.apply

    async def meanwhile(*args: object, **rest: object) -> object:
        world.engine.apply = apply  # type: ignore[method-assign]
        await world.touch(movies=[second])
        return await apply(*args, **rest)  # type: ignore[arg-type]

    world.engine.apply = meanwhile  # type: ignore[method-assign,assignment]
    worked = await world.work()
    assert len({one.job.id for one in worked}) == 2
    assert set(await world.documents(Collection.MOVIES)) == {"First", "Second"}


async def test_change_that_is_committed_after_the_job_has_looked_is_not_lost(world: World) -> None:
    """W07: whoever finds a job waiting makes no other, and that one may have run before the change is committed."""
    await world.built()
    early, late = await world.rows.movie("Early"), await world.rows.movie("Late")
    await world.touch(movies=[early])
    async with world.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await world.queue.touch(conn, movies=[late])
        worked = await world.work()
        assert [one.outcome for one in worked] == ["snoozed"]
        assert set(await world.documents(Collection.MOVIES)) == {"Early"}
        await transaction.commit()
    await world.work(with_scheduled=True)
    assert set(await world.documents(Collection.MOVIES)) == {"Early", "Late"}


async def test_change_that_is_rolled_back_leaves_neither_a_row_nor_a_job(world: World) -> None:
    await world.built()
    async with world.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await world.queue.touch(conn, movies=[await world.rows.movie()])
        await transaction.rollback()
    assert await world.waiting() == 0
    assert await world.work() == []


async def test_transactions_that_change_the_same_do_not_wait_for_one_another(world: World) -> None:
    await world.built()
    movie = await world.rows.movie()
    async with world.pool.acquire() as one, world.pool.acquire() as two, one.transaction(), two.transaction():
        async with asyncio.timeout(10):
            await world.queue.touch(one, movies=[movie])
            await world.queue.touch(two, movies=[movie])
            await world.queue.touch(one, series=[movie], people=[movie])
            await world.queue.touch(two, people=[movie], series=[movie])


async def test_series_is_told_with_its_seasons_and_episodes_and_what_is_gone_of_it_goes(world: World) -> None:
    await world.built()
    series = await world.rows.series("The Wire")
    season = await world.rows.season(series, name="One")
    kept = await world.rows.episode(series, season, 1, title="The Target")
    gone = await world.rows.episode(series, season, 2, title="The Detail")
    await world.touch(series=[series])
    await world.work()
    assert set(await world.documents(Collection.EPISODES)) == {"The Target", "The Detail"}
    await world.rows.delete([gone])
    await world.rows.update("series", series, title="Wired")
    await world.touch(series=[series])
    await world.work()
    episodes = await world.documents(Collection.EPISODES)
    assert {title: found["series_title"] for title, found in episodes.items()} == {"The Target": "Wired"}
    await world.rows.delete([kept, season, series])
    await world.touch(series=[series])
    await world.work()
    for collection in (Collection.TVSHOWS, Collection.SEASONS, Collection.EPISODES):
        assert await world.documents(collection) == {}


async def test_people_are_told_with_their_films_those_too_who_are_out(world: World) -> None:
    """W43: people were never indexed."""
    await world.built()
    al, robert = await world.rows.person("Al Pacino"), await world.rows.person("Robert De Niro")
    heat = await world.rows.movie("Heat")
    await world.rows.credit(heat, al)
    await world.touch(movies=[heat])
    await world.work()
    assert (await world.documents(Collection.PEOPLE))["Al Pacino"]["known_for"] == ["Heat"]
    await world.pool.execute("DELETE FROM revenge.credit")
    await world.rows.credit(heat, robert)
    await world.touch(movies=[heat])
    await world.work()
    people = await world.documents(Collection.PEOPLE)
    assert {name: found["movie_count"] for name, found in people.items()} == {"Al Pacino": 0, "Robert De Niro": 1}
    await world.rows.delete([heat])
    await world.touch(movies=[heat])
    await world.work()
    assert {found["movie_count"] for found in (await world.documents(Collection.PEOPLE)).values()} == {0}


async def test_change_of_a_film_that_its_people_do_not_show_leaves_them_alone(world: World) -> None:
    await world.built()
    al, heat = await world.rows.person("Al Pacino"), await world.rows.movie("Heat")
    await world.rows.credit(heat, al)
    await world.touch(movies=[heat])
    await world.work()
    world.engine.put.clear()
    await world.rows.update("movie", heat, overview="A thief and a policeman.")
    await world.touch(movies=[heat])
    await world.work()
    assert world.engine.put == [str(heat)]


async def test_go_s_own_jobs_index_and_remove_one_film(world: World) -> None:
    await world.built()
    heat = await world.rows.movie("Heat")
    (worked,) = await world.work(MovieSearchIndexArgs(operation="index", movie_id=heat))
    assert worked.output == {"indexed": 1, "removed": 0, "refused": 0}
    assert set(await world.documents(Collection.MOVIES)) == {"Heat"}
    (worked,) = await world.work(MovieSearchIndexArgs(operation="remove", movie_id=heat))
    assert worked.output == {"indexed": 0, "removed": 1, "refused": 0}
    assert await world.documents(Collection.MOVIES) == {}


async def test_go_s_own_job_indexes_one_series(world: World) -> None:
    await world.built()
    series = await world.rows.series("The Wire")
    await world.rows.season(series)
    (worked,) = await world.work(TVShowSearchIndexArgs(series_id=series))
    assert worked.output is not None
    assert worked.output["indexed"] == 2


async def test_document_that_is_refused_fails_the_job_and_keeps_no_other_out(world: World) -> None:
    """W42: what could not be indexed was logged, and the job was a success."""
    await world.built()
    good, bad = await world.rows.movie("Good"), await world.rows.movie("Bad")
    world.engine.refuses = {str(bad)}
    await world.touch(movies=[bad, good])
    (worked,) = await world.work(raise_errors=False)
    assert worked.outcome == "failed"
    assert isinstance(worked.error, DocumentsRefused)
    assert str(bad) in str(worked.error)
    assert worked.output == {
        "indexed": 1,
        "removed": 0,
        "refused": 1,
        "errors": [{"id": str(bad), "error": "I do not like it"}],
    }
    assert set(await world.documents(Collection.MOVIES)) == {"Good"}
    world.engine.refuses = set()
    (again,) = await world.work(with_retries=True)
    assert again.outcome == "completed"
    assert set(await world.documents(Collection.MOVIES)) == {"Good", "Bad"}
    assert await world.waiting() == 0


async def test_document_that_is_refused_for_ever_is_left_alone_until_it_changes(world: World) -> None:
    await world.built()
    bad, other = await world.rows.movie("Bad"), await world.rows.movie("Other")
    world.engine.refuses = {str(bad)}
    await world.touch(movies=[bad])
    worked = await world.work(with_retries=True, raise_errors=False)
    assert [one.outcome for one in worked] == [*["failed"] * 4, "discarded"]
    await world.touch(movies=[other])
    (after,) = await world.work()
    assert after.outcome == "completed"
    world.engine.refuses = set()
    await world.touch(movies=[bad])
    await world.work()
    assert set(await world.documents(Collection.MOVIES)) == {"Bad", "Other"}


async def test_two_jobs_at_once_do_not_write_to_the_same(world: World) -> None:
    await world.built()
    movie = await world.rows.movie()
    await world.touch(movies=[movie])
    async with world.client.once_per_cluster("search.movies", ttl=world.movies.timeout) as hold:
        assert hold
        worked = list(await drain(world.client))
    assert [one.outcome for one in worked] == ["snoozed"]
    assert world.engine.put == []
    await world.work(with_scheduled=True)
    assert world.engine.put == [str(movie)]


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_batch_size_is_honoured(world: World, size: int) -> None:
    batches: list[int] = []

    async def note(collection: Collection, documents: list[Document]) -> None:
        batches.append(len(documents))

    for number in range(5):
        await world.rows.series(f"Series {number}")
    world.engine.before_fill = note
    await world.work(TVShowSearchIndexArgs(full_reindex=True, batch_size=size))
    assert max(batches) == min(size, 5)
    assert sum(batches) == 5
