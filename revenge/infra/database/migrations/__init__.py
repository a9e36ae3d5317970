"""infra/database/migrations."""
