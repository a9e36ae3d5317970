"""What somebody who can be asked is asked for; whoever does not know a thing says so."""

from collections.abc import Sequence
from typing import ClassVar

from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import (
    EpisodeDetails,
    Ids,
    MovieDetails,
    PersonDetails,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
)


class Provider:
    """One who knows nothing yet: each provider overrides what it knows of. Errors as in ``MetadataSource``."""

    name: ClassVar[str]
    describes: ClassVar[bool] = True
    """Whether it says what a title is; one that does not only adds to what another says."""

    async def search_movies(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return films that may be meant."""
        return ()

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return series that may be meant."""
        return ()

    async def movie(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> MovieDetails:
        """Return a film."""
        raise UnknownTitle(f"{self.name} knows no films")

    async def series(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> SeriesDetails:
        """Return a series."""
        raise UnknownTitle(f"{self.name} knows no series")

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool) -> SeasonDetails:
        """Return a season with its episodes."""
        raise UnknownTitle(f"{self.name} knows no seasons")

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool
    ) -> EpisodeDetails:
        """Return an episode."""
        raise UnknownTitle(f"{self.name} knows no episodes")

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> PersonDetails:
        """Return a person."""
        raise UnknownTitle(f"{self.name} knows no people")
