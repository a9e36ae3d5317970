"""infra/telemetry."""
