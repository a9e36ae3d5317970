"""service/activity."""
