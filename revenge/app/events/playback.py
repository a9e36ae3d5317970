"""What is played, as people hear of it."""

from revenge.app.events.sinks import Happened, Notifications
from revenge.infra.database.connection import Connection
from revenge.service.playback.models import Playback


class PlaybackFanOut:
    """Passes on what players tell."""

    def __init__(self, *, notifications: Notifications) -> None:
        self._notifications = notifications

    async def started(self, conn: Connection, playback: Playback) -> None:
        """Tell those who want to hear of it."""
        await self._notifications.raise_event(conn, _happened("playback.started", playback))

    async def stopped(self, conn: Connection, playback: Playback) -> None:
        """Tell those who want to hear of it."""
        await self._notifications.raise_event(conn, _happened("playback.stopped", playback))


def _happened(type_: str, playback: Playback) -> Happened:
    data = {"client": playback.client, "position_s": playback.position_s, "reason": playback.end_reason}
    return Happened(
        type=type_,
        data={name: value for name, value in data.items() if value is not None},
        account_id=playback.account_id,
        target_id=playback.entity_id,
    )
