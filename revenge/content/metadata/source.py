"""All providers together, in their order: the first that knows a title says what it is, the others add to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from revenge.content.metadata.combining import add
from revenge.content.metadata.errors import MetadataError, NoSource, SourceRefused, UnknownTitle
from revenge.content.metadata.models import (
    EpisodeDetails,
    IdProvider,
    Ids,
    MovieDetails,
    PersonDetails,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
    TitleDetails,
)
from revenge.content.metadata.providers.provider import Provider

T = TypeVar("T")
D = TypeVar("D", bound=TitleDetails)

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Sources:
    """A ``MetadataSource`` of many.

    The first provider that describes a title is not passed over when it is busy or down: a film is not to become another's
    poorer one because of a bad minute. Those that only add are: what they could not say is in ``unanswered``, unless they
    were asked for by name.
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = tuple(providers)

    @property
    def enabled(self) -> bool:
        """Whether anybody can be asked who says what a title is."""
        return any(provider.describes for provider in self._providers)

    @property
    def names(self) -> Sequence[str]:
        """Return who is asked, in this order."""
        return [provider.name for provider in self._providers]

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return films that may be meant, of the first provider that finds any."""
        return await self._search(lambda one: one.search_movies(title, year=year, language=language))

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return series that may be meant, of the first provider that finds any."""
        return await self._search(lambda one: one.search_series(title, year=year, language=language))

    async def movie(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> MovieDetails:
        """Return a film with what all ``providers`` (empty: all) add to it."""
        return await self._title(
            ids, providers, fresh, lambda one, ids, fresh: one.movie(ids, languages=languages, fresh=fresh)
        )

    async def series(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> SeriesDetails:
        """Return a series with what all ``providers`` (empty: all) add to it."""
        return await self._title(
            ids, providers, fresh, lambda one, ids, fresh: one.series(ids, languages=languages, fresh=fresh)
        )

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool = False) -> SeasonDetails:
        """Return a season with its episodes."""
        return await self._first(ids, lambda one: one.season(ids, number, languages=languages, fresh=fresh))

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool = False
    ) -> EpisodeDetails:
        """Return an episode with its guests."""
        return await self._first(ids, lambda one: one.episode(ids, season, number, languages=languages, fresh=fresh))

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool = False) -> PersonDetails:
        """Return a person."""
        return await self._first(ids, lambda one: one.person(ids, languages=languages, fresh=fresh))

    async def _search(self, ask: Callable[[Provider], Awaitable[Sequence[SearchHit]]]) -> Sequence[SearchHit]:
        for provider in self._describing():
            if found := await ask(provider):
                return found
        return []

    async def _first(self, ids: Ids, ask: Callable[[Provider], Awaitable[T]]) -> T:
        for provider in self._describing():
            try:
                return await ask(provider)
            except UnknownTitle:
                continue
        raise UnknownTitle(f"nobody knows {_text(ids)}")

    async def _title(
        self, ids: Ids, named: Sequence[str], fresh: bool, ask: Callable[[Provider, Ids, bool], Awaitable[D]]
    ) -> D:
        unknown = [name for name in named if name not in self.names]
        if unknown:
            raise SourceRefused(f"{', '.join(unknown)} cannot be asked: known are {', '.join(self.names) or 'none'}")
        # What is said first is needed whoever is named; it is asked anew only if all are, or it is named itself.
        first = await self._first(ids, lambda one: ask(one, ids, fresh and (not named or one.name in named)))
        known: dict[IdProvider, str] = {**first.ids, **ids}
        unanswered: dict[str, str] = {}
        for provider in self._providers:
            if provider.name == first.provider or (named and provider.name not in named):
                continue
            try:
                first = add(first, await ask(provider, known, fresh))
            except UnknownTitle:
                continue
            except MetadataError as error:
                if named:
                    raise
                logger.warning("metadata.unanswered", provider=provider.name, error=str(error))
                unanswered[provider.name] = str(error)
            known = {**first.ids, **known}
        return replace(first, unanswered=unanswered)

    def _describing(self) -> Sequence[Provider]:
        found = [provider for provider in self._providers if provider.describes]
        if not found:
            raise NoSource("nobody can be asked: no key is set, and TVmaze is not switched on")
        return found


def _text(ids: Ids) -> str:
    return ", ".join(f"{provider} {value}" for provider, value in ids.items()) or "what has no id"
