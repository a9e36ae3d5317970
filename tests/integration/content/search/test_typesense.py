"""The jobs keep a real Typesense true to the tables, from the first build on."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.content.search.jobs import MovieSearchIndexArgs, MovieSearchIndexWorker, TVShowSearchIndexWorker
from revenge.content.search.service import IndexService
from revenge.infra.jobs import Client, Workers
from revenge.infra.search.models import Collection
from revenge.infra.search.typesense import TypesenseSearch
from revenge.infra.search.typesense_calls import TypesenseCalls
from tests.fakes import typesense_server
from tests.integration.content.search.conftest import World


@pytest.fixture
async def there(pool: "asyncpg.Pool[asyncpg.Record]", typesense_url: str) -> AsyncIterator[World]:
    """The same world, on Typesense."""
    calls = TypesenseCalls(url=typesense_url, api_key=typesense_server.KEY, timeout=timedelta(seconds=10))
    engine = TypesenseSearch(calls, prefix=f"t{uuid.uuid4().hex[:8]}_")
    world = World(pool)
    world.engine = engine  # type: ignore[assignment]  # another engine
    world.index = IndexService(pool, index=engine, engine=engine.name, monotonic=lambda: 0.0)
    workers = Workers([MovieSearchIndexWorker(world.index), TVShowSearchIndexWorker(world.index)])
    world.client = Client(pool, workers=workers)
    yield world
    await engine.close()


async def test_first_change_builds_and_later_ones_are_told(there: World) -> None:
    al, heat = await there.rows.person("Al Pacino"), await there.rows.movie("Heat", year=1995)
    await there.rows.credit(heat, al, character="Vincent Hanna")
    series = await there.rows.series("The Wire")
    season = await there.rows.season(series)
    target = await there.rows.episode(series, season, title="The Target")
    await there.touch(movies=[heat], series=[series])
    await there.work()
    for collection, typed in (
        (Collection.MOVIES, "heta"),
        (Collection.TVSHOWS, "wire"),
        (Collection.SEASONS, "season wire"),
        (Collection.EPISODES, "targt"),
        (Collection.PEOPLE, "pacino"),
    ):
        assert (await there.find(typed, collection)).total_hits == 1, collection
    await there.rows.delete([heat, target])
    await there.touch(movies=[heat], series=[series])
    await there.work()
    assert (await there.find("heat")).total_hits == 0
    assert (await there.find("target", Collection.EPISODES)).total_hits == 0
    assert (await there.documents(Collection.PEOPLE))["Al Pacino"]["movie_count"] == 0
    assert all(difference.reason is None for difference in await there.index.differences())


async def test_data_that_somebody_deleted_is_built_anew(there: World) -> None:
    heat = await there.rows.movie("Heat")
    await there.work(MovieSearchIndexArgs(operation="reindex"))
    engine: Any = there.engine
    for name in await engine._calls.names():
        if name.startswith(engine._prefix):
            await engine._calls.drop(name)
    await there.touch(movies=[heat])
    await there.work()
    assert (await there.find("heat")).total_hits == 1
