"""The metrics of jobs have the names that dashboards know."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from revenge.infra.jobs import StuckJob
from revenge.infra.telemetry.metrics import JobMetrics, make_registry


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> JobMetrics:
    return JobMetrics(registry=registry)


def test_enqueued_jobs_are_counted_by_kind_and_queue(metrics: JobMetrics, registry: CollectorRegistry) -> None:
    metrics.enqueued("scan", "bulk")
    metrics.enqueued("scan", "bulk", 3)
    assert registry.get_sample_value("revenge_jobs_enqueued_total", {"kind": "scan", "queue": "bulk"}) == 4


def test_attempts_are_counted_by_how_they_ended(metrics: JobMetrics, registry: CollectorRegistry) -> None:
    metrics.finished("scan", "bulk", "completed", 0.2)
    metrics.finished("scan", "bulk", "retryable", 0.3)
    metrics.finished("scan", "bulk", "cancelled", None)
    for status in ("completed", "retryable", "cancelled"):
        labels = {"kind": "scan", "queue": "bulk", "status": status}
        assert registry.get_sample_value("revenge_jobs_completed_total", labels) == 1


def test_durations_fall_into_buckets_that_add_up(metrics: JobMetrics, registry: CollectorRegistry) -> None:
    for seconds in (0.001, 0.005, 0.2, 90.0, 100_000.0):
        metrics.finished("scan", "bulk", "completed", seconds)
    metrics.finished("scan", "bulk", "cancelled", None)

    def bucket(limit: str) -> float | None:
        return registry.get_sample_value("revenge_job_duration_seconds_bucket", {"kind": "scan", "le": limit})

    assert [bucket(limit) for limit in ("0.005", "0.5", "120.0", "14400.0", "+Inf")] == [2, 3, 4, 4, 5]
    assert registry.get_sample_value("revenge_job_duration_seconds_count", {"kind": "scan"}) == 5
    assert registry.get_sample_value("revenge_job_duration_seconds_sum", {"kind": "scan"}) == pytest.approx(100_090.206)


def test_depth_of_a_queue_that_emptied_is_zero(metrics: JobMetrics, registry: CollectorRegistry) -> None:
    metrics.set_depth({("bulk", "available"): 5, ("high", "running"): 1})
    metrics.set_depth({("high", "running"): 2})
    assert registry.get_sample_value("revenge_job_queue_depth", {"queue": "bulk", "state": "available"}) == 0
    assert registry.get_sample_value("revenge_job_queue_depth", {"queue": "high", "state": "running"}) == 2


def test_stuck_jobs_and_blocked_loops_are_counted_by_kind(metrics: JobMetrics) -> None:
    metrics.stuck(StuckJob(id=7, kind="scan", queue="bulk", attempt=1, total=1))
    metrics.blocked("scan", 1.5)
    metrics.blocked("scan", 0.5)
    text = metrics.render().decode()
    assert 'revenge_jobs_stuck_total{kind="scan"} 1.0' in text
    assert 'revenge_jobs_loop_blocked_seconds_total{kind="scan"} 2.0' in text


def test_rendered_text_can_be_scraped(metrics: JobMetrics) -> None:
    metrics.enqueued('odd"kind\n', "bulk")
    metrics.finished("scan", "bulk", "completed", 1.0)
    metrics.set_depth({("bulk", "available"): 5})
    names = {family.name for family in text_string_to_metric_families(metrics.render().decode())}
    assert names == {
        "revenge_jobs_enqueued",
        "revenge_jobs_completed",
        "revenge_job_duration_seconds",
        "revenge_job_queue_depth",
        "revenge_jobs_stuck",
        "revenge_jobs_loop_blocked_seconds",
    }


def test_process_is_measured_too() -> None:
    registry = make_registry()
    JobMetrics(registry=registry).enqueued("scan", "bulk")
    names = {metric.name for metric in registry.collect()}
    assert {"python_info", "python_gc_collections", "revenge_jobs_enqueued"} <= names
