"""Channels: what one node says, all nodes hear at once, as long as somebody carries it. Each message is a hint."""

from collections.abc import Callable
from typing import Protocol

Hear = Callable[[bytes], None]
"""Called in the event loop with each message; it must neither wait nor raise."""


class Channels(Protocol):
    """Says and hears."""

    async def start(self) -> None:
        """Begin; whoever carries the messages need not be there."""
        ...

    async def stop(self) -> None:
        """End; what was not carried yet is dropped."""
        ...

    def say(self, channel: str, message: bytes) -> None:
        """Let all nodes hear ``message``, this one too. Never waits, never raises: what cannot be carried is dropped."""
        ...

    def listen(self, channel: str, hear: Hear) -> None:
        """Call ``hear`` with what is said on ``channel``; to be called before ``start``."""
        ...


class LocalChannels:
    """For one node, without anybody between: heard where it is said."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Hear]] = {}

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""

    def say(self, channel: str, message: bytes) -> None:
        """Call everybody who listens."""
        for hear in self._listeners.get(channel, ()):
            hear(message)

    def listen(self, channel: str, hear: Hear) -> None:
        """Call ``hear`` with what is said on ``channel``."""
        self._listeners.setdefault(channel, []).append(hear)
