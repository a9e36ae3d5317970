"""Search by PostgreSQL: full text by folded words, any part of a title, and words that are mistyped."""

import time
from collections.abc import Collection as Ids
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from revenge.infra.search.errors import SearchUnavailable
from revenge.infra.search.folding import fold, words
from revenge.infra.search.highlighting import highlights
from revenge.infra.search.models import (
    FACET_VALUES,
    Collection,
    Document,
    FacetValue,
    Found,
    Hit,
    IndexState,
    Query,
    Refusal,
)
from revenge.infra.search.ports import SearchToken
from revenge.infra.search.schema import LIBRARIES, SCHEMAS, Schema
from revenge.infra.search.spelling import Connection, Pool, alike, learn
from revenge.infra.search.statements import statements

_WEIGHTS = {4: "A", 3: "B", 2: "C", 1: "D"}
_MOST_WORDS = 4000
"""Of a document: a tsvector holds a megabyte, and nobody writes longer descriptions."""
_LAST_POSITION = 16_383


class PostgresSearch:
    """Documents in a table of the application; a rebuild writes them anew one by one and ends with taking out the rest."""

    name = "postgres"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def begin(self, collection: Collection, build: UUID) -> None:
        """Do nothing: a build is what its documents say."""

    async def fill(self, collection: Collection, documents: Sequence[Document], *, build: UUID) -> Sequence[Refusal]:
        """Store documents; they are searched at once, in the place of what they were before."""
        return await self._put(collection, documents, build)

    async def apply(
        self, collection: Collection, *, put: Sequence[Document] = (), remove: Ids[UUID] = (), build: UUID | None = None
    ) -> Sequence[Refusal]:
        """Store and remove documents."""
        if remove:
            await self._pool.execute(self._sql["document_remove"], collection, list(remove))
        return await self._put(collection, put, build)

    async def count(self, collection: Collection, *, build: UUID | None = None) -> int:
        """Return how many documents there are, or how many of them a build has met."""
        found: int = await self._pool.fetchval(self._sql["document_count"], collection, build)
        return found

    async def finish(self, collection: Collection, build: UUID) -> None:
        """Take out what a build has not met."""
        await self._pool.execute(self._sql["document_remove_others"], collection, build)

    async def state(self, collection: Collection) -> IndexState:
        """Return how many documents there are; the table is always there."""
        return IndexState(exists=True, documents=await self.count(collection))

    async def stored(self, collection: Collection, ids: Ids[UUID]) -> Sequence[Document]:
        """Return those of these documents that are there."""
        rows = await self._pool.fetch(self._sql["document_get"], collection, list(ids))
        return [orjson.loads(row["data"]) for row in rows]

    async def members(self, collection: Collection, series: Ids[UUID]) -> set[UUID]:
        """Return the ids of all documents that belong to these series."""
        rows = await self._pool.fetch(self._sql["document_members"], collection, [str(one) for one in series])
        return {row["id"] for row in rows}

    async def search(self, query: Query) -> Found:
        """Return what fits: by words, else by a part of a title, else by words that may have been meant.

        Raises:
            SearchUnavailable: the database does not answer.
        """
        started = time.perf_counter()
        if query.libraries is not None and not query.libraries:
            return Found.nothing(query)
        sought = list(words(query.text))
        if query.text.strip() and not sought:
            return Found.nothing(query)
        try:
            found = await self._find(query, sought)
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            message = f"the database does not answer: {type(error).__name__}"
            raise SearchUnavailable(message) from error
        return _page(query, found, _ms_since(started))

    async def token(self, libraries: frozenset[UUID] | None, *, expires_at: datetime) -> SearchToken:
        """Return that there is none: our own API is what a front end asks."""
        return SearchToken(engine=self.name)

    async def check(self) -> str:
        """Return that the tables can be read.

        Raises:
            SearchUnavailable: they cannot.
        """
        try:
            await self._pool.fetch(self._sql["document_get"], Collection.MOVIES, [])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            message = f"the database does not answer: {type(error).__name__}"
            raise SearchUnavailable(message) from error
        return "PostgreSQL"

    async def _find(self, query: Query, sought: Sequence[str]) -> tuple[Any, Sequence[str]]:
        """Return the statement's row, and the words by which it was found."""
        if not sought:
            return await self._ask(query, None, None), ()
        exact = [[word] for word in sought]
        row = await self._ask(query, tsquery(exact, titles_only=query.titles_only), None)
        if row["total"]:
            return row, sought
        part = await self._ask(query, None, f"%{fold(query.text)}%")
        if part["total"]:
            return part, sought
        meant = [
            [word, *await alike(self._pool, word, is_prefix=number == len(sought))]
            for number, word in enumerate(sought, 1)
        ]
        if meant == exact:
            return row, sought
        row = await self._ask(query, tsquery(meant, titles_only=query.titles_only), None)
        return row, [word for choice in meant for word in choice]

    async def _ask(self, query: Query, tsquery: str | None, pattern: str | None) -> Any:
        spans = sorted(query.spans.items())
        sort = query.sort
        return await self._pool.fetchrow(
            self._sql["document_search"],
            query.collection,
            tsquery,
            pattern,
            fold(query.text),
            None if query.libraries is None else list(query.libraries),
            orjson.dumps({name: list(values) for name, values in query.any_of.items()}).decode(),
            orjson.dumps(dict(query.flags)).decode(),
            [name for name, _ in spans],
            [float("-inf") if span.low is None else span.low for _, span in spans],
            [float("inf") if span.high is None else span.high for _, span in spans],
            sort.field,
            sort.descending,
            query.per_page,
            (query.page - 1) * query.per_page,
            list(query.facets),
            FACET_VALUES,
        )

    async def _put(
        self, collection: Collection, documents: Sequence[Document], build: UUID | None
    ) -> Sequence[Refusal]:
        if not documents:
            return ()
        async with self._pool.acquire() as conn:
            try:
                async with conn.transaction():
                    await self._write(conn, collection, documents, build)
            except (asyncpg.DataError, asyncpg.ProgramLimitExceededError) as error:
                if len(documents) == 1:
                    return [Refusal(UUID(documents[0]["id"]), str(error))]
            else:
                return ()
        # One of them cannot be stored: the halves tell which.
        half = len(documents) // 2
        first = await self._put(collection, documents[:half], build)
        return [*first, *await self._put(collection, documents[half:], build)]

    async def _write(
        self, conn: Connection, collection: Collection, documents: Sequence[Document], build: UUID | None
    ) -> None:
        schema = SCHEMAS[collection]
        named: set[str] = set()
        rows: list[tuple[UUID, str, str, str, str, str, str]] = []
        for document in documents:
            weighed = list(_weighed(schema, document))
            named |= {word for word, weight in weighed if weight > 1}
            rows.append(
                (
                    UUID(document["id"]),
                    document["sort_title"],
                    "\n".join(_names(schema, document)),
                    tsvector(weighed),
                    "{" + ",".join(document[LIBRARIES]) + "}",
                    orjson.dumps({name: document[name] for name in schema.facts if name in document}).decode(),
                    orjson.dumps(document).decode(),
                )
            )
        columns = [list(column) for column in zip(*rows, strict=True)]
        await conn.execute(self._sql["document_put"], collection, *columns, build)
        await learn(conn, named)


