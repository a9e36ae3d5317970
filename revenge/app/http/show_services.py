"""What the HTTP side needs of series, as ports."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.content.metadata.reading import Children
from revenge.content.tvshow.models import (
    Episode,
    EpisodeFile,
    Season,
    Series,
    SeriesPage,
    UnmatchedPage,
)
from revenge.content.tvshow.service import Choice

Visible = Collection[UUID] | None


class ShowsSeen(Protocol):
    """The part of ``ShowRepository`` that is used here; errors as documented there."""

    async def page(self, *, visible: Visible = None, limit: int = 50, cursor: str | None = None) -> SeriesPage: ...

    async def get(self, series_id: UUID, *, visible: Visible = None) -> Series: ...

    async def seasons(self, series_id: UUID) -> Sequence[Season]: ...

    async def season(
        self, series_id: UUID, number: int, *, visible: Visible = None
    ) -> tuple[Season, Sequence[Episode]]: ...

    async def episode(self, episode_id: UUID, *, visible: Visible = None) -> Episode: ...

    async def files(self, episode_id: UUID, *, visible: Visible = None) -> Sequence[EpisodeFile]: ...

    async def children(self, entity_id: UUID) -> Children: ...

    async def summaries(self, entity_ids: Collection[UUID]) -> Mapping[UUID, Children]: ...

    async def unmatched(self, library_id: UUID, *, limit: int = 50, cursor: str | None = None) -> UnmatchedPage: ...


class ShowsChanged(Protocol):
    """The part of ``ShowService`` that is used here; errors as documented there."""

    async def refresh(
        self, series_id: UUID, *, languages: Sequence[str] = (), seasons: bool = True, episodes: bool = True
    ) -> int: ...

    async def refresh_season(self, season_id: UUID) -> int: ...

    async def refresh_episode(self, episode_id: UUID) -> int: ...

    async def refresh_all(self, *, force: bool = False, images: bool = False) -> int: ...

    async def delete(self, series_id: UUID) -> None: ...

    async def merge(self, keep: UUID, gone: Sequence[UUID]) -> Series: ...

    async def match_library(self, library_id: UUID, *, force: bool = False) -> int: ...

    async def choose(
        self, item_ids: Collection[UUID], choice: Choice, *, whole_series: bool = True
    ) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowServices:
    """Series, to look at and to change."""

    seen: ShowsSeen
    changed: ShowsChanged
