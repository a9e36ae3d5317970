"""content/library."""
