"""What playing needs of others."""

from typing import Protocol

from revenge.infra.database.connection import Connection
from revenge.service.playback.models import Playback


class PlaybackEvents(Protocol):
    """Where events go, with the connection whose transaction makes them true."""

    async def started(self, conn: Connection, playback: Playback) -> None:
        """Somebody plays something."""
        ...

    async def stopped(self, conn: Connection, playback: Playback) -> None:
        """Somebody has stopped."""
        ...


class NoPlaybackEvents:
    """Tells nobody."""

    async def started(self, conn: Connection, playback: Playback) -> None:
        """Do nothing."""

    async def stopped(self, conn: Connection, playback: Playback) -> None:
        """Do nothing."""
