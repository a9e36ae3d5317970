"""content/movie."""
