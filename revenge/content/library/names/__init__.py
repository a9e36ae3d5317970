"""content/library/names."""
