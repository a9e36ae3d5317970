"""service/notification."""
