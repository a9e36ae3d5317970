"""What the HTTP side needs of playing, as ports; errors as documented in ``revenge.service.playback``."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.service.playback.models import NewPlayback, Playback, Viewing, Watched


class WatchedLists(Protocol):
    """The part of ``WatchedService`` that is used here."""

    async def put(
        self, account_id: UUID, entity_id: UUID, viewing: Viewing, *, only: Collection[UUID] | None
    ) -> Watched: ...

    async def get(self, account_id: UUID, entity_id: UUID) -> Watched: ...

    async def forget(self, account_id: UUID, entity_id: UUID) -> None: ...

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Watched], str | None]: ...


class Playbacks(Protocol):
    """The part of ``PlaybackService`` that is used here."""

    async def start(self, account_id: UUID, wanted: NewPlayback, *, only: Collection[UUID] | None) -> Playback: ...

    async def beat(self, account_id: UUID, playback_id: UUID, viewing: Viewing) -> Playback: ...

    async def stop(self, account_id: UUID, playback_id: UUID, viewing: Viewing) -> Playback: ...

    async def list(
        self, account_id: UUID | None, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Playback], str | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayingServices:
    """Everything that the routes of playing call."""

    watched: WatchedLists
    playbacks: Playbacks
    enabled: bool = True
    """False: what was watched is remembered, but nothing is played here."""
