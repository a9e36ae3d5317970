"""Counts of what clean-ups removed, and of the sessions that hold, in Prometheus' format."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class UpkeepMetrics(Collector):
    """What clean-ups did in this process; the number of sessions is the cluster's, read when it is asked for."""

    def __init__(self, *, registry: CollectorRegistry) -> None:
        self._removed: Counter[str] = Counter()
        self._sessions: int | None = None
        registry.register(self)

    def removed(self, target: str, rows: int) -> None:
        """Count rows that were removed; ``target`` as the clean-up's arguments and output name it."""
        self._removed[target] += rows

    def set_sessions(self, active: int) -> None:
        """Say how many sessions hold."""
        self._sessions = active

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment; called by the registry."""
        removed = CounterMetricFamily("revenge_cleanup_removed", "Rows that clean-ups removed.", labels=["target"])
        for target, rows in self._removed.copy().items():
            removed.add_metric([target], rows)
        yield removed
        if self._sessions is not None:
            yield GaugeMetricFamily("revenge_sessions_active", "Sessions that hold.", value=self._sessions)
