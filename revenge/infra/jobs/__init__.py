"""infra/jobs."""
