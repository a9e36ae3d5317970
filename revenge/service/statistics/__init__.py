"""service/statistics."""
