"""Who tells what a film, a series or a person is: one port, whoever stands behind it."""

from collections.abc import Sequence
from typing import Protocol

from revenge.content.metadata.models import (
    EpisodeDetails,
    Ids,
    MovieDetails,
    PersonDetails,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
)


class MetadataSource(Protocol):
    """All providers together, in their order: what one lacks, the next may know.

    Every method raises ``NoSource``, ``SourceBusy``, ``SourceRefused`` and ``SourceDown``; those that want one thing
    raise ``UnknownTitle`` where nobody has it. ``fresh`` asks although a kept answer is not old; it touches no other's.
    ``languages`` are ISO 639-1, the first the one that the plain fields are in; the others come as translations, in the
    same request where the provider can do that.
    """

    @property
    def enabled(self) -> bool:
        """Whether anybody can be asked."""
        ...

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return films that may be meant, best first; empty where there are none."""
        ...

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return series that may be meant, best first; empty where there are none."""
        ...

    async def movie(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> MovieDetails:
        """Return a film with what all ``providers`` (empty: all) add to it."""
        ...

    async def series(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> SeriesDetails:
        """Return a series and its seasons, without their episodes."""
        ...

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool = False) -> SeasonDetails:
        """Return a season of the series that ``ids`` name, with its episodes."""
        ...

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool = False
    ) -> EpisodeDetails:
        """Return an episode of the series that ``ids`` name, with its guests."""
        ...

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool = False) -> PersonDetails:
        """Return a person."""
        ...
