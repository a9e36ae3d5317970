"""Asks single providers for more about a film or a series, whichever it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID


class Enricher(Protocol):
    """A feature that can have its entities enriched: films, series."""

    async def enrich(self, entity_id: UUID, *, providers: Sequence[str], languages: Sequence[str]) -> Mapping[str, Any]:
        """Ask ``providers`` (empty: all) and add what they say; return what became of it, JSON-able.

        Raises:
            EntityGone: there is none; and what sources of metadata raise.
        """
        ...


class UnknownContentType(Exception):
    """Nothing of that type can be enriched. Final."""

    def __init__(self, content_type: str, known: Sequence[str]) -> None:
        super().__init__(f"nothing is known of the content type {content_type[:50]!r}; there are {', '.join(known)}")


class Enrichment:
    """Films and series by one door."""

    def __init__(self, enrichers: Mapping[str, Enricher]) -> None:
        """Take the features by the names that jobs call them: ``movie``, ``tvshow``."""
        self._enrichers = enrichers

    async def enrich(
        self, content_type: str, content_id: UUID, *, providers: Sequence[str], languages: Sequence[str]
    ) -> Mapping[str, Any]:
        """Enrich one of them.

        Raises:
            UnknownContentType: there is no such type.
            EntityGone: as from `Enricher.enrich`; and what sources of metadata raise.
        """
        enricher = self._enrichers.get(content_type)
        if enricher is None:
            raise UnknownContentType(content_type, sorted(self._enrichers))
        return await enricher.enrich(content_id, providers=providers, languages=languages)
