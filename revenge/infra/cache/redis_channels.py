"""Channels over Redis, or whatever speaks its protocol; while it is away nodes hear of one another through the tables."""

import asyncio
import contextlib
import logging
from collections import deque
from datetime import timedelta

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from revenge.infra.cache.channels import Hear
from revenge.infra.jobs.clock import Clock

PREFIX = "revenge:"
"""Of every key and channel: a Redis is often shared."""
MOST_WAITING = 1000
"""Messages that wait to be carried; beyond, the oldest are dropped: a newer one says more."""
_LOOK = 1.0
_AGAIN = timedelta(seconds=1)
_LONGEST_AGAIN = timedelta(seconds=15)
AWAY = (RedisError, OSError, TimeoutError)

logger = logging.getLogger("revenge.cache")


class RedisChannels:
    """Two tasks: one says what waits, the other hears; each comes back by itself after an outage."""

    def __init__(self, redis: Redis, *, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._listeners: dict[bytes, list[Hear]] = {}
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.hearing = asyncio.Event()
        """Set while what others say is heard."""

    async def start(self) -> None:
        """Begin; Redis need not be there."""
        self._tasks = [asyncio.create_task(self._keep_saying(), name="cache.say")]
        if self._listeners:
            self._tasks.append(asyncio.create_task(self._keep_hearing(), name="cache.hear"))

    async def stop(self) -> None:
        """End, and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with contextlib.suppress(*AWAY):
            await self._redis.aclose()

    def say(self, channel: str, message: bytes) -> None:
        """Let all nodes hear ``message``; what cannot be carried is dropped."""
        self._waiting.append((PREFIX + channel, message))
        self._something.set()

    def listen(self, channel: str, hear: Hear) -> None:
        """Call ``hear`` with what is said on ``channel``, from ``start`` on."""
        self._listeners.setdefault((PREFIX + channel).encode(), []).append(hear)

    async def _keep_saying(self) -> None:
        again = _AGAIN
        while True:
            await self._something.wait()
            self._something.clear()
            messages = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for channel, message in messages:
                        pipeline.publish(channel, message)
                    await pipeline.execute()
                again = _AGAIN
            except AWAY as error:
                logger.debug("cache.not_said", extra={"error": type(error).__name__, "dropped": len(messages)})
                await self._clock.sleep(again)
                again = min(again * 2, _LONGEST_AGAIN)

    async def _keep_hearing(self) -> None:
        again = _AGAIN
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(*self._listeners)
                    await self._hear(pubsub)
            except AWAY as error:
                if self.hearing.is_set() or again == _AGAIN:
                    logger.warning("cache.lost", extra={"error": type(error).__name__})
                again = _AGAIN if self.hearing.is_set() else min(again * 2, _LONGEST_AGAIN)
                self.hearing.clear()
            await self._clock.sleep(again)

    async def _hear(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=_LOOK)
            if message is None:
                continue
            if message["type"] == "subscribe":
                self.hearing.set()
            elif message["type"] == "message":
                for hear in self._listeners.get(message["channel"], ()):
                    hear(message["data"])
