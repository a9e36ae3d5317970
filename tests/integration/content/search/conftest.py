"""Tables, an engine, and the jobs that keep one true to the other."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.app.events.search import SearchQueue
from revenge.content.search.changes import ChangeLog
from revenge.content.search.jobs import (
    MovieSearchIndexArgs,
    MovieSearchIndexWorker,
    SearchCheckWorker,
    TVShowSearchIndexArgs,
    TVShowSearchIndexWorker,
)
from revenge.content.search.service import IndexService
from revenge.infra.jobs import Client, JobArgs, Workers
from revenge.infra.jobs.testing import Worked, drain
from revenge.infra.search.models import Collection, Document, Found, Query, Refusal
from revenge.infra.search.postgres import PostgresSearch
from tests.fakes.media_rows import MediaRows

Pool = asyncpg.Pool


class Choosy(PostgresSearch):
    """Refuses what it is told to refuse, breaks off where it is told to, and counts what it is given."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        super().__init__(pool)
        self.refuses: set[str] = set()
        self.filled: list[str] = []
        self.put: list[str] = []
        self.before_fill: Any = None

    async def fill(self, collection: Collection, documents: Sequence[Document], *, build: UUID) -> Sequence[Refusal]:
        if self.before_fill is not None:
            await self.before_fill(collection, documents)
        good, bad = self._judged(documents)
        self.filled += [document["id"] for document in good]
        return [*await super().fill(collection, good, build=build), *bad]

    async def apply(self, collection: Collection, *, put: Sequence[Document] = (), **rest: Any) -> Sequence[Refusal]:
        good, bad = self._judged(put)
        self.put += [document["id"] for document in good]
        return [*await super().apply(collection, put=good, **rest), *bad]

    def _judged(self, documents: Sequence[Document]) -> tuple[list[Document], list[Refusal]]:
        bad = [Refusal(UUID(one["id"]), "I do not like it") for one in documents if one["id"] in self.refuses]
        return [one for one in documents if one["id"] not in self.refuses], bad


class World:
    """All of it, on one database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.rows = MediaRows(pool)
        self.engine = Choosy(pool)
        self.now_s = 0.0
        self.index = IndexService(pool, index=self.engine, engine="postgres", monotonic=lambda: self.now_s)
        self.changes = ChangeLog(pool)
        inserts = Client(pool)
        self.queue = SearchQueue(inserts, self.changes)
        self.movies = MovieSearchIndexWorker(self.index)
        self.tvshows = TVShowSearchIndexWorker(self.index)
        check = SearchCheckWorker(self.index, self.queue)
        self.client = Client(pool, workers=Workers([self.movies, self.tvshows, check]))

    async def touch(self, **entities: Sequence[UUID]) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            await self.queue.touch(conn, **entities)

    async def work(self, args: JobArgs | None = None, **how: Any) -> list[Worked]:
        """Insert a job, where one is given, and work all there are."""
        if args is not None:
            await self.client.insert(args)
        return list(await drain(self.client, **how))

    async def built(self) -> None:
        """Have everything built once, as it is after the first start."""
        await self.work(MovieSearchIndexArgs(operation="reindex"))
        await self.work(TVShowSearchIndexArgs(full_reindex=True))
        self.engine.filled.clear()
        self.engine.put.clear()

    async def find(self, text: str = "", collection: Collection = Collection.MOVIES, **asked: Any) -> Found:
        return await self.engine.search(Query(collection=collection, text=text, **asked))

    async def documents(self, collection: Collection) -> dict[str, Document]:
        """Return what is indexed, by title."""
        found = (await self.find(collection=collection, per_page=100)).hits
        return {hit.document.get("title") or hit.document["name"]: hit.document for hit in found}

    async def waiting(self) -> int:
        count: int = await self.pool.fetchval("SELECT count(*) FROM revenge.search_change")
        return count


@pytest.fixture
def world(pool: "asyncpg.Pool[asyncpg.Record]") -> World:
    return World(pool)
