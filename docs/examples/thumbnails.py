"""A client that another process can make again: where a job is run that has killed its process twice."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg

from revenge.infra.jobs import Client, Job, JobArgs, Worker, Workers


class ThumbnailArgs(JobArgs, kind="thumbnail"):
    picture_id: int


class ThumbnailWorker(Worker[ThumbnailArgs]):
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool

    async def work(self, job: Job[ThumbnailArgs]) -> None:
        if job.args.picture_id == 13:
            os.abort()  # as a library does that meets a broken picture


@asynccontextmanager
async def thumbnail_client(dsn: str) -> AsyncIterator[Client]:
    """Give a client with its workers; it is not started."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        workers = Workers([ThumbnailWorker(pool)])
        yield Client(pool, workers=workers, isolate=partial(thumbnail_client, dsn))
