"""Both engines, ready to be written to and searched: every test of the contract runs on each."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.infra.search.folding import fold
from revenge.infra.search.models import Collection, Document, Found, Query
from revenge.infra.search.ports import SearchEngine
from revenge.infra.search.postgres import PostgresSearch
from revenge.infra.search.schema import SCHEMAS, check
from revenge.infra.search.typesense import TypesenseSearch
from revenge.infra.search.typesense_calls import TypesenseCalls
from tests.fakes import typesense_server

ENGINES = ("postgres", "typesense")


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[SearchEngine]:
    """An empty engine."""
    if request.param == "postgres":
        yield PostgresSearch(pool)
        return
    url: str = request.getfixturevalue("typesense_url")
    calls = TypesenseCalls(url=url, api_key=typesense_server.KEY, timeout=timedelta(seconds=10))
    typesense = TypesenseSearch(calls, prefix=f"t{uuid.uuid4().hex[:8]}_")
    yield typesense
    await typesense.close()


class World:
    """Documents and questions, with as little said as a test is about."""

    def __init__(self, engine: SearchEngine) -> None:
        self.engine = engine

    async def have(self, collection: Collection, *documents: Document) -> UUID:
        """Let the collection have these documents and no others."""
        build = uuid7()
        await self.engine.begin(collection, build)
        assert not await self.engine.fill(collection, documents, build=build)
        await self.engine.finish(collection, build)
        return build

    async def find(self, collection: Collection = Collection.MOVIES, **asked: Any) -> Found:
        query = Query(collection=collection, **asked)
        check(query)
        return await self.engine.search(query)

    async def titles(self, collection: Collection = Collection.MOVIES, **asked: Any) -> list[str]:
        """Return the titles of what is found, in order."""
        found = await self.find(collection, **asked)
        return [hit.document[SCHEMAS[collection].title] for hit in found.hits]


@pytest.fixture
def world(engine: SearchEngine) -> World:
    return World(engine)


def film(title: str, *, libraries: Sequence[UUID] = (), **fields: Any) -> dict[str, Any]:
    """Return the document of a film."""
    return {
        "id": str(uuid7()),
        "title": title,
        "sort_title": fold(title),
        "library_ids": [str(library) for library in libraries],
        "popularity": 1.0,
        "has_file": True,
        "library_added_at": 1_700_000_000,
        **fields,
    }
