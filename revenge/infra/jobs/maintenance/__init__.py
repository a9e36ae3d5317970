"""infra/jobs/maintenance."""
