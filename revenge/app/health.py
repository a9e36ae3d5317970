"""Whether the server can do its work, and its metrics: what health checks and Prometheus ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import asyncpg

from revenge.app.http.services import Check
from revenge.infra.jobs import QueueInfo
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.migrations import Validation
from revenge.infra.telemetry.metrics import JobMetrics
from revenge.infra.telemetry.upkeep import UpkeepMetrics

LIMIT_S = 5.0
"""A database that takes longer to answer is not one to send work to."""


class Validated(Protocol):
    """What checks the tables."""

    async def validate(self) -> Validation:
        """Return whether every migration is applied."""


class Health:
    """Looks at the database, its tables and the workers."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool[asyncpg.Record],
        schema: Validated,
        client: Client,
        works: bool,
        search: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """``search`` returns how search is, or raises: it is told, and keeps no server from being ready."""
        self._pool = pool
        self._schema = schema
        self._client = client
        self._works = works
        self._search = search

    async def check(self) -> Mapping[str, Check]:
        """Return the checks by name: database, schema, workers, search; never raise."""
        database = await _judge(self._database)
        if not database.ok:
            return {
                "database": database,
                "schema": Check(ok=False, detail="unknown without the database"),
                "workers": self._workers(),
            }
        found = {"database": database, "schema": await _judge(self._tables), "workers": self._workers()}
        if self._search is not None:
            found["search"] = await _told(self._search)
        return found

    async def _database(self) -> Check:
        await self._pool.fetchval("SELECT 1")
        return Check(ok=True)

    async def _tables(self) -> Check:
        found = await self._schema.validate()
        return Check(ok=found.ok, detail="; ".join(found.messages))

    def _workers(self) -> Check:
        if not self._works:
            return Check(ok=True, detail="this process serves only")
        running = self._client.is_running
        return Check(ok=running, detail="" if running else "the engine does not run: see the log, then restart")


class Metrics:
    """Prometheus' text, with the queues' depth and the sessions that hold read when it is asked for."""

    def __init__(
        self,
        *,
        metrics: JobMetrics,
        queues: Callable[[], Awaitable[Sequence[QueueInfo]]],
        upkeep: UpkeepMetrics | None = None,
        sessions: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._metrics = metrics
        self._queues = queues
        self._upkeep = upkeep
        self._sessions = sessions

    async def render(self) -> bytes:
        """Return the text exposition format, version 0.0.4."""
        queues = await self._queues()
        self._metrics.set_depth({(queue.name, state): n for queue in queues for state, n in queue.counts.items()})
        if self._upkeep is not None and self._sessions is not None:
            # Counted here and not by the job that maintains sessions: that runs on one node, and each is asked.
            self._upkeep.set_sessions(await self._sessions())
        return self._metrics.render()


async def _told(look: Callable[[], Awaitable[str]]) -> Check:
    """Return what is told of something that the server can do without."""

    async def judged() -> Check:
        return Check(ok=True, detail=await look())

    found = await _judge(judged)
    return found if found.ok else Check(ok=True, detail=f"does not answer: {found.detail}")


async def _judge(look: Callable[[], Awaitable[Check]]) -> Check:
    try:
        async with asyncio.timeout(LIMIT_S):
            return await look()
    except TimeoutError:
        return Check(ok=False, detail=f"no answer within {LIMIT_S:g} s")
    except Exception as error:  # noqa: BLE001 - a health check reports whatever goes wrong
        return Check(ok=False, detail=str(error) or type(error).__name__)
