"""Search as the settings want it, and how it is asked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from revenge.app.database import Database
from revenge.app.events.search import SearchQueue
from revenge.app.events.sinks import NoSearch, SearchChanges
from revenge.app.settings import Settings
from revenge.content.search.changes import ChangeLog
from revenge.content.search.service import IndexService
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.infra.search.errors import SearchDisabled
from revenge.infra.search.mirrored import MirroredSearch
from revenge.infra.search.models import Collection, Found, Query
from revenge.infra.search.ports import SearchEngine, SearchToken
from revenge.infra.search.postgres import PostgresSearch
from revenge.infra.search.schema import check
from revenge.infra.search.typesense import TypesenseSearch
from revenge.infra.search.typesense_calls import TypesenseCalls


def make_calls(settings: Settings) -> TypesenseCalls | None:
    """Return what calls the Typesense server; None where there is none. Nothing is called yet."""
    search = settings.search
    if not search.enabled or search.url is None or search.api_key is None:
        return None
    return TypesenseCalls(url=search.url, api_key=search.api_key.get_secret_value(), timeout=search.timeout)


def make_engine(settings: Settings, database: Database, calls: TypesenseCalls | None) -> SearchEngine | None:
    """Return what keeps and finds documents; None where search is switched off."""
    search = settings.search
    if not search.enabled:
        return None
    if calls is None:
        return PostgresSearch(database.pool)
    typesense = TypesenseSearch(calls, prefix=search.prefix, public_url=search.public_url)
    return MirroredSearch(typesense, PostgresSearch(database.pool)) if search.fallback else typesense


def make_index(database: Database, engine: SearchEngine | None, clock: Clock) -> IndexService | None:
    """Return what keeps the engine true to the tables; None where search is switched off."""
    if engine is None:
        return None
    return IndexService(database.pool, index=engine, engine=engine.name, monotonic=clock.monotonic)


def make_queue(database: Database, inserts: Client) -> SearchQueue:
    """Return what inserts the jobs of search."""
    return SearchQueue(inserts, ChangeLog(database.pool))


def make_sink(settings: Settings, queue: SearchQueue) -> SearchChanges:
    """Return where features say what has changed; where search is switched off nobody listens."""
    return queue if settings.search.enabled else NoSearch()


class SearchService:
    """Asks the engine, within the libraries that whoever asks may see."""

    def __init__(self, engine: SearchEngine | None, *, clock: Clock, token_lifetime: timedelta) -> None:
        """``engine``: None where search is switched off."""
        self._engine = engine
        self._clock = clock
        self._token_lifetime = token_lifetime

    async def search(self, query: Query, *, visible: frozenset[UUID] | None, wanted: Sequence[UUID] = ()) -> Found:
        """Return what fits in the libraries that are ``visible`` (None: all), and ``wanted`` where any is named.

        Raises:
            InvalidSearch: the query asks for what its collection does not have.
            SearchDisabled: search is switched off.
            SearchUnavailable, SearchRefused: the engine does not answer.
        """
        check(query)
        libraries = visible
        if wanted:
            libraries = frozenset(wanted) if visible is None else visible & frozenset(wanted)
        return await self._on().search(replace(query, libraries=libraries))

    async def search_all(self, text: str, *, limit: int, visible: frozenset[UUID] | None) -> Mapping[Collection, Found]:
        """Return the best of every collection; one that does not answer is an error, and not an empty answer.

        Raises:
            SearchDisabled, SearchUnavailable, SearchRefused: as from `search`.
        """
        queries = [Query(collection=collection, text=text, per_page=limit) for collection in Collection]
        found = await asyncio.gather(*(self.search(query, visible=visible) for query in queries))
        return dict(zip(Collection, found, strict=True))

    async def suggest(
        self, collection: Collection, text: str, *, limit: int, visible: frozenset[UUID] | None
    ) -> Sequence[str]:
        """Return titles that begin like ``text`` or have a word that does, each once.

        Raises:
            SearchDisabled, SearchUnavailable, SearchRefused: as from `search`.
        """
        query = Query(collection=collection, text=text, per_page=limit, titles_only=True)
        found = await self.search(query, visible=visible)
        return list(dict.fromkeys(hit.document["title"] for hit in found.hits))

    async def token(self, *, visible: frozenset[UUID] | None) -> SearchToken:
        """Return what a front end needs to ask the engine itself.

        Raises:
            SearchDisabled, SearchUnavailable, SearchRefused: as from `search`.
        """
        return await self._on().token(visible, expires_at=self._clock.now() + self._token_lifetime)

    async def check(self) -> str:
        """Return in a few words how search is.

        Raises:
            SearchUnavailable, SearchRefused: the engine is not well.
        """
        return "off: search.enabled is false" if self._engine is None else await self._engine.check()

    def _on(self) -> SearchEngine:
        if self._engine is None:
            message = "search is switched off here: set search.enabled to true"
            raise SearchDisabled(message)
        return self._engine
