"""infra/jobs/sql."""
