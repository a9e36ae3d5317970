"""Prometheus: calls to other servers, by what became of them."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from revenge.infra.http.caller import Called


class CallMetrics(Collector):
    """What this process called. Called from one thread (the event loop's); collected from any."""

    def __init__(self, *, registry: CollectorRegistry) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()
        registry.register(self)

    def called(self, call: Called) -> None:
        """Count a call: the caller's ``on_call``."""
        self._calls[call.service, call.outcome] += 1
        self._seconds[call.service] += call.seconds  # type: ignore[assignment]  # a Counter holds any number

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment; called by the registry."""
        calls = CounterMetricFamily(
            "revenge_calls", "Calls to other servers: ok, or why not.", labels=["service", "outcome"]
        )
        for pair, count in self._calls.copy().items():
            calls.add_metric(pair, count)
        yield calls
        seconds = CounterMetricFamily(
            "revenge_call_seconds", "How long calls took, answers read to their end.", labels=["service"]
        )
        for service, spent in self._seconds.copy().items():
            seconds.add_metric([service], spent)
        yield seconds
