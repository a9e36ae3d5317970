"""A rebuild leaves no gap, loses no change, goes on where it was broken off, and does not end before it is complete."""

from collections.abc import Sequence
from typing import Any

import pytest

from revenge.content.search.errors import BuildIncomplete, DocumentsRefused
from revenge.content.search.jobs import MovieSearchIndexArgs, SearchCheckArgs, TVShowSearchIndexArgs
from revenge.content.search.models import Group
from revenge.content.search.service import Task
from revenge.infra.jobs import JobListParams, JobState
from revenge.infra.search.models import Collection, Document
from tests.integration.content.search.conftest import World

AGREED: dict[str, Any] = {"differences": {}, "rebuilds": {}, "waiting": []}
REINDEX = MovieSearchIndexArgs(operation="reindex")


class KilledHere(BaseException):
    """Ends an attempt without anything that a process would still do."""


async def test_rebuild_makes_the_index_what_the_tables_are(world: World) -> None:
    al = await world.rows.person("Al Pacino")
    heat = await world.rows.movie("Heat")
    await world.rows.credit(heat, al)
    series = await world.rows.series("Hunters")
    await world.rows.episode(series, await world.rows.season(series), title="In the Belly")
    (worked,) = await world.work(REINDEX)
    assert worked.output == {"indexed": 0, "removed": 0, "refused": 0, "built": {"movies": 1, "people": 1}}
    (worked,) = await world.work(TVShowSearchIndexArgs(full_reindex=True))
    assert worked.output is not None
    assert worked.output["built"] == {"tvshows": 1, "seasons": 1, "episodes": 1, "people": 1}
    assert [hit.document["title"] for hit in (await world.find("belly", Collection.EPISODES)).hits] == ["In the Belly"]


async def test_what_is_there_is_found_all_the_time(world: World) -> None:
    """W42: the Go server dropped the collection first, and searches failed until it was filled again."""
    for number in range(4):
        await world.rows.movie(f"Film {number}")
    await world.built()
    seen: list[int] = []

    async def look(collection: Collection, documents: Sequence[Document]) -> None:
        if collection is Collection.MOVIES:
            seen.append((await world.find("film")).total_hits)

    world.engine.before_fill = look
    await world.work(REINDEX)
    assert seen == [4]


async def test_changes_during_a_rebuild_are_not_lost(world: World) -> None:
    """W42: pages by OFFSET missed what moved while they were turned."""
    movies = [await world.rows.movie(f"Film {number}") for number in range(3)]
    await world.built()

    async def meanwhile(collection: Collection, documents: Sequence[Document]) -> None:
        # After the page was read and before it is written: what it says is out of date.
        world.engine.before_fill = None
        await world.rows.update("movie", movies[0], title="Changed")
        await world.rows.delete([movies[1]])
        added = await world.rows.movie("Added")
        await world.touch(movies=[movies[0], movies[1], added])

    world.engine.before_fill = meanwhile
    await world.work(REINDEX)
    assert set(await world.documents(Collection.MOVIES)) == {"Changed", "Film 2", "Added"}


async def test_killed_rebuild_goes_on_where_it_was(world: World) -> None:
    """W42, W12: the Go server began from zero."""
    movies = [await world.rows.movie(f"Film {number}") for number in range(6)]
    filled: list[str] = []

    async def kill_at_the_third(collection: Collection, documents: Sequence[Document]) -> None:
        filled.extend(document["id"] for document in documents)
        if len(filled) == 6:
            raise KilledHere

    world.engine.before_fill = kill_at_the_third
    task = Task(groups=[Group.MOVIES], rebuild=True, job_id=1, batch_size=2)
    with pytest.raises(KilledHere):
        await world.index.run(task, holds=world.client.once_per_cluster, report=lambda **_: None)
    assert world.engine.filled == [str(movie) for movie in movies[:4]]
    world.engine.before_fill = None
    await world.index.run(task, holds=world.client.once_per_cluster, report=lambda **_: None)
    assert world.engine.filled == [str(movie) for movie in movies]
    assert len(await world.documents(Collection.MOVIES)) == 6


async def test_rebuild_pauses_before_its_time_is_over_and_builds_nothing_twice(world: World) -> None:
    movies = [await world.rows.movie(f"Film {number}") for number in range(4)]
    people = [await world.rows.person(f"Person {number}") for number in range(2)]

    async def time_passes(collection: Collection, documents: Sequence[Document]) -> None:
        world.now_s += 8 * 60

    world.engine.before_fill = time_passes
    worked = await world.work(REINDEX)
    assert [one.outcome for one in worked] == ["completed"]
    world.engine.filled.clear()
    world.movies.run_for = world.movies.timeout / 2
    worked = await world.work(TVShowSearchIndexArgs(full_reindex=True))
    assert [one.outcome for one in worked] == ["completed"]
    assert world.engine.filled == [str(person) for person in people]
    world.engine.filled.clear()
    worked = await world.work(REINDEX)
    assert "snoozed" in [one.outcome for one in worked]
    assert worked[-1].outcome == "completed"
    assert sorted(world.engine.filled) == sorted(map(str, [*movies, *people]))