def tsvector(weighed: Sequence[tuple[str, int]]) -> str:
    """Return folded words and their weights as a tsvector's text; the parser of PostgreSQL would cut them its own way."""
    places: dict[str, list[str]] = {}
    for position, (word, weight) in enumerate(weighed[:_MOST_WORDS], 1):
        places.setdefault(word, []).append(f"{min(position, _LAST_POSITION)}{_WEIGHTS[weight]}")
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


def tsquery(choices: Sequence[Sequence[str]], *, titles_only: bool = False) -> str:
    """Return a query for one word of each choice; the last may be the beginning of one."""
    label = "AB" if titles_only else ""
    parts = []
    for number, choice in enumerate(choices, 1):
        ending = ("*" if number == len(choices) else "") + label
        parts.append("(" + " | ".join(f"'{word}'{':' if ending else ''}{ending}" for word in choice) + ")")
    return " & ".join(parts)


def _weighed(schema: Schema, document: Document) -> Iterator[tuple[str, int]]:
    for field in schema.searched:
        value = document.get(field.name)
        for text in value if isinstance(value, list) else [value or ""]:
            for word in words(text):
                yield word, field.weight


def _names(schema: Schema, document: Document) -> Iterator[str]:
    for field in schema.searched:
        if field.weight < 3:
            return
        value = document.get(field.name)
        yield from (fold(text) for text in (value if isinstance(value, list) else [value]) if text)


def _page(query: Query, found: tuple[Any, Sequence[str]], took_ms: int) -> Found:
    row, sought = found
    facets: dict[str, list[FacetValue]] = {name: [] for name in query.facets}
    for name, value, count in orjson.loads(row["facets"] or "[]"):
        facets[name].append(FacetValue(value, count))
    hits = [
        Hit(document=hit["document"], score=hit["score"], highlights=highlights(query, hit["document"], sought))
        for hit in orjson.loads(row["hits"] or "[]")
    ]
    return Found(
        hits=hits,
        total_hits=row["total"],
        page=query.page,
        per_page=query.per_page,
        search_time_ms=took_ms,
        facets=facets,
    )


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
