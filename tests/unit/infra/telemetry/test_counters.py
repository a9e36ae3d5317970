"""Counters of what features do."""

from prometheus_client import CollectorRegistry, generate_latest

from revenge.infra.telemetry.counters import FeatureMetrics


def test_what_features_do_is_counted() -> None:
    """W50: deliveries, mails and entries had no metric."""
    registry = CollectorRegistry()
    metrics = FeatureMetrics(registry=registry)
    metrics.delivery("phone", "sent", 2)
    metrics.mail("welcome", "failed")
    metrics.activity(True)
    text = generate_latest(registry).decode()
    assert 'revenge_notification_deliveries_total{agent="phone",status="sent"} 2.0' in text
    assert 'revenge_mails_total{status="failed",template="welcome"} 1.0' in text
    assert 'revenge_activity_entries_total{security="true"} 1.0' in text
