"""infra/database."""
