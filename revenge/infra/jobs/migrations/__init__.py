"""infra/jobs/migrations."""
