"""What nodes share beside the database: a Redis where one is set, and what goes over it."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import orjson

from revenge.app.settings import Settings
from revenge.infra.cache.channels import Channels, LocalChannels
from revenge.infra.http.traffic import Traffic
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.progress import Progress
from revenge.infra.jobs.progress_store import ProgressRow

if TYPE_CHECKING:
    from redis.asyncio import Redis

PROGRESS = "progress"
"""The channel."""

logger = logging.getLogger("revenge.cache")


def make_redis(settings: Settings) -> "Redis | None":
    """Return the client of the Redis that is set; None without. Nothing is connected yet."""
    cache = settings.cache
    if cache.url is None:
        return None
    from redis.asyncio import Redis

    deadline = cache.deadline.total_seconds()
    redis: Redis = Redis.from_url(
        cache.url.get_secret_value(), socket_timeout=deadline, socket_connect_timeout=deadline, health_check_interval=15
    )
    return redis


def make_channels(redis: "Redis | None", *, clock: Clock) -> Channels:
    """Return what carries what nodes tell one another."""
    if redis is None:
        return LocalChannels()
    from revenge.infra.cache.redis_channels import RedisChannels

    return RedisChannels(redis, clock=clock)


def make_traffic(redis: "Redis | None", *, stored: Traffic, clock: Clock) -> Traffic:
    """Return where rates and breakers are shared."""
    if redis is None:
        return stored
    from revenge.infra.cache.redis_traffic import RedisTraffic

    return RedisTraffic(redis, instead=stored, clock=clock)


class Watched(Protocol):
    """The part of ``Client`` that is told of progress."""

    def tell_progress(self, job_id: int, attempt: int, progress: Progress) -> None: ...


class ProgressRelay:
    """Brings what jobs report to those who watch on other nodes, at once; the tables have it a moment later anyway."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._watched: Watched | None = None
        channels.listen(PROGRESS, self._hear)

    def attach(self, watched: Watched) -> None:
        """Tell ``watched`` of what is heard from now on."""
        self._watched = watched

    def say(self, rows: Sequence[ProgressRow]) -> None:
        """Let all nodes hear of reports: the engine's ``on_progress``."""
        said = [(row.job_id, row.attempt, row.data, row.progress.updated_at) for row in rows]
        self._channels.say(PROGRESS, orjson.dumps(said))

    def _hear(self, message: bytes) -> None:
        if self._watched is None:
            return
        try:
            for job_id, attempt, data, updated_at in orjson.loads(message):
                progress = Progress.decode(data, datetime.fromisoformat(updated_at))
                self._watched.tell_progress(job_id, attempt, progress)
        except (ValueError, TypeError, AttributeError) as error:
            # Another version's, or somebody else's: the tables are the truth.
            logger.debug("cache.unreadable", extra={"error": type(error).__name__})
