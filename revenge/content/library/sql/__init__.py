"""content/library/sql."""
