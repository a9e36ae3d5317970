"""The source of a server that has nobody to ask: no key is set, and nothing is asked without one."""

from collections.abc import Sequence

from revenge.content.metadata.errors import NoSource
from revenge.content.metadata.models import (
    EpisodeDetails,
    Ids,
    MovieDetails,
    PersonDetails,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
)

_REASON = "nobody can be asked: no provider of metadata is set up"


class Nobody:
    """A `MetadataSource` that is switched off."""

    enabled = False

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def movie(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> MovieDetails:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def series(
        self, ids: Ids, *, languages: Sequence[str], fresh: bool = False, providers: Sequence[str] = ()
    ) -> SeriesDetails:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool = False) -> SeasonDetails:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool = False
    ) -> EpisodeDetails:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool = False) -> PersonDetails:
        """Raise ``NoSource``."""
        raise NoSource(_REASON)
