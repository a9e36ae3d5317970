"""Counters of what features do, in Prometheus' format."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class FeatureMetrics(Collector):
    """What features did in this process: deliveries, mails, entries of the activity log.

    Called from one thread (the event loop's); collected from any.
    """

    def __init__(self, *, registry: CollectorRegistry) -> None:
        self._deliveries: Counter[tuple[str, str]] = Counter()
        self._mails: Counter[tuple[str, str]] = Counter()
        self._activity: Counter[str] = Counter()
        registry.register(self)

    def delivery(self, agent: str, status: str, n: int = 1) -> None:
        """Count what became of telling an agent: ``sent failed retried filtered``."""
        self._deliveries[agent, status] += n

    def mail(self, template: str, status: str, n: int = 1) -> None:
        """Count what became of mails: ``sent failed retried skipped``."""
        self._mails[template, status] += n

    def activity(self, security: bool, n: int = 1) -> None:
        """Count entries of the activity log that were written."""
        self._activity["true" if security else "false"] += n

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment; called by the registry."""
        deliveries = CounterMetricFamily(
            "revenge_notification_deliveries", "Deliveries to agents, by how they ended.", labels=["agent", "status"]
        )
        mails = CounterMetricFamily("revenge_mails", "Mails, by how they ended.", labels=["template", "status"])
        for family, counts in ((deliveries, self._deliveries), (mails, self._mails)):
            for pair, count in counts.copy().items():
                family.add_metric(pair, count)
            yield family
        activity = CounterMetricFamily(
            "revenge_activity_entries", "Entries of the activity log that were written.", labels=["security"]
        )
        for security, count in self._activity.copy().items():
            activity.add_metric([security], count)
        yield activity
