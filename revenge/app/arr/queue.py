"""The queue, as syncs and webhooks see it."""

from datetime import timedelta

from revenge.infra.database.connection import Connection
from revenge.infra.jobs import UNFINISHED, InsertOpts, InsertResult, JobNotFound, UniqueOpts
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.integration.arr.facts import Source
from revenge.integration.arr.jobs import FULL, SINGLE
from revenge.integration.arr.models import Received
from revenge.integration.radarr.jobs import RadarrSyncArgs, RadarrWebhookArgs
from revenge.integration.sonarr.jobs import SonarrSyncArgs, SonarrWebhookArgs

GATHER = timedelta(seconds=2)
"""A season's import is an event for each episode within seconds: they are worked together."""

_OF_SUBJECT = UniqueOpts(by_args=["subject"], by_state=UNFINISHED)


class ArrQueue:
    """Syncs and webhooks as jobs."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def is_alive(self, conn: Connection, job_id: int) -> bool:
        """Say whether a job waits or runs."""
        try:
            return not (await self._client.get(job_id, conn=conn)).is_final
        except JobNotFound:
            return False

    async def enqueue(self, conn: Connection, received: Received) -> int:
        """Have an event worked, with all others of its subject, and return the job's id."""
        args_type = RadarrWebhookArgs if received.source is Source.RADARR else SonarrWebhookArgs
        args = args_type(payload=dict(received.payload), subject=received.subject, event_id=received.id)
        is_of_title = received.subject.startswith("title:")
        opts = InsertOpts(unique=_OF_SUBJECT, scheduled_at=self._clock.now() + GATHER if is_of_title else None)
        return (await self._client.insert(args, opts, conn=conn)).job.id

    async def sync(self, source: Source, arr_id: int | None = None) -> InsertResult:
        """Have everything synced, or one title; a job that waits or runs for the same is returned as a duplicate."""
        operation = FULL if arr_id is None else SINGLE
        if source is Source.RADARR:
            return await self._client.insert(RadarrSyncArgs(operation=operation, radarr_movie_id=arr_id or 0))
        return await self._client.insert(SonarrSyncArgs(operation=operation, sonarr_series_id=arr_id or 0))
