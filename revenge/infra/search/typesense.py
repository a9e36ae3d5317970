"""Search by a Typesense server: an alias for each collection, behind which one build takes another's place."""

import hashlib
import hmac
import re
import string
from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from revenge.infra.search.errors import NoIndex
from revenge.infra.search.folding import fold, words
from revenge.infra.search.models import Collection, Document, Found, IndexState, Query, Refusal
from revenge.infra.search.ports import SearchToken
from revenge.infra.search.schema import SCHEMAS, Schema
from revenge.infra.search.typesense_calls import Missing, Taken, TypesenseCalls
from revenge.infra.search.typesense_query import FOLDED, found_of, library_filter, parameters

_SEPARATORS = [character for character in string.punctuation if character != "'"]
"""What parts words, as folding does; an apostrophe joins them."""
_MOST_IDS = 100
"""Of one request by ids: they stand in its address."""


class TypesenseSearch:
    """Documents on a Typesense server of 0.24 or newer."""

    name = "typesense"

    def __init__(self, calls: TypesenseCalls, *, prefix: str = "revenge_", public_url: str | None = None) -> None:
        """``prefix`` begins the names of all that is ours there; ``public_url`` is where browsers reach the server."""
        self._calls = calls
        self._prefix = prefix
        self._public_url = public_url
        self._has_search_key = False

    async def close(self) -> None:
        """Close the connections."""
        await self._calls.close()

    async def begin(self, collection: Collection, build: UUID) -> None:
        """Make the collection of a build, unless an earlier attempt has."""
        try:
            await self._calls.create(self._definition(collection, build))
        except Taken:
            return

    async def fill(self, collection: Collection, documents: Sequence[Document], *, build: UUID) -> Sequence[Refusal]:
        """Store documents in a build.

        Raises:
            NoIndex: the build is not there: somebody has deleted it.
        """
        return await self._put(self._physical(collection, build), documents)

    async def apply(
        self, collection: Collection, *, put: Sequence[Document] = (), remove: Ids[UUID] = (), build: UUID | None = None
    ) -> Sequence[Refusal]:
        """Store and remove documents in what is searched and in the build.

        Raises:
            NoIndex: there is neither.
        """
        refused: dict[UUID, Refusal] = {}
        targets = [self._alias(collection)]
        if build is not None:
            targets.append(self._physical(collection, build))
        reached = 0
        for target in targets:
            try:
                await self._remove(target, list(remove))
                refused |= {refusal.id: refusal for refusal in await self._put(target, put)}
                reached += 1
            except NoIndex:
                # Before the first build there is nothing that could be searched.
                if target == targets[-1] and not reached:
                    raise
        return list(refused.values())

    async def count(self, collection: Collection, *, build: UUID | None = None) -> int:
        """Return how many documents a build has, or what is searched; none where it is not there."""
        name = self._alias(collection) if build is None else self._physical(collection, build)
        try:
            return int((await self._calls.describe(name))["num_documents"])
        except Missing:
            return 0

    async def finish(self, collection: Collection, build: UUID) -> None:
        """Point the alias at a build, and drop every other build of the collection."""
        mine = self._physical(collection, build)
        await self._calls.point(self._alias(collection), mine)
        ours = re.compile(re.escape(f"{self._prefix}{collection}_") + r"[0-9a-f]{12}_[0-9a-f]{32}")
        for name in await self._calls.names():
            if name != mine and ours.fullmatch(name):
                await self._calls.drop(name)

    async def state(self, collection: Collection) -> IndexState:
        """Return what the alias points at."""
        try:
            found = await self._calls.describe(self._alias(collection))
        except Missing:
            return IndexState(exists=False)
        fingerprint = found["name"].removeprefix(f"{self._prefix}{collection}_").partition("_")[0]
        return IndexState(exists=True, documents=int(found["num_documents"]), fingerprint=fingerprint)

    async def stored(self, collection: Collection, ids: Ids[UUID]) -> Sequence[Document]:
        """Return those of these documents that are there to be searched."""
        wanted = sorted(map(str, ids))
        found: list[Document] = []
        for start in range(0, len(wanted), _MOST_IDS):
            part = wanted[start : start + _MOST_IDS]
            question = {
                "q": "*",
                "query_by": SCHEMAS[collection].title,
                "filter_by": f"id:=[{','.join(f'`{one}`' for one in part)}]",
                "per_page": len(part),
                "exclude_fields": FOLDED,
            }
            try:
                answer = await self._calls.search(self._alias(collection), question)
            except Missing:
                return []
            found += [hit["document"] for hit in answer["hits"]]
        return found

    async def members(self, collection: Collection, series: Ids[UUID]) -> set[UUID]:
        """Return the ids of all documents that belong to these series."""
        wanted, found = sorted(map(str, series)), set[UUID]()
        for start in range(0, len(wanted), _MOST_IDS):
            part = ",".join(f"`{one}`" for one in wanted[start : start + _MOST_IDS])
            try:
                found |= {UUID(one) for one in await self._calls.ids(self._alias(collection), f"series_id:=[{part}]")}
            except Missing:
                return set()
        return found

    async def search(self, query: Query) -> Found:
        """Return what fits; mistyped words are forgiven by the server.

        Raises:
            NoIndex: the collection was never built.
        """
        if (query.libraries is not None and not query.libraries) or (query.text.strip() and not words(query.text)):
            return Found.nothing(query)
        try:
            answer = await self._calls.search(self._alias(query.collection), parameters(query))
        except Missing as error:
            raise _unbuilt(query.collection) from error
        return found_of(query, answer)

    async def token(self, libraries: frozenset[UUID] | None, *, expires_at: datetime) -> SearchToken:
        """Return a key that can only search, and only what is in ``libraries``, whatever is asked with it."""
        parent = self._search_key()
        if not self._has_search_key:
            await self._calls.allow_search(parent, f"{re.escape(self._prefix)}.*")
            self._has_search_key = True
        bounds: dict[str, Any] = {"expires_at": int(expires_at.timestamp())}
        if libraries is not None:
            bounds["filter_by"] = library_filter(libraries)
        return SearchToken(
            engine=self.name,
            token=self._calls.scoped_key(parent, bounds),
            url=self._public_url or self._calls.url,
            expires_at=expires_at,
            collections=[self._alias(collection) for collection in Collection],
        )

    async def check(self) -> str:
        """Return which collections are there.

        Raises:
            SearchError: the server is not well, or refuses our key.
        """
        await self._calls.healthy()
        names = await self._calls.names()
        built = sum(name.startswith(self._prefix) for name in names)
        return f"Typesense at {self._calls.url}, {built} collections of ours"

    def _alias(self, collection: Collection) -> str:
        return f"{self._prefix}{collection}"

    def _physical(self, collection: Collection, build: UUID) -> str:
        return f"{self._prefix}{collection}_{SCHEMAS[collection].fingerprint}_{build.hex}"

    def _search_key(self) -> str:
        # Derived, so that every process knows it and none has to keep it.
        secret = f"search-only key of {self._prefix}".encode()
        return hmac.new(self._calls.api_key.encode(), secret, hashlib.sha256).hexdigest()[:32]

    def _definition(self, collection: Collection, build: UUID) -> dict[str, Any]:
        schema = SCHEMAS[collection]
        return {
            "name": self._physical(collection, build),
            "fields": [*(_field(schema, name) for name in schema.by_name()), {**_FOLDED_FIELD}],
            "token_separators": _SEPARATORS,
        }

    async def _remove(self, target: str, ids: Sequence[UUID]) -> None:
        for start in range(0, len(ids), _MOST_IDS):
            part = ",".join(f"`{one}`" for one in ids[start : start + _MOST_IDS])
            try:
                await self._calls.remove(target, f"id:=[{part}]")
            except Missing as error:
                raise _unbuilt(target) from error

    async def _put(self, target: str, documents: Sequence[Document]) -> Sequence[Refusal]:
        if not documents:
            return ()
        try:
            answers = await self._calls.store(target, [_prepared(document) for document in documents])
        except Missing as error:
            raise _unbuilt(target) from error
        return [
            Refusal(UUID(document["id"]), str(answer.get("error") or "refused"))
            for document, answer in zip(documents, answers, strict=True)
            if not answer["success"]
        ]


_FOLDED_FIELD: Mapping[str, Any] = {"name": FOLDED, "type": "string[]", "optional": True}
_SPLIT = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def _field(schema: Schema, name: str) -> dict[str, Any]:
    field = schema.by_name()[name]
    made: dict[str, Any] = {"name": name, "type": field.kind.value, "optional": not field.required}
    if not field.stored:
        return {**made, "index": False}
    return {**made, "facet": field.facet, "sort": field.sort or field.is_number, "infix": field.weight >= 4}


def _prepared(document: Document) -> Document:
    """Return the document as it is sent: titles that are written without spaces once more with spaces."""
    titles = [document.get("title"), document.get("original_title"), document.get("name"), *document.get("titles", ())]
    folded = [fold(title) for title in titles if title and _SPLIT.search(title)]
    return {**document, FOLDED: folded} if folded else document


def _unbuilt(name: str) -> NoIndex:
    return NoIndex(f"{name} is not built yet: ask for a reindex, or wait for the one that goes on")