async def test_build_that_lacks_something_does_not_take_over(world: World) -> None:
    """W42: nobody looked how many documents had arrived."""
    await world.rows.movie("Heat")
    await world.built()
    real = world.engine.count

    async def fewer(collection: Collection, **rest: object) -> int:
        return await real(collection, **rest) - 1  # type: ignore[arg-type]

    world.engine.count = fewer  # type: ignore[method-assign]
    (worked,) = await world.work(REINDEX, raise_errors=False)
    assert isinstance(worked.error, BuildIncomplete)
    assert set(await world.documents(Collection.MOVIES)) == {"Heat"}
    world.engine.count = real  # type: ignore[method-assign]
    (worked,) = await world.work(with_retries=True)
    assert worked.outcome == "completed"


async def test_refused_documents_fail_the_rebuild_that_has_everything_else(world: World) -> None:
    """W42: the job reported success whatever became of the documents."""
    await world.rows.movie("Good")
    bad = await world.rows.movie("Bad")
    world.engine.refuses = {str(bad)}
    (worked,) = await world.work(REINDEX, raise_errors=False)
    assert isinstance(worked.error, DocumentsRefused)
    assert worked.output is not None
    assert worked.output["errors"] == [{"id": str(bad), "error": "I do not like it"}]
    assert set(await world.documents(Collection.MOVIES)) == {"Good"}
    world.engine.filled.clear()
    world.engine.refuses = set()
    (again,) = await world.work(with_retries=True)
    assert again.outcome == "completed"
    assert world.engine.filled == []
    assert set(await world.documents(Collection.MOVIES)) == {"Good", "Bad"}


async def test_first_change_of_all_builds_what_is_not_there_yet(world: World) -> None:
    old, new = await world.rows.movie("Old"), await world.rows.movie("New")
    await world.touch(movies=[new])
    await world.work()
    assert set(await world.documents(Collection.MOVIES)) == {"Old", "New"}
    assert str(old) in world.engine.filled


async def test_documents_of_another_shape_are_built_anew(world: World) -> None:
    """W42: a collection kept the fields that it was made with."""
    movie = await world.rows.movie("Heat")
    await world.built()
    await world.pool.execute("UPDATE revenge.search_build SET fingerprint = 'older' WHERE collection = 'movies'")
    await world.touch(movies=[movie])
    await world.work()
    assert world.engine.filled == [str(movie)]


async def test_check_finds_nothing_where_index_and_tables_agree(world: World) -> None:
    await world.rows.movie("Heat")
    await world.built()
    (worked,) = await world.work(SearchCheckArgs())
    assert worked.output == AGREED


@pytest.mark.parametrize("untold", ["added", "changed", "gone"])
async def test_check_has_built_anew_what_nobody_told_of(world: World, untold: str) -> None:
    movie = await world.rows.movie("Heat")
    await world.built()
    match untold:
        case "added":
            await world.rows.movie("Ronin")
        case "changed":
            await world.rows.update("movie", movie, title="Heat (1995)")
        case _:
            await world.rows.delete([movie])
    worked = await world.work(SearchCheckArgs())
    assert [one.job.kind for one in worked] == ["search_check", "movie_search_index"]
    assert worked[0].output is not None
    assert list(worked[0].output["differences"]) == ["movies"]
    assert worked[0].output["rebuilds"] == {"movies": worked[1].job.id}
    (again,) = await world.work(SearchCheckArgs())
    assert again.output == AGREED


async def test_check_has_told_what_still_waits_to_be_told(world: World) -> None:
    """Somebody may have cancelled the job that was to tell it."""
    await world.built()
    movie = await world.rows.movie("Heat")
    await world.touch(movies=[movie])
    await world.client.cancel((await world.client.list(JobListParams(states=[JobState.AVAILABLE]))).jobs[0].id)
    worked = await world.work(SearchCheckArgs())
    assert worked[0].output == {"differences": {}, "rebuilds": {}, "waiting": ["movies"]}
    assert set(await world.documents(Collection.MOVIES)) == {"Heat"}
    assert world.engine.filled == []


async def test_progress_is_told_by_phases(world: World) -> None:
    for number in range(3):
        await world.rows.movie(f"Film {number}")
    told: list[tuple[str, int, int | None]] = []

    def report(*, phase: str, current: int, total: int | None = None, message: str = "") -> None:
        told.append((phase, current, total))

    task = Task(groups=[Group.MOVIES], rebuild=True, batch_size=2)
    await world.index.run(task, holds=world.client.once_per_cluster, report=report)
    assert told == [("movies", 2, 3), ("movies", 3, 3), ("movies", 3, 3)]
