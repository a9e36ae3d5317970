"""Tells plugins how long fetches take and what they bring; only where a plugin listens is it between the fetcher and its store."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from revenge.infra.jobs.fetcher import FetcherStore
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.plugins import JobGetAvailableCount, JobGetAvailableDuration, Metric, PluginSet

logger = logging.getLogger("revenge.jobs")


class MeasuredFetches:
    """A fetcher's store whose successful fetches are measured."""

    def __init__(self, store: FetcherStore, plugins: PluginSet) -> None:
        self._store = store
        self._plugins = plugins

    async def fetch(self, *, client_id: str, slots: Mapping[str, int], kinds: Sequence[str] | None) -> list[Claim]:
        """Return what the store's fetch returns."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        claims = await self._store.fetch(client_id=client_id, slots=slots, kinds=kinds)
        duration = timedelta(seconds=loop.time() - began_at)
        counts = Counter(claim.queue for claim in claims)
        for queue in slots:
            self._emit(JobGetAvailableDuration(queue=queue, duration=duration))
            self._emit(JobGetAvailableCount(queue=queue, count=counts[queue]))
        return claims

    def _emit(self, metric: Metric) -> None:
        for emit in self._plugins.metric_emit:
            # The rows are claimed: whatever a plugin does, they must be worked.
            try:
                emit(metric)
            except Exception:
                logger.exception("plugin.metric_emit_failed", extra={"queue": metric.queue})
