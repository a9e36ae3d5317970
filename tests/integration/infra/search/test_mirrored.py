"""Two engines kept alike: the spare one is searched while the main one is away."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.infra.search.errors import NoIndex, SearchUnavailable
from revenge.infra.search.mirrored import MirroredSearch
from revenge.infra.search.models import Collection, Found, IndexState, Query, Refusal
from revenge.infra.search.postgres import PostgresSearch
from tests.integration.infra.search.conftest import World, film

MOVIES = Collection.MOVIES


class Away:
    """An engine that stores everything, or does not answer."""

    name = "main"

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.fails: Exception | None = None

    def answer(self) -> None:
        if self.fails is not None:
            raise self.fails

    async def begin(self, collection: Collection, build: UUID) -> None:
        self.answer()
        self.documents.clear()

    async def fill(self, collection: Collection, documents: Sequence[Any], *, build: UUID) -> Sequence[Refusal]:
        self.answer()
        self.documents |= {document["id"]: document for document in documents}
        return ()

    async def apply(self, collection: Collection, *, put: Sequence[Any] = (), **rest: Any) -> Sequence[Refusal]:
        return await self.fill(collection, put, build=uuid7())

    async def finish(self, collection: Collection, build: UUID) -> None:
        self.answer()

    async def count(self, collection: Collection, *, build: UUID | None = None) -> int:
        self.answer()
        return len(self.documents)

    async def state(self, collection: Collection) -> IndexState:
        self.answer()
        return IndexState(exists=True, documents=len(self.documents))

    async def search(self, query: Query) -> Found:
        self.answer()
        return Found(hits=(), total_hits=1000, page=1, per_page=20)


@pytest.fixture
def main() -> Away:
    return Away()


@pytest.fixture
def mirrored(main: Away, pool: "asyncpg.Pool[asyncpg.Record]") -> World:
    return World(MirroredSearch(main, PostgresSearch(pool)))  # type: ignore[arg-type]  # as much of an engine as is used


@pytest.mark.parametrize("failure", [SearchUnavailable("away"), NoIndex("lost its data")])
async def test_spare_one_answers_while_the_main_one_does_not(mirrored: World, main: Away, failure: Exception) -> None:
    heat = film("Heat")
    await mirrored.have(MOVIES, heat)
    assert (await mirrored.find(text="heat")).total_hits == 1000
    main.fails = failure
    assert [hit.document for hit in (await mirrored.find(text="heat")).hits] == [heat]


async def test_change_that_the_main_one_misses_fails_so_that_it_is_told_again(mirrored: World, main: Away) -> None:
    await mirrored.have(MOVIES)
    main.fails = SearchUnavailable("away")
    with pytest.raises(SearchUnavailable):
        await mirrored.engine.apply(MOVIES, put=[film("Heat")])
    assert await mirrored.titles(text="heat") == ["Heat"]
    main.fails = None
    assert await mirrored.engine.apply(MOVIES, put=[film("Heat")]) == []
    assert await mirrored.engine.count(MOVIES) == 1


def test_index_of_one_engine_alone_is_not_that_of_both(mirrored: World) -> None:
    assert mirrored.engine.name == "main+postgres"
