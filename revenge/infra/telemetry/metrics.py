"""Counts and durations of jobs, in Prometheus' format."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from revenge.infra.jobs import StuckJob

CONTENT_TYPE = CONTENT_TYPE_LATEST

_BOUNDS_S = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0)
"""From a no-op to a first scan of a very large library."""


def make_registry() -> CollectorRegistry:
    """Return a registry that knows this process's memory, CPU, files and garbage collections."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class JobMetrics(Collector):
    """What happened to jobs in this process.

    Each method costs well under a microsecond: plain dictionaries are counted up, and made into metrics when asked.
    Called from one thread (the event loop's); ``render`` from any.
    """

    def __init__(self, *, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._enqueued: Counter[tuple[str, str]] = Counter()
        self._finished: Counter[tuple[str, str, str]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._stuck: Counter[str] = Counter()
        self._blocked_s: dict[str, float] = {}
        self._depth: dict[tuple[str, str], int] = {}
        registry.register(self)

    def enqueued(self, kind: str, queue: str, n: int = 1) -> None:
        """Count jobs that were inserted; duplicates of unique jobs are not."""
        self._enqueued[kind, queue] += n

    def finished(self, kind: str, queue: str, status: str, seconds: float | None, n: int = 1) -> None:
        """Count attempts that ended.

        Args:
            kind: the job's kind.
            queue: its queue.
            status: how the attempt ended, e.g. ``completed retryable discarded cancelled snoozed``.
            seconds: how long it ran; None when it did not (cancelled while it waited).
            n: how many ended like that.
        """
        self._finished[kind, queue, status] += n
        if seconds is None:
            return
        buckets = self._buckets.get(kind)
        if buckets is None:
            buckets = self._buckets[kind] = [0] * (len(_BOUNDS_S) + 1)
        buckets[bisect_left(_BOUNDS_S, seconds)] += n
        self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds * n

    def stuck(self, job: StuckJob) -> None:
        """Count a job that did not end although it was told to."""
        self._stuck[job.kind] += 1

    def blocked(self, kind: str, seconds: float) -> None:
        """Add up how long workers kept the event loop, all other jobs with it; kind "" where nobody could be named."""
        self._blocked_s[kind] = self._blocked_s.get(kind, 0.0) + seconds

    def set_depth(self, depth: Mapping[tuple[str, str], int]) -> None:
        """Say how many jobs each queue holds in each state, as ``{(queue, state): n}``; what is left out is 0."""
        self._depth = dict.fromkeys(self._depth, 0) | dict(depth)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment; called by the registry."""
        enqueued = CounterMetricFamily("revenge_jobs_enqueued", "Jobs inserted.", labels=["kind", "queue"])
        for pair, count in self._enqueued.copy().items():
            enqueued.add_metric(pair, count)
        yield enqueued
        completed = CounterMetricFamily(
            "revenge_jobs_completed", "Attempts that ended, by how.", labels=["kind", "queue", "status"]
        )
        for triple, count in self._finished.copy().items():
            completed.add_metric(triple, count)
        yield completed
        duration = HistogramMetricFamily("revenge_job_duration_seconds", "How long attempts ran.", labels=["kind"])
        for kind, buckets in self._buckets.copy().items():
            limits = [*map(str, _BOUNDS_S), "+Inf"]
            duration.add_metric([kind], list(zip(limits, accumulate(buckets), strict=True)), self._seconds[kind])
        yield duration
        stuck = CounterMetricFamily("revenge_jobs_stuck", "Jobs that ignored that they were to end.", labels=["kind"])
        for kind, count in self._stuck.copy().items():
            stuck.add_metric([kind], count)
        yield stuck
        blocked = CounterMetricFamily(
            "revenge_jobs_loop_blocked_seconds", "How long workers kept the event loop.", labels=["kind"]
        )
        for kind, seconds in self._blocked_s.copy().items():
            blocked.add_metric([kind], seconds)
        yield blocked
        depth = GaugeMetricFamily("revenge_job_queue_depth", "Jobs in each queue, by state.", labels=["queue", "state"])
        for pair, count in self._depth.copy().items():
            depth.add_metric(pair, count)
        yield depth

    def render(self) -> bytes:
        """Return everything in the registry, as ``/metrics`` answers it (with ``CONTENT_TYPE``)."""
        return generate_latest(self._registry)
